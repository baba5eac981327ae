"""The boundaries of the methods on observables: a mean that lies just so far off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from calibration.laws import on_the_way, probabilities
from calibration.trials import Integers, Law
from oracle.spec import ValidationPolicy
from oracle.statistics import BEST_VALUE, EXPECTATION, Baseline, Certificate, certifier, check_policy
from oracle.statistics.observables.diagonal import Diagonal, table
from oracle.statistics.rules import ExpectationRule, ObjectiveRule

DELTA = Fraction(1, 4)

Prepare = Callable[[Baseline, int], Callable[[Integers, Integers], Certificate]]
Onto = Callable[[Baseline, Law], Law | None]


def terms(bits: int) -> dict[str, str]:
    """An observable of that width: two single bits and the parity of all."""
    return {"Z" + "I" * (bits - 1): "1", "I" * (bits - 1) + "Z": "1/2", "Z" * bits: "1/3"} if bits > 1 else {"Z": "1"}


def values(bits: int) -> Law:
    """float64[2**bits]: its value at each outcome."""
    observable = Diagonal.of(_rule(bits, "mixed").terms)
    return table(observable) / observable.denominator


def _rule(bits: int, bound: Literal["mixed", "parities"]) -> ExpectationRule:
    return ExpectationRule.from_json(
        {"bound": bound, "delta": str(DELTA), "honest_delta": str(DELTA), "terms": terms(bits)}
    )


def preparing_expectation(rules: ValidationPolicy, bound: Literal["mixed", "parities"]) -> Prepare:
    def prepare(baseline: Baseline, shots: int) -> Callable[[Integers, Integers], Certificate]:
        own = replace(rules, certificates=(EXPECTATION,), observable=_rule(baseline.bits, bound))
        check_policy(own, shots)
        return certifier(EXPECTATION, own, baseline, shots).certify

    return prepare


def preparing_best_value(rules: ValidationPolicy) -> Prepare:
    """The target is the least value there is, which nearly every run reaches that reaches anything."""

    def prepare(baseline: Baseline, shots: int) -> Callable[[Integers, Integers], Certificate]:
        least = min(values(baseline.bits))
        target = Fraction(least).limit_denominator(6)
        rule = {"convergence": False, "direction": "minimise", "target": str(target), "terms": terms(baseline.bits)}
        own = replace(rules, certificates=(BEST_VALUE,), objective=ObjectiveRule.from_json(rule))
        check_policy(own, shots)
        return certifier(BEST_VALUE, own, baseline, shots).certify

    return prepare


def mean_off_by(delta: Fraction) -> Onto:
    """Laws whose mean lies `delta` from the baseline's, on either side."""

    def onto(baseline: Baseline, towards: Law) -> Law | None:
        p, each = probabilities(baseline), values(baseline.bits)
        return on_the_way(p, towards, lambda law: abs(float((law - p) @ each)), float(delta))

    return onto


def reaching(bits: int) -> npt.NDArray[np.bool_]:
    """bool[2**bits]: the outcomes at the target."""
    each = values(bits)
    return each <= each.min() + 1e-9


def honest_mean(fidelity: Fraction) -> Onto:
    """As `mean_of_fidelity`, of laws that reach the least value as often as such a worker, as honest ones do."""
    of_mean = mean_of_fidelity(fidelity)

    def onto(baseline: Baseline, towards: Law) -> Law | None:
        law, good = of_mean(baseline, towards), reaching(baseline.bits)
        share = float(fidelity) * float(probabilities(baseline)[good].sum()) + float(1 - fidelity) * float(good.mean())
        return law if law is not None and float(law[good].sum()) >= share - 1e-9 else None

    return onto


def mean_of_fidelity(fidelity: Fraction) -> Onto:
    """Laws whose mean is that of a worker who mixes the circuit with noise at `fidelity`."""

    def onto(baseline: Baseline, towards: Law) -> Law | None:
        p, each = probabilities(baseline), values(baseline.bits)
        step = float(p @ each) - float(np.mean(each))
        if step >= 0:
            return None
        return on_the_way(p, towards, lambda law: float((law - p) @ each), float(1 - fidelity) * -step)

    return onto
