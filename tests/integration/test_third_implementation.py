"""viem, which knows nothing of us, finds the golden digests; and Permit2's code is the published one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from oracle.terms import PERMIT2
from oracle.terms.typed_data import Domain

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "tests" / "node"
GOLDEN = ROOT / "tests" / "golden"
PARTS = ("vectors", "batches", "trees")
PERMIT2_SOURCE = NODE / "node_modules/@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol"


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return dict(json.loads((GOLDEN / "typed_data.json").read_text()))


@pytest.fixture(scope="module")
def recomputed() -> dict[str, Any]:
    own = ROOT / ".build" / "node" / "bin" / "node"
    node = str(own) if own.is_file() else shutil.which("node")
    if node is None or not (NODE / "node_modules" / "viem").is_dir():
        pytest.fail("viem is not installed: scripts/setup.sh test")
    command = [node, str(NODE / "digests.mjs"), str(GOLDEN / "typed_data.json")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


@pytest.mark.parametrize("part", PARTS)
def test_promise12_viem_finds_the_golden_digests(golden: dict[str, Any], recomputed: dict[str, Any], part: str) -> None:
    assert len(recomputed[part]) == len(golden[part]) > 0
    for vector, found in zip(golden[part], recomputed[part], strict=True):
        assert {name: vector[name] for name in found} == found


def test_viem_recomputes_every_digest_that_the_file_has(golden: dict[str, Any], recomputed: dict[str, Any]) -> None:
    digests = {"packed", "brief", "jobId", "leaf", "root", "digest"}
    for part in PARTS:
        for vector, found in zip(golden[part], recomputed[part], strict=True):
            assert set(found) == {name for name in vector if name in digests or name.endswith("Digest")}


def test_permit2_in_tests_is_the_published_code_as_chain_1_has_it() -> None:
    if not PERMIT2_SOURCE.is_file():
        pytest.fail("Permit2's sources are not installed: scripts/setup.sh test")
    found = re.search(r'hex"([0-9a-f]+)"', PERMIT2_SOURCE.read_text())
    assert found
    # Published as deployed by a test at another address on chain 31337: push32 of its two immutables.
    cached = re.search("7f" + f"{31337:064x}" + "[0-9a-f]{6,10}7f([0-9a-f]{64})", found[1])
    assert cached
    of_chain_1 = Domain("Permit2", None, 1, PERMIT2).separator.hex()
    code = found[1].replace(f"7f{31337:064x}", f"7f{1:064x}").replace("7f" + cached[1], "7f" + of_chain_1)
    kept = json.loads((GOLDEN / "permit2.json").read_text())
    assert (kept["address"], kept["runtime"]) == (PERMIT2, "0x" + code)
