"""What validators showed each other about a job, as far as it is theirs: anybody may write to the board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oracle.attestations.attestation import Attestation
from oracle.attestations.checking import Unusable, read_attestation, verify
from router.control.opening import OperatedHome
from router.protocol.lifecycle import JobRecord
from router.protocol.papers import terms_of


@dataclass(frozen=True)
class Shown:
    """An attestation that a validator of the job signed, and its file."""

    path: Path
    attestation: Attestation


def board_of(opened: OperatedHome, record: JobRecord) -> tuple[tuple[Shown, ...], tuple[Unusable, ...]]:
    """The verified attestations about the job, and what else lies there, each with the reason why it does not count.

    Nothing for a job without terms, or where no stack says which escrow signatures would be for.
    """
    if record.escrow_id is None or opened.stack is None:
        return (), ()
    terms, deployment = terms_of(record), opened.deployment
    shown, others = [], []
    for path in sorted((opened.home.attestations / record.escrow_id).glob("*/*.json")):
        read = read_attestation(path)
        if isinstance(read, Unusable):
            others.append(Unusable(str(path), read.reason))
            continue
        fault = verify(read, terms, chain_id=deployment.chain_id, escrow=deployment.escrow)
        if (read.verdict.job, str(read.verdict.round)) != (record.escrow_id, path.parent.name):
            fault = "it is about another job or round"
        if fault is None:
            shown.append(Shown(path, read))
        else:
            others.append(Unusable(str(path), fault))
    return tuple(shown), tuple(others)
