"""Reading a job spec from the file that people wrote: everything that is wrong with it, at once, or the spec."""

from __future__ import annotations

import hashlib
import re
import stat
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from oracle.encoding import Finding, InputRejected
from oracle.spec.fields import shown
from oracle.spec.model import JobSpec
from oracle.spec.reading.diagnosis import Diagnosis, diagnose
from oracle.spec.reading.document import LARGEST_BYTES, Document, path_text, read_document
from oracle.spec.reading.document import Path as DocumentPath

CIRCUIT_SUFFIXES = (".py", ".qasm", ".qasm3")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True)
class SourceSpec:
    """A spec and where it came from."""

    raw: bytes
    """The file as it was, kept as an artifact."""
    path: Path
    spec: JobSpec
    document: Document
    """What was read, with the line of every key."""

    @property
    def folder(self) -> Path:
        """What the spec's references are relative to, and may not leave."""
        return self.path.parent

    def fault(self, at: DocumentPath, reason: str, remedy: str) -> InputRejected:
        """One fault of the spec itself, told at the line of `at`."""
        return InputRejected(str(self.path), [Finding(path_text(at), self.document.line_of(at), reason, remedy)])


def load_source(path: Path) -> SourceSpec:
    """Read the YAML or JSON job spec at `path`, and look at the files it names.

    Raises InputRejected with every fault: of the syntax, the fields, between fields, and of the files. A local
    dataset_ref is digested; its input_hash is filled in.
    """
    raw = _bytes_of(path)
    document = read_document(raw)
    diagnosis = diagnose(JobSpec, document)
    findings = [*diagnosis.findings]
    folder = path.parent
    findings += _circuit(diagnosis, document, folder)
    findings += _baseline(diagnosis, document, folder)
    findings += _vertices(diagnosis, document, folder)
    digest, faults = _dataset(diagnosis, document, folder)
    findings += faults
    if findings or diagnosis.model is None:
        raise InputRejected(str(path), findings)
    spec = diagnosis.model
    if digest is not None:
        spec = spec.model_copy(update={"inputs": spec.inputs.model_copy(update={"input_hash": digest})})
    return SourceSpec(raw, path, spec, document)


def _bytes_of(path: Path) -> bytes:
    remedy = "name a job spec's file; `compute quantum init NAME` writes one to start from"
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise InputRejected(str(path), [Finding("", None, reason, remedy)]) from None


class _Reference(Enum):
    """What a reference of the spec leads to."""

    FILE = auto()
    NOTHING = auto()
    NO_FILE = auto()
    OUTSIDE = auto()
    """Through a link, out of the spec's folder."""


def _look(folder: Path, reference: str) -> tuple[Path, _Reference]:
    target = folder / reference
    try:
        target = target.resolve()
        if not target.is_relative_to(folder.resolve()):
            return target, _Reference.OUTSIDE
        mode = target.stat().st_mode
    # Not there, a name that no file system takes, a loop of links (a RuntimeError before Python 3.13).
    except (OSError, RuntimeError):
        return target, _Reference.NOTHING
    return target, _Reference.FILE if stat.S_ISREG(mode) else _Reference.NO_FILE


def _circuit(diagnosis: Diagnosis[JobSpec], document: Document, folder: Path) -> list[Finding]:
    at = ("quantum", "circuit_ref")
    reference = diagnosis.sound(at, document)
    if not isinstance(reference, str):
        return []
    line = document.line_of(at)
    _, found = _look(folder, reference)
    if found is _Reference.OUTSIDE:
        return [_leaves(at, line, reference, "./circuits/optimizer.py")]
    if not reference.endswith(CIRCUIT_SUFFIXES):
        reason = f"{shown(reference)} is neither a Python generator nor OpenQASM 3"
        remedy = "name a .py or .qasm file; for example circuit_ref: ./circuits/optimizer.py"
        return [Finding("quantum.circuit_ref", line, reason, remedy)]
    if found is not _Reference.FILE:
        reason = f"{shown(reference)} is not a file in the spec's folder"
        remedy = "put the generator there, or correct the path; for example circuit_ref: ./circuits/optimizer.py"
        return [Finding("quantum.circuit_ref", line, reason, remedy)]
    return []


