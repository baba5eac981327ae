"""Where artifacts live: found by the SHA-256 of their content, and believed only when they hash to it.

ArtifactError
├── ArtifactMissing    nothing is stored under this digest, or no terms under this JobId
├── ArtifactCorrupt    what is stored does not hash to its digest
└── StoreUnavailable   the store's URL cannot be opened
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from oracle.encoding import is_digest, sha256_hex
from oracle.encoding.errors import OracleError
from oracle.encoding.files import make_folders, sync_folder, write_whole


class ArtifactError(OracleError):
    """Base of everything the store raises."""


class ArtifactMissing(ArtifactError):
    """Nothing is stored under a digest."""

    def __init__(self, name: str, store: str) -> None:
        super().__init__(f"{name} is not in {store}; fetch it from whoever made it, then put it there")
        self.name = name


class ArtifactCorrupt(ArtifactError):
    """What is stored under a digest has another digest."""

    def __init__(self, digest: str, found: str, store: str) -> None:
        super().__init__(f"{digest} in {store} hashes to {found}; delete that file and fetch the artifact again")
        self.digest = digest
        self.found = found


class StoreUnavailable(ArtifactError):
    """A store cannot be opened; the message says what to write instead."""


class ArtifactStore(Protocol):
    """What every store of artifacts does. Digests and JobIds are ``0x`` + 64 lower-case hexadecimal digits."""

    def put(self, data: bytes) -> str:
        """Store `data` durably and return its digest; storing it again changes nothing."""
        ...

    def get(self, digest: str) -> bytes:
        """The content of `digest`, verified. Raises ArtifactMissing, ArtifactCorrupt; ValueError for no digest."""
        ...

    def has(self, digest: str) -> bool:
        """Whether something is stored under `digest`; only `get` says whether it is intact."""
        ...

    def put_terms(self, job_id: str, packed: bytes) -> None:
        """Store a job's packed terms under its JobId. Raises ArtifactCorrupt if other terms are stored there."""
        ...

    def get_terms(self, job_id: str) -> bytes:
        """The packed terms of `job_id`. Raises ArtifactMissing.

        The store cannot check them: the JobId is an EIP-712 digest for one chain. Who knows chain and escrow
        unpacks them and compares job_id_of.
        """
        ...


def _named(digest: str) -> str:
    if not is_digest(digest):
        raise ValueError(f"{digest!r} is not 0x and 64 lower-case hexadecimal digits")
    return digest.removeprefix("0x")


class DirectoryStore:
    """A store in one directory, shared safely by any number of processes.

    ``objects/ab/cdef…`` holds the content of digest ``0xabcdef…``; ``terms/<JobId>`` the packed terms.
    """

    def __init__(self, root: Path, *, make: bool = True) -> None:
        """`make`: whether its folders are made now; somebody else's store is only read, there or not."""
        self.root = root
        self._objects = root / "objects"
        self._terms = root / "terms"
        if not make:
            return
        try:
            make_folders(self._objects)
            make_folders(self._terms)
        except OSError as error:
            raise StoreUnavailable(f"{root} cannot be a store: {error.strerror}; name a writable folder") from error

    def __repr__(self) -> str:
        return f"DirectoryStore({str(self.root)!r})"

    def _object(self, digest: str) -> Path:
        name = _named(digest)
        # 256 folders keep each one small enough to list with a million artifacts.
        return self._objects / name[:2] / name[2:]

    def put(self, data: bytes) -> str:
        digest = sha256_hex(data)
        path = self._object(digest)
        # A damaged file is replaced; an intact one is left alone, but its folder may not have reached the disk yet
        # when another process, still writing it, has just renamed it.
        if path.is_file() and path.read_bytes() == data:
            sync_folder(path.parent)
        else:
            write_whole(path, data)
        return digest

    def get(self, digest: str) -> bytes:
        try:
            data = self._object(digest).read_bytes()
        except FileNotFoundError:
            raise ArtifactMissing(digest, str(self.root)) from None
        found = sha256_hex(data)
        if found != digest:
            raise ArtifactCorrupt(digest, found, str(self.root))
        return data

    def has(self, digest: str) -> bool:
        return self._object(digest).is_file()

    def put_terms(self, job_id: str, packed: bytes) -> None:
        path = self._terms / _named(job_id)
        if path.is_file():
            stored = path.read_bytes()
            if stored != packed:
                raise ArtifactCorrupt(job_id, sha256_hex(stored), str(self.root))
            sync_folder(path.parent)
        else:
            write_whole(path, packed)

    def get_terms(self, job_id: str) -> bytes:
        try:
            return (self._terms / _named(job_id)).read_bytes()
        except FileNotFoundError:
            raise ArtifactMissing(f"the terms of job {job_id}", str(self.root)) from None


def open_store(url: str, *, make: bool = True) -> ArtifactStore:
    """The store at `url`, for example ``file:///var/lib/compute/artifacts``; without `make`, nothing is made there.

    Raises StoreUnavailable for another scheme, a host, or a path that is not absolute.
    """
    example = "write file:// and an absolute path, such as file:///var/lib/compute/artifacts"
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise StoreUnavailable(
            f"{url}: no store for {parts.scheme or 'a URL without a scheme'} is installed; {example}"
        )
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
        raise StoreUnavailable(f"{url} is not a path on this machine; {example}")
    path = Path(unquote(parts.path))
    if not path.is_absolute():
        raise StoreUnavailable(f"{url} names no absolute path; {example}")
    return DirectoryStore(path, make=make)
