"""What this validator has ever signed: one verdict per (job, round, result), for good.

Two different verdicts signed over the same delivery are equivocation, for which a registry slashes; so a verdict is
written here, and synced to disk, before its signature exists, and a second, different one is refused.
"""

from __future__ import annotations

import sqlite3

from oracle.encoding.errors import OracleError
from oracle.terms import Outcome, Verdict
from oracle.validator.state import ValidatorState


class SignedOtherwise(OracleError):
    """This validator has signed another verdict, `signed`, about the same delivery as `refused`."""

    def __init__(self, signed: Verdict, refused: Verdict) -> None:
        self.signed = signed
        self.refused = refused
        super().__init__(
            f"refusing to sign {refused.outcome.name} of {refused.worker_amount} (evidence {refused.evidence_hash}) "
            f"for job {refused.job} round {refused.round}: {signed.outcome.name} of {signed.worker_amount} (evidence "
            f"{signed.evidence_hash}) is signed already; compare the two verdict documents"
        )


class Ledger:
    """The signing ledger inside a State. Rows are never changed or deleted, reorgs included."""

    def __init__(self, state: ValidatorState) -> None:
        self._state = state

    def record(self, verdict: Verdict) -> None:
        """Write down that `verdict` is about to be signed; again for the same verdict is fine.

        On disk when it returns. Raises SignedOtherwise.
        """
        with self._state.transaction() as connection:
            signed = _find(connection, verdict.job, verdict.round, verdict.result_hash)
            if signed is None:
                connection.execute(
                    "INSERT INTO signature VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        verdict.job,
                        verdict.round,
                        verdict.result_hash,
                        int(verdict.outcome),
                        str(verdict.worker_amount),
                        verdict.evidence_hash,
                    ),
                )
            elif signed != verdict:
                raise SignedOtherwise(signed, verdict)

    def find(self, job: str, round: int, result_hash: str) -> Verdict | None:  # noqa: A002  (the contract's word)
        """The verdict recorded for a delivery, or None."""
        return _find(self._state.connection, job, round, result_hash)


def _find(connection: sqlite3.Connection, job: str, round_: int, result_hash: str) -> Verdict | None:
    row = connection.execute(
        "SELECT outcome, worker_amount, evidence_hash FROM signature WHERE job = ? AND round = ? AND result_hash = ?",
        (job, round_, result_hash),
    ).fetchone()
    if row is None:
        return None
    return Verdict(
        job=job,
        round=round_,
        result_hash=result_hash,
        outcome=Outcome(row[0]),
        worker_amount=int(row[1]),
        evidence_hash=row[2],
    )
