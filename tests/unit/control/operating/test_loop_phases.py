"""Each part of the loop waits for its own trouble, and approvals leave room for deliveries."""

from __future__ import annotations

import pytest

from oracle.chain.errors import ChainDown
from router.control.operating.phases import FIRST_PAUSE_S, LONGEST_PAUSE_S, SLICE, SLICE_S, Phase, Slices
from router.control.store import DatabaseUnavailable

LOCKED = DatabaseUnavailable("the database is locked", "end whatever holds it")


class Clock:
    """A clock that a test turns."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def raising(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "error", [LOCKED, ChainDown("http://127.0.0.1:1", "refused"), OSError(28, "full"), KeyError("x")]
)
def test_a_part_that_fails_is_left_out_for_a_while_and_longer_each_time(error: Exception) -> None:
    clock = Clock()
    phase, pause_s = Phase("jobs", clock), FIRST_PAUSE_S
    for _ in range(8):
        assert phase.run(lambda: raising(error)) is None
        clock.now += pause_s * 0.99
        assert phase.run(lambda: "asked too early") is None
        clock.now += pause_s * 0.02
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
    assert pause_s == LONGEST_PAUSE_S < 10, "what waits for it goes on soon after the trouble"
    assert phase.run(lambda: "well") == "well"
    assert phase.run(lambda: raising(error)) is None
    clock.now += FIRST_PAUSE_S
    assert phase.run(lambda: "well") == "well", "it began anew with its pauses"


def test_a_trouble_that_lasts_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    phase = Phase("requests", clock)
    for _ in range(5):
        phase.run(lambda: raising(LOCKED))
        clock.now += LONGEST_PAUSE_S
    assert [record.message.split(";")[0] for record in caplog.records] == [f"requests: {LOCKED}"]


def test_approvals_go_in_slices_until_a_delivery_begins_or_a_moment_passes() -> None:
    clock = Clock()
    slices = Slices(clock)
    assert [slices.take() for _ in range(SLICE + 1)] == [True] * SLICE + [False]
    slices.delivered()
    assert [slices.take() for _ in range(SLICE + 1)] == [True] * SLICE + [False]
    clock.now += SLICE_S
    assert slices.take(), "nothing was to be delivered"


def test_a_node_that_asks_to_be_left_alone_is_left_alone_as_long() -> None:
    now = [0.0]
    phase, asked = Phase("the head", lambda: now[0]), []

    def busy() -> None:
        asked.append(now[0])
        raise ChainDown("http://127.0.0.1:1", "too many requests", retry_after_s=40.0)

    for seconds in (0.0, 10.0, 39.0, 41.0):
        now[0] = seconds
        phase.run(busy)
    assert asked == [0.0, 41.0]
