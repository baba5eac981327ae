"""The validation policy for a width, and the promotion policy that only tightens."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from oracle.encoding import InputRejected
from oracle.spec import JobSpec, PromotionPolicy, policy_of

Load = Callable[[str], JobSpec]
BINOMIAL, TVD, WITNESS = "binomial.exact/1", "tvd.certified/1", "witness.levelset/1"


@pytest.mark.parametrize(
    ("named", "bits", "certificates"),
    [
        (None, 1, (TVD, WITNESS)),
        (None, 6, (TVD, WITNESS)),
        (f"[{TVD}]", 6, (TVD,)),
        (f"[{WITNESS}, {TVD}]", 6, (TVD, WITNESS)),
        (f"[{WITNESS}]", 7, (WITNESS,)),
        (f"[{WITNESS}, {TVD}]", 8, (TVD, WITNESS)),
        (f"[{BINOMIAL}]", 7, (BINOMIAL,)),
        (f"[{BINOMIAL}, {TVD}]", 3, (BINOMIAL, TVD)),
        # Whether the distance works there is for the planner to say: it does with enough shots.
        (f"[{TVD}]", 12, (TVD,)),
    ],
)
def test_the_certificates_for_a_width(
    load: Load, article: str, named: str | None, bits: int, certificates: tuple[str, ...]
) -> None:
    added = "" if named is None else f"  certificates: {named}\n"
    spec = load(article.replace("validation:\n", "validation:\n" + added))
    assert policy_of(spec, bits).certificates == certificates


@pytest.mark.parametrize(
    ("named", "bits"), [(None, 7), (f"[{BINOMIAL}]", 6), (f"[{WITNESS}]", 6), (f"[{WITNESS}]", 2), (f"[{TVD}]", 25)]
)
def test_a_width_the_certificates_do_not_fit_is_refused(load: Load, article: str, named: str | None, bits: int) -> None:
    added = "" if named is None else f"  certificates: {named}\n"
    spec = load(article.replace("validation:\n", "validation:\n" + added))
    with pytest.raises(InputRejected) as caught:
        policy_of(spec, bits)
    assert [finding.path for finding in caught.value.findings] == ["validation.certificates"]


def test_the_thresholds_are_the_specs(load: Load, article: str) -> None:
    text = article.replace(
        "validation:\n",
        "validation:\n  alpha: 0.001\n  beta: 1/50\n  eps: 0.2\n  honest_eps: 3/10\n  f_min: 0.8\n  honest_f: 0.75\n",
    )
    policy = policy_of(load(text), 4)
    assert (policy.alpha, policy.beta) == (Fraction(1, 1000), Fraction(1, 50))
    assert (policy.eps, policy.honest_eps) == (Fraction(1, 5), Fraction(3, 10))
    assert (policy.f_min, policy.honest_f) == (Fraction(4, 5), Fraction(3, 4))


def test_approvals_keep_one_form() -> None:
    policy = PromotionPolicy(
        require_manual_approval_for=("unknown_requester", "budget_over_90", "budget_over_20", "unknown_requester")
    )
    assert policy.require_manual_approval_for == ("budget_over_20", "unknown_requester")
    assert policy.approval_above_usd == 20
    assert PromotionPolicy(require_manual_approval_for=()).approval_above_usd is None


def test_approvals_of_both_sides_are_needed() -> None:
    operator = PromotionPolicy(require_manual_approval_for=("budget_over_50",))
    spec = PromotionPolicy(require_manual_approval_for=("new_circuit_family", "budget_over_10"))
    assert operator.tightened_by(spec).require_manual_approval_for == ("new_circuit_family", "budget_over_10")
