"""One HTML page that tells a job's whole story, to be read offline, printed, or passed on."""

from router.control.report.drawings.bound import bound_panel
from router.control.report.drawings.histogram import AxisOrder, histogram_panel
from router.control.report.drawings.scores import scores_panel
from router.control.report.evidence import evidence_of
from router.control.report.figure import PictureUnavailable, Theme, figure_png, figure_svg, write_figure
from router.control.report.page import render_report, write_report
from router.control.report.view import (
    AttestationView,
    BalanceView,
    BoundView,
    CandidateView,
    CertificateView,
    CheckView,
    DistributionView,
    EvidenceView,
    FactView,
    FigureView,
    GateView,
    OutcomeView,
    ReportView,
    RouteView,
    ScoresView,
    TimelineEntry,
    TransactionView,
    VerdictView,
    ViewInconsistent,
    WitnessView,
)

__all__ = [
    "AttestationView",
    "AxisOrder",
    "BalanceView",
    "BoundView",
    "CandidateView",
    "CertificateView",
    "CheckView",
    "DistributionView",
    "EvidenceView",
    "FactView",
    "FigureView",
    "GateView",
    "OutcomeView",
    "PictureUnavailable",
    "ReportView",
    "RouteView",
    "ScoresView",
    "Theme",
    "TimelineEntry",
    "TransactionView",
    "VerdictView",
    "ViewInconsistent",
    "WitnessView",
    "bound_panel",
    "evidence_of",
    "figure_png",
    "figure_svg",
    "histogram_panel",
    "render_report",
    "scores_panel",
    "write_figure",
    "write_report",
]
