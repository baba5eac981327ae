"""Who is accepted and who is caught, as often as the plan says."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, comb

import numpy as np
import pytest

from oracle.canaries import Assignment, ResultsRejected, canaries_needed, judge_canaries, missed
from oracle.statistics import Decision
from oracle.terms import Outcome

Make = Callable[..., Assignment]
RUNS = 800


def results(
    made: Assignment, rng: np.random.Generator, *, cheated: set[int] = frozenset(), honest: float, cheat: float = 0.0
) -> list[dict[str, int]]:
    """Counts of a worker whose circuits survive with `honest` a shot, and with `cheat` those that it cheats on."""
    expected = {each.index: each.expected for each in made.canaries}
    found = []
    for place in range(len(made.circuits)):
        outcome = expected.get(place, "01010101")
        wrong = outcome.translate(str.maketrans("01", "10"))
        survived = int(rng.binomial(made.shots, cheat if place in cheated else honest))
        found.append({outcome: survived, wrong: made.shots - survived})
    return found


def outcomes(made: Assignment, share: float, *, honest: float, cheat: float = 0.0, seed: int = 7) -> dict[Outcome, int]:
    rng = np.random.default_rng(seed)
    batch = len(made.circuits)
    seen = dict.fromkeys(Outcome, 0)
    for _ in range(RUNS):
        cheated = set(rng.permutation(batch)[: ceil(Fraction(str(share)) * batch)].tolist())
        seen[judge_canaries(made, results(made, rng, cheated=cheated, honest=honest, cheat=cheat)).outcome] += 1
    return seen


def within(count: int, chance: float) -> bool:
    """Whether `count` of RUNS lies within four standard deviations of `chance`."""
    return abs(count / RUNS - chance) <= 4 * (chance * (1 - chance) / RUNS) ** 0.5 + 1e-9


def test_a_worker_that_fakes_a_share_is_caught_as_often_as_was_planned(assignment: Make) -> None:
    # A tenth at alpha, so that there is something to count. What is faked never survives: only the draw of the places
    # decides, and the plan adds what slips through.
    needed = canaries_needed(assignment(alpha=Fraction(1, 10)).policy, 20)
    assert needed is not None
    made = assignment(targets=20, canaries=needed, alpha=Fraction(1, 10))
    cheated = ceil((20 + needed) / 5)
    planned = comb(20, cheated) / comb(20 + needed, cheated)
    accepted = outcomes(made, 0.2, honest=0.9)[Outcome.ACCEPT]
    assert within(accepted, planned)
    assert accepted > 0
    assert planned <= missed(made.policy, 20, needed) <= made.policy.alpha


def test_a_worker_that_cheats_by_as_little_as_counts_is_accepted_at_most_alpha_often(assignment: Make) -> None:
    made = assignment(alpha=Fraction(1, 10), cheating_share=Fraction(1, 4), targets=20, canaries=9)
    bound = float(missed(made.policy, 20, 9))
    assert bound <= 0.1
    accepted = outcomes(made, 0.25, honest=0.9, cheat=0.5)[Outcome.ACCEPT]
    assert accepted / RUNS <= bound + 4 * (bound / RUNS) ** 0.5


def test_an_honest_worker_passes_and_one_at_the_floor_is_not_rejected(assignment: Make) -> None:
    made = assignment()
    assert outcomes(made, 0.0, honest=0.75)[Outcome.ACCEPT] == RUNS
    at_floor = outcomes(made, 0.0, honest=0.5)
    assert at_floor[Outcome.REJECT] / RUNS <= 0.01 + 4 * (0.01 / RUNS) ** 0.5
    assert at_floor[Outcome.ACCEPT] == 0


def test_too_few_canaries_accept_nobody(assignment: Make) -> None:
    made = assignment(canaries=3)
    verdict = judge_canaries(made, results(made, np.random.default_rng(1), honest=1.0))
    assert (verdict.outcome, verdict.reason_codes) == (Outcome.INCONCLUSIVE, ("too_few_canaries",))
    assert {each.decision for each in verdict.survivals} == {Decision.ACCEPT}


def test_a_circuit_short_of_its_shots_rejects_target_or_canary(assignment: Make) -> None:
    made = assignment()
    canaries = {each.index for each in made.canaries}
    for place in (min(canaries), min(set(range(36)) - canaries)):
        found = results(made, np.random.default_rng(1), honest=1.0)
        found[place] = {"00000000": 199}
        verdict = judge_canaries(made, found)
        assert (verdict.outcome, verdict.reason_codes) == (Outcome.REJECT, (f"wrong_shot_count:{place}",))


def test_the_document_is_the_same_bytes_whatever_the_order_of_the_counts(assignment: Make) -> None:
    made = assignment()
    found = results(made, np.random.default_rng(3), honest=0.8)
    turned = [dict(reversed(list(counts.items()))) for counts in found]
    first, second = judge_canaries(made, found), judge_canaries(made, turned)
    assert first.to_bytes() == second.to_bytes()
    assert first.digest == second.digest
    found[0]["11110000"] = found[0].pop(next(iter(found[0])))
    assert judge_canaries(made, found).digest != first.digest


@pytest.mark.parametrize(
    "counts",
    [{"0101": 200}, {"0101010x": 200}, {"01010101": -1}, {"01010101": True}, {"01010101": 1.5}, {"01010101": "200"}],
)
def test_counts_that_are_none_are_the_callers_fault_and_no_verdict(assignment: Make, counts: dict[str, int]) -> None:
    made = assignment()
    found = results(made, np.random.default_rng(1), honest=1.0)
    found[4] = counts
    with pytest.raises(ResultsRejected, match="result 4"):
        judge_canaries(made, found)
    with pytest.raises(ResultsRejected, match="35 results"):
        judge_canaries(made, found[:-1])
