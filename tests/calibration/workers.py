"""Workers before the whole verdict: attackers that may not be paid, honest ones that must be, and weak ones.

Each result is packed, committed to and decided as a validator decides it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from attackers import ATTACKERS, Attacker, at_fidelity

from calibration.laws import dense, probabilities
from calibration.measure import key, lower_limit, upper_limit
from oracle.artifacts.shots import pack
from oracle.encoding import ZERO_DIGEST
from oracle.spec import ValidationPolicy
from oracle.spec.sections.methods import DEFAULT_CERTIFICATES, WIDEST_DISTANCE, resolve_guards
from oracle.statistics import WITNESS, Baseline, certifier
from oracle.terms.typed_data import Outcome
from oracle.verdict import Case, VerdictDocument, decide

SHOTS = 4000
RATE = Fraction(1, 100)
F_MIN = Fraction(4, 5)
ATTACKED_BITS = (5, 10, 12)
HONEST_BITS = tuple(range(4, 21))
HONEST_NAME, WEAK_NAME = "honest, F = 0.9", "weak, F = 0.7"
HONEST_FIDELITY = Fraction(9, 10)
HONEST, WEAK = at_fidelity(0.9), at_fidelity(0.7)
LEAST_ACCEPTED, LEAST_REJECTED = 0.99, 0.98
"""Of honest workers at F = 0.9, and of weak ones at F = 0.7."""


def policy(bits: int, f_min: Fraction = F_MIN) -> ValidationPolicy:
    """The default rates, distance and guards; a fidelity above `f_min`; distance and witness up to six bits, then the
    witness alone."""
    quarter = Fraction(1, 4)
    certificates = DEFAULT_CERTIFICATES if bits <= WIDEST_DISTANCE else (WITNESS,)
    guards = resolve_guards(None, certificates, fields=())
    return ValidationPolicy(RATE, RATE, quarter, quarter, f_min, f_min, certificates, guards)


def circuits(bits: int) -> int:
    """How many circuits of that width are judged; tables of wide ones take seconds."""
    return 10 if bits <= 12 else 2


@dataclass(frozen=True)
class Judged:
    """The outcomes of one worker's results, on circuits of one width."""

    worker: str
    bits: int
    circuits: int
    runs: int
    accepted: int
    rejected: int
    forecast: float
    """The least, over the circuits, of the probability that the witness accepts F = 0.9: exact, rounded."""

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


@dataclass(frozen=True)
class Plan:
    """One row to be measured."""

    worker: str
    attacker: Attacker
    bits: int

    @property
    def title(self) -> str:
        return f"workers, {self.bits} bits: {self.worker}"


def judged(plan: Plan, runs: int, seed: int) -> Judged:
    """`runs` results of a worker, as many on each of some dense circuits of one width."""
    rules = policy(plan.bits)
    rng = np.random.default_rng((seed, key(plan.title)))
    count = circuits(plan.bits)
    outcomes: list[Outcome] = []
    forecasts = []
    for which in range(count):
        baseline = dense(plan.bits, which)
        forecasts.append(float(certifier(WITNESS, rules, baseline, SHOTS).accepts_honest(HONEST_FIDELITY)))
        while len(outcomes) * count < runs * (which + 1):
            outcomes.append(verdict(plan.attacker, baseline, rules, rng).outcome)
    accepted, rejected = outcomes.count(Outcome.ACCEPT), outcomes.count(Outcome.REJECT)
    return Judged(plan.worker, plan.bits, count, runs, accepted, rejected, min(forecasts))


def runs_of(name: str, verdicts: int) -> int:
    """Honest and weak workers, whose rates lie near their targets, take twice the verdicts of an attacker."""
    return 2 * verdicts if name in (HONEST_NAME, WEAK_NAME) else verdicts


def plans() -> list[Plan]:
    """Every row: attackers, honest workers and weak ones."""
    return [
        *(
            Plan(name, attacker, bits)
            for name, attacker in ATTACKERS.items()
            for bits in ATTACKED_BITS
            if bits >= attacker.least_bits
        ),
        *(Plan(HONEST_NAME, Attacker(HONEST), bits) for bits in HONEST_BITS),
        *(Plan(WEAK_NAME, Attacker(WEAK), bits) for bits in HONEST_BITS),
    ]


def holds(row: Judged) -> bool:
    """Whether a row is as the targets have it."""
    if row.worker == HONEST_NAME:
        return row.accepted >= LEAST_ACCEPTED * row.runs
    if row.worker == WEAK_NAME:
        return row.rejected >= LEAST_REJECTED * row.runs
    return row.accepted_at_most <= RATE
