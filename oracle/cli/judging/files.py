"""Files that people name: read with a bound, and every fault of them told with the file's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from oracle.circuits import check_simulable, exact_probabilities
from oracle.circuits.reading.qasm import LARGEST_TEXT
from oracle.encoding import Finding, InputRejected
from oracle.judging.recompute import Unjudgeable, confirmed_baseline
from oracle.statistics import Baseline
from oracle.statistics.baseline import BaselineRejected

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

LARGEST_BASELINE = 256 * 2**20
"""Bytes; 24 bits take 102 MB."""
_EXAMPLE_CIRCUIT = "name a file of OpenQASM, such as circuit.qasm"
Read = TypeVar("Read")


def rejected(source: str, reason: str, remedy: str) -> InputRejected:
    """One fault of `source`."""
    return InputRejected(source, [Finding("", None, reason, remedy)])


def read_file(path: Path, remedy: str, most: int | None = None) -> bytes:
    """The bytes at `path`. Raises InputRejected if it cannot be read or holds more than `most` bytes."""
    try:
        with path.open("rb") as file:
            data = file.read() if most is None else file.read(most + 1)
    except OSError as error:
        raise rejected(str(path), f"it cannot be read: {error.strerror or error}", remedy) from None
    if most is not None and len(data) > most:
        raise rejected(str(path), f"more than {most:,} bytes", remedy)
    return data


def read_qasm(path: Path) -> bytes:
    """The text of a circuit, as bytes. Raises InputRejected."""
    return read_file(path, _EXAMPLE_CIRCUIT, LARGEST_TEXT)


def read_circuit(data: bytes, source: str, load: Callable[[str], QuantumCircuit]) -> QuantumCircuit:
    """The circuit that `load` makes of `data`. Raises InputRejected, naming `source`, with every finding."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputRejected(source, [Finding("", line, "not UTF-8 text", "save the file as UTF-8")]) from None
    return _about(source, lambda: load(text))


def check_circuit(circuit: QuantumCircuit, source: str) -> None:
    """Raises InputRejected, naming `source`, for a circuit that cannot be simulated exactly."""
    _about(source, lambda: check_simulable(circuit))


def baseline_of(circuit: QuantumCircuit, source: str) -> Baseline:
    """Our own baseline of `circuit`. Raises InputRejected, naming `source`."""
    try:
        return Baseline.from_probabilities(_about(source, lambda: exact_probabilities(circuit)))
    except BaselineRejected as error:
        raise rejected(
            source, f"its probabilities are none: {error}", "write angles as plain finite numbers"
        ) from error


def read_baseline(path: Path | None) -> bytes | None:
    """The artifact of a committed baseline; None if none is named. Raises InputRejected."""
    return None if path is None else read_file(path, "name a baseline's file, such as baseline.json", LARGEST_BASELINE)


def confirmed(ours: Baseline, artifact: bytes, source: str) -> Baseline:
    """The baseline whose `artifact` this is, after `ours` has confirmed it. Raises InputRejected, naming `source`."""
    try:
        return confirmed_baseline(ours, artifact)
    except Unjudgeable as error:
        raise rejected(source, error.reason, "name the baseline of this circuit, or leave --baseline out") from error


def computed_notice(baseline: Baseline, source: str) -> str:
    """What to know of a baseline that was computed here."""
    return (
        f"the baseline was computed here from {source}; another machine's may differ in its last digits, and the "
        f"digest with it: --save keeps this one, --baseline judges by it (root {baseline.root})"
    )


def _about(source: str, read: Callable[[], Read]) -> Read:
    try:
        return read()
    except InputRejected as error:
        findings = [replace(finding, path="") for finding in error.findings]
        raise InputRejected(source, findings) from error
