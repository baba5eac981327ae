"""Recomputing a verdict as the validators did, and comparing digests: what `compute quantum validate` does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from oracle.chain.client import EscrowClient
from oracle.chain.events import Proposed, Submitted
from oracle.judging.recompute import recompute
from oracle.terms import Outcome
from oracle.verdict import VerdictDocument
from router.errors import RouterError
from router.protocol.desks.opened import OpenedHome
from router.protocol.lifecycle import JobRecord
from router.protocol.papers import terms_of

_LOOK_S = 0.5


class NoVerdict(RouterError, RuntimeError):
    """There is no verdict to compare with, or none in time; the message says which and what to do."""


@dataclass(frozen=True)
class VerdictComparison:
    """Our verdict beside the one that took effect on-chain."""

    outcome: Outcome
    ours: str
    """Digest of the document that we recomputed."""
    on_chain: str
    """The evidence hash of the verdict that the contract took."""
    document: VerdictDocument

    @property
    def agree(self) -> bool:
        """Whether both digests are the same, and so every byte of the documents."""
        return self.ours == self.on_chain


def validate(
    opened: OpenedHome, job: str, timeout_s: float, on_progress: Callable[[JobRecord], None]
) -> VerdictComparison:
    """Wait for the verdict of `job` on-chain, recompute it from the artifacts, and compare.

    Raises NoVerdict if the job ends without one or `timeout_s` passes, UnknownJob, ChainError.
    """
    client = opened.client()
    client.check_network()
    end = time.monotonic() + timeout_s
    while True:
        record = opened.store.job(job)
        on_progress(record)
        proposed = opened.reader(client).last(record.escrow_id, Proposed)
        if proposed is not None and proposed[0].outcome != Outcome.SILENCE:
            return _compare(opened, client, record, proposed[0])
        if not record.promoted:
            raise NoVerdict(f"{job} was not promoted; `compute quantum inspect {job}` says how")
        if record.closed or (proposed is not None and proposed[0].outcome == Outcome.SILENCE):
            raise NoVerdict(f"{job} ended {record.state.value} without a verdict: {record.reason or 'no reason given'}")
        if time.monotonic() > end:
            raise NoVerdict(f"{job} has no verdict after {timeout_s:.0f} s; `compute quantum watch {job}` follows it")
        time.sleep(_LOOK_S)


def _compare(opened: OpenedHome, client: EscrowClient, record: JobRecord, proposed: Proposed) -> VerdictComparison:
    if record.escrow_id is None:
        raise AssertionError("a proposal belongs to a promoted job")
    found = opened.reader(client).dossier(record.escrow_id).last(Submitted)
    if found is None:
        raise NoVerdict(f"{record.job} has a verdict but no delivery on this chain; is it the right network?")
    submitted, event = found
    replayed = bool(opened.chain_log().prior_deliveries(submitted.worker, submitted.result_hash, event.place))
    document, _verdict = recompute(
        opened.artifacts,
        terms_of(record),
        record.escrow_id,
        submitted.result_hash,
        proposed.round,
        replayed,
        second_word=submitted.multiset_hash,
        # The chain has a verdict, so whoever judged a missing result had waited for it long enough.
        missing_is_final=True,
    )
    return VerdictComparison(document.outcome, document.digest, proposed.evidence_hash, document)
