"""Drawing a canary's angles so that its outcome is certain.

As in the traps of accreditation (Ferracin, Kapourniotis, Datta, arXiv:1811.09709), two-qubit gates meet pairs of
stabilizer states that they do not leave entangled. Gates that follow one another on one pair of qubits, as in
cx rz cx, are one block: inside it the pair may be entangled, behind it each qubit has a state of its own again, which
is known. So each measured qubit ends in 0 or 1, and an error, unless it stabilizes the state where it happens, flips
bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from qiskit.circuit import Barrier, Delay, Gate, Instruction

from oracle.canaries import Draws
from oracle.circuits.canaries.stabilizers import (
    STATES,
    UNCHANGED,
    Z_MINUS,
    Z_PLUS,
    Action,
    Images,
    Products,
    followed,
    on_one,
    one_qubit_choices,
    swapped,
    two_qubit_choices,
    unentangled,
)
from oracle.encoding.errors import OracleError

Placed = tuple[Instruction, tuple[int, ...], tuple[int, ...]]
"""An operation, its qubits, its classical bits."""

_FILLINGS = 16
"""Ways to fill a block that are looked at, where there are more."""


class DeadEnd(OracleError):
    """What was drawn so far leads to a gate that would leave its qubits entangled, or to a measurement at random."""


@dataclass(frozen=True)
class Trace:
    """A canary's operations and what they do."""

    operations: tuple[Placed, ...]
    bits: dict[int, int]
    """What each measured classical bit is."""
    coins: int
    """How many of the bits a fair draw decided last of all."""


@dataclass
class _Block:
    """Neighbouring gates on one pair of qubits, from the first two-qubit gate to the last."""

    qubits: tuple[int, int]
    places: list[int]
    """Positions among the operations, ascending."""
    fillings: list[tuple[tuple[Gate, ...], Products]] = field(default_factory=list)
    after: tuple[set[int], set[int]] = (set(), set())
    """The states behind it from which each qubit may still come to its end."""


def trace(operations: Sequence[Placed], draws: Draws, *, tame: bool) -> Trace:
    """Draw gates in the place of those of `operations`. `tame`: prefer computational states at two-qubit gates.

    Raises DeadEnd where this draw comes to none; the next may.
    """
    return _Tracing(operations, draws, tame=tame).traced()


def _blocks(operations: Sequence[Placed]) -> list[_Block]:
    found: list[_Block] = []
    active: dict[int, _Block] = {}
    waiting: dict[int, list[int]] = {}
    for place, (operation, qubits, _) in enumerate(operations):
        if isinstance(operation, Barrier | Delay):
            continue
        if isinstance(operation, Gate) and len(qubits) == 1:
            if qubits[0] in active:
                waiting.setdefault(id(active[qubits[0]]), []).append(place)
            continue
        blocks = [active.get(qubit) for qubit in qubits]
        if len(qubits) == 2 and blocks[0] is not None and blocks[0] is blocks[1]:
            blocks[0].places += [*waiting.pop(id(blocks[0]), []), place]
            continue
        for block in blocks:
            for qubit in () if block is None else block.qubits:
                if active.get(qubit) is block and qubit in qubits:
                    del active[qubit]
        if isinstance(operation, Gate):
            found.append(_Block((qubits[0], qubits[1]), [place]))
            active |= dict.fromkeys(qubits, found[-1])
    return found


