"""The terms of a job, and everything that is signed about it."""

from oracle.terms.build import Roles, bounds_broken, build_terms, worker_amount
from oracle.terms.job_terms import ZERO_ADDRESS, JobTerms, fee_of, job_id_of, pack_brief, pack_terms, unpack_terms
from oracle.terms.typed_data import (
    Cancel,
    Outcome,
    Submission,
    Verdict,
    cancel_digest,
    submission_digest,
    verdict_digest,
)

__all__ = [
    "ZERO_ADDRESS",
    "Cancel",
    "JobTerms",
    "Outcome",
    "Roles",
    "Submission",
    "Verdict",
    "bounds_broken",
    "build_terms",
    "cancel_digest",
    "fee_of",
    "job_id_of",
    "pack_brief",
    "pack_terms",
    "submission_digest",
    "unpack_terms",
    "verdict_digest",
    "worker_amount",
]
