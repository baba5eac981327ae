"""What every artifact store keeps, whatever it is made of. A new store joins by one more entry in STORES."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactStore, DirectoryStore, open_store

JOB = "0x" + "1f" * 32
ABSENT = "0x" + "0e" * 32

STORES: dict[str, Callable[[Path], ArtifactStore]] = {
    "directory": lambda root: DirectoryStore(root / "artifacts"),
    "file-url": lambda root: open_store((root / "with space & ünïcode").as_uri()),
}


@pytest.fixture(params=sorted(STORES))
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], ArtifactStore]:
    """Opens the same store again each time, as another process would."""
    return lambda: STORES[request.param](tmp_path)


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"text\r\n", bytes(range(256)) * 4096], ids=["empty", "nul", "crlf", "1MiB"]
)
def test_content_comes_back_byte_for_byte_under_its_sha256(
    make_store: Callable[[], ArtifactStore], data: bytes
) -> None:
    digest = make_store().put(data)
    assert digest == "0x" + hashlib.sha256(data).hexdigest()
    again = make_store()
    assert again.has(digest)
    assert again.get(digest) == data


def test_storing_twice_changes_nothing(make_store: Callable[[], ArtifactStore]) -> None:
    store = make_store()
    assert store.put(b"once") == store.put(b"once")
    assert store.get(store.put(b"once")) == b"once"


def test_what_was_never_stored_is_missing(make_store: Callable[[], ArtifactStore]) -> None:
    store = make_store()
    assert not store.has(ABSENT)
    with pytest.raises(ArtifactMissing, match=ABSENT):
        store.get(ABSENT)


@pytest.mark.parametrize(
    "name", ["", "0x", "ab" * 32, "0x" + "AB" * 32, "0x" + "ab" * 31, "../../etc/passwd", "0x" + "../" * 21 + "a"]
)
def test_a_name_that_is_no_digest_reaches_nothing(make_store: Callable[[], ArtifactStore], name: str) -> None:
    store = make_store()
    for refused in (store.get, store.has, store.get_terms, lambda text: store.put_terms(text, b"terms")):
        with pytest.raises(ValueError, match="hexadecimal"):
            refused(name)


def test_terms_come_back_by_job_id(make_store: Callable[[], ArtifactStore]) -> None:
    make_store().put_terms(JOB, b"packed")
    assert make_store().get_terms(JOB) == b"packed"
    make_store().put_terms(JOB, b"packed")


def test_other_terms_never_replace_those_of_a_job(make_store: Callable[[], ArtifactStore]) -> None:
    store = make_store()
    store.put_terms(JOB, b"packed")
    with pytest.raises(ArtifactCorrupt):
        store.put_terms(JOB, b"forged")
    assert store.get_terms(JOB) == b"packed"


def test_terms_and_contents_are_separate_names(make_store: Callable[[], ArtifactStore]) -> None:
    store = make_store()
    store.put_terms(JOB, b"packed")
    assert not store.has(JOB)
    with pytest.raises(ArtifactMissing, match="terms"):
        store.get_terms(store.put(b"content"))


def test_many_writers_of_one_content_leave_it_whole(make_store: Callable[[], ArtifactStore]) -> None:
    contents = [bytes([number % 7]) * 200_000 for number in range(56)]
    with ThreadPoolExecutor(8) as writers:
        digests = list(writers.map(lambda data: make_store().put(data), contents))
    assert len(set(digests)) == 7
    store = make_store()
    assert [store.get(digest) for digest in digests] == contents
