"""What the escrow did, told as lifecycle events: every event of the contract in every state that it may find."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from job_stories import Story, digest
from parties import write

from oracle.chain import events as chain
from oracle.terms import Outcome
from router.control.operating.following.chain_events import cause_of, consequences, told
from router.protocol.lifecycle import (
    Approved,
    ChainCaused,
    Completed,
    EscrowMoved,
    EscrowState,
    EventKind,
    Failed,
    JobRecord,
    Payload,
    Queued,
    Rejected,
    Role,
    State,
    Submitted,
    TransitionRefused,
)

WORKER = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
PAYER = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
LOCKED, PROPOSED, NONE = EscrowState.LOCKED, EscrowState.PROPOSED, EscrowState.NONE
CONTESTED = EscrowState.DISPUTED


def proposed(outcome: Outcome) -> chain.Proposed:
    signers = 0 if outcome is Outcome.SILENCE else 3
    return chain.Proposed(WORKER, digest("result"), int(outcome), 7, signers, 0, digest("evidence"), 99)


def settled(outcome: Outcome) -> chain.Settled:
    return chain.Settled(int(outcome), 7, 18, 0)


def event(args: chain.Args, number: int = 40) -> chain.EscrowEvent:
    tx = digest(f"transaction {number}")
    return chain.EscrowEvent(digest("terms"), number, digest(f"block {number}"), tx, 2, args)


FUNDED = chain.Funded(PAYER, WORKER, "0xabcdef")
DELIVERED = chain.Submitted(WORKER, digest("result"), 0, digest("multiset"))
REFUNDED = chain.Refunded(PAYER, 25)
CANCELLED = chain.Cancelled(PAYER, 25, chain.Status.FUNDED)
DISPUTED = chain.Disputed(PAYER, 2, 99)
TOPPED_UP = chain.Submitted(WORKER, digest("second result"), 1, digest("multiset"))
SILENT_EVENTS = (
    chain.Claimed(WORKER, 99, 1),
    chain.Ruled(PAYER, 7, True),
    chain.BondReturned(PAYER, 2),
    chain.BondLost(WORKER, 1, 1),
)
"""What moves no money of the budget and no status of the column."""
CREDITED = chain.Credited("0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9", WORKER, 7)

BEFORE_DELIVERY = (State.APPROVED, State.SUBMITTED, State.QUEUED, State.RUNNING)
ENDED = (State.REJECTED, State.EXPIRED, State.FAILED, State.CANCELLED)
"""States in which a job may have ended while its money was locked."""

CASES: list[tuple[State, EscrowState, chain.Args, list[str]]] = [
    # Funding: of a promoted job, and of one that ended while its funding was in flight.
    *((state, NONE, FUNDED, ["escrow locked"]) for state in (State.SIMULATED, State.REJECTED, State.EXPIRED)),
    # A delivery is told from the chain unless the worker was first, a credit is for nobody.
    *((state, LOCKED, DELIVERED, ["completed"]) for state in (State.SIMULATED, *BEFORE_DELIVERY)),
    *((state, LOCKED, DELIVERED, []) for state in (State.COMPLETED, *ENDED)),
    *((state, EscrowState.RELEASED, CREDITED, []) for state in (State.SETTLED, *ENDED)),
    # A verdict on-chain.
    (State.COMPLETED, LOCKED, proposed(Outcome.ACCEPT), ["escrow proposed", "validated accept"]),
    (State.COMPLETED, LOCKED, proposed(Outcome.INCONCLUSIVE), ["escrow proposed", "validated inconclusive"]),
    (State.COMPLETED, LOCKED, proposed(Outcome.REJECT), ["escrow proposed"]),
    (State.COMPLETED, LOCKED, proposed(Outcome.SILENCE), ["escrow proposed"]),
    *((state, LOCKED, proposed(outcome), ["escrow proposed"]) for state in ENDED for outcome in Outcome),
    # Its end.
    (State.VALIDATED, PROPOSED, settled(Outcome.ACCEPT), ["escrow released", "settled accept"]),
    (State.VALIDATED, PROPOSED, settled(Outcome.INCONCLUSIVE), ["escrow split", "settled inconclusive"]),
    (State.COMPLETED, PROPOSED, settled(Outcome.REJECT), ["escrow refunded", "rejected"]),
    (State.COMPLETED, PROPOSED, settled(Outcome.SILENCE), ["escrow split", "expired"]),
    *((state, PROPOSED, settled(Outcome.ACCEPT), ["escrow released"]) for state in ENDED),
    *((state, PROPOSED, settled(Outcome.REJECT), ["escrow refunded"]) for state in ENDED),
    # The first delivery, which the record never names as the chain's, is looked at again while its proposal stands.
    *((state, PROPOSED, DELIVERED, []) for state in (State.COMPLETED, State.VALIDATED, *ENDED)),
    # A top-up, and what may follow it.
    (State.VALIDATED, PROPOSED, TOPPED_UP, ["escrow locked"]),
    *((state, PROPOSED, TOPPED_UP, ["escrow locked"]) for state in ENDED),
    (State.VALIDATED, LOCKED, proposed(Outcome.ACCEPT), ["escrow proposed"]),
    (State.VALIDATED, PROPOSED, settled(Outcome.REJECT), ["escrow refunded", "rejected"]),
    (State.VALIDATED, PROPOSED, settled(Outcome.SILENCE), ["escrow split", "expired"]),
    # A dispute, a ruling, and an arbiter that slept.
    (State.COMPLETED, PROPOSED, DISPUTED, ["escrow disputed", "disputed"]),
    (State.VALIDATED, PROPOSED, DISPUTED, ["escrow disputed", "disputed"]),
    *((state, PROPOSED, DISPUTED, ["escrow disputed"]) for state in ENDED),
    (State.DISPUTED, CONTESTED, DISPUTED, []),
    (State.DISPUTED, CONTESTED, settled(Outcome.RULING), ["escrow split", "settled ruling"]),
    (State.DISPUTED, CONTESTED, settled(Outcome.ACCEPT), ["escrow released", "settled accept"]),
    (State.DISPUTED, CONTESTED, settled(Outcome.INCONCLUSIVE), ["escrow split", "settled inconclusive"]),
    (State.DISPUTED, CONTESTED, settled(Outcome.REJECT), ["escrow refunded", "rejected"]),
    (State.DISPUTED, CONTESTED, settled(Outcome.SILENCE), ["escrow split", "expired"]),
    (State.DISPUTED, CONTESTED, CANCELLED, ["escrow refunded", "cancelled"]),
    *((state, CONTESTED, settled(Outcome.RULING), ["escrow split"]) for state in ENDED),
    *((State.DISPUTED, CONTESTED, args, []) for args in SILENT_EVENTS),
    *((State.COMPLETED, PROPOSED, args, []) for args in SILENT_EVENTS),
    # Money back.
    *((state, LOCKED, REFUNDED, ["escrow refunded", "expired"]) for state in (State.SIMULATED, *BEFORE_DELIVERY)),
    *((state, LOCKED, REFUNDED, ["escrow refunded"]) for state in ENDED),
    *(
        (state, LOCKED, CANCELLED, ["escrow refunded", "cancelled"])
        for state in (State.SIMULATED, *BEFORE_DELIVERY, State.COMPLETED)
    ),
    *((state, PROPOSED, CANCELLED, ["escrow refunded", "cancelled"]) for state in (State.COMPLETED, State.VALIDATED)),
    *((state, LOCKED, CANCELLED, ["escrow refunded"]) for state in ENDED),
]


def story(state: State, escrow: EscrowState) -> Story:
    """A promoted job in `state`, its escrow column at `escrow`."""
    told_so_far = Story()
    if escrow is NONE:
        told_so_far.to(State.SIMULATED).tell(EventKind.PROMOTED)
        if state is not State.SIMULATED:
            told_so_far.tell({State.REJECTED: Rejected("no"), State.EXPIRED: EventKind.EXPIRED}[state])
        return told_so_far
    if state is State.SIMULATED:
        return told_so_far.to(State.SIMULATED).tell(EventKind.PROMOTED, EventKind.ESCROW)
    told_so_far.to(state)
    if escrow is not LOCKED:
        told_so_far.tell(EscrowMoved(PROPOSED, cause(39)))
    if escrow not in (LOCKED, PROPOSED):
        told_so_far.tell(EscrowMoved(escrow, cause(39, log_index=1)))
    return told_so_far


def cause(number: int, log_index: int = 2) -> ChainCaused:
    return ChainCaused(digest(f"block {number}"), digest(f"transaction {number}"), log_index, number)


def words(payload: Payload) -> str:
    """The kind, with the escrow's state or the outcome that it says."""
    shown = payload.to_json()
    return " ".join(str(part) for part in (payload.kind.value, shown.get("escrow") or shown.get("outcome")) if part)


