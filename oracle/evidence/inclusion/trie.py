"""The trie under a block's receipts root: its root, and the proof that one receipt is in it.

Keys are the RLP of a transaction's index, values the receipts' encodings. Source: Yellow Paper, appendix D.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import rlp
from eth_utils.crypto import keccak

from oracle.encoding import OracleError

EMPTY_ROOT = keccak(rlp.encode(b""))
_NIBBLES = 16


class ProofRejected(OracleError, ValueError):
    """Nodes that do not lead from the root to a value."""


def root_and_nodes(values: Sequence[bytes]) -> tuple[bytes, Mapping[bytes, bytes]]:
    """The root of the trie over `values`, each under its index, and its nodes by their hash."""
    nodes: dict[bytes, bytes] = {}
    if not values:
        return EMPTY_ROOT, nodes
    pairs = sorted((_nibbles(rlp.encode(index)), value) for index, value in enumerate(values))
    top = rlp.encode(_node(pairs, 0, nodes))
    root = keccak(top)
    return root, nodes | {root: top}


def prove(nodes: Mapping[bytes, bytes], root: bytes, index: int) -> tuple[bytes, ...]:
    """The nodes from `root` down to the value under `index`. Raises ProofRejected where one is not there."""
    used: list[bytes] = []
    _value(nodes, root, index, used)
    return tuple(used)


def proven(root: bytes, index: int, proof: Sequence[bytes]) -> bytes:
    """The value under `index` of the trie with `root`, as `proof` shows it: its nodes from the root, no others.

    Raises ProofRejected.
    """
    used: list[bytes] = []
    value = _value({keccak(node): node for node in proof}, root, index, used)
    if used != list(proof):
        raise ProofRejected("the proof has other nodes than those from the root to the receipt")
    return value


def _value(nodes: Mapping[bytes, bytes], root: bytes, index: int, used: list[bytes]) -> bytes:
    path = _nibbles(rlp.encode(index))
    reference: Any = root
    while True:
        node = reference
        if isinstance(reference, bytes):
            if reference not in nodes:
                raise ProofRejected(f"the node {reference.hex()[:16]}… on the way to receipt {index} is not there")
            used.append(nodes[reference])
            node = _decoded(nodes[reference])
        if not isinstance(node, list) or len(node) not in (2, _NIBBLES + 1):
            raise ProofRejected("a node that is no branch, extension or leaf")
        if len(node) == _NIBBLES + 1:
            if not path:
                return _bytes(node[_NIBBLES])
            reference, path = node[path[0]], path[1:]
        else:
            part, leaf = _unpacked(_bytes(node[0]))
            if path[: len(part)] != part or (leaf and len(path) != len(part)):
                raise ProofRejected(f"the way ends before receipt {index}")
            path = path[len(part) :]
            if leaf:
                return _bytes(node[1])
            reference = node[1]


def _node(pairs: Sequence[tuple[tuple[int, ...], bytes]], depth: int, nodes: dict[bytes, bytes]) -> list[Any]:
    if len(pairs) == 1:
        path, value = pairs[0]
        return [_packed(path[depth:], leaf=True), value]
    first, last = pairs[0][0], pairs[-1][0]
    shared = depth
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        return [_packed(first[depth:shared], leaf=False), _reference(_node(pairs, shared, nodes), nodes)]
    branch: list[Any] = [b""] * (_NIBBLES + 1)
    for nibble in range(_NIBBLES):
        below = [pair for pair in pairs if len(pair[0]) > depth and pair[0][depth] == nibble]
        if below:
            branch[nibble] = _reference(_node(below, depth + 1, nodes), nodes)
    # No key is another's beginning: the RLP of an index says its own length. So a branch has no value of its own.
    return branch


def _reference(node: list[Any], nodes: dict[bytes, bytes]) -> Any:
    encoded = rlp.encode(node)
    if len(encoded) < 32:
        return node
    nodes[keccak(encoded)] = encoded
    return keccak(encoded)


def _nibbles(data: bytes) -> tuple[int, ...]:
    return tuple(nibble for byte in data for nibble in (byte >> 4, byte & 15))


def _packed(path: Iterable[int], *, leaf: bool) -> bytes:
    nibbles = tuple(path)
    flag = 2 * leaf + len(nibbles) % 2
    whole = (flag, *nibbles) if len(nibbles) % 2 else (flag, 0, *nibbles)
    return bytes(high << 4 | low for high, low in zip(whole[::2], whole[1::2], strict=True))


def _unpacked(data: bytes) -> tuple[tuple[int, ...], bool]:
    nibbles = _nibbles(data)
    if not nibbles or nibbles[0] > 3 or (not nibbles[0] & 1 and nibbles[1]):
        raise ProofRejected("a node whose path is not in its one form")
    return nibbles[1 if nibbles[0] & 1 else 2 :], nibbles[0] >= 2


def _decoded(data: bytes) -> Any:
    try:
        return rlp.decode(data)
    except (rlp.exceptions.RLPException, RecursionError) as error:
        raise ProofRejected(f"a node that is no RLP: {error}") from error


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise ProofRejected("a list stands where bytes belong")
    return value
