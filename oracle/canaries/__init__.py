"""Canaries, circuits of known outcome hidden in a batch: planning, commitment, verdict. oracle.circuits makes them."""

from oracle.canaries.commitment import Assignment, Batch, Canary, CommitmentBroken, assign, reveal
from oracle.canaries.draws import Draws
from oracle.canaries.plan import CanaryPlan, CanaryPolicy, PlanRefused, canaries_needed, missed, plan_canaries
from oracle.canaries.verdict import CanaryVerdict, ResultsRejected, judge_canaries

__all__ = [
    "Assignment",
    "Batch",
    "Canary",
    "CanaryPlan",
    "CanaryPolicy",
    "CanaryVerdict",
    "CommitmentBroken",
    "Draws",
    "PlanRefused",
    "ResultsRejected",
    "assign",
    "canaries_needed",
    "judge_canaries",
    "missed",
    "plan_canaries",
    "reveal",
]
