"""The chain client and sender against a real node and the real contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_account import Account
from live_chain import Anvil, Deployed, deploy_on, running_hardhat

from oracle.attestations.attestation import Attestation
from oracle.chain.calls import Call
from oracle.chain.client import EscrowClient
from oracle.chain.errors import (
    CallReverted,
    ChainDown,
    InsufficientFunds,
    NonceTaken,
    NotConfirmed,
    WrongNetwork,
)
from oracle.chain.events import Funded, Proposed, Refunded, Settled, Status, Submitted
from oracle.chain.transactions import sender
from oracle.chain.transactions.sender import SignedTransaction, broadcast, find_receipt, prepare, transact, wait
from oracle.terms import ZERO_ADDRESS, Outcome, Verdict, job_id_of, pack_terms, verdict_digest

RESULT = "0x" + "ab" * 32
EVIDENCE = "0x" + "cd" * 32


@pytest.fixture(scope="module")
def hardhat() -> Iterator[Deployed]:
    with running_hardhat() as chain:
        yield deploy_on(chain)


@pytest.fixture
def lone(anvil: Anvil) -> Deployed:
    """An Anvil that a test may break."""
    return deploy_on(anvil)


@pytest.fixture(params=["anvil", "hardhat"])
def deployed(request: pytest.FixtureRequest) -> Iterator[Deployed]:
    """The contracts on each kind of node; Hardhat's, which takes a second to start, goes back to where it was."""
    if request.param == "anvil":
        yield request.getfixturevalue("lone")
        return
    shared: Deployed = request.getfixturevalue("hardhat")
    before = shared.anvil.call("evm_snapshot")
    yield shared
    shared.anvil.call("evm_revert", before)
    shared.anvil.call("evm_setAutomine", True)


def job_of(deployed, terms):
    return job_id_of(terms, deployed.deployment.chain_id, deployed.deployment.escrow)


def verdict_for(deployed, terms, outcome=Outcome.ACCEPT, amount=600):
    return Verdict(job_of(deployed, terms), 0, RESULT, outcome, amount if outcome is Outcome.ACCEPT else 0, EVIDENCE)


def attest(deployed, verdict, accounts):
    digest = bytes.fromhex(verdict_digest(verdict, deployed.deployment.chain_id, deployed.deployment.escrow)[2:])
    return [
        Attestation(
            validator=account.address,
            verdict=verdict,
            document=verdict.evidence_hash,
            signature="0x" + bytes(account.unsafe_sign_hash(digest).signature).hex(),
        )
        for account in accounts
    ]


def test_a_job_is_funded_submitted_and_settled_with_typed_events(deployed):
    client, terms = deployed.client, deployed.terms()
    job = job_of(deployed, terms)
    assert client.status(job).status is Status.NONE
    before = client.balance(deployed.payer.address, terms.token)

    funded = deployed.fund(terms)
    assert client.status(job).status is Status.FUNDED
    submitted = deployed.submit(terms, RESULT, EVIDENCE)
    slot = client.status(job)
    assert (slot.status, slot.round) == (Status.SUBMITTED, 0)
    assert slot.clock == client.block(submitted.block).timestamp

    verdict = verdict_for(deployed, terms)
    # Given in descending order: the client must sort the signatures into the bitmap's order.
    attestations = attest(deployed, verdict, reversed(deployed.validators[1:]))
    transact(client, client.propose(terms, verdict, attestations), deployed.validators[2])
    assert client.status(job).status is Status.SETTLED
    assert client.balance(deployed.worker.address, terms.token) == 600
    assert client.balance(deployed.payer.address, terms.token) == before - 600

    events = client.events(funded.block, client.head().number, job)
    assert [event.name for event in events] == ["Funded", "Submitted", "Proposed", "Settled"]
    assert [event.place for event in events] == sorted(event.place for event in events)
    one, two, three, four = (event.args for event in events)
    assert one == Funded(terms.payer, terms.worker, "0x" + pack_terms(terms).hex())
    assert two == Submitted(terms.worker, RESULT, 0, EVIDENCE)
    assert isinstance(three, Proposed)
    assert (three.outcome, three.worker_amount, three.signers) == (Outcome.ACCEPT, 600, 0b110)
    assert four == Settled(outcome=Outcome.ACCEPT, worker_paid=600, payer_paid=400, fee=0)
    assert client.events(funded.block, client.head().number, RESULT) == ()


def test_a_native_job_carries_its_budget_and_is_refunded_after_submit_by(deployed):
    client, terms = deployed.client, deployed.terms(token=ZERO_ADDRESS, budget=10**15)
    deployed.fund(terms)
    assert client.balance(deployed.deployment.escrow) == 10**15
    with pytest.raises(CallReverted) as early:
        prepare(client, client.refund(terms), deployed.worker)
    assert early.value.error_name == "JobEscrow_TooEarly"
    assert early.value.arguments["deadline"] == terms.submit_by
    deployed.anvil.warp(3_601)
    receipt = transact(client, client.refund(terms), deployed.worker)
    (event,) = client.events(receipt.block, receipt.block)
    assert event.args == Refunded(terms.payer, 10**15)
    assert client.status(event.job_id).status is Status.REFUNDED


