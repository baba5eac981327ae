"""The parts of the router's loop wait for their own trouble, and for as long as they are asked to."""

from __future__ import annotations

from oracle.chain.errors import ChainDown
from router.control.operating.phases import Phase


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
