"""The circuit of a spec: from the file that it names to OpenQASM 3, with every fault told in that file's terms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from oracle.circuits import is_qasm2, load_qasm2
from oracle.encoding import Finding, InputRejected, sha256_hex
from oracle.spec import SourceSpec
from router.sandbox import run_generator


@dataclass(frozen=True)
class CircuitSource:
    """A circuit as OpenQASM 3, and where it came from."""

    qasm3: str
    generator: bytes | None
    """The Python source that wrote it; None for a circuit given as OpenQASM."""
    file: str
    """As the spec names it."""
    written: str
    """Who wrote `qasm3`, where the requester did not; empty if it is the file's own text."""

    @contextmanager
    def faults_told(self) -> Iterator[None]:
        """Raises InputRejected of what is done inside under the file's name; a line of a text that the requester never
        saw is quoted."""
        try:
            yield
        except InputRejected as error:
            raise InputRejected(self.file, [self._told(finding) for finding in error.findings]) from error

    def _told(self, finding: Finding) -> Finding:
        if not self.written or finding.line is None:
            return finding
        line = self.qasm3.splitlines()[finding.line - 1].strip()[:80]
        reason = f"{finding.reason}, in line {finding.line} of {self.written}: {line}"
        return replace(finding, line=None, reason=reason)


def circuit_of(source: SourceSpec) -> CircuitSource:
    """The circuit of `source`. Raises InputRejected and SandboxViolation."""
    quantum = source.spec.quantum
    if quantum is None:
        reason = f"a {source.spec.job_type} has no circuit to simulate"
        raise spec_fault(source, "job_type", reason, "write job_type: quantum_experiment")
    where, reference = "quantum.circuit_ref", quantum.circuit_ref
    if reference is None:
        raise spec_fault(source, "quantum", "no file gives the circuit", "write circuit_ref: ./circuits/optimizer.py")
    file = source.folder / reference
    data = file.read_bytes()
    if file.suffix == ".py":
        found = CircuitSource(run_generator(file), data, reference, "the OpenQASM 3 that build() stands for")
    else:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise spec_fault(source, where, f"{reference} is not text: {error}", "write OpenQASM 3") from error
        found = CircuitSource(text, None, reference, "")
        if is_qasm2(text):
            with found.faults_told():
                qasm3 = _converted(text)
            found = CircuitSource(qasm3, None, reference, "the OpenQASM 3 that it was converted to")
    digest = sha256_hex(found.qasm3.encode())
    if quantum.circuit_hash not in (None, digest):
        remedy = f'write circuit_hash: "{digest}", or leave it out'
        raise spec_fault(source, "quantum.circuit_hash", f"{reference} gives another circuit", remedy)
    return found


def _converted(qasm2: str) -> str:
    from router.sandbox.export import as_qasm3

    return as_qasm3(load_qasm2(qasm2))


def spec_fault(source: SourceSpec, path: str, reason: str, remedy: str) -> InputRejected:
    """One fault of the spec itself, at the line of `path` (dotted)."""
    return source.fault(tuple(path.split(".")), reason, remedy)
