"""Merkle roots: over the verdicts that one signature set settles, and over the verdict documents of a batch job.

Source: RFC 6962, section 2.1, with Keccak-256 in the place of SHA-256, as contracts/libraries/MerkleRoot.sol has it.
leaf = keccak256(0x00 || content), node = keccak256(0x01 || left || right). Neighbours are paired level by level in
their order, and the last of an odd level is carried up unchanged: the same tree as the RFC's recursion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from oracle.encoding import is_digest
from oracle.terms.typed_data import Verdict, verdict_struct_hash


@dataclass(frozen=True)
class Inclusion:
    """That a leaf lies in a tree."""

    root: str
    index: int
    """The leaf's place, from 0."""
    count: int
    """How many leaves the tree has."""
    proof: tuple[str, ...]
    """Siblings from the leaf upwards; a level on which the node has none takes none."""

    def holds(self, content: bytes) -> bool:
        """Whether the proof leads from the leaf of `content` to the root.

        That the leaf is in the tree is proven then; its place only for who knows the count.
        """
        if not 0 <= self.index < self.count:
            return False
        found, index, count = leaf_of(content), self.index, self.count
        siblings = [_bytes32(sibling) for sibling in self.proof]
        while count > 1:
            alone = index == count - 1 and index % 2 == 0
            if not alone:
                if not siblings:
                    return False
                sibling = siblings.pop(0)
                found = _node(found, sibling) if index % 2 == 0 else _node(sibling, found)
            index, count = index // 2, (count + 1) // 2
        return not siblings and "0x" + found.hex() == self.root


def leaf_of(content: bytes) -> bytes:
    """The 32-byte leaf of `content`."""
    return keccak(b"\x00" + content)


def root_of(contents: Sequence[bytes]) -> str:
    """The root over the leaves of `contents`, in their order. Raises ValueError for none: nothing has no root."""
    return "0x" + _levels(contents)[-1][0].hex()


def inclusion_of(contents: Sequence[bytes], index: int) -> Inclusion:
    """The proof that `contents[index]` is under their root. Raises ValueError for an index that is not there."""
    if not 0 <= index < len(contents):
        raise ValueError(f"there is no leaf {index} of {len(contents)}")
    levels = _levels(contents)
    proof = []
    place = index
    for level in levels[:-1]:
        sibling = place ^ 1
        if sibling < len(level):
            proof.append("0x" + level[sibling].hex())
        place //= 2
    return Inclusion("0x" + levels[-1][0].hex(), index, len(contents), tuple(proof))


def verdict_leaf(verdict: Verdict) -> str:
    """What `settleBatch` takes in the place of a job that it is to leave out; 0x and 64 digits."""
    return "0x" + leaf_of(verdict_struct_hash(verdict)).hex()


def verdict_root(verdicts: Sequence[Verdict]) -> str:
    """The root that validators sign to settle many jobs at once: over the struct hashes, in the batch's order."""
    return root_of([verdict_struct_hash(verdict) for verdict in verdicts])


def verdict_inclusion(verdicts: Sequence[Verdict], index: int) -> Inclusion:
    """The proof that a verdict was signed with its batch, as `ValidatorRegistry.slash` takes it."""
    return inclusion_of([verdict_struct_hash(verdict) for verdict in verdicts], index)


def evidence_root(documents: Sequence[str]) -> str:
    """The evidence hash of a batch job: the root over the digests of its runs' verdict documents.

    `documents` are ``0x`` and 64 hexadecimal digits each, the SHA-256 of a document, in the order of the spec's runs.
    """
    return root_of([_bytes32(document) for document in documents])


def evidence_inclusion(documents: Sequence[str], run: int) -> Inclusion:
    """The proof that one run's verdict document is under the job's evidence hash."""
    return inclusion_of([_bytes32(document) for document in documents], run)


def _levels(contents: Sequence[bytes]) -> list[list[bytes]]:
    if not contents:
        raise ValueError("there is no root of nothing")
    levels = [[leaf_of(content) for content in contents]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [_node(left, right) for left, right in zip(below[::2], below[1::2], strict=False)]
        levels.append(above + below[len(below) & ~1 :])
    return levels


def _node(left: bytes, right: bytes) -> bytes:
    return keccak(b"\x01" + left + right)


def _bytes32(digest: str) -> bytes:
    if not is_digest(digest):
        raise ValueError(f"{digest!r} is not 0x and 64 lower-case hexadecimal digits")
    return bytes.fromhex(digest[2:])
