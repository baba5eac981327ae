"""From a baseline and a result to what is drawn of them. Floats, for people: the verdict itself is read, never made."""

from __future__ import annotations

from fractions import Fraction

from oracle.artifacts.shots import PackedShots
from oracle.statistics import BINOMIAL, TVD, WITNESS, Baseline, Certificate
from oracle.statistics.baseline import TOTAL, baseline_tvd
from oracle.statistics.exact.radius import UNIT
from oracle.verdict import VerdictDocument
from oracle.verdict.curves import heaviest, score_curves
from oracle.verdict.figures import COVERAGE, describe
from router.control.report.view import (
    BoundView,
    DistributionView,
    EvidenceView,
    FigureView,
    OutcomeView,
    ScoresView,
    WitnessView,
)

LISTED = 1024
"""Outcomes that are kept of a distribution: all of 10 bits, the heaviest of more."""


def evidence_of(
    baseline: Baseline, shots: PackedShots, document: VerdictDocument | None, f_min: Fraction
) -> EvidenceView:
    """What there is to show of `shots`; thresholds and certified bounds are those of `document`, if there is one.

    Raises ValueError if `shots` are of another width than `baseline`.
    """
    curves = score_curves(baseline, shots, f_min=f_min)
    certificates = {} if document is None else {each.method: each for each in document.certificates}
    return EvidenceView(
        distribution=DistributionView(
            bits=baseline.bits,
            shots=shots.count,
            rows=tuple(
                OutcomeView(row.outcome, row.baseline, row.count, row.low, row.high)
                for row in heaviest(baseline, shots, LISTED)
            ),
        ),
        scores=ScoresView(
            scores=curves.scores,
            result=curves.result,
            ideal=curves.ideal,
            uniform=curves.uniform,
            radius=curves.radius,
            witness=_witness(certificates.get(WITNESS) or certificates.get(BINOMIAL), baseline, shots.count),
        ),
        coverage=float(COVERAGE),
        bound=None if document is None else _bound(certificates.get(TVD), document, baseline, shots.count),
        figures=tuple(
            FigureView(each.name, each.value, each.low, each.high, each.ideal, each.by)
            for each in describe(baseline, shots, f_min=f_min).estimates
        ),
    )


def _bound(
    certificate: Certificate | None, document: VerdictDocument, baseline: Baseline, shots: int
) -> BoundView | None:
    """The certified distance, read off the document's own integers."""
    if certificate is None or certificate.statistic is None:
        return None
    distance = certificate.statistic / (2 * shots * TOTAL)
    constants = certificate.constants
    return BoundView(
        distance=distance,
        lower=distance - (constants["bias"] + constants["reject_radius"]) / UNIT,
        upper=distance + constants["accept_radius"] / UNIT,
        accept_below=float(document.policy.eps),
        reject_above=float(document.policy.honest_eps),
        chance=float(baseline_tvd(baseline, Baseline.uniform(baseline.bits))),
    )


def _witness(certificate: Certificate | None, baseline: Baseline, shots: int) -> WitnessView | None:
    """What a certificate that counts shots in a level set counted, and from where it would have decided."""
    if certificate is None or certificate.statistic is None:
        return None
    return WitnessView(
        threshold=certificate.constants["floor"] * baseline.outcomes / TOTAL,
        share=certificate.statistic / shots,
        accept_from=None if certificate.accept is None else certificate.accept.value / shots,
        reject_to=None if certificate.reject is None else certificate.reject.value / shots,
    )
