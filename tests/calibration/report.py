"""The measured figures as a page with tables, and as a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from math import log10
from typing import Any

import numpy as np

from calibration.limits import Passed
from calibration.measure import MARGIN, Measured, title
from calibration.spaces import SPACES
from calibration.tails import TailsChecked
from calibration.workers import HONEST_NAME, WEAK_NAME, Judged, holds

PLOT = "calibration.svg"


Figure = Measured | Judged | Passed | TailsChecked


@dataclass(frozen=True)
class Calibration:
    """What was measured with one seed and number of runs."""

    seed: int
    runs: int
    verdicts: int
    figures: Mapping[str, Figure]
    """By the title of what was measured, in the order of the page."""

    @property
    def rates(self) -> list[Measured]:
        return [each for each in self.figures.values() if isinstance(each, Measured)]

    @property
    def workers(self) -> list[Judged]:
        return [each for each in self.figures.values() if isinstance(each, Judged)]

    @property
    def attackers(self) -> list[Judged]:
        return [each for each in self.workers if each.worker not in (HONEST_NAME, WEAK_NAME)]

    @property
    def limits(self) -> list[Passed]:
        return [each for each in self.figures.values() if isinstance(each, Passed)]

    @property
    def tails(self) -> TailsChecked:
        found = [each for each in self.figures.values() if isinstance(each, TailsChecked)]
        return found[0] if found else TailsChecked(0, 0)

    @property
    def holds(self) -> bool:
        """Whether every stated rate holds, no attacker is paid that is said not to be, and no tail is wrong."""
        rates = all(each.holds for each in (*self.rates, *self.limits))
        return rates and all(map(holds, self.attackers)) and not self.tails.violations

    def to_json(self) -> dict[str, object]:
        """The figures; limits and marks follow from them."""
        figures = {name: {"kind": type(each).__name__, **asdict(each)} for name, each in self.figures.items()}
        return {"seed": self.seed, "runs": self.runs, "verdicts": self.verdicts, "figures": figures}

    @classmethod
    def from_json(cls, kept: Any) -> Calibration:
        kinds = {kind.__name__: kind for kind in (Measured, Judged, Passed, TailsChecked)}
        figures = {}
        for name, members in kept["figures"].items():
            values = dict(members)
            figures[name] = kinds[values.pop("kind")](**values)
        return cls(kept["seed"], kept["runs"], kept["verdicts"], figures)


def percent(rate: float) -> str:
    """Three digits of a rate."""
    return f"{100 * rate:.3g}%"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rates_table(rates: Sequence[Measured]) -> str:
    return _table(
        ("method", "error", "boundary", "worst found", "shots", "errors / runs", "rate", "limit", "stated", "holds"),
        [
            (
                f"`{each.method}`",
                each.error,
                each.boundary,
                each.worst,
                f"{each.shots:,}",
                f"{each.errors:,} / {each.runs:,}",
                percent(each.rate),
                percent(each.limit),
                percent(each.stated),
                _yes(each.holds),
            )
            for each in rates
        ],
    )


def _yes(held: bool) -> str:
    return "yes" if held else "**no**"


def attackers_table(rows: Sequence[Judged]) -> str:
    return _table(
        ("attacker", "bits", "accepted / runs", "accepted, limit", "rejected", "holds"),
        [
            (
                each.worker,
                str(each.bits),
                f"{each.accepted:,} / {each.runs:,}",
                percent(each.accepted_at_most),
                f"{each.rejected:,}",
                _yes(holds(each)),
            )
            for each in rows
        ],
    )


def workers_table(rows: Sequence[Judged]) -> str:
    honest = {each.bits: each for each in rows if each.worker == HONEST_NAME}
    weak = {each.bits: each for each in rows if each.worker == WEAK_NAME}
    return _table(
        ("bits", f"{HONEST_NAME}: accepted", "limit", "worst circuit", f"{WEAK_NAME}: rejected", "limit", "hold"),
        [
            (
                str(bits),
                f"{honest[bits].accepted:,} / {honest[bits].runs:,}",
                percent(honest[bits].accepted_at_least),
                percent(honest[bits].forecast),
                f"{weak[bits].rejected:,} / {weak[bits].runs:,}",
                percent(weak[bits].rejected_at_least),
                _yes(holds(honest[bits]) and holds(weak[bits])),
            )
            for bits in sorted(honest)
            if bits in weak
        ],
    )


def limits_table(rows: Sequence[Passed]) -> str:
    return _table(
        ("attacker", "circuit", "paid without the guard", "paid", "runs", "what stands against it"),
        [
            (
                each.attacker,
                each.circuit,
                percent(each.unguarded / each.runs),
                percent(each.accepted / each.runs),
                f"{each.runs:,}",
                each.against,
            )
            for each in rows
        ],
    )


def page(found: Calibration) -> str:
    """The whole page, Markdown."""
    waiting = [title(space) for space in SPACES if title(space) not in found.figures]
    not_yet = ""
    if waiting:
        resumed = f"make calibrate CALIBRATE_ARGS='--seed {found.seed} --runs {found.runs} --write --resume'"
        names = "\n".join(f"- {name}" for name in waiting)
        not_yet = f"\nNot measured at this size yet (`{resumed}` does):\n\n{names}\n"
    command = f"make calibrate CALIBRATE_ARGS='--seed {found.seed} --runs {found.runs} --write'"
    return f"""# Calibration

Measured by `{command}`, which writes this page:
seed {found.seed}, {found.runs:,} runs for each boundary, {found.verdicts:,} verdicts for each attacker. Limits are
one-sided, 99%, exact (Clopper and Pearson 1934). The same seed and NumPy give the same figures.

