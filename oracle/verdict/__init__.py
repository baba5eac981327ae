"""Verdicts: from a committed baseline and packed shots to a document whose digest validators sign."""

from oracle.attestations.attestation import Attestation, AttestationRejected
from oracle.statistics.baseline import Baseline, baseline_tvd
from oracle.verdict.decide import ENGINE, Case, CaseRejected, decide
from oracle.verdict.document import DocumentRejected, VerdictDocument, policy_hash
from oracle.verdict.figures import Figures, describe
from oracle.verdict.papers import Papers, named_in
from oracle.verdict.reasons import Note, Reason, note_sentence, sentence

__all__ = [
    "ENGINE",
    "Attestation",
    "AttestationRejected",
    "Baseline",
    "Case",
    "CaseRejected",
    "DocumentRejected",
    "Figures",
    "Note",
    "Papers",
    "Reason",
    "VerdictDocument",
    "baseline_tvd",
    "decide",
    "describe",
    "named_in",
    "note_sentence",
    "policy_hash",
    "sentence",
]
