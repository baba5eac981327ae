"""The docket remembers where the chain was read to and what is still to do, across restarts and reorgs."""

from __future__ import annotations

import pytest

from oracle.validator.docket import KEPT_BLOCKS, Delivery, Docket, Posting, Stage
from oracle.validator.state import State

JOB = "0x" + "01" * 32
ZERO = "0x" + "00" * 20


@pytest.fixture
def state(tmp_path):
    with State(tmp_path, validator=ZERO, chain_id=1, escrow=ZERO) as opened:
        yield opened


@pytest.fixture
def docket(state):
    return Docket(state)


def delivery(job=JOB, round_=0, result="0x" + "02" * 32, block=10, log_index=0):
    return Delivery(job, round_, result, ZERO, block, log_index, 1_000 + block)


def test_the_cursor_and_the_deliveries_found_up_to_it_move_together(docket):
    assert docket.read_blocks() == ()
    docket.advance(12, "0xb12", [delivery()])
    docket.advance(15, "0xb15", [])
    assert docket.read_blocks() == ((15, "0xb15"), (12, "0xb12"))
    assert docket.due(0) == (delivery(),)


def test_reading_a_block_again_changes_nothing_that_was_done(docket):
    docket.advance(12, "0xb12", [delivery()])
    docket.move(delivery(), Stage.SIGNED)
    docket.advance(12, "0xb12", [delivery()])
    assert docket.find(JOB, 0).stage is Stage.SIGNED


def test_a_reorg_that_brings_another_result_starts_the_delivery_over(docket):
    docket.advance(12, "0xb12", [delivery()])
    docket.move(delivery(), Stage.CLOSED, closed_block=12)
    other = delivery(result="0x" + "0f" * 32)
    docket.advance(13, "0xb13", [other])
    assert docket.due(0) == (other,)


def test_a_rewind_forgets_later_deliveries_and_reopens_what_later_blocks_closed(docket):
    early, late = delivery(block=10), delivery(job="0x" + "07" * 32, block=14)
    docket.advance(12, "0xb12", [early])
    docket.advance(15, "0xb15", [late])
    docket.move(early, Stage.CLOSED, reason="the job is settled", closed_block=15)
    docket.rewind(12)
    assert docket.read_blocks() == ((12, "0xb12"),)
    assert docket.find(late.job, 0) is None
    assert docket.find(JOB, 0).stage is Stage.PENDING


def test_a_rewind_leaves_what_older_blocks_closed(docket):
    docket.advance(12, "0xb12", [delivery()])
    docket.move(delivery(), Stage.CLOSED, closed_block=12)
    docket.rewind(12)
    assert docket.find(JOB, 0).stage is Stage.CLOSED


def test_a_delivery_in_trouble_waits_longer_each_time_up_to_a_cap_and_others_do_not(docket):
    other = delivery(job="0x" + "08" * 32)
    docket.advance(12, "0xb12", [delivery(), other])
    pauses = []
    for _ in range(9):
        pauses.append(docket.defer(docket.find(JOB, 0), now=100, reason="poison"))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert docket.due(100) == (other,)
    assert [found.job for found in docket.due(161)] == [other.job, JOB]
    assert docket.find(JOB, 0).reason == "poison"


def test_progress_ends_the_waiting(docket):
    docket.advance(12, "0xb12", [delivery()])
    for _ in range(5):
        docket.defer(docket.find(JOB, 0), now=100, reason="trouble")
    docket.move(delivery(), Stage.SIGNED)
    (found,) = docket.due(100)
    assert (found.attempts, found.stage, found.reason) == (0, Stage.SIGNED, "")


def test_a_clock_that_was_set_back_does_not_put_a_delivery_to_sleep_for_years(docket):
    docket.advance(12, "0xb12", [delivery()])
    docket.defer(delivery(), now=2_000_000_000, reason="trouble")
    assert docket.due(1_000_000_000) != ()


@pytest.mark.parametrize("stage", [Stage.REFUSED, Stage.CLOSED])
def test_what_is_over_is_not_due_and_keeps_no_transaction(docket, stage):
    docket.advance(12, "0xb12", [delivery()])
    docket.write_posting(delivery(), Posting("0x02", 5.0))
    docket.move(delivery(), stage, reason="because")
    assert docket.due(10**9) == ()
    assert docket.posting(delivery()) is None


def test_a_written_transaction_survives_a_restart(tmp_path):
    for expected in (None, Posting("0x02ab", 7.5)):
        with State(tmp_path, validator=ZERO, chain_id=1, escrow=ZERO) as opened:
            docket = Docket(opened)
            assert docket.posting(delivery()) == expected
            docket.write_posting(delivery(), Posting("0x01", 1.0))
            docket.write_posting(delivery(), Posting("0x02ab", 7.5))


def test_old_block_hashes_are_dropped(docket):
    docket.advance(1, "0xb1", [])
    docket.advance(1 + KEPT_BLOCKS, "0xbn", [])
    assert docket.read_blocks() == ((1 + KEPT_BLOCKS, "0xbn"),)
