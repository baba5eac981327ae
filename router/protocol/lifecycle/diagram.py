"""docs/lifecycle.md, from the tables: ``python -m router.protocol.lifecycle.diagram > docs/lifecycle.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from router.protocol.lifecycle.states import TERMINAL_STATES, EscrowState, EventKind, State
from router.protocol.lifecycle.transitions import ESCROW_MOVES, TRANSITIONS

_HEAD = """\
# A job's life

Generated from `router/protocol/lifecycle/transitions.py` by `python -m router.protocol.lifecycle.diagram`; a test
compares them. What is not here is refused. Every step is one event, signed by whoever makes it (EIP-712) and naming the
digest of the event before it; the record of a job is the fold of its events.
"""

_MONEY = """\
## The money

A second column, moved by `escrow` events alone, each of which names the block, transaction and log that it repeats. It
may move after the job has ended: a failed job's budget still returns at its deadline.
"""

_REORGS = """\
## When the chain takes something back

A reorg replaces blocks, and with them what came of them. A `reorged` event, possible in every state but `created`,
names each event of the log that no longer holds, and the state and the escrow that are left without them, as if those
had never been told. The log itself only grows. Whatever the chain says again, perhaps in another block, is told again.
A job is followed until its newest chain event is buried under the configured number of blocks (`finality`); a reorg
deeper than that is still found, at the cost of reading the escrow's events from the first block again.
"""

_TABLE = """\
## Who may do what

`names its chain log`: only the chain brings it about, and the operator that signs it says where to look. Events of kind
`escrow` are left out: they leave the state as it is, in every state but `created`.
"""


def _edges() -> Iterator[tuple[State | None, State, list[EventKind]]]:
    """Every pair of states that an event leads between, and the kinds that do; reorgs apart."""
    found: dict[tuple[State | None, State], list[EventKind]] = {}
    for (start, kind), transition in TRANSITIONS.items():
        if kind is not EventKind.ESCROW and transition.to is not None:
            found.setdefault((start, transition.to), []).append(kind)
    for (start, to), kinds in found.items():
        yield start, to, kinds


def _states() -> Iterator[str]:
    yield "stateDiagram-v2"
    for start, to, kinds in _edges():
        yield f"    {start.value if start else '[*]'} --> {to.value}: {', '.join(kind.value for kind in kinds)}"
    for state in State:
        if state in TERMINAL_STATES:
            yield f"    {state.value} --> [*]"


def _escrow() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {EscrowState.NONE.value}"
    for start, moves in ESCROW_MOVES.items():
        yield from (f"    {start.value} --> {to.value}" for to in EscrowState if to in moves)
        if not moves:
            yield f"    {start.value} --> [*]"


def _rows() -> Iterator[str]:
    yield "| from | event | to | signed by | needs |"
    yield "| --- | --- | --- | --- | --- |"
    for (start, kind), transition in TRANSITIONS.items():
        if kind is EventKind.ESCROW:
            continue
        for role, needs in transition.by.items():
            needed = ", ".join(need.value for need in needs) or "—"
            origin = start.value if start else "—"
            to = transition.to.value if transition.to else "as it was"
            yield f"| {origin} | {kind.value} | {to} | {role.value} | {needed} |"


def render() -> str:
    """The page, in Markdown with Mermaid diagrams."""
    fence = "```"
    states = "\n".join(_states())
    escrow = "\n".join(_escrow())
    rows = "\n".join(_rows())
    return "\n".join(
        [
            _HEAD,
            f"{fence}mermaid\n{states}\n{fence}\n",
            _MONEY,
            f"{fence}mermaid\n{escrow}\n{fence}\n",
            _REORGS,
            _TABLE,
            f"{rows}\n",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(render())
