"""Roots and proofs against the golden trees, which come from the recursion of RFC 6962; here levels are paired."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.terms import Outcome, Verdict, evidence_inclusion, evidence_root, verdict_inclusion, verdict_root
from oracle.terms.merkle import inclusion_of, leaf_of, root_of

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "typed_data.json").read_text())


@pytest.mark.parametrize("tree", GOLDEN["trees"], ids=lambda tree: len(tree["documents"]))
def test_evidence_roots_and_proofs_are_those_of_the_golden_trees(tree: dict[str, Any]) -> None:
    documents = tree["documents"]
    assert evidence_root(documents) == tree["root"]
    for run, proof in enumerate(tree["proofs"]):
        inclusion = evidence_inclusion(documents, run)
        assert (inclusion.root, inclusion.proof) == (tree["root"], tuple(proof))
        assert inclusion.holds(bytes.fromhex(documents[run][2:]))


contents = st.lists(st.binary(max_size=40), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(contents=contents, data=st.data())
def test_every_content_is_proven_and_nothing_else_is(contents: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(contents) - 1))
    inclusion = inclusion_of(contents, index)
    assert inclusion.root == root_of(contents)
    assert inclusion.holds(contents[index])
    assert not inclusion.holds(contents[index] + b"?")
    assert not replace(inclusion, proof=(*inclusion.proof, "0x" + "00" * 32)).holds(contents[index])
    assert not replace(inclusion, index=len(contents)).holds(contents[index])
    if inclusion.proof:
        assert not replace(inclusion, proof=inclusion.proof[:-1]).holds(contents[index])


def test_a_node_is_no_leaf() -> None:
    left, right = b"one", b"two"
    node = b"\x01" + leaf_of(left) + leaf_of(right)
    assert root_of([left, right]) == "0x" + keccak(node).hex()
    assert root_of([node]) != root_of([left, right])


def test_order_and_length_change_the_root() -> None:
    assert len({root_of(found) for found in ([b"a", b"b"], [b"b", b"a"], [b"a", b"b", b"b"], [b"a"], [b"b"])}) == 5


def test_nothing_has_no_root_and_no_proof() -> None:
    with pytest.raises(ValueError, match="nothing"):
        root_of([])
    with pytest.raises(ValueError, match="no leaf 2 of 2"):
        inclusion_of([b"a", b"b"], 2)
    with pytest.raises(ValueError, match="hexadecimal"):
        evidence_root(["0x" + "AB" * 32])


def test_a_verdict_is_proven_inside_its_batch() -> None:
    verdicts = [Verdict("0x" + "01" * 32, 0, "0x" + "02" * 32, Outcome.ACCEPT, n, "0x" + "03" * 32) for n in range(5)]
    inclusions = [verdict_inclusion(verdicts, index) for index in range(5)]
    assert {inclusion.root for inclusion in inclusions} == {verdict_root(verdicts)}
    assert len({inclusion.proof for inclusion in inclusions}) == 5