def name(case: tuple[State, EscrowState, chain.Args, list[str]]) -> str:
    state, escrow, args, _ = case
    outcome = f"-{Outcome(args.outcome).name.lower()}" if isinstance(args, chain.Proposed | chain.Settled) else ""
    return f"{type(args).__name__}{outcome}-{state.value}-{escrow.value}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_what_follows_from_an_event_of_the_contract(case: tuple[State, EscrowState, chain.Args, list[str]]) -> None:
    state, escrow, args, expected = case
    before = story(state, escrow)
    seen = event(args)
    payloads = consequences(before.record, seen)
    assert [words(payload) for payload in payloads] == expected
    assert {payload.chain_cause for payload in payloads} <= {cause(40)}
    before.tell(*payloads)  # the lifecycle lets all of them follow, signed by the operator
    if payloads:
        assert cause_of(seen) in told(before.events)
        assert expected == ["completed"] or before.record.escrow.value == expected[0].split()[1]


@pytest.mark.parametrize("case", [case for case in CASES if case[3]], ids=name)
def test_the_same_again_at_another_place_of_the_chain_changes_nothing(
    case: tuple[State, EscrowState, chain.Args, list[str]],
) -> None:
    """Where nothing was undone in between, as a reorg does, it is no news."""
    state, escrow, args, _ = case
    record = story(state, escrow).tell(*consequences(story(state, escrow).record, event(args))).record
    assert consequences(record, event(args, number=77)) == ()


