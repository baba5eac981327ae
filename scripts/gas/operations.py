"""The transactions of the gas benchmark, in the stories in which they happen; each returns gas by operation."""

from __future__ import annotations

from collections.abc import Sequence

from gas.chain import DAY_S, ERC20, Chain, signature, word

from oracle.attestations.attestation import Attestation
from oracle.chain.calls import BatchedJob
from oracle.chain.events import Proposal, Proposed
from oracle.chain.registry import RegistryClient
from oracle.terms import (
    ZERO_ADDRESS,
    Authorization,
    Cancel,
    Domain,
    JobTerms,
    Outcome,
    Permit,
    Submission,
    Verdict,
    authorization_message,
    batch_digest,
    cancel_digest,
    job_id_of,
    permit2_message,
    submission_digest,
    verdict_digest,
    verdict_root,
)

HOUR_S = 3600
SIGNERS = (0, 2, 4)
BATCH = 100


def measure(chain: Chain, token: str) -> dict[str, int]:
    """Gas of every operation in `token`."""
    gas: dict[str, int] = {}
    for story in (
        _at_once,
        _registered,
        _windowed,
        _refunded,
        _batched,
        _recipients,
        _claimed,
        _topped_up,
        _contested,
        _called_off,
    ):
        gas |= story(chain, token)
    if token == ERC20:
        gas |= _signed_for(chain, token)
    return gas


def _fund(chain: Chain, terms: JobTerms) -> int:
    return chain.send("payer", chain.calls.fund(terms))


def _submit(chain: Chain, terms: JobTerms) -> int:
    return chain.send("worker", chain.calls.submit(terms, _result(terms), word("multiset")))


def _result(terms: JobTerms, round_: int = 0) -> str:
    return word(f"result {terms.salt} {round_}")


def _verdict(chain: Chain, terms: JobTerms, outcome: Outcome, amount: int, round_: int = 0) -> Verdict:
    job = job_id_of(terms, chain.chain_id, chain.escrow)
    return Verdict(job, round_, _result(terms, round_), outcome, amount, word("evidence"))


def _propose(
    chain: Chain, terms: JobTerms, outcome: Outcome = Outcome.ACCEPT, amount: int | None = None, round_: int = 0
) -> tuple[int, Proposed]:
    """By validators 0, 2 and 4; accepting pays the whole budget unless `amount` says otherwise."""
    paid = terms.budget if amount is None else amount
    verdict = _verdict(chain, terms, outcome, paid if outcome is Outcome.ACCEPT else 0, round_)
    digest = verdict_digest(verdict, chain.chain_id, chain.escrow)
    attestations = [
        Attestation(signer.address, verdict, verdict.evidence_hash, signature(signer, digest))
        for signer in (chain.validators[i] for i in SIGNERS)
    ]
    worker = chain.people["worker"].address
    gas = chain.send("anyone", chain.calls.propose(terms, verdict, attestations, claimer=worker))
    standing = paid if outcome is Outcome.ACCEPT else terms.budget * terms.inconclusive_bps // 10_000
    bitmap = sum(1 << index for index in SIGNERS)
    seen = Proposed(worker, verdict.result_hash, int(outcome), standing, bitmap, round_, verdict.evidence_hash, 0)
    return gas, seen


def _at_once(chain: Chain, token: str) -> dict[str, int]:
    """The very first budget of a token also pays for the escrow's balance slot; the second is the ordinary one."""
    gas = {"fund, first of a token": _fund(chain, chain.terms("first", token))}
    terms = chain.terms("at once", token)
    gas["fund"] = _fund(chain, terms)
    gas["submit"] = _submit(chain, terms)
    gas["settle at once, 3 signatures"], _ = _propose(chain, terms)
    runs = chain.terms("batch job", token)
    whole = _fund(chain, runs)
    _submit(chain, runs)
    settled, _ = _propose(chain, runs)
    gas[f"batch job of {BATCH} runs, fund + settle, per run"] = _share(whole + settled)
    return gas


