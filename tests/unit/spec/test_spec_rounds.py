"""Rounds in a spec: what they spend, what is filled in, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from oracle.encoding import Finding
from oracle.spec import (
    JobSpec,
    PromotionPolicy,
    canonical_spec,
    normalise,
    parse_canonical_spec,
    policy_of,
    rounds_of,
)

Load = Callable[[str], JobSpec]
FindingsIn = Callable[[str], dict[str, Finding]]
ARBITER = 'arbiter: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"'


def several(article: str, rounds: int, *, named: str = "", window_s: int = 3600, verdict_s: int = 86_400) -> str:
    """The seed's spec with `rounds` rounds, and `named` as validation.rounds."""
    text = article.replace(
        "settlement:\n",
        f"settlement:\n  max_rounds: {rounds}\n  challenge_window_s: {window_s}\n"
        + (f"  {ARBITER}\n  ruling_window_s: 86400\n" if window_s else ""),
    )
    text += f"timeouts:\n  verdict_s: {verdict_s}\n"
    return text.replace("validation:\n", f"validation:\n  rounds: {named}\n") if named else text


def normal(load: Load, text: str) -> JobSpec:
    return normalise(load(text), operator_policy=PromotionPolicy(), bits=5)


def test_one_round_writes_nothing_into_a_spec_and_spends_everything(load: Load, article: str) -> None:
    spec = normal(load, article)
    assert spec.validation.rounds is None
    assert b'"rounds"' not in canonical_spec(spec)
    (only,) = rounds_of(spec, 5)
    assert (only.policy, only.shots) == (policy_of(spec, 5), 4000)


@pytest.mark.parametrize("rounds", [2, 3, 7, 8])
def test_rounds_that_are_left_out_split_the_rates_equally_and_are_written_in(
    load: Load, article: str, rounds: int
) -> None:
    spec = normal(load, several(article, rounds))
    assert spec.validation.rounds is not None
    judged = rounds_of(spec, 5)
    assert len(judged) == len(spec.validation.rounds) == rounds
    assert {each.shots for each in judged} == {4000}
    assert {each.policy.alpha for each in judged} == {Fraction(1, 100 * rounds)}
    assert sum(each.policy.alpha for each in judged) == sum(each.policy.beta for each in judged) == Fraction(1, 100)
    drafted = rounds_of(load(several(article, rounds)), 5)
    assert [(each.policy.alpha, each.shots) for each in drafted] == [(each.policy.alpha, each.shots) for each in judged]
    assert parse_canonical_spec(canonical_spec(spec)) == spec
    assert normalise(spec, operator_policy=PromotionPolicy(), bits=5) == spec


def test_a_declared_split_is_taken_as_it_stands(load: Load, article: str) -> None:
    spec = normal(load, several(article, 2, named="[{alpha: 0.004}, {shots: 9000, alpha: 0.006}]"))
    first, second = rounds_of(spec, 5)
    assert (first.policy.alpha, first.policy.beta, first.shots) == (Fraction(1, 250), Fraction(1, 200), 4000)
    assert (second.policy.alpha, second.policy.beta, second.shots) == (Fraction(3, 500), Fraction(1, 200), 9000)
    assert first.policy.eps == second.policy.eps == Fraction(1, 4)


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"named": "[{alpha: 0.005}, {alpha: 0.0051}]"}, "validation.rounds", "spend 101/10000 of alpha"),
        ({"named": "[{beta: 0.009}, {beta: 0.0011}]"}, "validation.rounds", "spend 101/10000 of beta"),
        ({"named": "[{alpha: 0.005}, {shots: 5}]"}, "validation.rounds", "named in 1 of 2"),
        ({"named": "[{}, {}, {}]"}, "validation.rounds", "3 rounds are listed, and max_rounds is 2"),
        ({"named": "[]"}, "validation.rounds", "0 rounds are listed"),
        ({"named": "[{shots: 3999}, {}]"}, "validation.rounds[0].shots", "quantum.shots is 4000"),
        ({"named": "[{}, {shots: 0}]"}, "validation.rounds[1].shots", "outside 1 to"),
        ({"window_s": 0}, "settlement.challenge_window_s", "inside the challenge window"),
        ({"verdict_s": 17_999}, "timeouts.verdict_s", "18000 seconds"),
    ],
)
def test_rounds_that_spend_too_much_or_cannot_be_run_are_told(
    findings_in: FindingsIn, article: str, changes: dict[str, object], path: str, words: str
) -> None:
    found = findings_in(several(article, 2, **changes))  # type: ignore[arg-type]
    assert list(found) == [path]
    assert words in found[path].reason
    assert found[path].remedy
    assert "key: value" not in found[path].remedy
    if "named" in changes:
        assert found[path].line == 16, "the line of the rounds"


def test_the_edge_of_what_may_be_spent_is_inside(findings_in: FindingsIn, article: str) -> None:
    assert findings_in(several(article, 2, named="[{alpha: 0.0099}, {alpha: 0.0001}]", verdict_s=18_000)) == {}


def test_rounds_need_a_spec_of_several(findings_in: FindingsIn, article: str) -> None:
    found = findings_in(article.replace("validation:\n", "validation:\n  rounds: [{}, {}]\n"))
    assert list(found) == ["validation.rounds"]
    assert findings_in(several(article, 9))["settlement.max_rounds"].reason == "9 is outside 1 to 8"