def test_every_event_of_the_contract_is_thought_of() -> None:
    assert {type(case[2]) for case in CASES} == set(chain.Args.__args__)
    for kind in (chain.Proposed, chain.Settled):
        assert {case[2].outcome for case in CASES if isinstance(case[2], kind)} == set(Outcome)


def test_an_outcome_that_contradicts_the_one_told_is_not_passed_over() -> None:
    before = story(State.VALIDATED, PROPOSED)
    before.tell(*consequences(before.record, event(settled(Outcome.ACCEPT))))
    again = consequences(before.record, event(settled(Outcome.REJECT), number=77))
    with pytest.raises(TransitionRefused, match="the escrow cannot go from released to refunded"):
        before.tell(*again)


def test_money_that_goes_back_says_why() -> None:
    record = story(State.RUNNING, LOCKED).record
    assert "submitBy" in consequences(record, event(REFUNDED))[1].to_json()["reason"]
    assert "called the job off" in consequences(record, event(CANCELLED))[1].to_json()["reason"]
    delivered = story(State.COMPLETED, PROPOSED).record
    assert "verdict is reject" in consequences(delivered, event(settled(Outcome.REJECT)))[1].to_json()["reason"]
    assert "verdictBy" in consequences(delivered, event(settled(Outcome.SILENCE)))[1].to_json()["reason"]


