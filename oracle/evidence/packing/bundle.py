"""A bundle in memory: what whoever writes one puts in, and what whoever reads one may rely on.

`read_bundle` proves the file's form: one zip of its members, a manifest that says of them what is so, and nothing
besides. What the members mean is for the checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from oracle.artifacts import ArtifactMissing
from oracle.artifacts.kinds import ArtifactKind
from oracle.encoding import OracleError, sha256_hex
from oracle.evidence.packing.container import ContainerRejected, first_difference, read_members, write_members
from oracle.evidence.packing.manifest import CRATE, MANIFEST, BundleManifest, ListRejected, Missing, Sort, crate

CHAIN = "chain.json"
EVENTS = "events.jsonl"
TERMS = "terms.bin"
ALL = "all"
"""Stands for every transaction of the job where none is known by its hash, and the chain could not be asked."""
_SINGLE = {CHAIN: Sort.CHAIN, EVENTS: Sort.EVENT_LOG, TERMS: Sort.TERMS, CRATE: Sort.CRATE}
_ARTIFACT = re.compile(r"artifacts/[0-9a-f]{64}")
_ATTESTATION = re.compile(r"attestations/(0|[1-9][0-9]{0,2})/0x[0-9a-f]{40}\.json")
_TRANSACTION = re.compile(r"transactions/0x[0-9a-f]{64}\.json")


class BundleRejected(OracleError, ValueError):
    """Bytes that are no bundle: `check` names what of its form is broken, `member` and `byte` where."""

    def __init__(self, check: str, reason: str, member: str | None = None, byte: int | None = None) -> None:
        super().__init__(reason)
        self.check = check
        self.reason = reason
        self.member = member
        self.byte = byte


@dataclass(frozen=True)
class Piece:
    """One file to be put into a bundle, and what it is."""

    path: str
    sort: str
    data: bytes


@dataclass(frozen=True)
class Bundle:
    """A bundle whose form holds. Also an artifact store that can only be read: what is in it has its digest."""

    manifest: BundleManifest
    members: Mapping[str, bytes]
    """All of them by path, the manifest included."""

    def get(self, digest: str) -> bytes:
        """The artifact with that digest. Raises ArtifactMissing."""
        try:
            return self.members[artifact_path(digest)]
        except KeyError:
            raise ArtifactMissing(digest, "the bundle") from None

    def has(self, digest: str) -> bool:
        return artifact_path(digest) in self.members

    def get_terms(self, job_id: str) -> bytes:
        """The packed terms. Raises ArtifactMissing."""
        if TERMS not in self.members or job_id != self.manifest.escrow_id:
            raise ArtifactMissing(f"the terms of job {job_id}", "the bundle")
        return self.members[TERMS]

    def put(self, data: bytes) -> str:
        raise TypeError("a bundle is read, and never written to")

    def put_terms(self, job_id: str, packed: bytes) -> None:
        raise TypeError("a bundle is read, and never written to")

    def of(self, sort: str) -> tuple[str, ...]:
        """Paths of the members of `sort`, ascending."""
        return tuple(path for path, each in sorted(self.manifest.sorts.items()) if each == sort)

    def lacks(self, sort: str) -> tuple[Missing, ...]:
        """What of `sort` the manifest says is missing."""
        return tuple(each for each in self.manifest.missing if each.sort == sort)


def artifact_path(digest: str) -> str:
    """Where the artifact with `digest`, 0x and 64 hexadecimal digits, is."""
    return f"artifacts/{digest.removeprefix('0x')}"


def attestation_path(number: int, validator: str) -> str:
    """Where the attestation of `validator` about round `number` is."""
    return f"attestations/{number}/{validator.lower()}.json"


def transaction_path(tx_hash: str) -> str:
    """Where the receipt of a transaction is."""
    return f"transactions/{tx_hash}.json"


def write_bundle(
    job: str, escrow_id: str | None, as_of: str, pieces: Iterable[Piece], missing: Iterable[Missing]
) -> bytes:
    """The bundle's file: the same bytes for the same pieces, in whatever order.

    Of two pieces with one path the first counts. Raises ValueError for pieces that no bundle has: a path that is not
    its sort's, an artifact under another name than its digest, more than a bundle holds.
    """
    kept: dict[str, Piece] = {}
    for piece in pieces:
        kept.setdefault(piece.path, piece)
    sorts = {piece.path: piece.sort for piece in kept.values()} | {CRATE: Sort.CRATE.value}
    manifest = BundleManifest(job, escrow_id, sorts, tuple(dict.fromkeys(missing)), as_of)
    members = {path: piece.data for path, piece in kept.items()}
    members[CRATE] = crate(manifest, members)
    if fault := next(_misplaced(sorts, members), None):
        raise ValueError(f"{fault[0]}: {fault[1]}")
    members[MANIFEST] = manifest.to_bytes(members)
    return write_members(members)


def read_bundle(data: bytes) -> Bundle:
    """The bundle in `data`, which may come from anybody. Raises BundleRejected."""
    try:
        members = read_members(data)
    except ContainerRejected as error:
        raise BundleRejected("container", error.reason, error.member, error.offset) from error
    if MANIFEST not in members:
        raise BundleRejected("manifest", f"there is no {MANIFEST}", MANIFEST)
    try:
        manifest = BundleManifest.from_bytes(members[MANIFEST])
    except ListRejected as error:
        raise BundleRejected("manifest", str(error), MANIFEST) from error
    contents = {path: content for path, content in members.items() if path != MANIFEST}
    for path in sorted(contents.keys() ^ manifest.sorts.keys()):
        reason = "the manifest does not list it" if path in contents else "the manifest lists it, and it is not there"
        raise BundleRejected("manifest", f"{path}: {reason}", path)
    for path, fault in _misplaced(manifest.sorts, contents):
        raise BundleRejected("manifest", f"{path}: {fault}", path)
    if (ours := manifest.to_bytes(contents)) != members[MANIFEST]:
        at = first_difference(ours, members[MANIFEST])
        listed = _listed_at(members[MANIFEST], at)
        reason = f"{listed}: its bytes are not those that the manifest lists" if listed else "it says more than it may"
        raise BundleRejected("manifest", reason, listed or MANIFEST, None if listed else at)
    if (ours := crate(manifest, contents)) != contents.get(CRATE):
        at = first_difference(ours, contents.get(CRATE, b""))
        raise BundleRejected("crate", f"{CRATE} does not list the members as they are", CRATE, at)
    return Bundle(manifest, members)


def _misplaced(sorts: Mapping[str, str], members: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Each member whose path is not one of its sort, or not of its content; and why."""
    for path, sort in sorted(sorts.items()):
        if path in _SINGLE:
            right = sort == _SINGLE[path]
        elif _ARTIFACT.fullmatch(path):
            right = sort in set(ArtifactKind) - {ArtifactKind.ATTESTATIONS}
            if right and sha256_hex(members[path])[2:] != path.removeprefix("artifacts/"):
                yield path, "its content has another SHA-256 than its name"
        elif _ATTESTATION.fullmatch(path):
            right = sort == ArtifactKind.ATTESTATIONS
        else:
            right = sort == Sort.TRANSACTION and _TRANSACTION.fullmatch(path) is not None
        if not right:
            yield path, f"no place for {sort}"


def _listed_at(manifest: bytes, at: int) -> str | None:
    """Path of the member in whose row of the manifest byte `at` stands; None outside the rows."""
    start = manifest.find(b'"members":[')
    end = manifest.find(b'],"missing":')
    if not start <= at < end:
        return None
    # A row's path is the fourth of its members, whose names ascend; the next path from here on is the row's own or,
    # behind it, the one before.
    row = manifest[manifest.rfind(b'{"about":', 0, at + 1) : manifest.find(b"}", at)]
    found = re.search(rb'"path":"([a-z0-9./_-]+)"', row)
    return found[1].decode() if found else None
