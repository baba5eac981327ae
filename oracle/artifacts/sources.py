"""Several stores in a row, read as one: what the first has lost is put back from any other that still has it."""

from __future__ import annotations

from collections.abc import Sequence

from oracle.artifacts.store import ArtifactCorrupt, ArtifactMissing, ArtifactStore, open_store


class Sources:
    """An ArtifactStore over others: the first is written to, all are read, and a cache keeps what was read."""

    def __init__(self, own: ArtifactStore, others: Sequence[ArtifactStore], cache: ArtifactStore | None = None) -> None:
        """`others` are tried in their order, where `own` has nothing or something damaged; then `cache`."""
        self._own = own
        self._others = tuple(others) if cache is None else (*others, cache)
        self._cache = cache

    def put(self, data: bytes) -> str:
        return self._own.put(data)

    def get(self, digest: str) -> bytes:
        """The content of `digest`, verified, and put back into the first store if another had it.

        Raises what the first store raises where no other has it.
        """
        try:
            data = self._own.get(digest)
        except (ArtifactMissing, ArtifactCorrupt):
            found = self._elsewhere(digest)
            if found is None:
                raise
            data = found
            self._own.put(data)
        if self._cache is not None and not self._cache.has(digest):
            self._cache.put(data)
        return data

    def has(self, digest: str) -> bool:
        return self._own.has(digest) or any(other.has(digest) for other in self._others)

    def put_terms(self, job_id: str, packed: bytes) -> None:
        self._own.put_terms(job_id, packed)

    def get_terms(self, job_id: str) -> bytes:
        try:
            return self._own.get_terms(job_id)
        except ArtifactMissing:
            for other in self._others:
                try:
                    return other.get_terms(job_id)
                except ArtifactMissing:
                    continue
            raise

    def _elsewhere(self, digest: str) -> bytes | None:
        for other in self._others:
            try:
                return other.get(digest)
            except (ArtifactMissing, ArtifactCorrupt):
                continue
        return None


def open_sources(own: str, others: Sequence[str] = (), cache: str | None = None) -> ArtifactStore:
    """The store at the URL `own`, which loses nothing that a store at one of the URLs `others`, or `cache`, still has.

    Nothing is made or written at `others`. Raises StoreUnavailable.
    """
    if not others and cache is None:
        return open_store(own)
    elsewhere = [open_store(url, make=False) for url in others]
    return Sources(open_store(own), elsewhere, None if cache is None else open_store(cache))
