"""A receipt's proof, made from what a real node says, and its root compared with the one in the node's own header."""

from __future__ import annotations

import pytest
from live_chain import Anvil, role
from unsteady_node import said, unsteady

from oracle.chain.node import Node
from oracle.evidence.inclusion.node import mined

TRANSACTIONS = 20
"""More than 16, so that branches are below branches."""


@pytest.fixture
def crowd(anvil: Anvil) -> list[str]:
    """Transactions that share a block."""
    sender = role("payer").address
    anvil.give_gas_money(sender)
    anvil.call("anvil_impersonateAccount", sender)
    anvil.call("evm_setAutomine", False)
    sent = [
        anvil.call("eth_sendTransaction", {"from": sender, "to": sender, "value": hex(number)})
        for number in range(TRANSACTIONS)
    ]
    anvil.mine()
    return sent


def test_each_receipt_of_a_full_block_is_proven_against_the_nodes_own_header(anvil: Anvil, crowd: list[str]) -> None:
    node = Node(anvil.url)
    found = [mined(node, tx_hash) for tx_hash in crowd]
    assert sorted(each.index for each in found if each is not None) == list(range(TRANSACTIONS))
    assert len({each.block_hash for each in found if each is not None}) == 1
    assert all(each is not None and each.check_inclusion() for each in found)


def test_a_node_that_gives_no_blocks_receipts_is_asked_for_each(anvil: Anvil, crowd: list[str]) -> None:
    with unsteady(anvil.url) as node:
        node.when("eth_getBlockReceipts", said("the method eth_getBlockReceipts does not exist", -32601))
        found = mined(Node(node.url), crowd[-1])
    assert found is not None
    assert found.check_inclusion()


def test_a_header_in_a_form_that_is_not_known_gives_a_receipt_without_a_proof(anvil: Anvil, crowd: list[str]) -> None:
    def of_another_chain(request: dict[str, object]) -> dict[str, object]:
        return {"result": anvil.call(str(request["method"]), *request["params"]) | {"gasUsed": "0x1"}}  # type: ignore[misc]

    with unsteady(anvil.url) as node:
        node.when("eth_getBlockByHash", of_another_chain)
        found = mined(Node(node.url), crowd[0])
    assert found is not None
    assert (found.header, found.proof) == (None, None)
    assert not found.check_inclusion()


def test_a_transaction_that_is_not_mined_has_no_receipt(anvil: Anvil) -> None:
    assert mined(Node(anvil.url), "0x" + "12" * 32) is None
