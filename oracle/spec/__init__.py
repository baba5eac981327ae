"""The job spec: reading, normalising and digesting the reviewed envelope of a job."""

from oracle.spec.model import JobSpec
from oracle.spec.normalise import normalise, promoted, simulated, with_vertices
from oracle.spec.policy_file import load_policy, resolve_policy
from oracle.spec.reading.canonical import canonical_spec, parse_canonical_spec, spec_hash
from oracle.spec.reading.source import SourceSpec, load_source
from oracle.spec.schema import json_schema
from oracle.spec.sections.budget import Quote, amount_of
from oracle.spec.sections.hull import vertex_law
from oracle.spec.sections.promotion_policy import PromotionPolicy
from oracle.spec.sections.records import Promotion, SimulationRecord
from oracle.spec.validation.policy import policy_of
from oracle.spec.validation.rounds import rounds_of
from oracle.statistics.policy import Round, ValidationPolicy

__all__ = [
    "JobSpec",
    "Promotion",
    "PromotionPolicy",
    "Quote",
    "Round",
    "SimulationRecord",
    "SourceSpec",
    "ValidationPolicy",
    "amount_of",
    "canonical_spec",
    "json_schema",
    "load_policy",
    "load_source",
    "normalise",
    "parse_canonical_spec",
    "policy_of",
    "promoted",
    "resolve_policy",
    "rounds_of",
    "simulated",
    "spec_hash",
    "vertex_law",
    "with_vertices",
]
