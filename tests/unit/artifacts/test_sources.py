"""Several stores read as one: what the first has lost comes back from any other, and from nobody who lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, DirectoryStore, open_sources

DATA = b"shots of a run"


def path_of(store: DirectoryStore, digest: str) -> Path:
    return store.root / "objects" / digest[2:4] / digest[4:]


def lose(store: DirectoryStore, digest: str, how: str) -> None:
    path = path_of(store, digest)
    path.unlink() if how == "missing" else path.write_bytes(b"something else")


@pytest.fixture
def stores(tmp_path: Path) -> tuple[DirectoryStore, DirectoryStore, DirectoryStore]:
    own, liar, other = (DirectoryStore(tmp_path / name) for name in ("own", "liar", "other"))
    digest = other.put(DATA)
    for store in (own, liar):
        store.put(DATA)
    path_of(liar, digest).write_bytes(b"a lie")
    return own, liar, other


def opened(stores: tuple[DirectoryStore, ...], cache: Path | None = None):  # type: ignore[no-untyped-def]
    own, *others = (store.root.as_uri() for store in stores)
    return open_sources(own, others, None if cache is None else cache.as_uri())


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_what_the_first_store_lost_is_put_back_from_one_that_has_it(stores, how: str) -> None:  # type: ignore[no-untyped-def]
    own, _, other = stores
    digest = other.put(DATA)
    lose(own, digest, how)
    together = opened(stores)
    assert together.has(digest)
    assert together.get(digest) == DATA
    assert own.get(digest) == DATA, "and it stays"


def test_what_was_read_once_survives_the_loss_of_every_store(stores, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    own, _, other = stores
    digest = other.put(DATA)
    together = opened(stores, tmp_path / "cache")
    together.get(digest)
    for store in (own, other):
        lose(store, digest, "missing")
    assert together.get(digest) == DATA
    assert own.get(digest) == DATA


def test_what_nobody_has_is_told_as_the_first_store_tells_it(stores) -> None:  # type: ignore[no-untyped-def]
    own, _, other = stores
    digest = other.put(DATA)
    lose(other, digest, "damaged")
    lose(own, digest, "damaged")
    with pytest.raises(ArtifactCorrupt, match=str(own.root)):
        opened(stores).get(digest)
    with pytest.raises(ArtifactMissing):
        opened(stores).get("0x" + "00" * 32)


def test_a_source_that_is_not_there_is_neither_made_nor_in_the_way(tmp_path: Path) -> None:
    own = DirectoryStore(tmp_path / "own")
    digest = own.put(DATA)
    nowhere = tmp_path / "nowhere"
    assert open_sources(own.root.as_uri(), [nowhere.as_uri()]).get(digest) == DATA
    assert not nowhere.exists()


def test_terms_are_found_in_any_source(stores) -> None:  # type: ignore[no-untyped-def]
    job = "0x" + "11" * 32
    stores[2].put_terms(job, b"terms")
    assert opened(stores).get_terms(job) == b"terms"
    with pytest.raises(ArtifactMissing):
        opened(stores).get_terms("0x" + "22" * 32)
