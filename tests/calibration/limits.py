"""What the shots do not tell: attackers at or beyond the bound, and how often each is paid.

Some are found out on wide circuits and cannot be on narrow ones; of the others the table says what does stand against
them. Each is judged by the defaults of a spec, with and without `collisions.distinct/1`, on the same shots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from attackers import (
    Attacker,
    Worker,
    at_fidelity,
    best_of,
    flipped,
    just_above,
    mitigated,
    quota,
    stretched,
    truncated,
    without_the_worst,
)

from calibration.laws import RING5, dense
from calibration.measure import key, upper_limit
from calibration.workers import RATE, SHOTS, policy, verdict
from oracle.spec import ValidationPolicy
from oracle.statistics import COLLISIONS, WITNESS, Baseline, certifier
from oracle.statistics.methods.share import ShareCertifier
from oracle.terms.typed_data import Outcome

F_MIN = Fraction(7, 10)
"""The default, and the fidelity of those who stand at the bound."""
COPIED_BITS = (8, 10, 12, 16)


@dataclass(frozen=True)
class Passed:
    """How often one attacker is paid on one circuit."""

    attacker: str
    circuit: str
    runs: int
    unguarded: int
    """Accepted by the other guards."""
    accepted: int
    against: str
    """What stands against it."""

    @property
    def holds(self) -> bool:
        """Whether the guard, where it is said to stand against this one, leaves it at most alpha."""
        return self.against != COPIES or upper_limit(self.accepted, self.runs) <= RATE


@dataclass(frozen=True)
class Attempt:
    """One row to be measured."""

    attacker: str
    circuit: str
    baseline: Callable[[], Baseline]
    worker: Callable[[ShareCertifier], Worker]
    """From the witness, which attackers know."""
    against: str

    @property
    def title(self) -> str:
        return f"limits, {self.circuit}: {self.attacker}"


def passed(attempt: Attempt, runs: int, seed: int) -> Passed:
    """The verdicts on `runs` results."""
    baseline = attempt.baseline()
    rules = policy(baseline.bits, F_MIN)
    unguarded = replace(rules, guards=tuple(name for name in rules.guards if name != COLLISIONS))
    witness = certifier(WITNESS, rules, baseline, SHOTS)
    assert isinstance(witness, ShareCertifier)
    attacker = Attacker(attempt.worker(witness))

    def accepted(judging: ValidationPolicy) -> int:
        return sum(
            verdict(attacker, baseline, judging, np.random.default_rng((seed, key(attempt.title), run))).outcome
            is Outcome.ACCEPT
            for run in range(runs)
        )

    return Passed(attempt.attacker, attempt.circuit, runs, accepted(unguarded), accepted(rules), attempt.against)


COPIES = "`collisions.distinct/1`"
NARROW = "a receipt with the number of shots: its law may be a device's"
CANARIES = "canaries: what it delivers is above the bound"
RECEIPT = "a receipt with the number of shots"


def _on(bits: int) -> tuple[str, Callable[[], Baseline]]:
    return f"dense, {bits} bits", lambda: dense(bits)


_RING = ("ring of five", lambda: RING5)


def attempts() -> list[Attempt]:
    """Every row."""
    found = []
    for run, fidelity in ((400, 0.7), (400, 0.65), (1000, 0.7), (1000, 0.65), (2000, 0.7)):
        name = f"{run:,} shots of F = {fidelity} to {SHOTS:,}, unevenly"

        def copies(_witness: ShareCertifier, run: int = run, fidelity: float = fidelity) -> Worker:
            return stretched(run, fidelity)

        found.append(Attempt(name, *_RING, copies, NARROW))
        for bits in COPIED_BITS:
            # A run of more than two shots for each outcome leaves few unseen.
            against = COPIES if run < 2 << bits else RECEIPT
            found.append(Attempt(name, *_on(bits), copies, against))
    for circuit in (_RING, _on(10)):
        found += [
            Attempt("as many hits as acceptance needs, the rest misses", *circuit, just_above_of, CANARIES),
            Attempt("72% ideal simulation, 28% uniform", *circuit, lambda _: at_fidelity(0.72), CANARIES),
            Attempt("a simulation of state fidelity 0.8", *circuit, lambda _: truncated(0.8), CANARIES),
            Attempt("a noiseless result with 2% of its bits flipped", *circuit, lambda _: flipped(0.02), CANARIES),
            Attempt(
                "F = 0.65, the 5% lowest scores dropped", *circuit, lambda _: without_the_worst(0.05, 0.65), RECEIPT
            ),
            Attempt("the best of 10 runs at F = 0.7", *circuit, best_of_ten, RECEIPT),
            Attempt(
                "mitigated counts of a device with readout errors, as raw",
                *circuit,
                lambda _: mitigated(0.01, 0.05, 0.9),
                "a receipt with the provider's raw result",
            ),
        ]
    for bits in (2, 3):
        found.append(
            Attempt("quota counts round(N p)", *_on(bits), lambda _: quota, "a dozen outcomes or more, canaries")
        )
    return found


def just_above_of(witness: ShareCertifier) -> Worker:
    inside = witness.baseline.weights > witness.level_set.floor
    assert witness.accept_at is not None
    return just_above(inside, witness.accept_at)


def best_of_ten(witness: ShareCertifier) -> Worker:
    return best_of(10, 0.7, witness.baseline.weights > witness.level_set.floor)
