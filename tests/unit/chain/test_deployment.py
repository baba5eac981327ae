"""The deployment file: what is written is read, and every fault of a bad one is told at once."""

from __future__ import annotations

import json

import pytest

from oracle.chain.deployment import Deployment
from oracle.encoding import InputRejected

GOOD = Deployment(
    chain_id=31337,
    escrow="0x5FbDB2315678afecb367f032d93F642f64180aa3",
    token="0x0000000000000000000000000000000000000000",
    token_symbol="ETH",
    token_decimals=18,
    block=0,
)


def test_a_dumped_deployment_loads_equal(tmp_path):
    path = tmp_path / "deployments" / "31337.json"
    GOOD.dump(path)
    assert Deployment.load(path) == GOOD
    assert [child.name for child in path.parent.iterdir()] == ["31337.json"]


def test_every_fault_is_found_in_one_reading(tmp_path):
    path = tmp_path / "d.json"
    document = {
        "schema": "deployment/0",
        "chain_id": "31337",
        "escrow": GOOD.escrow.lower(),
        "token_symbol": "",
        "token_decimals": True,
        "block": -1,
    }
    path.write_text(json.dumps(document))
    with pytest.raises(InputRejected) as rejected:
        Deployment.load(path)
    assert {finding.path for finding in rejected.value.findings} == {*document, "token"}
    assert all(finding.remedy for finding in rejected.value.findings)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"\xff"])
def test_what_is_no_deployment_file_is_refused(tmp_path, content):
    path = tmp_path / "d.json"
    path.write_bytes(content)
    with pytest.raises(InputRejected):
        Deployment.load(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputRejected, match="cannot be read"):
        Deployment.load(tmp_path / "none.json")