def _registered(chain: Chain, token: str) -> dict[str, int]:
    """Funding with validators whom a registry of theirs must admit."""
    deployed = chain.deploy("ValidatorRegistry", ZERO_ADDRESS, 10**18, 60 * DAY_S)
    registry = RegistryClient(chain.calls, deployed.address)
    named = [validator.address for validator in chain.validators]
    for validator in chain.validators:
        chain.give_gas_money(validator.address)
        chain.send(validator, registry.deposit(registry.parameters()))
        chain.send(validator, registry.join(named))
    return {"fund, registered set": _fund(chain, chain.terms("registered", token, registry=registry.address))}


def _windowed(chain: Chain, token: str) -> dict[str, int]:
    terms = chain.terms("windowed", token, challenge_window=HOUR_S)
    _fund(chain, terms)
    _submit(chain, terms)
    gas = {}
    gas["propose, 3 signatures"], proposed = _propose(chain, terms)
    chain.warp(chain.now() + HOUR_S)
    gas["finalize"] = chain.send("anyone", chain.calls.finalize(terms, proposed))
    return gas


def _refunded(chain: Chain, token: str) -> dict[str, int]:
    terms, silent = chain.terms("refunded", token), chain.terms("silent", token)
    _fund(chain, terms)
    _fund(chain, silent)
    _submit(chain, silent)
    chain.warp(terms.submit_by)
    gas = {"refund": chain.send("anyone", chain.calls.refund(terms))}
    chain.warp(silent.verdict_by)
    gas["settle silence"] = chain.send("anyone", chain.calls.settle_silence(silent, _result(silent)))
    return gas


def _batched(chain: Chain, token: str) -> dict[str, int]:
    batch: list[BatchedJob] = []
    for number in range(BATCH):
        terms = chain.terms(f"batched {number}", token)
        _fund(chain, terms)
        _submit(chain, terms)
        batch.append(BatchedJob(terms, _verdict(chain, terms, Outcome.ACCEPT, terms.budget)))
    root = verdict_root([job.verdict for job in batch])
    digest = batch_digest(root, chain.chain_id, chain.escrow)
    signed = {chain.validators[i].address: signature(chain.validators[i], digest) for i in SIGNERS}
    gas = chain.send("anyone", chain.calls.settle_batch(batch, signed))
    return {f"settle {BATCH} jobs by one signature set, per job": _share(gas)}


