"""How long a run may occupy hardware: said in the offer, sent to IBM, written into the receipt."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integration.ibm_emulator import CRN, DEVICE, serving
from parties import desk_of, grant
from rich.console import Console

from oracle.encoding import InputRejected
from router.console.quantum.promotion import draw_offer
from router.console.screen.views import money_in
from router.control.gates import OperatorPolicy
from router.control.operating.approving import approval
from router.control.operating.offering.offers import offer
from router.protocol.hardware_time import time_limit
from router.protocol.lifecycle import State
from router.protocol.papers import reference_of
from router.worker.loopback import LoopbackWorker
from router.worker.providers import load_providers


def policy(price: str | None) -> OperatorPolicy:
    return OperatorPolicy.model_validate({"rates": {"usd_per_hardware_second": price}} if price else {})


def promoted_spec(desk: Any, budget: str, execution_s: int) -> Any:
    spec = offer(desk.opened, desk.simulated(), "aer", budget).spec
    return spec.model_copy(update={"timeouts": spec.timeouts.model_copy(update={"execution_s": execution_s})})


@pytest.mark.parametrize(
    ("price", "budget", "execution_s", "seconds", "why"),
    [
        (None, "25", 3600, 3600, "timeouts.execution_s of the spec"),
        ("1.6", "25", 3600, 15, "what $25 buys at $1.6 a second"),
        ("0.001", "25", 3600, 3600, "timeouts.execution_s of the spec"),
        ("25", "25", 3600, 1, "what $25 buys at $25 a second"),
        ("25.01", "25", 3600, 0, "what $25 buys at $25.01 a second"),
        (None, "25", 0, 0, "timeouts.execution_s of the spec"),
    ],
)
def test_the_smaller_of_budget_and_timeout_bounds_a_run(
    desk: Any, price: str | None, budget: str, execution_s: int, seconds: int, why: str
) -> None:
    limit = time_limit(policy(price).rates.usd_per_hardware_second, promoted_spec(desk, budget, execution_s), "ibm")
    assert limit is not None
    assert (limit.seconds, limit.why) == (seconds, why)


def test_a_run_costs_no_more_than_its_budget_and_its_simulation_is_not_bounded(desk: Any) -> None:
    spec = promoted_spec(desk, "25", 3600)
    assert spec.promotion is not None

    @settings(max_examples=50, deadline=None)
    @given(cents=st.integers(1, 10**6), budget=st.integers(1, 10**6))
    def costs(cents: int, budget: int) -> None:
        price, usd = f"{cents / 100:.2f}", f"{budget / 100:.2f}"
        rich = spec.model_copy(update={"promotion": spec.promotion.model_copy(update={"max_usd_equivalent": usd})})
        limit = time_limit(policy(price).rates.usd_per_hardware_second, rich, "ibm")
        assert limit is not None
        assert limit.seconds * Fraction(price) <= Fraction(usd)
        assert limit.seconds == 3600 or (limit.seconds + 1) * Fraction(price) > Fraction(usd)
        assert time_limit(policy(price).rates.usd_per_hardware_second, rich, "fake") is None

    costs()


def test_a_job_on_hardware_is_bounded_from_the_offer_to_the_receipt(
    tmp_path: Path, make_desk: Callable[[Path], Any]
) -> None:
    desk = make_desk(tmp_path / "home")
    home = desk.opened.home
    desk = replace(desk, opened=replace(desk.opened, policy=policy("1.6")))
    with serving() as emulator:
        urls = {"api_url": f"{emulator.base}/api/v1", "iam_url": emulator.base, "search_url": emulator.base}
        account = {"token": "good-token", "instance": CRN, "catalog_url": f"{emulator.base}/catalog", **urls}
        (home.credentials / "ibm.json").parent.mkdir(exist_ok=True)
        (home.credentials / "ibm.json").write_text(json.dumps(account))
        (home.credentials / "ibm.json").chmod(0o600)
        job = desk.simulated()
        grant(desk.opened, job, "for a test")
        offered = offer(desk.opened, job, DEVICE, "25")
        assert offered.time_limit is not None
        assert offered.time_limit.seconds == 15
        console = Console(record=True, width=120, file=StringIO())
        draw_offer(console, offered, money_in(desk.opened.deployment, offered.terms.token))
        assert "for at most 15 s of its time (what $25 buys at $1.6 a second)" in console.export_text()
        with pytest.raises(InputRejected, match="less than a second"):
            offer(desk.opened, job, DEVICE, "1.5")

        record, providers = desk.locked(DEVICE), load_providers(home)
        choice = approval.approve(desk_of(desk.opened, "operator"), desk.opened.client(), providers, record.job)
        assert isinstance(choice, approval.Choice)
        assert choice.provider == "ibm"
        worker = LoopbackWorker(desk_of(desk.opened, "worker"), providers, "1.6")
        assert worker.submit(record.job, choice.provider, choice.target) is None
        submitted = desk.opened.store.job(record.job)
        assert submitted.state is State.SUBMITTED
        assert [each.raw["cost"] for each in emulator.jobs.values()] == [15]
        receipt = providers["ibm"].result(reference_of(submitted)).receipt
        assert receipt.to_json()["max_seconds"] == 15
