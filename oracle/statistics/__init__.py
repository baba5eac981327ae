"""Statistics that move money: baselines, exact tests on them, and what a number of shots buys."""

from oracle.statistics.baseline import RECOMPUTATION_TOLERANCE, Baseline, BaselineRejected, baseline_tvd
from oracle.statistics.certificate import Bound, Certificate, Certifier, Decision, MethodRefused, Side
from oracle.statistics.guards import BLOCKS, DISPERSION, DUPLICATES, REPEATS, Guard, Record
from oracle.statistics.methods import GUARDS, LARGEST_SHOTS, METHODS, PolicyRefused, certifier, check_policy, guard
from oracle.statistics.planner import HONEST_FIDELITY, LEAST_POWER, Plan, Suggestion, plan_shots, shots_needed
from oracle.statistics.share import BINOMIAL, WITNESS
from oracle.statistics.tvd import TVD

__all__ = [
    "BINOMIAL",
    "BLOCKS",
    "DISPERSION",
    "DUPLICATES",
    "GUARDS",
    "HONEST_FIDELITY",
    "LARGEST_SHOTS",
    "LEAST_POWER",
    "METHODS",
    "RECOMPUTATION_TOLERANCE",
    "REPEATS",
    "TVD",
    "WITNESS",
    "Baseline",
    "BaselineRejected",
    "Bound",
    "Certificate",
    "Certifier",
    "Decision",
    "Guard",
    "MethodRefused",
    "Plan",
    "PolicyRefused",
    "Record",
    "Side",
    "Suggestion",
    "baseline_tvd",
    "certifier",
    "check_policy",
    "guard",
    "plan_shots",
    "shots_needed",
]