def _recipients(chain: Chain, token: str) -> dict[str, int]:
    """What a second and a third recipient add to one: the payer's rest, and the fee."""
    fee = {"fee_to": chain.people["fee receiver"].address, "fee_bps": 100}
    stories: Sequence[tuple[str, dict[str, object], int]] = (("one", {}, 1), ("two", {}, 2), ("three", fee, 2))
    settled = []
    for label, changes, divisor in stories:
        terms = chain.terms(f"{label} recipients", token, **changes)
        _fund(chain, terms)
        _submit(chain, terms)
        settled.append(_propose(chain, terms, amount=terms.budget // divisor)[0])
    return {"each further recipient": max(settled[1] - settled[0], settled[2] - settled[1])}


def _claimed(chain: Chain, token: str) -> dict[str, int]:
    now = chain.now()
    opened = {
        "worker": ZERO_ADDRESS,
        "claim_by": now + HOUR_S,
        "deliver_window": HOUR_S,
        "submit_by": now + DAY_S,
        "claim_bond_bps": 500,
    }
    terms = chain.terms("open", token, **opened)
    gas = {"fund, open job": _fund(chain, terms)}
    gas["claim"] = chain.send("worker", chain.calls.claim(terms))
    digest = _submission_digest(chain, terms)
    worker = chain.people["worker"]
    relayed = chain.calls.submit_for(
        terms, _result(terms), word("multiset"), signature(worker, digest), claimer=worker.address
    )
    gas["submit for a claimer"] = chain.send("anyone", relayed)
    gas["settle at once, open job"], _ = _propose(chain, terms)
    return gas


def _topped_up(chain: Chain, token: str) -> dict[str, int]:
    terms = chain.terms("topped up", token, challenge_window=HOUR_S, max_rounds=2)
    _fund(chain, terms)
    _submit(chain, terms)
    _, proposed = _propose(chain, terms, Outcome.INCONCLUSIVE)
    call = chain.calls.top_up(terms, proposed, _result(terms, 1), word("multiset"))
    return {"top up": chain.send("worker", call)}


def _contested(chain: Chain, token: str) -> dict[str, int]:
    gas = {}
    for wins, ruling in ((True, "rule, the disputer wins"), (False, "rule, the disputer loses")):
        terms = chain.terms(ruling, token, challenge_window=HOUR_S)
        _fund(chain, terms)
        _submit(chain, terms)
        _, proposed = _propose(chain, terms)
        gas["dispute"] = chain.send("payer", chain.calls.dispute(terms, proposed))
        call = chain.calls.rule(terms, proposed, terms.budget // 2, disputer_wins=wins)
        gas[ruling] = chain.send("arbiter", call)
    return gas


def _called_off(chain: Chain, token: str) -> dict[str, int]:
    terms = chain.terms("called off", token)
    _fund(chain, terms)
    expiry = chain.now() + HOUR_S
    digest = _cancel_digest(chain, terms, expiry)
    signed = [signature(chain.people[name], digest) for name in ("payer", "worker")]
    gas = {"cancel, both signatures": chain.send("anyone", chain.calls.cancel(terms, expiry, *signed))}
    named = chain.terms("relayed", token)
    _fund(chain, named)
    digest = _submission_digest(chain, named)
    relayed = chain.calls.submit_for(named, _result(named), word("multiset"), signature(chain.people["worker"], digest))
    gas["submit for a worker"] = chain.send("anyone", relayed)
    digest = _cancel_digest(chain, named, expiry)
    standing = Proposal(named.worker, _result(named))
    call = chain.calls.cancel(named, expiry, None, signature(chain.people["worker"], digest), standing)
    gas["cancel, by the payer"] = chain.send("payer", call)
    return gas


def _submission_digest(chain: Chain, terms: JobTerms) -> str:
    """What its worker signs for a relayer to deliver the job as it stands."""
    job = job_id_of(terms, chain.chain_id, chain.escrow)
    submission = Submission(job, chain.calls.status(job).clock, _result(terms), word("multiset"))
    return submission_digest(submission, chain.chain_id, chain.escrow)


def _cancel_digest(chain: Chain, terms: JobTerms, expiry: int) -> str:
    """What parties sign to call the job off as it stands."""
    job = job_id_of(terms, chain.chain_id, chain.escrow)
    slot = chain.calls.status(job)
    cancel = Cancel(job, int(slot.status), slot.round, slot.clock, slot.commit, expiry)
    return cancel_digest(cancel, chain.chain_id, chain.escrow)


def _signed_for(chain: Chain, token: str) -> dict[str, int]:
    """Funding by a relayer. The first permit opens a word of Permit2's nonces, which holds 256 of them."""
    payer = chain.people["payer"]
    name, version = (chain.token.functions[part]().call() for part in ("name", "version"))
    domain = Domain(name, version, chain.chain_id, chain.token.address)
    terms = chain.terms("authorized", token)
    authorization = Authorization(0, chain.now() + HOUR_S)
    message = authorization_message(terms, authorization, domain, chain.escrow)
    call = chain.calls.fund_with_authorization(terms, authorization, signature(payer, message.digest))
    gas = {"fund by ERC-3009": chain.send("anyone", call)}
    for nonce in (0, 1):
        terms = chain.terms(f"permitted {nonce}", token)
        permit = Permit(nonce, chain.now() + HOUR_S)
        message = permit2_message(terms, permit, chain.chain_id, chain.escrow)
        call = chain.calls.fund_with_permit2(terms, permit, signature(payer, message.digest))
        gas[("fund by Permit2, first of a nonce word", "fund by Permit2")[nonce]] = chain.send("anyone", call)
    return gas


def _share(gas: int) -> int:
    """One part of a hundred, rounded up."""
    return -(-gas // BATCH)