def test_a_proposal_with_a_window_is_finalised_from_its_own_event(deployed):
    arbiter = Account.from_key("0x" + "77" * 32).address
    terms = deployed.terms(challenge_window=60, ruling_window=60, dispute_bond_bps=500, arbiter=arbiter)
    client = deployed.client
    deployed.fund(terms)
    deployed.submit(terms, RESULT)
    verdict = verdict_for(deployed, terms, Outcome.INCONCLUSIVE)
    receipt = transact(
        client, client.propose(terms, verdict, attest(deployed, verdict, deployed.validators[:2])), deployed.payer
    )
    (event,) = client.events(receipt.block, receipt.block, verdict.job)
    assert isinstance(event.args, Proposed)
    assert client.status(verdict.job).status is Status.PROPOSED
    deployed.anvil.warp(61)
    transact(client, client.finalize(terms, event.args), deployed.worker)
    assert client.status(verdict.job).status is Status.SETTLED
    assert client.balance(deployed.worker.address, terms.token) == 500


def test_silence_pays_its_share(deployed):
    client, terms = deployed.client, deployed.terms(silence_bps=2_500)
    deployed.fund(terms)
    deployed.submit(terms, RESULT)
    deployed.anvil.warp(4 * 3_600 + 1)
    receipt = transact(client, client.settle_silence(terms, RESULT), deployed.worker)
    (event,) = client.events(receipt.block, receipt.block)
    assert isinstance(event.args, Proposed)
    deployed.anvil.warp(86_401)
    transact(client, client.finalize(terms, event.args), deployed.worker)
    assert client.balance(deployed.worker.address, terms.token) == 250


def test_both_parties_cancel(deployed):
    from oracle.terms import Cancel, cancel_digest

    client, terms = deployed.client, deployed.terms()
    deployed.fund(terms)
    expiry = deployed.anvil.now() + 600
    slot = client.status(job_of(deployed, terms))
    agreement = Cancel(job_of(deployed, terms), int(slot.status), slot.round, slot.clock, slot.commit, expiry)
    digest = bytes.fromhex(cancel_digest(agreement, deployed.deployment.chain_id, deployed.deployment.escrow)[2:])
    signatures = [
        "0x" + bytes(who.unsafe_sign_hash(digest).signature).hex() for who in (deployed.payer, deployed.worker)
    ]
    receipt = transact(client, client.cancel(terms, expiry, *signatures), deployed.validators[0])
    (event,) = client.events(receipt.block, receipt.block)
    assert (event.name, event.args.from_status) == ("Cancelled", Status.FUNDED)


def test_a_relayer_submits_with_the_workers_signature(deployed):
    from oracle.terms import Submission, submission_digest

    client, terms = deployed.client, deployed.terms()
    deployed.fund(terms)
    job = job_of(deployed, terms)
    submission = Submission(job, client.status(job).clock, RESULT, EVIDENCE)
    digest = bytes.fromhex(submission_digest(submission, deployed.deployment.chain_id, deployed.deployment.escrow)[2:])
    signature = "0x" + bytes(deployed.worker.unsafe_sign_hash(digest).signature).hex()
    transact(client, client.submit_for(terms, RESULT, EVIDENCE, signature), deployed.payer)
    assert client.status(submission.job).status is Status.SUBMITTED


def test_a_revert_is_named_and_nothing_is_sent(deployed):
    client, terms = deployed.client, deployed.terms()
    count = deployed.anvil.web3.eth.get_transaction_count(deployed.worker.address)
    with pytest.raises(CallReverted) as refused:
        prepare(client, client.fund(terms), deployed.worker)
    assert refused.value.error_name == "JobEscrow_NotPayer"
    assert refused.value.arguments == {"caller": deployed.worker.address, "payer": deployed.payer.address}
    assert "JobEscrow_NotPayer(caller=" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert deployed.anvil.web3.eth.get_transaction_count(deployed.worker.address) == count


def test_propose_refuses_what_the_contract_would(deployed):
    client, terms = deployed.client, deployed.terms()
    verdict = verdict_for(deployed, terms)
    good = attest(deployed, verdict, deployed.validators[:2])
    with pytest.raises(ValueError, match="attests twice"):
        client.propose(terms, verdict, [good[0], good[0]])
    with pytest.raises(ValueError, match="not a validator"):
        client.propose(terms, verdict, attest(deployed, verdict, [deployed.payer]))
    with pytest.raises(ValueError, match="another verdict"):
        client.propose(terms, replace(verdict, worker_amount=1), good)
    with pytest.raises(ValueError, match="pairs"):
        client.propose(terms, verdict, good, cosignatures=[good[0].signature])


