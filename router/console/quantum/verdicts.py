"""A recomputed verdict, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oracle.encoding import in_decimals

if TYPE_CHECKING:
    from rich.console import Console

    from oracle.verdict.figures import Figures
    from router.control.opening import OperatedHome
    from router.requester.validate import VerdictComparison


def passed(found: VerdictComparison) -> bool:
    """Whether the result was accepted, and our digest is the one on the chain."""
    from oracle.terms import Outcome

    return found.agree and found.outcome is Outcome.ACCEPT


def figures_of(opened: OperatedHome, found: VerdictComparison) -> Figures | None:
    """What the result looks like beside its baseline, for people; None if the result cannot be fetched or read."""
    from oracle.artifacts import ArtifactError, ShotsRejected, unpack
    from oracle.statistics import Baseline
    from oracle.verdict.figures import describe

    document = found.document
    baseline = Baseline.from_bytes(opened.artifacts.get(document.baseline_root))
    try:
        shots = unpack(opened.artifacts.get(document.result_hash), document.bits)
    except (ArtifactError, ShotsRejected):
        return None  # the verdict itself says why: its reason codes name the fault of the artifact
    return describe(baseline, shots, f_min=document.policy.f_min)


def to_json(job: str, found: VerdictComparison, figures: Figures | None) -> dict[str, object]:
    """The comparison, with the whole document and the figures beside it."""
    return {
        "job": job,
        "outcome": found.outcome.name.lower(),
        "ours": found.ours,
        "on_chain": found.on_chain,
        "agree": found.agree,
        "document": found.document.to_json(),
        "descriptive_figures": None if figures is None else figures.to_json(),
    }


def draw(screen: Console, job: str, found: VerdictComparison, figures: Figures | None) -> None:
    """The outcome, both digests, and what each certificate and guard found beside its bounds."""
    from oracle.verdict import note_sentence, sentence
    from oracle.verdict.measures import ROUNDING, measures
    from router.console.screen.output import coloured, facts, plain, table

    document = found.document
    screen.print(f"{plain(job)}: {coloured(found.outcome.name.lower())}\n")
    if document.certificates:
        grid = table("certificate or guard", "says", "found", "accepted", "rejected", whole=("certificate or guard",))
        for each in measures(document):
            decision = coloured(each.finding.decision.value)
            accept, reject = (each.bound(bound) for bound in (each.finding.accept, each.finding.reject))
            grid.add_row(plain(each.finding.method), decision, each.found(), accept, reject)
        screen.print(grid)
        screen.print(f"[dim]{ROUNDING}[/]\n")
    if figures is not None:
        _draw_figures(screen, figures)
    received = "none" if document.shots_received is None else f"{document.shots_received:,}"
    alpha, beta = (in_decimals(100 * rate, up=True) for rate in (document.policy.alpha, document.policy.beta))
    facts(
        screen,
        [
            ("shots", f"{received} of {document.shots_required:,}"),
            ("error rates", f"wrongly accepted {alpha}% of the time at most, wrongly rejected {beta}%"),
            ("because", "; ".join(sentence(code) for code in document.reason_codes) or "no reason was given"),
            *(("mind", note_sentence(note)) for note in document.notes),
            ("ours", found.ours),
            ("on the chain", found.on_chain),
        ],
    )
    if found.agree:
        screen.print("\n[green]The same digest[/]: every byte of the validators' verdict follows from the artifacts.")
    else:
        screen.print("\n[bold red]Another digest[/]: the verdict on the chain does not follow from these artifacts.")


def _draw_figures(screen: Console, figures: Figures) -> None:
    """Each figure with its interval, and what an ideal worker shows; none of them decides anything."""
    from oracle.verdict.figures import COVERAGE
    from router.console.screen.output import plain, table
    from router.control.report.wording import interval, often

    numbers = ("result", "interval", "ideal worker")
    grid = table("figure", *numbers, "rests on", numbers=numbers)
    for each in figures.estimates:
        ends = interval(each.low, each.high)
        grid.add_row(plain(each.name), f"{each.value:.4f}", ends, f"{each.ideal:.4f}", plain(each.by))
    screen.print(grid)
    screen.print(f"[dim]descriptive: none decides; an interval holds at least {often(float(COVERAGE))}[/]\n")
