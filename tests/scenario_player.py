"""Plays a scenario over JSON-RPC: each step is one call through `oracle.chain`, and then a look at the chain."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes
from live_chain import Deployed, deploy_contract, role
from ruamel.yaml import YAML

from oracle.attestations.attestation import Attestation
from oracle.chain.calls import BatchedJob, Call, abi_of
from oracle.chain.errors import CallReverted
from oracle.chain.events import Claimed, EscrowEvent, Proposal, Proposed, Status, Submitted, commit_of
from oracle.chain.registry import RegistryClient, Statement
from oracle.chain.transactions.sender import transact
from oracle.encoding import sha256_hex
from oracle.terms import (
    PERMIT2,
    ZERO_ADDRESS,
    Authorization,
    Cancel,
    JobTerms,
    Outcome,
    Permit,
    Submission,
    TypedMessage,
    Verdict,
    authorization_message,
    batch_digest,
    cancel_digest,
    contract_record,
    evidence_root,
    job_id_of,
    permit2_message,
    submission_digest,
    verdict_digest,
    verdict_inclusion,
    verdict_root,
)

PEOPLE = ("payer", "worker", "other", "relayer", "arbiter", "collector", "grudger", "wallet", "purse")
BURNT = "0x000000000000000000000000000000000000dEaD"
HOUR_S = 3600
DOLLARS = 100_000
BOND = 1_000
EXIT_DELAY_S = 10 * 86_400
OPEN = {"worker": ZERO_ADDRESS, "claim_in": 2 * HOUR_S, "deliver_window": HOUR_S, "claim_bond_bps": 500}
CODES = {
    "contract": "0x631626ba7e60e01b5f5260205ff3",  # says yes to whatever it is asked: mstore(0, magic), return 32 bytes
    "refuser": "0x5f5ffd",  # reverts
    "person": "0x",
}


@dataclass
class Job:
    """What the player knows of a job: the terms, and what its events said."""

    terms: JobTerms
    id: str
    claimer: str | None = None
    submitted: Submitted | None = None
    proposed: Proposed | None = None

    @property
    def worker(self) -> str:
        return self.claimer or self.terms.worker

    @property
    def standing(self) -> Proposal:
        """As far as it goes."""
        if self.proposed is not None:
            return self.proposed.proposal
        return Proposal(self.worker, self.submitted.result_hash) if self.submitted else Proposal(self.worker)

    @property
    def deliveries(self) -> int:
        return 0 if self.submitted is None else self.submitted.round + 1


@dataclass
class Player:
    """A scenario under way on one chain."""

    deployed: Deployed
    permit2_code: str
    jobs: dict[str, Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client, self.node = self.deployed.client, self.deployed.anvil
        self.place = (self.deployed.deployment.chain_id, self.deployed.deployment.escrow)
        self.people = {name: role(name) for name in PEOPLE}
        self.names = {name: account.address for name, account in self.people.items()}
        self.names |= {"escrow": self.place[1], "burnt": BURNT}
        self.node.call("hardhat_setCode", PERMIT2, self.permit2_code)
        dollar = self.deployed.deployment.token
        self.dollar = self.node.web3.eth.contract(address=dollar, abi=abi_of("LocalUSD"))
        for name, account in self.people.items():
            self.node.give_gas_money(account.address)
            if name != "payer":
                self._transfer(account.address)
            transact(self.client, self.client.allow(dollar, 2**256 - 1), account)
        transact(self.client, self.client.allow_permit2(dollar), self.people["payer"])
        registry, _ = deploy_contract(self.node, "ValidatorRegistry", ZERO_ADDRESS, BOND, EXIT_DELAY_S)
        self.registry = RegistryClient(self.client, registry.address)

    def _transfer(self, to: str) -> None:
        call = Call(self.dollar.address, self.dollar.encode_abi("transfer", [to, DOLLARS]))
        transact(self.client, call, self.people["payer"])

    # ------------------------------------------------------------------ steps

    def play(self, jobs: Mapping[str, Mapping[str, Any]], step: Mapping[str, Any]) -> None:
        """Do one step, and compare what is seen with what it says."""
        verb = str(step["do"])
        if verb in ("warp", "become", "deposit", "join", "slash", "exit"):
            getattr(self, f"_{verb}")(step)
            return
        job = self._job(step["job"], jobs)
        for name in step.get("with", ()):
            self._job(name, jobs)
        sender = self.people[step["by"]]
        call = partial(getattr(self, f"_{verb}"), job, step)
        expected = step.get("refused")
        with pytest.raises(CallReverted) if expected else nullcontext() as refused:
            self._send(job, sender, call, step)
        if refused is not None:
            assert refused.value.error_name == expected, f"{refused.value}"

    def _send(self, job: Job, sender: LocalAccount, call: Any, step: Mapping[str, Any]) -> None:
        before = self._balances(job.terms.token)
        receipt = transact(self.client, call(), sender)
        assert receipt.status == 1
        moved = {name: value - before[name] for name, value in self._balances(job.terms.token).items()}
        if job.terms.token == ZERO_ADDRESS:
            raw = self.node.web3.eth.get_transaction_receipt(HexBytes(receipt.hash))
            spent = raw["gasUsed"] * raw["effectiveGasPrice"]
            moved = {name: value + spent * (self.names[name] == sender.address) for name, value in moved.items()}
        assert {name: value for name, value in moved.items() if value} == step.get("moves", {})
        self._see(self.client.events(receipt.block, receipt.block), step.get("events", []))
        slot = self.client.status(job.id)
        assert slot.status.name == step["status"]
        if slot.status is Status.SUBMITTED and job.submitted is not None:
            assert slot.commit == commit_of(job.worker, job.submitted.result_hash)
        if slot.status in (Status.PROPOSED, Status.DISPUTED):
            assert slot.commit == job.standing.commit

    def _see(self, events: tuple[EscrowEvent, ...], expected: list[Any]) -> None:
        assert [event.name for event in events] == [
            entry if isinstance(entry, str) else next(iter(entry)) for entry in expected
        ]
        for event, entry in zip(events, expected, strict=True):
            for name, value in ({} if isinstance(entry, str) else entry[event.name]).items():
                assert getattr(event.args, name) == self.names.get(value, value), f"{event.name}.{name}"
            job = next((job for job in self.jobs.values() if job.id == event.job_id), None)
            match event.args:
                case Claimed() as claimed if job:
                    job.claimer = claimed.worker
                case Submitted() as submitted if job:
                    job.submitted, job.proposed = submitted, None
                case Proposed() as proposed if job:
                    job.proposed = proposed

    def _balances(self, token: str) -> dict[str, int]:
        web3 = self.node.web3
        with web3.batch_requests() as batch:
            for address in self.names.values():
                of = self.client.checked(address)
                batch.add(web3.eth.get_balance(of) if token == ZERO_ADDRESS else self.dollar.functions.balanceOf(of))
            return dict(zip(self.names, batch.execute(), strict=True))

    def _job(self, name: str, jobs: Mapping[str, Mapping[str, Any]]) -> Job:
        if name not in self.jobs:
            terms = self._terms(name, dict(jobs[name]))
            self.jobs[name] = Job(terms, job_id_of(terms, *self.place))
        return self.jobs[name]

    def _terms(self, label: str, changes: dict[str, Any]) -> JobTerms:
        now = self.node.now()
        said = {"submit_in": 6 * HOUR_S, "verdict_in": 10 * HOUR_S, "claim_in": 0} | changes
        if said.pop("open", False):
            said = OPEN | {name: value for name, value in said.items() if name != "claim_in"}
        window = said.pop("window", 0)
        if window:
            said |= {"challenge_window": window, "ruling_window": window, "arbiter": "arbiter"}
            said.setdefault("dispute_bond_bps", 500)
        times = {name: said.pop(f"{name}_in") for name in ("submit", "verdict", "claim")}
        terms = {name: self.names.get(value, value) for name, value in said.items()}
        terms["registry"] = self.registry.address if terms.get("registry") else ZERO_ADDRESS
        terms["token"] = self.deployed.deployment.token if terms.get("token") == "dollar" else ZERO_ADDRESS
        if "payer" in terms:
            terms["requester"] = terms["payer"]
        return self.deployed.terms(
            **terms,
            submit_by=now + times["submit"],
            verdict_by=now + times["verdict"],
            claim_by=now + times["claim"] if times["claim"] else 0,
            salt=int(sha256_hex(label.encode()), 16),
        )

    # ------------------------------------------------------------------ the chain's own

    def _warp(self, step: Mapping[str, Any]) -> None:
        job = self.jobs[step["job"]]
        self._past(self.client.status(job.id).clock if step["past"] == "clock" else getattr(job.terms, step["past"]))

    def _past(self, deadline: int) -> None:
        self.node.call("evm_setNextBlockTimestamp", deadline + 1)
        self.node.call("evm_mine")

    def _become(self, step: Mapping[str, Any]) -> None:
        self.node.call("hardhat_setCode", self.names[step["account"]], CODES[step["kind"]])

    # ------------------------------------------------------------------ verbs

    def _fund(self, job: Job, step: Mapping[str, Any]) -> Call:
        del step
        return self.client.fund(job.terms)

    def _fund_with_permit2(self, job: Job, step: Mapping[str, Any]) -> Call:
        permit = Permit(job.terms.salt, self.node.now() + HOUR_S)
        message = permit2_message(job.terms, permit, *self.place)
        return self.client.fund_with_permit2(job.terms, permit, self._signed(step["signed"], message))

    def _fund_with_authorization(self, job: Job, step: Mapping[str, Any]) -> Call:
        authorization = Authorization(0, self.node.now() + HOUR_S)
        domain = self.client.token_domain(job.terms.token)
        message = authorization_message(job.terms, authorization, domain, self.place[1])
        return self.client.fund_with_authorization(job.terms, authorization, self._signed(step["signed"], message))

    def _claim(self, job: Job, step: Mapping[str, Any]) -> Call:
        del step
        return self.client.claim(job.terms)

    def _submit(self, job: Job, step: Mapping[str, Any]) -> Call:
        del step
        return self.client.submit(job.terms, self._result(job), sha256_hex(b"sorted"))

    def _submit_for(self, job: Job, step: Mapping[str, Any]) -> Call:
        result, multiset = self._result(job), sha256_hex(b"sorted")
        clock = self.client.status(job.id).clock
        digest = submission_digest(Submission(job.id, clock, result, multiset), *self.place)
        signature = self._piece(step["worker"], digest)
        return self.client.submit_for(job.terms, result, multiset, signature, claimer=self.names[step["worker"]])

    def _top_up(self, job: Job, step: Mapping[str, Any]) -> Call:
        del step
        assert job.proposed
        return self.client.top_up(job.terms, job.proposed, self._result(job), sha256_hex(b"sorted"))

    def _propose(self, job: Job, step: Mapping[str, Any]) -> Call:
        evidence = sha256_hex(b"document")
        if "runs" in step:
            evidence = evidence_root([sha256_hex(f"document {run}".encode()) for run in range(step["runs"])])
        verdict = self._verdict(job, Outcome[step["outcome"]], step.get("amount", 0), evidence)
        digest = verdict_digest(verdict, *self.place)
        chosen = [self.deployed.validators[index] for index in step.get("signers", (0, 1))]
        attestations = [Attestation(each.address, verdict, evidence, self._sign(each, digest)) for each in chosen]
        parties = ("payer", "worker") if step.get("cosigned") else ()
        cosignatures = [self._piece(party, digest) for party in parties]
        return self.client.propose(job.terms, verdict, attestations, cosignatures, claimer=job.claimer)

    def _settle_batch(self, job: Job, step: Mapping[str, Any]) -> Call:
        batch = [
            BatchedJob(each.terms, self._verdict(each, Outcome.ACCEPT, amount, sha256_hex(b"document")), each.claimer)
            for each, amount in zip([job, *(self.jobs[name] for name in step["with"])], step["amounts"], strict=True)
        ]
        digest = batch_digest(verdict_root([each.verdict for each in batch]), *self.place)
        signers = self.deployed.validators[1:]
        alone = {self.jobs[name].id for name in step.get("leaves", ())}
        members = [each.verdict if each.verdict.job in alone else each for each in batch]
        return self.client.settle_batch(members, {each.address: self._sign(each, digest) for each in signers})

    def _settle_silence(self, job: Job, step: Mapping[str, Any]) -> Call:
        del step
        return self.client.settle_silence(job.terms, job.standing.result_hash, job.claimer)

    def _finalize(self, job: Job, step: Mapping[str, Any]) -> Call:
        del step
        assert job.proposed
        return self.client.finalize(job.terms, job.proposed)

    def _dispute(self, job: Job, step: Mapping[str, Any]) -> Call:
        del step
        assert job.proposed
        return self.client.dispute(job.terms, job.proposed)

    def _rule(self, job: Job, step: Mapping[str, Any]) -> Call:
        assert job.proposed
        return self.client.rule(job.terms, job.proposed, step["amount"], disputer_wins=step["wins"])

    def _refund(self, job: Job, step: Mapping[str, Any]) -> Call:
        del step
        return self.client.refund(job.terms)

    def _cancel(self, job: Job, step: Mapping[str, Any]) -> Call:
        expiry = self.node.now() + HOUR_S
        slot = self.client.status(job.id)
        agreement = Cancel(job.id, int(slot.status), slot.round, slot.clock, slot.commit, expiry)
        digest = cancel_digest(agreement, *self.place)
        pieces = {self.names[name]: self._piece(name, digest) for name in step["signed"]}
        payer = pieces.pop(job.terms.payer, None)
        worker = next(iter(pieces.values()), None)
        return self.client.cancel(job.terms, expiry, payer, worker, job.standing)

    def _withdraw(self, job: Job, step: Mapping[str, Any]) -> Call:
        if "credit" in step:
            assert self.client.credit(self.names[step["by"]], job.terms.token) == step["credit"]
        return self.client.withdraw(job.terms.token, self.names[step["to"]])

    # ------------------------------------------------------------------ the registry

    def _deposit(self, step: Mapping[str, Any]) -> None:
        del step
        for validator in self.deployed.validators:
            transact(self.client, self.registry.deposit(self.registry.parameters()), validator)
            assert self.registry.member(validator.address).standing.name == "BONDED"

    def _join(self, step: Mapping[str, Any]) -> None:
        del step
        named = [validator.address for validator in self.deployed.validators]
        for count, validator in enumerate(self.deployed.validators, start=1):
            transact(self.client, self.registry.join(named), validator)
            found = self.registry.validator_set(named)
            assert (found.size, found.joined, found.epoch) == (3, count, int(count == 3))
        assert len(self.registry.sets_of(named[0])) == self.registry.epoch() == 1

    def _slash(self, step: Mapping[str, Any]) -> None:
        """One verdict signed alone, and another as a leaf of a batch: reported by the relayer."""
        job, accused = self.jobs[step["job"]], self.deployed.validators[step["validator"]]
        assert self.registry.admits(job.terms)
        good = self._verdict(job, Outcome.ACCEPT, 1000, sha256_hex(b"document"))
        bad = replace(good, outcome=Outcome.REJECT, worker_amount=0)
        batch = [replace(good, job=sha256_hex(b"another job")), bad, good]
        alone = Statement(good, self._sign(accused, verdict_digest(good, *self.place)))
        batched = Statement(
            bad, self._sign(accused, batch_digest(verdict_root(batch), *self.place)), verdict_inclusion(batch, 1)
        )
        with pytest.raises(ValueError, match="same"):
            self.registry.slash(accused.address, alone, alone)
        relayer = self.people["relayer"]
        for innocent in self.deployed.validators[1:]:
            with pytest.raises(CallReverted, match="ValidatorRegistry_Signature"):
                transact(self.client, self.registry.slash(innocent.address, alone, batched), relayer)
        transact(self.client, self.registry.slash(accused.address, alone, batched), relayer)
        assert self.registry.member(accused.address).standing.name == "SLASHED"
        assert not self.registry.admits(job.terms)
        assert self.registry.credit(relayer.address) == step["reward"]
        before = self.client.balance(self.names["collector"])
        transact(self.client, self.registry.withdraw(self.names["collector"]), relayer)
        assert self.client.balance(self.names["collector"]) == before + step["reward"]

    def _exit(self, step: Mapping[str, Any]) -> None:
        validator = self.deployed.validators[step["validator"]]
        transact(self.client, self.registry.request_exit(), validator)
        leave = self.registry.exit(self.names["collector"])
        with pytest.raises(CallReverted, match="TooEarly"):
            transact(self.client, leave, validator)
        self._past(self.registry.member(validator.address).exits_at)
        before = self.client.balance(self.names["collector"])
        transact(self.client, leave, validator)
        assert self.client.balance(self.names["collector"]) == before + BOND

    # ------------------------------------------------------------------ inside

    def _result(self, job: Job) -> str:
        return sha256_hex(f"{job.id} {job.deliveries}".encode())

    def _verdict(self, job: Job, outcome: Outcome, amount: int, evidence: str) -> Verdict:
        submitted = job.submitted
        round_, result = (submitted.round, submitted.result_hash) if submitted else (0, self._result(job))
        return Verdict(job.id, round_, result, outcome, amount, evidence)

    def _sign(self, account: LocalAccount, digest: str) -> str:
        return "0x" + bytes(account.unsafe_sign_hash(HexBytes(digest)).signature).hex()

    def _piece(self, name: str, digest: str) -> str:
        """A signature as the escrow reads it: of a key, or what a contract is to be asked about."""
        if self._is_contract(name):
            return "0x" + contract_record(b"whatever the contract makes of it").hex()
        return self._sign(self.people[name], digest)

    def _signed(self, name: str, message: TypedMessage) -> str:
        """A signature as tokens and Permit2 read it: any bytes for a contract."""
        if self._is_contract(name):
            return "0x" + b"whatever the contract makes of it".hex()
        return self._sign(self.people[name], message.digest)

    def _is_contract(self, name: str) -> bool:
        return bool(self.node.web3.eth.get_code(self.client.checked(self.names[name])))


def read_scenario(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The jobs and the steps."""
    found = YAML(typ="safe").load(path)
    return dict(found["jobs"]), list(found["steps"])


def empty(player: Player) -> bool:
    """Whether the escrow holds nothing any more: every job is over, and every credit was taken."""
    tokens = (ZERO_ADDRESS, player.deployed.deployment.token)
    return all(player.client.balance(player.place[1], token) == 0 for token in tokens)
