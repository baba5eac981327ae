"""Statistics that move money: baselines, exact tests on them, and what a number of shots buys."""

from oracle.statistics.baseline import RECOMPUTATION_TOLERANCE, Baseline, BaselineRejected, baseline_tvd
from oracle.statistics.certificate import Bound, Certificate, Certifier, Decision, MethodRefused, Setting, Side
from oracle.statistics.guards.collisions import COLLISIONS
from oracle.statistics.guards.counts import DISPERSION, DUPLICATES
from oracle.statistics.guards.order import BLOCKS, REPEATS
from oracle.statistics.guards.scores import CEILING, SCORES
from oracle.statistics.laws.hull import HullRejected, NoiseHull, misread
from oracle.statistics.methods.huber import HUBER
from oracle.statistics.methods.reproduce import REPRODUCE
from oracle.statistics.methods.share import BINOMIAL, WITNESS
from oracle.statistics.methods.tvd import TVD
from oracle.statistics.observables.best_value import BEST_VALUE
from oracle.statistics.observables.expectation import EXPECTATION
from oracle.statistics.planning.advice import Suggestion
from oracle.statistics.planning.forecast import HONEST_FIDELITY, LEAST_POWER
from oracle.statistics.planning.plan import Interval, Plan, plan_rounds, plan_shots, shots_needed
from oracle.statistics.policy import HullBounds, Round, ValidationPolicy
from oracle.statistics.record import Guard, Record
from oracle.statistics.registry import (
    GUARDS,
    LARGEST_SHOTS,
    METHODS,
    PolicyRefused,
    certifier,
    check_policy,
    committed_hull,
    guard,
)
from oracle.statistics.rules import ExpectationRule, ObjectiveRule

__all__ = [
    "BEST_VALUE",
    "BINOMIAL",
    "BLOCKS",
    "CEILING",
    "COLLISIONS",
    "DISPERSION",
    "DUPLICATES",
    "EXPECTATION",
    "GUARDS",
    "HONEST_FIDELITY",
    "HUBER",
    "LARGEST_SHOTS",
    "LEAST_POWER",
    "METHODS",
    "RECOMPUTATION_TOLERANCE",
    "REPEATS",
    "REPRODUCE",
    "SCORES",
    "TVD",
    "WITNESS",
    "Baseline",
    "BaselineRejected",
    "Bound",
    "Certificate",
    "Certifier",
    "Decision",
    "ExpectationRule",
    "Guard",
    "HullBounds",
    "HullRejected",
    "Interval",
    "MethodRefused",
    "NoiseHull",
    "ObjectiveRule",
    "Plan",
    "PolicyRefused",
    "Record",
    "Round",
    "Setting",
    "Side",
    "Suggestion",
    "ValidationPolicy",
    "baseline_tvd",
    "certifier",
    "check_policy",
    "committed_hull",
    "guard",
    "misread",
    "plan_rounds",
    "plan_shots",
    "shots_needed",
]