# Reading a chain into a record


def kinds(desk: Any, job: str) -> list[str]:
    return [words(each.payload) for each in desk.opened.store.events(job)]


def read(desk: Any, job: str) -> JobRecord:
    return desk.reconciled(job)


def test_each_event_is_told_once_however_often_and_by_however_many(desk: Any) -> None:
    job = desk.funded().job
    with ThreadPoolExecutor(8) as pool:
        records = list(pool.map(lambda _: read(desk, job), range(8)))
    assert {record.escrow for record in records} == {LOCKED}
    assert kinds(desk, job).count("escrow locked") == 1
    assert read(desk, job).sequence == records[0].sequence


def test_blocks_that_do_not_count_yet_are_not_told(desk: Any) -> None:
    job = desk.funded().job
    head = desk.chain.head().number
    assert desk.reconciled(job, to_block=head - 1).escrow is NONE
    assert desk.reconciled(job, to_block=head).escrow is LOCKED


def at_the_provider(_record: JobRecord) -> list[tuple[Role, Payload]]:
    return [
        (Role.OPERATOR, Approved(digest("decision"), digest("gates"))),
        (Role.WORKER, Submitted("aer", "aer", "run", "tag")),
        (Role.OPERATOR, Queued("in line")),
    ]


def delivered_by(seen: chain.EscrowEvent) -> Completed:
    """What the worker tells of its delivery."""
    return Completed(digest("result"), digest("multiset"), digest("receipt"), None, seen.tx_hash)


def test_what_the_chain_says_is_told_without_the_worker_who_adds_the_papers_later(desk: Any) -> None:
    record = desk.locked()
    job = record.job
    write(desk.opened, job, at_the_provider)
    seen = desk.chain.says(record.escrow_id, DELIVERED, chain.Status.SUBMITTED)
    desk.chain.says(record.escrow_id, proposed(Outcome.ACCEPT), chain.Status.PROPOSED)
    desk.chain.says(record.escrow_id, settled(Outcome.ACCEPT), chain.Status.SETTLED)
    ended = read(desk, job)
    assert kinds(desk, job)[-5:] == [
        "completed", "escrow proposed", "validated accept", "escrow released", "settled accept"
    ]  # fmt: skip
    assert (ended.state, ended.escrow, ended.closed) == (State.SETTLED, EscrowState.RELEASED, True)
    assert (ended.result_hash, ended.receipt, ended.lacks_papers) == (digest("result"), None, True)
    other = Completed(digest("other"), digest("multiset"), digest("receipt"), None, seen.tx_hash)
    with pytest.raises(TransitionRefused, match="delivered, without papers"):
        write(desk.opened, job, lambda _record: [(Role.WORKER, other)])
    told_late = write(desk.opened, job, lambda _record: [(Role.WORKER, delivered_by(seen))])
    assert (told_late.state, told_late.receipt, told_late.lacks_papers) == (State.SETTLED, digest("receipt"), False)
    assert desk.opened.store.verify(job) == told_late


def settled_job(desk: Any) -> tuple[JobRecord, chain.EscrowEvent]:
    """A job that was delivered, judged and paid, each in a block of its own, and its delivery."""
    record = desk.locked()
    write(desk.opened, record.job, at_the_provider)
    seen = desk.chain.says(record.escrow_id, DELIVERED, chain.Status.SUBMITTED)
    desk.chain.node.mined[seen.tx_hash] = (seen.block, 1)
    write(desk.opened, record.job, lambda _record: [(Role.WORKER, delivered_by(seen))])
    desk.chain.says(record.escrow_id, proposed(Outcome.ACCEPT), chain.Status.PROPOSED)
    desk.chain.says(record.escrow_id, settled(Outcome.ACCEPT), chain.Status.SETTLED)
    ended = read(desk, record.job)
    assert (ended.state, ended.escrow) == (State.SETTLED, EscrowState.RELEASED)
    return ended, seen


