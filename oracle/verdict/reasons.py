"""Why a verdict is what it is: codes for machines, each with its sentence for people."""

from __future__ import annotations

from enum import StrEnum

from oracle.artifacts.shots import ShotsFault


class Reason(StrEnum):
    """One ground of a verdict. Those about a certificate are written with the method's id: ``rejected_by:tvd…/1``;
    those about a paper of the run with its name: ``paper_missing:calibration``."""

    ARTIFACT_UNAVAILABLE = "artifact_unavailable"
    ARTIFACT_HASH_MISMATCH = "artifact_hash_mismatch"
    ARTIFACT_EMPTY = "artifact_empty"
    ARTIFACT_WRONG_SIZE = "artifact_wrong_size"
    BITS_ABOVE_REGISTER = "bits_above_register"
    WRONG_SHOT_COUNT = "wrong_shot_count"
    REPLAYED_RESULT = "replayed_result"
    PAPER_MISSING = "paper_missing"
    PAPER_UNAVAILABLE = "paper_unavailable"
    PAPER_MALFORMED = "paper_malformed"
    PAPER_MISMATCH = "paper_mismatch"
    CERTIFIED = "certified"
    REJECTED_BY = "rejected_by"
    UNDECIDED_BY = "undecided_by"
    REFUSED_BY = "refused_by"

    def about(self, what: str) -> str:
        """This code, of one certificate or paper."""
        return f"{self.value}:{what}"


OF_FAULT = {
    ShotsFault.EMPTY: Reason.ARTIFACT_EMPTY,
    ShotsFault.PARTIAL_RECORD: Reason.ARTIFACT_WRONG_SIZE,
    ShotsFault.BITS_ABOVE_REGISTER: Reason.BITS_ABOVE_REGISTER,
}

_SENTENCES = {
    Reason.ARTIFACT_UNAVAILABLE: "the result could not be fetched within the availability window",
    Reason.ARTIFACT_HASH_MISMATCH: "the bytes of the result do not hash to what the worker submitted",
    Reason.ARTIFACT_EMPTY: "the result holds no shot",
    Reason.ARTIFACT_WRONG_SIZE: "the result is no whole number of records of the circuit's width",
    Reason.BITS_ABOVE_REGISTER: "a shot sets a bit that the circuit does not have",
    Reason.WRONG_SHOT_COUNT: "the result has another number of shots than the spec orders",
    Reason.REPLAYED_RESULT: "this worker has delivered the same result before",
    Reason.PAPER_MISSING: "the manifest names none, and the spec asks for it:",
    Reason.PAPER_UNAVAILABLE: "it could not be fetched, or does not hash to what was committed:",
    Reason.PAPER_MALFORMED: "it is not the document that it should be:",
    Reason.PAPER_MISMATCH: "what the manifest says is not what was committed or delivered:",
    Reason.CERTIFIED: "every certificate accepts",
    Reason.REJECTED_BY: "no honest worker shows this, says",
    Reason.UNDECIDED_BY: "neither accepted nor rejected by",
    Reason.REFUSED_BY: "the baseline gives nothing to judge by to",
}


class Note(StrEnum):
    """What a verdict does not protect from, or was not told."""

    SELECTION_UNPROTECTED = "selection_unprotected"
    """Nothing shows whether the worker picked these shots among more."""
    REPLAY_UNCHECKED = "replay_unchecked"
    """Nobody looked whether this worker delivered the same result before."""
    ORDER_UNKNOWN = "order_unknown"
    """The result is counts: guards that need the order of the shots were not evaluated."""
    BASELINE_UNCOMMITTED = "baseline_uncommitted"
    """Nobody committed to the baseline before the run."""


_NOTES = {
    Note.SELECTION_UNPROTECTED: "whether these shots were picked among more is not seen here",
    Note.REPLAY_UNCHECKED: "whether the same result was delivered before was not looked at",
    Note.ORDER_UNKNOWN: "only counts are known: guards that need the order of the shots were not evaluated",
    Note.BASELINE_UNCOMMITTED: "the baseline and the policy were not committed to before the run",
}


def note_sentence(note: str) -> str:
    """`note` in words. Raises ValueError for a note that there is not."""
    return _NOTES[Note(note)]


def sentence(code: str) -> str:
    """`code` in words. Raises ValueError for a code that there is not."""
    reason, _, method = code.partition(":")
    return f"{_SENTENCES[Reason(reason)]} {method}".rstrip()