def test_broadcasting_twice_is_broadcasting_once_mined_or_not(deployed):
    client, anvil = deployed.client, deployed.anvil
    anvil.call("evm_setAutomine", False)
    call = Call(to=deployed.worker.address, data="0x", value=5)
    signed = prepare(client, call, deployed.payer)
    assert SignedTransaction.of_raw(signed.raw) == signed
    before = client.balance(deployed.worker.address)
    assert broadcast(client, signed) == signed.hash
    assert broadcast(client, signed) == signed.hash  # "already imported"
    assert find_receipt(client, signed.hash) is None
    anvil.mine()
    assert broadcast(client, signed) == signed.hash  # "nonce too low", and it is the very one
    assert client.balance(deployed.worker.address) == before + 5
    assert wait(client, signed.hash, 5).status == 1


def test_a_nonce_used_by_another_transaction_is_told_apart(deployed):
    client = deployed.client
    first = prepare(client, Call(to=deployed.worker.address, data="0x", value=1), deployed.payer)
    second = prepare(client, Call(to=deployed.worker.address, data="0x", value=2), deployed.payer)
    assert first.nonce == second.nonce
    wait(client, broadcast(client, first), 5)
    with pytest.raises(NonceTaken):
        broadcast(client, second)


def test_nonces_count_what_waits_in_the_mempool(deployed):
    client, anvil = deployed.client, deployed.anvil
    anvil.call("evm_setAutomine", False)
    hashes = []
    for value in (1, 2, 3):
        hashes.append(broadcast(client, prepare(client, Call(deployed.worker.address, "0x", value), deployed.payer)))
    anvil.mine()
    assert [wait(client, each, 5).status for each in hashes] == [1, 1, 1]


def test_a_replacement_takes_the_place_of_a_stuck_transaction(deployed):
    client, anvil = deployed.client, deployed.anvil
    anvil.call("evm_setAutomine", False)
    stuck = prepare(client, Call(deployed.worker.address, "0x", 7), deployed.payer)
    broadcast(client, stuck)
    better = sender.replace(client, stuck, deployed.payer)
    assert (better.nonce, better.hash != stuck.hash) == (stuck.nonce, True)
    before = client.balance(deployed.worker.address)
    broadcast(client, better)
    anvil.mine()
    assert wait(client, better.hash, 5).status == 1
    assert find_receipt(client, stuck.hash) is None
    assert client.balance(deployed.worker.address) == before + 7
    with pytest.raises(NonceTaken):
        broadcast(client, stuck)


def test_wait_counts_blocks_on_top_and_gives_up_in_time(deployed):
    client, anvil = deployed.client, deployed.anvil
    receipt = transact(client, Call(deployed.worker.address, "0x", 1), deployed.payer)
    assert receipt.confirmations == 1
    with pytest.raises(NotConfirmed):
        wait(client, receipt.hash, timeout_s=0.3, confirmations=3)
    anvil.mine(2)
    assert wait(client, receipt.hash, timeout_s=5, confirmations=3).confirmations == 3


def test_a_reorg_takes_the_receipt_back(lone):
    deployed, client, anvil = lone, lone.client, lone.anvil
    anvil.mine(3)
    receipt = transact(client, Call(deployed.worker.address, "0x", 1), deployed.payer)
    anvil.call("anvil_reorg", 1, [])
    assert client.block(receipt.block).hash != receipt.block_hash
    assert find_receipt(client, receipt.hash) is None


def test_an_empty_purse_is_told_before_anything_is_signed(deployed):
    pauper = Account.from_key("0x" + "99" * 32)
    with pytest.raises(InsufficientFunds) as poor:
        prepare(deployed.client, Call(deployed.worker.address, "0x", 1), pauper)
    assert (poor.value.address, poor.value.balance_wei) == (pauper.address, 0)


def test_another_chain_and_an_empty_address_are_the_wrong_network(deployed):
    elsewhere = replace(deployed.deployment, chain_id=1)
    with pytest.raises(WrongNetwork, match="it is chain 31337, the deployment is on 1"):
        EscrowClient(deployed.anvil.url, elsewhere).check_network()
    nothing_there = replace(deployed.deployment, escrow=deployed.payer.address)
    with pytest.raises(WrongNetwork, match="no contract"):
        prepare(EscrowClient(deployed.anvil.url, nothing_there), Call(deployed.worker.address, "0x", 1), deployed.payer)


def test_a_dead_node_is_chain_down_for_every_read(lone):
    client = lone.client
    lone.anvil.process.kill()
    lone.anvil.process.wait()
    for ask in (client.head, client.check_network, lambda: client.events(0, 1), lambda: client.status(RESULT)):
        with pytest.raises(ChainDown, match="compute up"):
            ask()


def test_many_statuses_come_in_one_request_and_in_order(deployed):
    client = deployed.client
    live, dead = deployed.terms(salt=1), deployed.terms(salt=2)
    deployed.fund(live)
    found = client.statuses([job_of(deployed, dead), job_of(deployed, live), RESULT])
    assert [slot.status for slot in found] == [Status.NONE, Status.FUNDED, Status.NONE]
    assert client.statuses([]) == ()
    assert client.statuses([job_of(deployed, live)], block=deployed.deployment.block)[0].status is Status.NONE
