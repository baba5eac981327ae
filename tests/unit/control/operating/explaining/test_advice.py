"""What a promoted job waits for is said, and a budget too small for its token is refused before it is simulated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paper_chain import DEPLOYMENT
from parties import fund

from oracle.encoding import InputRejected
from router.console.quantum.scaffold import write_job
from router.control.operating.explaining import advice
from router.protocol.lifecycle import State
from router.requester.simulate import prepare, surroundings
from router.settings import Home


def said(desk: Any, record: Any, noted: str | None = None, *, runs: bool = True) -> str | None:
    return advice.waits(desk.opened, record, noted, router_runs=runs)


def test_a_promoted_job_that_still_reads_simulated_says_what_for(desk: Any) -> None:
    unpromoted = desk.opened.store.job(desk.simulated())
    assert said(desk, unpromoted) is None
    record = desk.promoted()
    assert record.state is State.SIMULATED
    assert said(desk, record) == f"its budget: `compute fund {record.job}` locks it"
    assert said(desk, record, "budget: 1 of 2 confirmations") == "budget: 1 of 2 confirmations"
    assert said(desk, desk.locked()) == "its budget is locked; the router asks the gates next"
    assert "`compute up` starts it" in str(said(desk, desk.locked(), runs=False))


def test_no_state_before_the_end_waits_in_silence_for_a_router_that_does_not_run(desk: Any) -> None:
    record = desk.promoted()
    for state in State:
        other = replace(record, state=state)
        assert (said(desk, other, runs=False) is None) == other.terminal


def test_a_budget_that_was_sent_and_not_seen_yet_is_not_asked_for_again(desk: Any) -> None:
    record = desk.promoted()
    fund(desk.opened, record.job)
    assert said(desk, record) == "its budget was sent; the router waits for its confirmations"


def test_a_budget_below_the_smallest_unit_of_its_token_is_refused_with_its_line(tmp_path: Path) -> None:
    spec = write_job(tmp_path / "job")[0]
    spec.write_text(spec.read_text().replace("max_usd_equivalent: 25", "max_usd_equivalent: 0.0000001"))
    around = replace(surroundings(Home(tmp_path / "home")), deployment=DEPLOYMENT)
    with pytest.raises(InputRejected) as caught:
        prepare(spec, around, lambda _what, _share: None)
    (finding,) = caught.value.findings
    assert finding.path == "budget.max_usd_equivalent"
    assert finding.line is not None
    assert spec.read_text().splitlines()[finding.line - 1].strip() == "max_usd_equivalent: 0.0000001"
    assert finding.remedy == "write max_usd_equivalent: 0.000001 or more"
