"""Statistics that move money: baselines, exact tests on them, and what a number of shots buys."""

from oracle.spec.methods import BEST_VALUE, BINOMIAL, CEILING, EXPECTATION, HUBER, REPRODUCE, SCORES, TVD, WITNESS
from oracle.statistics.baseline import RECOMPUTATION_TOLERANCE, Baseline, BaselineRejected, baseline_tvd
from oracle.statistics.certificate import Bound, Certificate, Certifier, Decision, MethodRefused, Setting, Side
from oracle.statistics.guards import BLOCKS, DISPERSION, DUPLICATES, REPEATS, Guard, Record
from oracle.statistics.hull import Hull, HullRejected, misread, vertex_law
from oracle.statistics.planner import HONEST_FIDELITY, LEAST_POWER, Interval, Plan, Suggestion, plan_shots, shots_needed
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

__all__ = [
    "BEST_VALUE",
    "BINOMIAL",
    "BLOCKS",
    "CEILING",
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
    "Guard",
    "Hull",
    "HullRejected",
    "Interval",
    "MethodRefused",
    "Plan",
    "PolicyRefused",
    "Record",
    "Setting",
    "Side",
    "Suggestion",
    "baseline_tvd",
    "certifier",
    "check_policy",
    "committed_hull",
    "guard",
    "misread",
    "plan_shots",
    "shots_needed",
    "vertex_law",
]