class _Tracing:
    def __init__(self, operations: Sequence[Placed], draws: Draws, *, tame: bool) -> None:
        self._operations = list(operations)
        self._draws = draws
        self._tame = tame
        blocks = _blocks(operations)
        self._first = {block.places[0]: block for block in blocks}
        self._inside = {place for block in blocks for place in block.places[1:]}
        qubits = 1 + max((qubit for _, on, _ in operations for qubit in on), default=-1)
        self._states = [Z_PLUS] * qubits
        # Per qubit, gates since its state was last settled: where they are, and what may stand there.
        self._open: list[list[tuple[int, tuple[tuple[Gate, Action], ...]]]] = [[] for _ in range(qubits)]
        self._bits: dict[int, int] = {}
        self._coins = 0

    def traced(self) -> Trace:
        for block in self._first.values():
            self._fill(block)
        self._look_ahead()
        for place, (operation, qubits, clbits) in enumerate(list(self._operations)):
            if place in self._inside or isinstance(operation, Barrier | Delay):
                continue
            if place in self._first:
                self._pass(self._first[place])
            elif isinstance(operation, Gate):
                self._open[qubits[0]].append((place, one_qubit_choices(operation)))
            else:
                self._measure(qubits[0], clbits[0])
        for qubit, still_open in enumerate(self._open):
            if still_open:
                self._settle(qubit, self._draws.choose(sorted(self._reach(qubit)[-1])))
        return Trace(tuple(self._operations), self._bits, self._coins)

    def _fill(self, block: _Block) -> None:
        """Draw what the block's gates may be, with what each filling makes of the pairs that it leaves unentangled."""
        choices: list[list[tuple[Gate, Images]]] = []
        for place in block.places:
            operation, qubits, _ = self._operations[place]
            if len(qubits) == 1:
                on = block.qubits.index(qubits[0])
                choices.append([(gate, on_one(action, on)) for gate, action in one_qubit_choices(operation)])
            else:
                turned = qubits != block.qubits
                found = two_qubit_choices(operation)
                choices.append([(gate, swapped(images) if turned else images) for gate, images in found])
        wanted = min(_FILLINGS, prod(len(each) for each in choices))
        for _ in range(wanted):
            filling = [self._draws.choose(each) for each in choices]
            images = UNCHANGED
            for _, then in filling:
                images = followed(images, then)
            block.fillings.append((tuple(gate for gate, _ in filling), unentangled(images)))

    def _look_ahead(self) -> None:
        """From the end back: from which states behind each block its qubits may come to a certain end, as far as each
        can be told without the others."""
        ahead = [set(STATES) for _ in self._states]
        for place in reversed(range(len(self._operations))):
            operation, qubits, _ = self._operations[place]
            if place in self._inside or isinstance(operation, Barrier | Delay):
                continue
            if place in self._first:
                block = self._first[place]
                a, b = block.qubits
                block.after = ahead[a], ahead[b]
                passing = [
                    before
                    for _, products in block.fillings
                    for before, after in products.items()
                    if after[0] in ahead[a] and after[1] in ahead[b]
                ]
                ahead[a], ahead[b] = {before[0] for before in passing}, {before[1] for before in passing}
            elif isinstance(operation, Gate):
                choices = one_qubit_choices(operation)
                ends = ahead[qubits[0]]
                ahead[qubits[0]] = {s for s in STATES if any(action[s] in ends for _, action in choices)}
            else:
                ahead[qubits[0]] = {Z_PLUS, Z_MINUS}

    def _reach(self, qubit: int) -> list[set[int]]:
        """The states that `qubit` may be in: settled, and after each open gate."""
        reached = [{self._states[qubit]}]
        for _, choices in self._open[qubit]:
            reached.append({action[state] for _, action in choices for state in reached[-1]})
        return reached

    def _settle(self, qubit: int, state: int) -> None:
        """Draw the open gates of `qubit` so that it is in `state` after them."""
        reached = self._reach(qubit)
        self._states[qubit] = state
        for (place, choices), before in zip(reversed(self._open[qubit]), reversed(reached[:-1]), strict=True):
            ways = [(gate, s) for gate, action in choices for s in sorted(before) if action[s] == state]
            gate, state = self._draws.choose(ways)
            self._put(place, gate)
        self._open[qubit] = []

    def _put(self, place: int, gate: Gate) -> None:
        self._operations[place] = (gate, *self._operations[place][1:])

    def _pass(self, block: _Block) -> None:
        """Draw a filling of `block`, and the states in which its qubits meet it."""
        first, second = (self._reach(qubit)[-1] for qubit in block.qubits)
        ways = [
            (gates, before, after)
            for gates, products in block.fillings
            for before, after in products.items()
            if before[0] in first and before[1] in second and after[0] in block.after[0] and after[1] in block.after[1]
        ]
        if self._tame:
            ways = [way for way in ways if min(*way[1], *way[2]) >= Z_PLUS] or ways
        if not ways:
            raise DeadEnd
        gates, before, after = self._draws.choose(ways)
        for qubit, met, left in zip(block.qubits, before, after, strict=True):
            self._settle(qubit, met)
            self._states[qubit] = left
        for place, gate in zip(block.places, gates, strict=True):
            self._put(place, gate)

    def _measure(self, qubit: int, bit: int) -> None:
        ends = sorted(self._reach(qubit)[-1] & {Z_PLUS, Z_MINUS})
        if not ends:
            raise DeadEnd
        self._coins += len(ends) == 2
        state = self._draws.choose(ends)
        self._settle(qubit, state)
        self._bits[bit] = int(state == Z_MINUS)
