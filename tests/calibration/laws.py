"""Circuits and laws at random: what a search chooses from.

Targets are laws in whose direction one leaves the baseline; how far is the boundary's affair.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.trials import Law
from oracle.statistics import Baseline
from oracle.statistics.baseline import TOTAL

GOLDEN = Path(__file__).parents[1] / "golden" / "verdict_documents.json"
RING5 = Baseline.from_bytes(json.loads(GOLDEN.read_text())["baselines"]["ring5"].encode())
"""QAOA of depth 2 for a weighted maximum cut of a ring of five."""


@dataclass(frozen=True, eq=False)
class Named:
    """A law or a baseline, with what it is called in a table."""

    name: str
    law: Law


def probabilities(baseline: Baseline) -> Law:
    return baseline.weights / TOTAL


def ghz(bits: int) -> Baseline:
    """Half on all zeros, half on all ones."""
    weights = np.zeros(1 << bits, dtype=np.int64)
    weights[[0, -1]] = TOTAL // 2
    return Baseline(bits, weights)


def dense(bits: int, which: int = 0) -> Baseline:
    """Porter-Thomas outputs, as random circuits have; `which` of them."""
    return Baseline.from_probabilities(np.random.default_rng((bits, which)).dirichlet(np.ones(1 << bits)))


def sharpest(law: Law, bias: float) -> Law:
    """The sharpest law that noise makes of `law` if it spreads uniform noise as far as bits do that are read as one
    value that much more often than as the other: the k most likely outcomes get all that as many rates can carry."""
    rates = np.ones(1)
    while rates.size < law.size:
        rates = np.concatenate((rates * (1 + bias), rates * (1 - bias)))
    carried = np.cumsum(np.sort(rates)[::-1])
    held = np.concatenate(([0], np.cumsum(np.sort(law)[::-1])))
    return np.maximum(np.diff(np.interp(carried, np.arange(held.size), held), prepend=0), 0)


def circuit(rng: np.random.Generator, widest: int) -> Named:
    """The outputs of some circuit of up to `widest` bits: named ones, coins, and random ones, peaked to flat."""
    bits = int(rng.integers(1, widest + 1))
    kind = int(rng.integers(0, 6))
    if kind == 0 and widest >= RING5.bits:
        return Named("ring of five", probabilities(RING5))
    if kind == 1:
        return Named(f"GHZ, {bits} bits", probabilities(ghz(bits)))
    if kind == 2:
        heads = float(rng.random())
        return Named("coin", np.array([heads, 1 - heads]))
    if kind == 3:
        return Named(f"Porter-Thomas, {bits} bits", rng.dirichlet(np.ones(1 << bits)))
    return Named(f"random, {bits} bits", dirichlet(rng, 1 << bits))


def dirichlet(rng: np.random.Generator, outcomes: int) -> Law:
    """A law at random, from nearly one outcome to nearly uniform."""
    law = rng.gamma(10 ** rng.uniform(-1.5, 1.5), size=outcomes) + 1e-12
    return law / law.sum()


def _uniform(p: Law, _rng: np.random.Generator) -> Law:
    return np.full(p.size, 1 / p.size)


def _one_outcome(p: Law, rng: np.random.Generator) -> Law:
    """All on one: the least likely, the most likely, or any."""
    chosen = (int(p.argmin()), int(p.argmax()), int(rng.integers(0, p.size)))[int(rng.integers(0, 3))]
    return np.eye(p.size)[chosen]


def _random(p: Law, rng: np.random.Generator) -> Law:
    return dirichlet(rng, p.size)


def _part(p: Law, rng: np.random.Generator) -> Law:
    """The baseline on some outcomes alone: everything in it grows alike, everything else shrinks alike."""
    inside = rng.random(p.size) < rng.random()
    law = np.where(inside, p, 0)
    return law / law.sum() if law.sum() else _one_outcome(p, rng)


def _permuted(p: Law, rng: np.random.Generator) -> Law:
    return rng.permutation(p)


def _two_points(p: Law, _rng: np.random.Generator) -> Law:
    """All that the most likely outcome has goes to the least likely one."""
    law, high, low = p.copy(), int(p.argmax()), int(p.argmin())
    law[[high, low]] = (0, p[high] + p[low]) if high != low else p[high]
    return law


def _better(p: Law, rng: np.random.Generator) -> Law:
    """What some of the least likely outcomes have goes to the most likely one: every score up to them is rarer."""
    law, order = p.copy(), np.argsort(p)
    lost = order[: int(rng.integers(0, p.size))]
    law[order[-1]] += law[lost].sum()
    law[lost] = 0
    return law


def _lightest(p: Law, rng: np.random.Generator) -> Law:
    """Alike over some of the least likely outcomes."""
    last = int(rng.integers(1, p.size + 1))
    law = np.zeros(p.size)
    law[np.argsort(p)[:last]] = 1 / last
    return law


FAMILIES: dict[str, Callable[[Law, np.random.Generator], Law]] = {
    "uniform": _uniform,
    "one outcome": _one_outcome,
    "a random law": _random,
    "a part of the outcomes": _part,
    "other outcomes": _permuted,
    "from the most to the least likely": _two_points,
    "the most likely one, from the least likely ones": _better,
    "the least likely ones": _lightest,
}
"""Directions in which to leave a baseline."""


def target(p: Law, rng: np.random.Generator) -> Named:
    """A law at random, of a family at random."""
    name = list(FAMILIES)[int(rng.integers(0, len(FAMILIES)))]
    return Named(name, FAMILIES[name](p, rng))


def perturbed(law: Law, rng: np.random.Generator) -> Law:
    """`law` with its probabilities a little, or a lot, larger or smaller."""
    near = law * np.exp(rng.normal(0, 10 ** rng.uniform(-2, 0.3), law.size))
    return near / near.sum()


def shots(rng: np.random.Generator, most: int) -> int:
    """A number of shots, from a few to `most`, as often in one octave as in another."""
    return int(np.exp(rng.uniform(np.log(16), np.log(most + 1))))


def on_the_way(p: Law, towards: Law, distance: Callable[[Law], float], level: float) -> Law | None:
    """The law on the segment from `p` to `towards` at which `distance`, which is convex and at most `level` at `p`,
    reaches `level`; None if it stays below."""
    if distance(towards) < level:
        return None
    low, high = 0.0, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        if distance(p + middle * (towards - p)) < level:
            low = middle
        else:
            high = middle
    return p + high * (towards - p)