## Error rates at the worst boundaries

Each method stands where it may err most: exactly on its accept bound (a false accept) or on its honest bound (a false
reject). Which circuit, which law on that boundary and how many shots is searched for, up to 4,000 shots
(`tests/calibration/search.py`): the laws are drawn at random from families that concentrate or spread the deviation,
ranked by the standard deviations between the statistic and the decision, and the best are mixed and perturbed; what is
found is measured on fresh results. Every decision is the engine's own `certify` or `inspect`. A rate holds if its limit
is at most {MARGIN} times the stated rate.

{rates_table(found.rates)}
{not_yet}
![Measured error rates]({PLOT})

The counting methods spend the whole of their rate: their tests are exact, but for the steps of the counts. The distance
is certified by an inequality that holds for every law, and the worst law found shows how much it gives away. The two
guards on counts are proved for every law at the price of a factor of 3 (sqrt(N) + 1), which shows here as silence.
`best_value.exact/1` also rejects a run without a single shot that reaches the target, once an honest run is one at most
half of beta often; that has a boundary of its own, with just so many shots.

## Attackers

4,000 shots each, ten dense circuits (Porter-Thomas outputs) of each width, judged whole: the rates, distance and
guards of a spec that names none, a fidelity above 4/5, and the distance up to 6 bits. An attacker holds if its limit is
at most alpha, 1%.

{attackers_table(found.attackers)}

What lies within the tolerances is accepted, whoever made it: eps of distance, 1/4 where nothing else is said, the
fidelity f_min, and the 1/20 by which `score_cdf/1` lets scores be too good. On a dense circuit of five bits the heavy
outcomes alone lie about 0.15 from its law, well within eps: `score_cdf/1` rejects them, which stands by default beside
every witness, and so does `collisions.distinct/1`, for half of the outcomes are never seen. A spec that names its
guards without both pays them; name one, or a smaller eps.

## What the shots do not tell

Workers at the bound F = f_min or beyond it, at the defaults of a spec (f_min 7/10, alpha 1%) and 4,000 shots, judged
on the same shots without and with `collisions.distinct/1`. Alpha holds for shots that are drawn independently, all of
which are delivered: whoever multiplies, selects or computes them is no such worker, and is found out where the table
says so.

{limits_table(found.limits)}

On narrow or peaked circuits the counts of a shorter run are a law that an honest device may have, and shots drawn
from them are independent: no test that lets honest devices pass can tell. They are accepted as often as the shorter run
had the luck to show what acceptance needs. An `f_min` higher by 1/20 takes a stretch by four back to about alpha: see
F = 0.65.

## Honest and weak workers

The same circuits (two of each width beyond 12 bits), with the guards of a spec that names none: F = 0.9 is to be
accepted at least 99% of the time, F = 0.7 rejected at least 98%. «Worst circuit» is the least, over the circuits, of
the exact probability that the witness accepts F = 0.9, which is what the planner says of it. These are powers, not
error rates: certificates and guards share beta, so that each rejects later than it would alone, and narrow circuits
have a few outcomes only, some of them flat.

{workers_table(found.workers)}

## Tails

The engine's binomial tails, comparisons and critical values against sums of exact integers, on
{found.tails.cases:,} random cases (n up to 128, exact ties among the levels): {found.tails.violations:,} violations.
"""


_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 760, 300, 24, 26, 34


def plot(rates: Sequence[Measured]) -> str:
    """SVG: for each boundary the measured rate with its upper limit, on a logarithmic scale, and the stated rate."""
    # A rate of no errors has no logarithm; its limit has.
    least = min(-5.0, *(log10(each.rate if each.errors else each.limit) for each in rates)) - 0.1
    most = -1.5

    def x(rate: float) -> float:
        return _LEFT + (log10(rate) - least) / (most - least) * (_WIDTH - _LEFT - _RIGHT)

    height = _TOP + _ROW * len(rates) + 30
    bottom = height - 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        'font-size="12" role="img">',
        "<title>Measured error rates at the worst boundaries, with 99% upper limits</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for power in np.arange(np.ceil(least), np.floor(most) + 1):
        at = x(10.0**power)
        parts.append(f'<line x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{bottom}" stroke="#e2e2e2"/>')
        parts.append(
            f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555">{100 * 10.0**power:g}%</text>'
        )
    parts.append('<text x="12" y="20" font-weight="bold">error rate: dot, with its 99% upper limit</text>')
    for row, each in enumerate(rates):
        y = _TOP + _ROW * (row + 0.5)
        colour = "#1b6e53" if each.holds else "#b3261e"
        stated, limit = x(each.stated), x(each.limit)
        start = x(each.rate) if each.errors else float(_LEFT)
        name = escape(f"{each.method}, {each.error}")
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{name}</text>')
        parts.append(
            f'<line x1="{stated:.1f}" y1="{y - 10:.1f}" x2="{stated:.1f}" y2="{y + 10:.1f}" '
            'stroke="#222" stroke-dasharray="3 2"/>'
        )
        parts.append(
            f'<line x1="{start:.1f}" y1="{y:.1f}" x2="{limit:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(
            f'<line x1="{limit:.1f}" y1="{y - 5:.1f}" x2="{limit:.1f}" y2="{y + 5:.1f}" stroke="{colour}" '
            'stroke-width="2"/>'
        )
        if each.errors:
            parts.append(f'<circle cx="{start:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
    parts.append(
        f'<text x="{x(float(rates[0].stated)) - 6:.1f}" y="{_TOP - 4}" text-anchor="end" fill="#222">stated ┆</text>'
        if rates
        else ""
    )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
