"""Laws of the requester's own, their prediction and their noises: tables of bitstrings, or our baseline artifacts.

    {"00": 2012, "11": 1988}            counts
    {"00": 0.5, "11": 0.5}              probabilities
    {"bits":2,"schema":"baseline/1",…}  the artifact of a baseline

Bitstrings are written as Qiskit writes them, classical bit 0 on the right; outcomes that are not named have none.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from oracle.encoding import CanonicalError, parse_json
from oracle.spec import SourceSpec, vertex_law
from oracle.spec.reading.document import Path
from oracle.statistics.baseline import TOTAL, Baseline, BaselineRejected
from router.errors import RouterError

LARGEST_BYTES = 512 * 2**20
_EXAMPLE = '{"00": 2012, "11": 1988}'


class PredictionRejected(RouterError, ValueError):
    """A file is no table of outcomes; `reason` says why and `remedy` what to write."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{reason} — {remedy}")


def prediction_file(source: SourceSpec) -> bytes | None:
    """The requester's own baseline, if its file is there; load_source has checked that it lies below the spec.

    Raises InputRejected for a file that is too large.
    """
    reference = source.spec.validation.baseline_ref
    if reference is None or not (source.folder / reference).is_file():
        return None
    return _file(source, ("validation", "baseline_ref"), reference)


def prediction_of(source: SourceSpec, data: bytes, bits: int) -> Baseline:
    """The law that the requester's own baseline `data` says. Raises InputRejected."""
    return _law(source, ("validation", "baseline_ref"), source.spec.validation.baseline_ref or "", data, bits)


def hull_vertices(source: SourceSpec, ideal: Baseline) -> tuple[Baseline, ...]:
    """The laws of the spec's hull, in its order: computed from `ideal`, or read from their files.

    Raises InputRejected for a file that is no law of this width, and for a root that is not the vertex's.
    """
    hull = source.spec.validation.hull
    found = []
    for number, vertex in enumerate(() if hull is None else hull.vertices):
        law = vertex_law(vertex, ideal)
        if law is None and vertex.ref is not None:
            at = ("validation", "hull", "vertices", number, "ref")
            law = _law(source, at, vertex.ref, _file(source, at, vertex.ref), ideal.bits)
        if law is None:
            raise AssertionError("a vertex that nothing computes names a file, says cross_field_faults")
        if vertex.root not in (None, law.root):
            at = ("validation", "hull", "vertices", number, "root")
            raise source.fault(at, "this is another law than the vertex is", "leave the root out")
        found.append(law)
    return tuple(found)


def _file(source: SourceSpec, at: Path, reference: str) -> bytes:
    file = source.folder / reference
    try:
        if file.stat().st_size > LARGEST_BYTES:
            reason = f"{reference} is larger than {LARGEST_BYTES // 2**20} MiB"
            raise source.fault(at, reason, "name the outcomes that matter; others have none")
        return file.read_bytes()
    except OSError as error:
        raise source.fault(at, f"{reference} cannot be read: {error.strerror}", "put the table there") from error


def _law(source: SourceSpec, at: Path, reference: str, data: bytes, bits: int) -> Baseline:
    try:
        return read_prediction(data, bits)
    except PredictionRejected as error:
        raise source.fault(at, f"{reference}: {error.reason}", error.remedy) from error


def read_prediction(data: bytes, bits: int) -> Baseline:
    """The baseline that `data` says, for a circuit that measures `bits` bits; raises PredictionRejected.

    Numbers are read exactly, from their text; what is left over in rounding to 2^40 goes to the largest remainders,
    ties to the lower outcome, as for every baseline.
    """
    try:
        document = parse_json(data, parse_float=Fraction)
    except CanonicalError as error:
        raise PredictionRejected(
            f"it cannot be read ({error.reason})", f"write bitstrings and counts: {_EXAMPLE}"
        ) from error
    if not isinstance(document, dict) or not document:
        raise PredictionRejected("it is not a table of outcomes", f"write bitstrings and counts: {_EXAMPLE}")
    if "schema" in document:
        return _artifact(data, bits)
    masses: dict[int, Fraction] = {}
    for outcome, mass in document.items():
        if len(outcome) != bits or set(outcome) - {"0", "1"}:
            raise PredictionRejected(
                f"{outcome[:40]!r} is not an outcome of {bits} bits",
                f"write {bits} digits 0 or 1, classical bit 0 on the right",
            )
        if isinstance(mass, bool) or not isinstance(mass, int | Fraction) or mass < 0:
            raise PredictionRejected(f"{outcome} has no count or probability", f"write a number from 0: {_EXAMPLE}")
        masses[int(outcome, 2)] = Fraction(mass)
    total = sum(masses.values())
    if total == 0:
        raise PredictionRejected("every outcome has 0", f"write counts or probabilities: {_EXAMPLE}")
    return _rounded(masses, total, bits)


def _artifact(data: bytes, bits: int) -> Baseline:
    try:
        baseline = Baseline.from_bytes(data.rstrip(b"\n"))
    except BaselineRejected as error:
        raise PredictionRejected(str(error), f"write bitstrings and counts: {_EXAMPLE}") from error
    if baseline.bits != bits:
        raise PredictionRejected(f"it is for {baseline.bits} bits, the circuit measures {bits}", "predict this circuit")
    return baseline


def _rounded(masses: dict[int, Fraction], total: Fraction | int, bits: int) -> Baseline:
    weights = np.zeros(1 << bits, dtype=np.int64)
    remainders: list[tuple[Fraction, int]] = []
    for outcome, mass in masses.items():
        scaled = mass * TOTAL / total
        weights[outcome] = scaled.numerator // scaled.denominator
        remainders.append((scaled - int(weights[outcome]), outcome))
    missing = TOTAL - int(weights.sum())
    for _, outcome in sorted(remainders, key=lambda item: (-item[0], item[1]))[:missing]:
        weights[outcome] += 1
    return Baseline(bits, weights)
