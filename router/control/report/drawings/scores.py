"""How the score 2^n p(x) is distributed: an ideal worker's, one at chance, and the result's with its band.

The level set of a witness is a threshold on this score, so what it counted can be read off the curve there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from router.control.report.drawings.drawing import NARROW_WIDTH, Drawing, markup
from router.control.report.svg import LETTER, Key, Mark, Panel, element, legend, line, steps, steps_between, text
from router.control.report.view import EvidenceView, ScoresView, WitnessView

_LEFT, _RIGHT = 44.0, 14.0
_PLOT = 210.0
_KEYS = (
    Key("result", "curve result-curve", Mark.LINE),
    Key("its band", "curve-band"),
    Key("ideal", "curve ideal-curve", Mark.LINE),
    Key("uniform", "curve uniform-curve", Mark.LINE),
)


def scores_panel(view: ScoresView, *, width: float = 960) -> Panel:
    """The three curves over the score, `width` user units wide."""
    parts, head = legend([*_KEYS, *_witness_keys(view.witness)], _LEFT, width - _RIGHT)
    frame = _Frame(view, width, head + 12)
    parts += _grid(frame)
    upper = [min(1.0, share + view.radius) for share in view.result]
    lower = [max(0.0, share - view.radius) for share in view.result]
    parts.append(steps_between(frame.curve(upper), frame.curve(lower), "curve-band"))
    for curve, css in ((view.uniform, "uniform-curve"), (view.ideal, "ideal-curve"), (view.result, "result-curve")):
        parts.append(steps(frame.curve(curve), f"curve {css}"))
    if view.witness is not None:
        parts.extend(_witness(view.witness, frame))
    return Panel(width, frame.floor + 40, "Distribution of scores", describe_scores(view), tuple(parts), "scores")


def describe_scores(view: ScoresView) -> str:
    """The picture in words: what lies at or below one score, and what the witness made of it."""
    if view.witness is None:
        middle = next(i for i, share in enumerate(view.ideal) if share >= 0.5)
        shares = f"ideal {view.ideal[middle]:.1%}, result {view.result[middle]:.1%}, uniform {view.uniform[middle]:.1%}"
        return f"Shots that score at most {view.scores[middle]:.3g}: {shares}. The band is ±{view.radius:.1%}."
    witness = view.witness
    place = next((i for i, score in enumerate(view.scores) if score > witness.threshold), len(view.scores)) - 1
    ideal, uniform = (curve[place] if place >= 0 else 0.0 for curve in (view.ideal, view.uniform))
    told = (
        f"Shots that score at most {witness.threshold:.3g}: ideal {ideal:.1%}, result {1 - witness.share:.1%},"
        f" uniform {uniform:.1%}."
    )
    if witness.accept_from is not None and witness.share >= witness.accept_from:
        return f"{told} At most {1 - witness.accept_from:.1%} was asked: this certificate accepts."
    if witness.reject_to is not None and witness.share <= witness.reject_to:
        return f"{told} An honest worker shows less than {1 - witness.reject_to:.1%}: this certificate rejects."
    return f"{told} This certificate decides nothing."


class _Frame:
    """Scores to x, by log(1 + score), so that 0, 1 and 2^n all have a place; shares to y."""

    def __init__(self, view: ScoresView, width: float, ceiling: float) -> None:
        self.view = view
        self.right = width - _RIGHT
        self.most = 1.04 * math.log2(1 + view.scores[-1])
        self.ceiling, self.floor = ceiling, ceiling + _PLOT

    def x(self, score: float) -> float:
        return _LEFT + (self.right - _LEFT) * math.log2(1 + score) / self.most

    def y(self, share: float) -> float:
        return self.floor - _PLOT * share

    def curve(self, shares: Sequence[float]) -> list[tuple[float, float]]:
        """The corners of a curve, from score 0 to the right edge."""
        points = [(self.x(score), self.y(share)) for score, share in zip(self.view.scores, shares, strict=True)]
        return [(_LEFT, self.floor), *points, (self.right, points[-1][1])]


def _grid(frame: _Frame) -> list[str]:
    parts = []
    for quarter in range(5):
        y = frame.y(quarter / 4)
        parts.append(line(_LEFT, y, frame.right, y, "grid" if quarter else "axis"))
        parts.append(text(f"{quarter * 25}%", _LEFT - 7, y + 3.5, "tick", "end"))
    edge = -math.inf
    # One is chance itself, so that a half gives way to it where both have no room.
    halves = [0.5] if frame.x(1) - frame.x(0.5) > 5 * LETTER else []
    for score in (0.0, *halves, *(2.0**power for power in range(25))):
        x, label = frame.x(score), f"{score:,g}" if score < 1 else f"{score:,.0f}"
        half = LETTER * len(label) / 2
        if x - half > edge + 8 and x + half < frame.right + _RIGHT:
            parts.append(line(x, frame.floor, x, frame.floor + 4, "axis"))
            parts.append(text(label, x, frame.floor + 17, "tick", "middle"))
            edge = x + half
    named = "score 2^n p(x), in units of chance"
    longer = f"{named}: the share of shots that score so much or less"
    roomy = _LEFT + LETTER * len(longer) < frame.right
    parts.append(text(longer if roomy else named, _LEFT, frame.floor + 34, "note"))
    return parts


def _witness(witness: WitnessView, frame: _Frame) -> list[str]:
    """At its threshold: the shares up to it that accept and reject, and the share seen."""
    x = frame.x(witness.threshold)
    parts = [line(x, frame.ceiling, x, frame.floor, "chance")]
    if witness.accept_from is not None:
        parts.append(line(x, frame.y(1 - witness.accept_from), x, frame.floor, "gate accept"))
    if witness.reject_to is not None:
        parts.append(line(x, frame.ceiling, x, frame.y(1 - witness.reject_to), "gate reject"))
    return [*parts, element("circle", {"cx": x, "cy": frame.y(1 - witness.share), "r": 6.0, "class_": "point"})]


def _witness_keys(witness: WitnessView | None) -> list[Key]:
    """What the marks at the threshold mean, with their numbers: on the curve itself they would cover it."""
    if witness is None:
        return []
    keys = [Key(f"{1 - witness.share:.1%} seen at score {witness.threshold:.3g}", "point", Mark.DOT)]
    if witness.accept_from is not None:
        keys.append(Key(f"accepted to {1 - witness.accept_from:.1%}", "gate accept", Mark.LINE))
    if witness.reject_to is not None:
        keys.append(Key(f"rejected from {1 - witness.reject_to:.1%}", "gate reject", Mark.LINE))
    return keys


@dataclass(frozen=True)
class ScoresShown:
    """The scores on the page."""

    wide: Markup
    narrow: Markup
    told: str


def _shown(seen: EvidenceView) -> ScoresShown:
    narrow = scores_panel(seen.scores, width=NARROW_WIDTH)
    return ScoresShown(markup(scores_panel(seen.scores)), markup(narrow), describe_scores(seen.scores))


def _panel(seen: EvidenceView, width: float) -> Panel:
    return scores_panel(seen.scores, width=width)


SCORES = Drawing("scores", "Score by score", _panel, _shown)
