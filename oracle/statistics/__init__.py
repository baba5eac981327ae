"""Statistics that move money: baselines, exact tests on them, and what a number of shots buys."""

from oracle.statistics.baseline import RECOMPUTATION_TOLERANCE, Baseline, BaselineRejected, baseline_tvd
from oracle.statistics.certificate import Bound, Certificate, Certifier, Decision, MethodRefused, Side
from oracle.statistics.methods import LARGEST_SHOTS, METHODS, PolicyRefused, certifier, check_policy
from oracle.statistics.planner import HONEST_FIDELITY, LEAST_POWER, Plan, Suggestion, plan_shots, shots_needed
from oracle.statistics.share import BINOMIAL, WITNESS
from oracle.statistics.tvd import TVD

__all__ = [
    "BINOMIAL",
    "HONEST_FIDELITY",
    "LARGEST_SHOTS",
    "LEAST_POWER",
    "METHODS",
    "RECOMPUTATION_TOLERANCE",
    "TVD",
    "WITNESS",
    "Baseline",
    "BaselineRejected",
    "Bound",
    "Certificate",
    "Certifier",
    "Decision",
    "MethodRefused",
    "Plan",
    "PolicyRefused",
    "Side",
    "Suggestion",
    "baseline_tvd",
    "certifier",
    "check_policy",
    "plan_shots",
    "shots_needed",
]
