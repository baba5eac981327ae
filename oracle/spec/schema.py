"""The JSON Schema of a job spec, for completion in editors; the committed copy is job-spec.schema.json.

It describes single fields. What fields demand of one another, and of files, only load_source says.
"""

from __future__ import annotations

import json
from typing import Any

from oracle.spec.model import JobSpec

SCHEMA_ID = "urn:compute-escrow:job-spec"


def json_schema() -> dict[str, Any]:
    """The schema (2020-12) of the drafts that people write."""
    schema = JobSpec.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}


def schema_text() -> str:
    """The text of the committed copy."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
