"""One HTML page that tells a job's whole story, to be read offline, printed, or passed on."""

from router.report.bound import bound_svg
from router.report.histogram import Order, histogram_svg
from router.report.page import render_report, write_report
from router.report.view import (
    AttestationView,
    BalanceView,
    CandidateView,
    CertificateView,
    CheckView,
    DistributionView,
    FactView,
    FigureView,
    GateView,
    ReportView,
    RouteView,
    TimelineEntry,
    TransactionView,
    VerdictView,
    ViewInconsistent,
)

__all__ = [
    "AttestationView",
    "BalanceView",
    "CandidateView",
    "CertificateView",
    "CheckView",
    "DistributionView",
    "FactView",
    "FigureView",
    "GateView",
    "Order",
    "ReportView",
    "RouteView",
    "TimelineEntry",
    "TransactionView",
    "VerdictView",
    "ViewInconsistent",
    "bound_svg",
    "histogram_svg",
    "render_report",
    "write_report",
]
