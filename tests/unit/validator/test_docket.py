"""The docket remembers where the chain was read to and what is still to do, across restarts and reorgs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracle.chain.events import EscrowEvent, Submitted
from oracle.chain.following.follower import Read
from oracle.validator.docket import Delivery, Docket, Posting, Stage
from oracle.validator.state import ValidatorState

JOB = "0x" + "01" * 32
ZERO = "0x" + "00" * 20


@pytest.fixture
def state(tmp_path):
    with ValidatorState(tmp_path, validator=ZERO, chain_id=1, escrow=ZERO) as opened:
        yield opened


@pytest.fixture
def docket(state):
    return Docket(state)


def delivery(job=JOB, round_=0, result="0x" + "02" * 32, block=10, log_index=0):
    return Delivery(job, round_, result, ZERO, block, log_index, 1_000 + block)


def said(found):
    """The event that a delivery is."""
    args = Submitted(found.worker, found.result_hash, found.round, "0x" + "05" * 32)
    return EscrowEvent(found.job, found.block, f"0xb{found.block}", "0x" + "06" * 32, found.log_index, args)


def read(docket, block, deliveries, start=None, fork=""):
    """Read on from the cursor, or from `start`, up to `block`."""
    since = next(iter(docket.blocks()), None)
    first = (0 if since is None else since.number + 1) if start is None else start
    times = {found.block: found.delivered_at for found in deliveries}
    return docket.advance(since, first, Read(block, f"0xb{block}{fork}"), [said(found) for found in deliveries], times)


def test_the_cursor_and_the_deliveries_found_up_to_it_move_together(docket):
    assert docket.blocks() == ()
    assert read(docket, 12, [delivery()])
    assert read(docket, 15, [])
    assert docket.blocks() == (Read(15, "0xb15"), Read(12, "0xb12"))
    assert docket.due(0) == (delivery(),)


def test_a_cursor_that_somebody_moved_meanwhile_is_left_alone(docket):
    read(docket, 12, [])
    assert not docket.advance(None, 0, Read(15, "0xb15"), [said(delivery())], {10: 1_010})
    docket.rewind(Read(15, "0xb15"), None)
    assert docket.blocks() == (Read(12, "0xb12"),)
    assert docket.due(0) == ()


def test_reading_a_block_again_changes_nothing_that_was_done(docket):
    read(docket, 5, [])
    read(docket, 12, [delivery()])
    docket.move(delivery(), Stage.SIGNED)
    docket.rewind(Read(12, "0xb12"), Read(5, "0xb5"))
    read(docket, 12, [delivery()], fork="'")
    assert docket.find(JOB, 0).stage is Stage.SIGNED


def test_a_reorg_that_brings_another_result_starts_the_delivery_over(docket):
    read(docket, 5, [])
    read(docket, 12, [delivery()])
    docket.move(delivery(), Stage.CLOSED, closed_block=12)
    docket.rewind(Read(12, "0xb12"), Read(5, "0xb5"))
    other = delivery(result="0x" + "0f" * 32)
    read(docket, 13, [other])
    assert docket.due(0) == (other,)


def test_a_rewind_reopens_what_later_blocks_closed_and_a_delivery_that_is_gone_is_forgotten_when_it_is_known(docket):
    early, late = delivery(block=10), delivery(job="0x" + "07" * 32, block=14)
    read(docket, 12, [early])
    read(docket, 15, [late])
    docket.move(early, Stage.CLOSED, reason="the job is settled", closed_block=15)
    docket.rewind(Read(15, "0xb15"), Read(12, "0xb12"))
    assert docket.blocks() == (Read(12, "0xb12"),)
    assert [found.job for found in docket.due(0)] == [JOB], "the later one may be gone: it is not worked on"
    assert docket.find(late.job, 0) is not None
    read(docket, 15, [])
    assert docket.find(late.job, 0) is None


def test_a_rewind_leaves_what_older_blocks_closed(docket):
    read(docket, 12, [delivery()])
    docket.move(delivery(), Stage.CLOSED, closed_block=12)
    read(docket, 15, [])
    docket.rewind(Read(15, "0xb15"), Read(12, "0xb12"))
    assert docket.find(JOB, 0).stage is Stage.CLOSED


def test_a_result_is_replayed_iff_this_worker_delivered_it_strictly_earlier(docket):
    first, second = delivery(block=10), delivery(job="0x" + "07" * 32, block=10, log_index=1)
    read(docket, 12, [first, second])
    assert not docket.is_replayed(first)
    assert docket.is_replayed(second)
    assert not docket.is_replayed(replace(second, worker="0x" + "11" * 20))
    assert not docket.is_replayed(replace(second, result_hash="0x" + "0f" * 32))


def test_the_second_word_of_a_delivery_is_that_of_its_place(docket):
    read(docket, 12, [delivery()])
    assert docket.second_word(delivery()) == "0x" + "05" * 32
    with pytest.raises(LookupError, match="no delivery"):
        docket.second_word(delivery(log_index=1))


def test_a_delivery_in_trouble_waits_longer_each_time_up_to_a_cap_and_others_do_not(docket):
    other = delivery(job="0x" + "08" * 32, log_index=1)
    read(docket, 12, [delivery(), other])
    pauses = []
    for _ in range(9):
        pauses.append(docket.defer(docket.find(JOB, 0), now=100, reason="poison"))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert docket.due(100) == (other,)
    assert [found.job for found in docket.due(161)] == [other.job, JOB]
    assert docket.find(JOB, 0).reason == "poison"


def test_progress_ends_the_waiting(docket):
    read(docket, 12, [delivery()])
    for _ in range(5):
        docket.defer(docket.find(JOB, 0), now=100, reason="trouble")
    docket.move(delivery(), Stage.SIGNED)
    (found,) = docket.due(100)
    assert (found.attempts, found.stage, found.reason) == (0, Stage.SIGNED, "")


def test_a_clock_that_was_set_back_does_not_put_a_delivery_to_sleep_for_years(docket):
    read(docket, 12, [delivery()])
    docket.defer(delivery(), now=2_000_000_000, reason="trouble")
    assert docket.due(1_000_000_000) != ()


@pytest.mark.parametrize("stage", [Stage.REFUSED, Stage.CLOSED])
def test_what_is_over_is_not_due_and_keeps_no_transaction(docket, stage):
    read(docket, 12, [delivery()])
    docket.write_posting(delivery(), Posting("0x02", 5.0))
    docket.move(delivery(), stage, reason="because")
    assert docket.due(10**9) == ()
    assert docket.posting(delivery()) is None


def test_a_written_transaction_survives_a_restart(tmp_path):
    for expected in (None, Posting("0x02ab", 7.5)):
        with ValidatorState(tmp_path, validator=ZERO, chain_id=1, escrow=ZERO) as opened:
            docket = Docket(opened)
            assert docket.posting(delivery()) == expected
            docket.write_posting(delivery(), Posting("0x01", 1.0))
            docket.write_posting(delivery(), Posting("0x02ab", 7.5))


def test_hashes_are_kept_as_deep_as_finality_and_the_first_for_good(state):
    docket = Docket(state, finality=4)
    for block in range(1, 11):
        read(docket, block, [])
    assert [block.number for block in docket.blocks()] == [10, 9, 8, 7, 6, 1]
