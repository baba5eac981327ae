"""All that a verdict depends on; a validator audits this package and the contracts, and nothing else.

`import oracle` is for programs that plan, judge and verify (docs/python.md). It loads nothing: a name of `__all__`
brings its module along when it is first used. What these functions refuse is an OracleError.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oracle.artifacts import ArtifactStore, PackedShots, open_store
    from oracle.attestations.attestation import Attestation
    from oracle.attestations.board import open_board
    from oracle.encoding import InputRejected, OracleError
    from oracle.judging.recompute import Unjudgeable
    from oracle.library import Verification, baseline, judge, plan, policy_of, verify
    from oracle.spec import ValidationPolicy
    from oracle.statistics import Baseline, Certificate, Plan, PolicyRefused
    from oracle.terms import JobTerms, Outcome, Verdict, unpack_terms
    from oracle.verdict import VerdictDocument

__all__ = [
    "ArtifactStore",
    "Attestation",
    "Baseline",
    "Certificate",
    "InputRejected",
    "JobTerms",
    "OracleError",
    "Outcome",
    "PackedShots",
    "Plan",
    "PolicyRefused",
    "Unjudgeable",
    "ValidationPolicy",
    "Verdict",
    "VerdictDocument",
    "Verification",
    "baseline",
    "judge",
    "open_board",
    "open_store",
    "plan",
    "policy_of",
    "unpack_terms",
    "verify",
]

_MODULES = {
    "oracle.artifacts": ("ArtifactStore", "PackedShots", "open_store"),
    "oracle.attestations.attestation": ("Attestation",),
    "oracle.attestations.board": ("open_board",),
    "oracle.encoding": ("InputRejected", "OracleError"),
    "oracle.judging.recompute": ("Unjudgeable",),
    "oracle.library": ("Verification", "baseline", "judge", "plan", "policy_of", "verify"),
    "oracle.spec": ("ValidationPolicy",),
    "oracle.statistics": ("Baseline", "Certificate", "Plan", "PolicyRefused"),
    "oracle.terms": ("JobTerms", "Outcome", "Verdict", "unpack_terms"),
    "oracle.verdict": ("VerdictDocument",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
