"""The job spec: one frozen model for the draft people write and for the normalised form that is digested and signed.

A draft leaves defaults out; `normalised` (normalise.py) fills every one in.
"""

from __future__ import annotations

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from oracle.spec.sections.body import SpecBody
from oracle.spec.validation.checks import cross_field_faults


class JobSpec(SpecBody):
    """The reviewed envelope of a job; its digest is what a requester signs and what the escrow's terms carry."""

    @model_validator(mode="after")
    def _consistent(self) -> JobSpec:
        faults = cross_field_faults(self)
        if faults:
            reason = "; ".join(f"{fault.path}: {fault.reason}" for fault in faults)
            raise PydanticCustomError("inconsistent", "{reason}", {"reason": reason, "faults": faults})
        return self
