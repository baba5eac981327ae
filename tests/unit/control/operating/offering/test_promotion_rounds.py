"""A job of several rounds is simulated and planned, and not sold: this router's worker runs no top-ups."""

from __future__ import annotations

from typing import Any

import pytest
from parties import keep

from oracle.encoding import InputRejected
from oracle.spec import policy_of
from router.console.quantum.plan import plan_words
from router.console.quantum.scaffold import write_job
from router.control.operating.offering.offers import offer
from router.requester.simulate import Prepared, plan_json, prepare, surroundings
from router.settings import Home


@pytest.fixture(scope="module")
def of_two_rounds(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("two-rounds")
    spec = write_job(folder / "job")[0]
    text = spec.read_text()
    assert "\nsettlement:\n" in text
    assert "\nvalidation:\n" in text
    text = text.replace(
        "\nsettlement:\n",
        "\nsettlement:\n  max_rounds: 2\n  challenge_window_s: 3600\n  ruling_window_s: 3600\n"
        '  arbiter: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"\n',
    )
    spec.write_text(text + "\ntimeouts:\n  verdict_s: 18000\n")
    return prepare(spec, surroundings(Home(folder / "home")), lambda _what, _share: None)


def test_top_ups_that_nobody_here_would_run_are_refused_before_anything_is_signed(
    desk: Any, of_two_rounds: Prepared
) -> None:
    job = keep(desk.opened, of_two_rounds, lambda _what, _share: None).job
    with pytest.raises(InputRejected) as caught:
        offer(desk.opened, job, "aer", "25")
    (finding,) = caught.value.findings
    assert finding.path == "settlement.max_rounds"
    assert "max_rounds: 1" in finding.remedy


def test_the_plan_says_what_the_rounds_cost_and_leave_open(of_two_rounds: Prepared) -> None:
    plan = of_two_rounds.plan
    said = plan_json(plan)
    assert (said["rounds"], said["shots_at_most"]) == (2, 2 * plan.shots)
    assert of_two_rounds.spec.validation.rounds is not None
    words = plan_words(plan, policy_of(of_two_rounds.spec, of_two_rounds.facts.bits))
    assert any(f"{2 * plan.shots:,} shots are the most" in line for line in words)


def test_a_plan_of_one_round_says_nothing_of_rounds(prepared: Prepared) -> None:
    assert "rounds" not in plan_json(prepared.plan)
