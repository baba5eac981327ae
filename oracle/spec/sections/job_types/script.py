"""A `script`."""

from __future__ import annotations

from oracle.spec.fields import Section, Text, documented
from oracle.spec.sections.job_types.job_kind import JobKind


class Script(Section):
    """A program in an image."""

    image: Text = documented("The image, best with its digest.", example="registry.local/reports:2.1")
    command: tuple[Text, ...] = documented("The program and its arguments.", example=["python", "report.py"])


KIND = JobKind(
    "script",
    "script",
    "output_digest",
    ("file/1",),
    "script: {image: registry.local/reports:2.1, command: [python, report.py]}",
)
