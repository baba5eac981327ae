"""What is particular to the store in a directory: damage, crashes, durability, URLs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oracle.artifacts import ArtifactCorrupt, ArtifactKind, DirectoryStore, StoreUnavailable, open_store


def _file_of(store: DirectoryStore, digest: str) -> Path:
    return store.root / "objects" / digest[2:4] / digest[4:]


def test_a_damaged_file_is_never_returned(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    digest = store.put(b"the result")
    _file_of(store, digest).write_bytes(b"the resulT")
    with pytest.raises(ArtifactCorrupt) as caught:
        store.get(digest)
    assert caught.value.digest == digest
    assert caught.value.found != digest


def test_storing_again_heals_a_damaged_file(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    digest = store.put(b"the result")
    _file_of(store, digest).write_bytes(b"")
    assert store.put(b"the result") == digest
    assert store.get(digest) == b"the result"


def test_a_file_and_its_folders_reach_the_disk_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryStore(tmp_path)
    synced: list[tuple[Path, bool]] = []
    real = os.fsync

    def recording(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path, path.is_dir()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    file = _file_of(store, store.put(b"durable"))
    folders = [path for path, is_folder in synced if is_folder]
    files = [number for number, (_, is_folder) in enumerate(synced) if not is_folder]
    assert file.parent.parent in folders, "the shard's own entry was not synced"
    assert len(files) == 1
    assert synced[-1] == (file.parent, True), "the rename was not synced"
    assert files[0] < len(synced) - 1, "the content was synced after its name"


def test_a_full_disk_leaves_neither_a_torso_nor_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryStore(tmp_path)

    def full(descriptor: int) -> None:
        if not Path(f"/proc/self/fd/{descriptor}").readlink().is_dir():
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            store.put(b"too much")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from oracle.artifacts import DirectoryStore
store = DirectoryStore(Path(sys.argv[1]))
number = 0
while True:
    print(store.put(number.to_bytes(4, "big") * 50_000), flush=True)
    number += 1
"""


def test_what_was_stored_before_a_kill_is_whole(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE_UNTIL_KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        reported = [writer.stdout.readline().strip() for _ in range(20)]
        writer.kill()
        reported += [line.strip() for line in writer.stdout if line.endswith("\n")]
    store = DirectoryStore(tmp_path)
    assert [store.get(digest)[:4] for digest in reported] == [n.to_bytes(4, "big") for n in range(len(reported))]
    for file in (tmp_path / "objects").rglob("*"):
        if file.is_file() and not file.name.startswith("."):
            store.get("0x" + file.parent.name + file.name)


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/artifacts",
        "artifacts",
        "/var/lib/artifacts",
        "",
        "file://server/share",
        "file:relative",
        "file:///a?b=c",
    ],
)
def test_a_url_that_is_no_local_folder_says_what_to_write(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="file:///var/lib/compute/artifacts"):
        open_store(url)


def test_a_store_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreUnavailable, match="writable folder"):
        DirectoryStore(tmp_path / "taken")


def test_kinds_are_their_own_names() -> None:
    assert {str(kind) for kind in ArtifactKind} == {kind.name.lower() for kind in ArtifactKind}
    assert ArtifactKind("raw_result") is ArtifactKind.RAW_RESULT
