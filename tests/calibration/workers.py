"""Workers before the whole verdict: attackers that may not be paid, honest ones that must be, and weak ones.

Each result is packed, committed to and decided as a validator decides it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from attackers import ATTACKERS, Attacker, at_fidelity

from calibration.laws import dense, probabilities
from calibration.measure import lower_limit, upper_limit
from oracle.artifacts.shots import pack
from oracle.encoding import ZERO_DIGEST
from oracle.spec import ValidationPolicy
from oracle.spec.policy import DEFAULT_GUARDS
from oracle.statistics import TVD, WITNESS, Baseline
from oracle.terms.typed_data import Outcome
from oracle.verdict import Case, VerdictDocument, decide

SHOTS = 4000
RATE = Fraction(1, 100)
F_MIN = Fraction(4, 5)
ATTACKED_BITS = (5, 10, 12)
HONEST_BITS = tuple(range(4, 21))
HONEST_NAME, WEAK_NAME = "honest, F = 0.9", "weak, F = 0.7"
HONEST, WEAK = at_fidelity(0.9), at_fidelity(0.7)
LEAST_ACCEPTED, LEAST_REJECTED = 0.99, 0.98
"""Of honest workers at F = 0.9, and of weak ones at F = 0.7."""
_WIDEST_DISTANCE = 6


def policy(bits: int) -> ValidationPolicy:
    """The default rates, distance and guards; a fidelity above 4/5; the certificates for that width."""
    quarter = Fraction(1, 4)
    certificates = (TVD, WITNESS) if bits <= _WIDEST_DISTANCE else (WITNESS,)
    return ValidationPolicy(RATE, RATE, quarter, quarter, F_MIN, F_MIN, certificates, DEFAULT_GUARDS)


@dataclass(frozen=True)
class Judged:
    """The outcomes of one worker's results on one circuit."""

    worker: str
    bits: int
    runs: int
    accepted: int
    rejected: int

    @property
    def accepted_at_most(self) -> float:
        """Upper limit of the rate, 99%."""
        return upper_limit(self.accepted, self.runs)

    @property
    def accepted_at_least(self) -> float:
        """Lower limit of the rate, 99%."""
        return lower_limit(self.accepted, self.runs)

    @property
    def rejected_at_least(self) -> float:
        """Lower limit of the rate, 99%."""
        return lower_limit(self.rejected, self.runs)


def verdict(
    attacker: Attacker, baseline: Baseline, rules: ValidationPolicy, rng: np.random.Generator
) -> VerdictDocument:
    """The document on one result."""
    shots = pack(attacker.worker(probabilities(baseline), SHOTS, rng), baseline.bits)
    return decide(
        Case(
            job=ZERO_DIGEST,
            round=0,
            spec_hash=ZERO_DIGEST,
            policy=rules,
            shots_required=SHOTS,
            baseline=baseline,
            baseline_root=baseline.root,
            result_hash=shots.result_hash,
            artifact=shots.data,
            replayed=attacker.replayed,
            worker_amount=1,
        )
    )


def judged(
    name: str, attacker: Attacker, bits: int, runs: int, seed: tuple[int, ...], step: Callable[[], None] = lambda: None
) -> Judged:
    """`runs` results of a worker on the dense circuit of `bits` bits."""
    baseline, rules, rng = dense(bits), policy(bits), np.random.default_rng((*seed, bits))
    outcomes = []
    for _ in range(runs):
        outcomes.append(verdict(attacker, baseline, rules, rng).outcome)
        step()
    return Judged(name, bits, runs, outcomes.count(Outcome.ACCEPT), outcomes.count(Outcome.REJECT))


def runs_of(name: str, verdicts: int) -> int:
    """Honest and weak workers, whose rates are far from their targets, take half the verdicts of an attacker."""
    return verdicts // 2 if name in (HONEST_NAME, WEAK_NAME) else verdicts


def plans() -> list[tuple[str, Attacker, int]]:
    """Each row of the table: a worker's name, the worker, bits. Attackers first, then honest, then weak ones."""
    return [
        *((name, attacker, bits) for name, attacker in ATTACKERS.items() for bits in ATTACKED_BITS),
        *((HONEST_NAME, Attacker(HONEST), bits) for bits in HONEST_BITS),
        *((WEAK_NAME, Attacker(WEAK), bits) for bits in HONEST_BITS),
    ]


def holds(row: Judged) -> bool:
    """Whether a row is as the targets have it."""
    if row.worker == HONEST_NAME:
        return row.accepted >= LEAST_ACCEPTED * row.runs
    if row.worker == WEAK_NAME:
        return row.rejected >= LEAST_REJECTED * row.runs
    return row.accepted_at_most <= RATE