def _baseline(diagnosis: Diagnosis[JobSpec], document: Document, folder: Path) -> list[Finding]:
    at = ("validation", "baseline_ref")
    reference = diagnosis.sound(at, document)
    if not isinstance(reference, str):
        return []
    line = document.line_of(at)
    _, found = _look(folder, reference)
    if found is _Reference.OUTSIDE:
        return [_leaves(at, line, reference, "./baselines/simulated.json")]
    # It need not exist: then the simulation's own baseline is the one that counts.
    if found is _Reference.NO_FILE:
        reason = f"{shown(reference)} is not a file"
        remedy = "name a file; for example baseline_ref: ./baselines/simulated.json"
        return [Finding("validation.baseline_ref", line, reason, remedy)]
    return []


def _vertices(diagnosis: Diagnosis[JobSpec], document: Document, folder: Path) -> list[Finding]:
    """What is wrong with the files of a hull; they are looked for once the spec itself is sound."""
    hull = None if diagnosis.model is None else diagnosis.model.validation.hull
    findings = []
    for number, vertex in enumerate(() if hull is None else hull.vertices):
        if vertex.ref is None:
            continue
        at = ("validation", "hull", "vertices", number, "ref")
        _, found = _look(folder, vertex.ref)
        if found is not _Reference.FILE:
            there = "leads out of" if found is _Reference.OUTSIDE else "is not a file in"
            reason = f"{shown(vertex.ref)} {there} the spec's folder"
            remedy = "put the table there, or correct the path; for example ref: ./baselines/torino.json"
            findings.append(Finding(path_text(at), document.line_of(at), reason, remedy))
    return findings


def _dataset(diagnosis: Diagnosis[JobSpec], document: Document, folder: Path) -> tuple[str | None, list[Finding]]:
    """The digest of a local data set (None for one that is elsewhere), and what is wrong with the reference."""
    at = ("inputs", "dataset_ref")
    reference = diagnosis.sound(at, document)
    if not isinstance(reference, str) or is_remote(reference):
        return None, []
    line = document.line_of(at)
    target, found = _look(folder, reference)
    if found is _Reference.OUTSIDE:
        return None, [_leaves(at, line, reference, "./data/input.json")]
    if found is not _Reference.FILE:
        reason = f"{shown(reference)} is neither a URI nor a file in the spec's folder"
        remedy = "put the data there, or write where it is; for example dataset_ref: ipfs://example-input-hash"
        return None, [Finding("inputs.dataset_ref", line, reason, remedy)]
    try:
        with target.open("rb") as file:
            digest = "0x" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = f"{shown(reference)} cannot be read: {error.strerror}"
        return None, [Finding("inputs.dataset_ref", line, reason, "allow this user to read the file")]
    declared = diagnosis.sound(("inputs", "input_hash"), document)
    if isinstance(declared, str) and declared != digest:
        line = document.line_of(("inputs", "input_hash"))
        reason = f"the file {reference} has another digest"
        return None, [Finding("inputs.input_hash", line, reason, f'write input_hash: "{digest}", or leave it out')]
    return digest, []


def _leaves(at: tuple[str, str], line: int | None, reference: str, example: str) -> Finding:
    reason = f"{shown(reference)} leads out of the spec's folder"
    remedy = f"copy the file below the spec's folder; for example {at[1]}: {example}"
    return Finding(".".join(at), line, reason, remedy)


def is_remote(reference: str) -> bool:
    """Whether `reference` is a URI, which nobody here follows."""
    return _SCHEME.match(reference) is not None
