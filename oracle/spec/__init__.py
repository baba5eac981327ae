"""The job spec: reading, normalising and digesting the reviewed envelope of a job."""

from oracle.spec.canonical import canonical_spec, spec_hash
from oracle.spec.model import JobSpec, Promotion, SimulationRecord
from oracle.spec.policy import PromotionPolicy, ValidationPolicy
from oracle.spec.quote import Quote, amount_of

__all__ = [
    "JobSpec",
    "Promotion",
    "PromotionPolicy",
    "Quote",
    "SimulationRecord",
    "ValidationPolicy",
    "amount_of",
    "canonical_spec",
    "spec_hash",
]
