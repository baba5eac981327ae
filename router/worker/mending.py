"""Putting back what a delivery needs and the disk has lost, before its absence costs an honest worker the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactStore, open_store
from oracle.artifacts.manifest import SCHEMA
from oracle.spec import parse_canonical_spec
from router.protocol.desks.opened import OpenedHome
from router.protocol.lifecycle import JobRecord
from router.protocol.providing import Provider, ProviderUnavailable, ResultUnusable
from router.worker.execution import store_papers

LOOK_AGAIN_S = 10.0


class Lost(ProviderUnavailable):
    """What was delivered is damaged on disk, and no source has it just now."""


def mend(opened: OpenedHome, providers: Mapping[str, Provider], record: JobRecord) -> tuple[str, ...]:
    """The digests of what was damaged or missing of the job's delivery, and is there again.

    Asked for at the stack's other artifact sources, and at last at the provider, whose result makes all of it anew.
    Raises Lost for what nobody has, ProviderError, ArtifactError.
    """
    named = (record.result_hash, record.receipt, record.calibration, *_second(opened, record))
    damaged = tuple(dict.fromkeys(digest for digest in named if digest and not intact(opened.artifacts, digest)))
    if not damaged:
        return ()
    sources = [open_store(url, make=False) for url in opened.need_stack("a delivery").artifact_sources]
    left = [digest for digest in damaged if not _found(opened.artifacts, digest, sources)]
    if left and record.provider_job is not None:
        try:
            store_papers(opened, providers, record)
        except ResultUnusable as error:
            raise _lost(opened, left, error.reason) from error
        left = [digest for digest in left if not intact(opened.artifacts, digest)]
    if left:
        raise _lost(opened, left, "its provider has another result")
    return damaged


def intact(store: ArtifactStore, digest: str) -> bool:
    """Whether the content of `digest` is there and hashes to it."""
    try:
        store.get(digest)
    except (ArtifactMissing, ArtifactCorrupt):
        return False
    return True


def _second(opened: OpenedHome, record: JobRecord) -> tuple[str, ...]:
    """The run's manifest, where the delivery names one: else its second word is the hash of what is stored nowhere."""
    if record.multiset_hash is None or not _orders_manifest(opened.artifacts.get(record.spec_hash)):
        return ()
    return (record.multiset_hash,)


@lru_cache(maxsize=1024)
def _orders_manifest(spec: bytes) -> bool:
    return parse_canonical_spec(spec).result.schema_id == SCHEMA


def _found(store: ArtifactStore, digest: str, sources: list[ArtifactStore]) -> bool:
    for source in sources:
        if intact(source, digest):
            store.put(source.get(digest))
            return True
    return False


def _lost(opened: OpenedHome, digests: list[str], reason: str) -> Lost:
    listed = ", ".join(digests)
    return Lost(
        f"what was delivered is damaged or missing in {opened.home.artifacts}: {listed} ({reason})",
        "put the file back from a copy; until verdictBy it is looked for again",
        retry_after_s=LOOK_AGAIN_S,
    )
