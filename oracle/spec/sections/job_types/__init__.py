"""The job types: each a module with its section and its object, a line in the list here, and a field of `SpecBody`."""

from collections.abc import Mapping

from oracle.spec.sections.job_types import inference, media, quantum, script
from oracle.spec.sections.job_types.job_kind import JobKind

KIND_OF: Mapping[str, JobKind] = {kind.name: kind for kind in (quantum.KIND, media.KIND, inference.KIND, script.KIND)}
"""The job types by the name that `job_type` writes."""
