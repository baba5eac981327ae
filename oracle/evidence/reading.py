"""A bundle's file, verified: the one entrance of both command lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from oracle.encoding import Finding, InputRejected
from oracle.evidence.checks import CheckResult, EvidenceCheck, EvidenceReport
from oracle.evidence.packing.bundle import CHAIN
from oracle.evidence.packing.container import LARGEST_FILE
from oracle.evidence.shown import ShownOnChain
from oracle.evidence.verifying import Examiner, verify
from oracle.terms import ZERO_ADDRESS


def verify_file(path: Path, examiners: Sequence[Examiner] = (), rpc_url: str | None = None) -> EvidenceReport:
    """The report on the bundle at `path`; with `rpc_url`, a node of its chain is asked besides, else nothing is.

    Raises InputRejected for a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        remedy = "name the file that `compute bundle JOB` wrote"
        raise InputRejected(str(path), [Finding("", None, error.strerror or str(error), remedy)]) from error
    report, shown = verify(data, examiners)
    if rpc_url is None or shown is None:
        return report
    return report.with_checks(_asked(rpc_url, shown))


def _asked(rpc_url: str, shown: ShownOnChain) -> Sequence[EvidenceCheck]:
    """The checks that only a node answers."""
    if shown.at is None:
        return (EvidenceCheck("chain", CheckResult.OPEN, "the bundle does not say which chain", (), CHAIN),)
    # A second of imports, which nobody needs who verifies offline.
    from oracle.chain.client import EscrowClient
    from oracle.chain.deployment import Deployment
    from oracle.chain.errors import ChainError
    from oracle.evidence.inclusion.node import compare

    # The escrow says nothing of a job before it is funded, and that is in the bundle, or the checks above are open.
    first = min((each.block_number for each in shown.transactions), default=0)
    token = ZERO_ADDRESS if shown.terms is None else shown.terms.token
    where = Deployment(shown.at.chain_id, shown.at.escrow, token, "units", 0, first)
    try:
        client = EscrowClient(rpc_url, where)
        return compare(client, shown.job_id, shown.transactions, shown.dossier.events)
    except (ChainError, ValueError) as error:
        return (EvidenceCheck("chain", CheckResult.OPEN, f"the node could not be asked: {error}"),)
