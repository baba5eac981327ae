"""A policy in a file of its own: the fields of a spec's `validation` section, for results that no job spec ordered.

It is read, diagnosed and filled in as part of a job spec that asks for nothing else, so that whatever holds for a spec
holds for it: fields, defaults, contradictions and remedies are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from oracle.encoding import Finding, InputRejected
from oracle.spec.model import JobSpec
from oracle.spec.normalise import normalise
from oracle.spec.reading.diagnosis import diagnose
from oracle.spec.reading.document import LARGEST_BYTES, Document, read_document
from oracle.spec.sections.promotion_policy import PromotionPolicy
from oracle.spec.sections.validation import Validation
from oracle.spec.validation.policy import policy_of
from oracle.statistics.policy import ValidationPolicy

_SECTION = "validation"
_ENVELOPE = {
    "job_type": "quantum_experiment",
    "version": "1",
    "requester": "did:example:nobody",
    "quantum": {"circuit_ref": "circuit.qasm", "shots": 1},
    "budget": {"max_usd_equivalent": 1},
}
"""What a spec says besides; nothing of it reaches a policy, and it is never digested."""
_ELSEWHERE = ("baseline_ref", "baseline_root")
_WITHOUT_PAPERS = "leave out reproduce/1, convergence: true, and job_class: research_benchmark"


def load_policy(path: Path | None) -> Validation:
    """The `validation` section in the YAML or JSON file at `path`; every default if there is no file.

    Raises InputRejected, naming the file, with every fault.
    """
    if path is None:
        return _read(Document(data={}), "policy")
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        remedy = "name a file such as policy.yaml, or leave it out for the defaults"
        raise InputRejected(str(path), [Finding("", None, f"it cannot be read: {error.strerror}", remedy)]) from None
    return _read(read_document(raw), str(path))


def policy_from(fields: Mapping[str, object]) -> Validation:
    """The `validation` section that says `fields`, defaults for the rest. Raises InputRejected with every fault."""
    return _read(Document(data=dict(fields)), "policy")


def resolve_policy(validation: Validation, bits: int, source: str) -> ValidationPolicy:
    """What `validation` asks of a result of `bits` measured bits, with what it leaves open filled in as for a spec.

    Raises InputRejected, naming `source`, as normalise and policy_of do.
    """
    data = {**_ENVELOPE, _SECTION: validation.model_dump(mode="json")}
    try:
        spec = normalise(JobSpec.model_validate(data), operator_policy=PromotionPolicy(), bits=bits)
        return policy_of(spec, bits)
    except InputRejected as error:
        raise InputRejected(source, _without_section(error.findings)) from error


def _read(document: Document, source: str) -> Validation:
    given = document.data
    if given is not None and not isinstance(given, dict):
        reason, remedy = "a document of key: value lines is expected", "write alpha: 0.01, and so on, a key to a line"
        raise InputRejected(source, [*document.findings, Finding("", document.line_of(()), reason, remedy)])
    section = {"method": "distribution_threshold", **(given or {})}
    within = Document(
        data={**_ENVELOPE, _SECTION: section},
        lines={(): 1, **{(_SECTION, *path): line for path, line in document.lines.items()}},
        unreadable={(_SECTION, *path) for path in document.unreadable},
    )
    diagnosis = diagnose(JobSpec, within)
    findings = [*document.findings, *_without_section(diagnosis.findings)]
    for name in _ELSEWHERE:
        if section.get(name) is not None:
            remedy = "leave it out; a committed baseline is named on the command line: --baseline baseline.json"
            findings.append(Finding(name, document.line_of((name,)), "a baseline is no part of a policy file", remedy))
    if findings or diagnosis.model is None:
        raise InputRejected(source, findings)
    return diagnosis.model.validation


def _without_section(findings: Iterable[Finding]) -> list[Finding]:
    return [
        # There is no delivery to order papers with.
        Finding("certificates", None, "published results come without the papers of their run", _WITHOUT_PAPERS)
        if finding.path == "result.schema_id"
        else replace(finding, path=finding.path.removeprefix(f"{_SECTION}."))
        for finding in findings
    ]