@pytest.mark.parametrize(("depth", "state", "escrow"), [
    (1, State.VALIDATED, PROPOSED), (2, State.COMPLETED, LOCKED), (3, State.QUEUED, LOCKED), (6, State.QUEUED, NONE),
])  # fmt: skip
def test_what_a_reorg_took_back_is_undone_in_the_record(
    desk: Any, depth: int, state: State, escrow: EscrowState
) -> None:
    ended, _ = settled_job(desk)
    before = desk.opened.store.events(ended.job)
    desk.chain.reorg(depth)
    record = read(desk, ended.job)
    assert (record.state, record.escrow, record.closed) == (state, escrow, False)
    assert (record.worker_paid, record.fee) == (None, None)
    assert (record.outcome is None) == (state is not State.VALIDATED)
    assert (record.result_hash is None) == (state is State.QUEUED)
    after = desk.opened.store.events(ended.job)
    assert after[: len(before)] == before, "the log only grows"
    assert [words(each.payload) for each in after[len(before) :]] == [f"reorged {escrow.value}"]
    assert desk.opened.store.verify(ended.job) == record
    assert read(desk, ended.job) == record, "and it is told once"


def test_a_record_that_a_reorg_opened_again_closes_by_what_the_chain_says_then(desk: Any) -> None:
    ended, _ = settled_job(desk)
    for event in desk.chain.reorg(2):
        desk.chain.says(event.job_id, event.args, chain.Status.SETTLED)
    again = read(desk, ended.job)
    assert (again.state, again.escrow, again.worker_paid) == (State.SETTLED, EscrowState.RELEASED, ended.worker_paid)
    assert kinds(desk, ended.job)[-5:] == [
        "reorged locked", "escrow proposed", "validated accept", "escrow released", "settled accept"
    ]  # fmt: skip
    other = desk.chain.reorg(2)
    desk.chain.says(ended.escrow_id, proposed(Outcome.REJECT), chain.Status.PROPOSED)
    desk.chain.says(ended.escrow_id, settled(Outcome.REJECT), chain.Status.SETTLED)
    assert len(other) == 2
    assert read(desk, ended.job).state is State.REJECTED, "the other outcome contradicts nothing that still holds"
    assert desk.opened.store.verify(ended.job).escrow is EscrowState.REFUNDED


def test_nothing_is_undone_before_another_block_was_read_in_its_place(desk: Any) -> None:
    ended, _ = settled_job(desk)
    desk.chain.reorg(3)
    desk.chain.node.block_number -= 2
    assert read(desk, ended.job) == ended, "the chain is shorter for now: what comes is not known yet"
    desk.chain.node.block_number += 2
    assert read(desk, ended.job).state is State.QUEUED


def test_a_reorg_wakes_the_job_that_it_touches_and_no_other(desk: Any) -> None:
    other = desk.locked()
    ended, _ = settled_job(desk)
    later = datetime(2100, 1, 1, tzinfo=UTC)
    for job in (other.job, ended.job):
        desk.opened.store.set_next_look(job, later)
    desk.chain.node.block_number += 1
    desk.chain.reorg(2)
    desk.opened.reader(desk.chain).catch_up()
    assert {due.job for due in desk.opened.store.due(datetime.now(UTC))} == {ended.job}


def test_the_chain_goes_on_telling_of_a_job_that_the_router_gave_up(desk: Any) -> None:
    record = desk.locked()
    write(desk.opened, record.job, lambda _r: [(Role.OPERATOR, Failed("it broke", "simulate again"))])
    desk.chain.says(record.escrow_id, REFUNDED, chain.Status.REFUNDED)
    ended = read(desk, record.job)
    assert (ended.state, ended.escrow, ended.closed) == (State.FAILED, EscrowState.REFUNDED, True)
