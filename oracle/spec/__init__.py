"""The job spec: reading, normalising and digesting the reviewed envelope of a job."""

from oracle.spec.judging import load_policy, resolve_policy
from oracle.spec.model import JobSpec
from oracle.spec.normalise import normalise, promoted, simulated, with_vertices
from oracle.spec.policy import ValidationPolicy
from oracle.spec.promotion import PromotionPolicy
from oracle.spec.quote import Quote, amount_of
from oracle.spec.reading.canonical import canonical_spec, parse_canonical_spec, spec_hash
from oracle.spec.reading.source import SourceSpec, load_source
from oracle.spec.rounds import Round, rounds_of
from oracle.spec.schema import json_schema
from oracle.spec.sections import Promotion, SimulationRecord

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
    "promoted",
    "resolve_policy",
    "rounds_of",
    "simulated",
    "spec_hash",
    "with_vertices",
]
