"""viem, which knows nothing of us, finds the golden digests."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "tests" / "node"
GOLDEN = ROOT / "tests" / "golden"
PARTS = ("vectors", "batches", "trees")


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
