"""The trie under a receipts root, against its own proofs; Anvil's roots are compared in tests/integration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.evidence.inclusion.trie import EMPTY_ROOT, ProofRejected, prove, proven, root_and_nodes

VALUES = st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=300)


def test_the_empty_trie_has_the_known_root() -> None:
    known = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert EMPTY_ROOT.hex() == root_and_nodes([])[0].hex() == known


@given(VALUES, st.data())
def test_every_value_is_proven_and_no_other(values: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(values) - 1))
    root, nodes = root_and_nodes(values)
    proof = prove(nodes, root, index)
    assert proven(root, index, proof) == values[index]
    for other in range(min(len(values), 20)):
        if other != index:
            with pytest.raises(ProofRejected):
                proven(root, other, (*proof, b"\xc0"))
    with pytest.raises(ProofRejected):
        proven(root, len(values), proof)


@given(VALUES, st.data())
def test_a_proof_with_a_changed_bit_or_a_node_more_is_none(values: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(values) - 1))
    root, nodes = root_and_nodes(values)
    proof = list(prove(nodes, root, index))
    with pytest.raises(ProofRejected):
        proven(root, index, [*proof, proof[0]])
    with pytest.raises(ProofRejected):
        proven(root, index, proof[1:])
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 8 * len(proof[place]) - 1))
    changed = bytearray(proof[place])
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProofRejected):
        proven(root, index, [*proof[:place], bytes(changed), *proof[place + 1 :]])
