"""`compute demo --json`: every way in which a job may end, and where each base unit goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

BUDGET = 25_000_000
"""25 US dollars in base units of the local token, at its rate of one."""
EARNED = 20_000_000
"""4,000 shots at the operator's 0.005 US dollars."""
SILENCE_BPS = 5_000
PROVEN = {
    "container",
    "manifest",
    "crate",
    "terms",
    "receipts",
    "spec",
    "baseline",
    "payment",
    "events",
    "record",
    "causes",
}
"""What is derived again of every ending, long after its chain is gone."""

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def moved(shown: Any, role: str) -> int:
    """What `role` gained, in base units."""
    return int(shown["balances"][role]["after"]) - int(shown["balances"][role]["before"])


def names(shown: Any) -> list[str]:
    return [transaction["name"] for transaction in shown["transactions"]]


def demo(terminal: Any, ending: str) -> Any:
    shown = terminal("demo", "--ending", ending, "--seed", "7", "--json").json
    assert Path(shown["report"]).is_file()
    assert moved(shown, "escrow") == 0, "money stayed in the escrow"
    assert moved(shown, "payer") + moved(shown, "worker") == 0, "money came or went"
    assert all(transaction["gas_used"] > 21_000 for transaction in shown["transactions"])
    found = terminal("verify", shown["evidence"], "--json").json
    assert found["job"] == shown["job"]
    assert found["holds"], [check for check in found["checks"] if check["result"] in ("fails", "open")]
    assert {check["check"] for check in found["checks"] if check["result"] == "holds"} >= PROVEN
    return shown


def test_an_honest_run_is_accepted_by_every_validator_and_paid_for_its_shots(terminal: Any) -> None:
    shown = demo(terminal, "accepted")
    assert (shown["state"], shown["escrow"]) == ("settled", "released")
    assert moved(shown, "worker") == EARNED
    assert shown["verdict"]["outcome"] == "accept"
    assert len(shown["attestations"]) == 3
    assert {attestation["digest"] for attestation in shown["attestations"]} == {shown["verdict"]["digest"]}
    assert len({attestation["signature"] for attestation in shown["attestations"]}) == 3
    assert names(shown) == ["approve", "fund", "submit", "propose"]
    assert shown["route"]["backend"] == "fake_torino"
    assert all(candidate["for"] or candidate["against"] for candidate in shown["route"]["candidates"])


def test_a_worker_that_delivers_coin_flips_is_rejected_and_not_paid(terminal: Any) -> None:
    shown = demo(terminal, "rejected")
    assert (shown["state"], shown["escrow"]) == ("rejected", "refunded")
    assert moved(shown, "worker") == 0
    assert shown["verdict"]["outcome"] == "reject"
    assert shown["verdict"]["reason_codes"]


def test_a_job_that_nobody_delivers_expires_and_returns_the_budget(terminal: Any) -> None:
    shown = demo(terminal, "refunded")
    assert (shown["state"], shown["escrow"]) == ("expired", "refunded")
    assert moved(shown, "worker") == 0
    assert shown["verdict"] is None
    assert names(shown) == ["approve", "fund", "refund"]


def test_silent_validators_cost_the_payer_exactly_the_silence_share(terminal: Any) -> None:
    shown = demo(terminal, "silence")
    assert (shown["state"], shown["escrow"]) == ("expired", "split")
    assert moved(shown, "worker") == BUDGET * SILENCE_BPS // 10_000
    assert shown["verdict"] is None
    assert shown["attestations"] == []
    assert names(shown) == ["approve", "fund", "submit", "settleSilence", "finalize"]


def test_a_job_that_both_call_off_returns_everything(terminal: Any) -> None:
    shown = demo(terminal, "cancelled")
    assert (shown["state"], shown["escrow"]) == ("cancelled", "refunded")
    assert moved(shown, "worker") == moved(shown, "payer") == 0
    assert names(shown) == ["approve", "fund", "cancel"]


def test_the_demonstration_leaves_the_users_own_home_alone(terminal: Any) -> None:
    terminal("demo", "--ending", "cancelled", "--json")
    assert [path.name for path in (terminal.folder / ".compute").iterdir()] == ["demo"]
    assert list((terminal.folder / "home").iterdir()) == []
