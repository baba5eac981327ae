"""A job's result as a picture: `compute quantum inspect JOB --figure FILE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from oracle.verdict import VerdictDocument
    from router.control.opening import OperatedHome
    from router.protocol.lifecycle import JobRecord


def draw(opened: OperatedHome, record: JobRecord, path: Path, *, dark: bool) -> Path:
    """Write the figure of the job's result to `path` and return it.

    Raises CommandFailed if there is no result yet, if it cannot be read, or if no picture can be drawn or written.
    """
    from oracle.artifacts import ArtifactError, ShotsRejected, unpack
    from oracle.encoding import parse_rational
    from oracle.statistics import Baseline
    from router.control.report.evidence import evidence_of
    from router.control.report.figure import PictureUnavailable, write_figure
    from router.protocol.papers import spec_of

    if record.baseline_root is None or record.result_hash is None:
        raise _failed("there is no result to draw yet", f"`compute quantum watch {record.job}` follows the job to one")
    try:
        baseline = Baseline.from_bytes(opened.artifacts.get(record.baseline_root))
        shots = unpack(opened.artifacts.get(record.result_hash), baseline.bits)
    except (ArtifactError, ShotsRejected) as error:
        remedy = f"`compute quantum inspect {record.job} --artifacts` lists what there is"
        raise _failed(f"the result cannot be read: {error}", remedy) from error
    f_min = parse_rational(spec_of(opened.artifacts, record).validation.f_min)
    document = _document(opened, record)
    outcome = "no verdict yet" if document is None else f"verdict {document.outcome.name.lower()}"
    title = f"{record.job} on {record.target}: {outcome}"
    try:
        return write_figure(evidence_of(baseline, shots, document, f_min), path, title=title, dark=dark)
    except PictureUnavailable as error:
        raise _failed(error.reason, error.remedy) from error
    except OSError as error:
        raise _failed(f"{path} cannot be written: {error.strerror}", "name a file in a folder of yours") from error


def _document(opened: OperatedHome, record: JobRecord) -> VerdictDocument | None:
    """The verdict that took effect; before that the one that the validators showed each other, if they agree."""
    from oracle.verdict import VerdictDocument
    from router.control.operating.following.attestations import board_of

    named = {record.evidence_hash} - {None}
    if not named:
        named = {shown.attestation.document for shown in board_of(opened, record)[0]}
    (digest,) = named if len(named) == 1 else (None,)
    if digest is None or not opened.artifacts.has(digest):
        return None
    return VerdictDocument.from_bytes(opened.artifacts.get(digest))


def _failed(reason: str, remedy: str) -> Exception:
    from oracle.encoding import Finding
    from router.console.screen.failures import CommandFailed, Exit

    return CommandFailed(Exit.INPUT, Finding("--figure", None, reason, remedy))
