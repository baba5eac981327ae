"""What one field of a job spec demands of another. Every fault is found, not the first."""

from __future__ import annotations

from oracle.spec.faults import Fault
from oracle.spec.sections.body import SpecBody
from oracle.spec.validation.budget import budget_faults
from oracle.spec.validation.job_type import job_type_faults, quantum_faults
from oracle.spec.validation.judgement import judgement_faults
from oracle.spec.validation.records import record_faults
from oracle.spec.validation.rounds import rounds_disagree
from oracle.spec.validation.settlement import settlement_faults
from oracle.spec.validation.timeouts import timeout_faults


def cross_field_faults(spec: SpecBody) -> tuple[Fault, ...]:
    """Every contradiction in `spec`, in the order of its sections."""
    return (
        *job_type_faults(spec),
        *(() if spec.quantum is None else quantum_faults(spec.quantum, spec.simulation)),
        *budget_faults(spec.budget, spec.promotion),
        *timeout_faults(spec.timeouts, spec.quantum),
        *judgement_faults(spec.validation, spec.result, spec.quantum),
        *settlement_faults(spec.settlement),
        *rounds_disagree(spec),
        *record_faults(spec),
    )
