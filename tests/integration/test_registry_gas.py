"""The registry's verbs stay under their gas ceilings, measured on a real Anvil by scripts/bench_registry.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MOST_TO_ITS_CALLER = 5_200
"""Of the 6,000 that a registered set may add to a funding; a ceiling raised in the script alone must not pass."""


def test_no_verb_costs_more_than_its_ceiling_and_a_question_leaves_the_escrow_its_share() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "bench_registry.py"), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout, result.stderr
    rows = {row["operation"]: row for row in json.loads(result.stdout)}
    assert result.returncode == 0, [row for row in rows.values() if row["gas"] > row["ceiling"]]
    cold_account_and_slot = 2_600 + 2_100
    assert cold_account_and_slot < rows.pop("admits, to its caller")["gas"] <= MOST_TO_ITS_CALLER
    assert all(21_000 < row["gas"] <= row["ceiling"] for row in rows.values())
