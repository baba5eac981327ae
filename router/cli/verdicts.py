"""A recomputed verdict, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oracle.encoding import format_rational

if TYPE_CHECKING:
    from rich.console import Console

    from oracle.spec import ValidationPolicy
    from oracle.statistics import Bound
    from oracle.verdict.figures import Figures
    from router.workflows.validate import Validation
    from router.workflows.workspace import Workspace

_SIDES = {"at_least": "from", "at_most": "up to"}


def passed(found: Validation) -> bool:
    """Whether the result was accepted, and our digest is the one on the chain."""
    from oracle.terms import Outcome

    return found.agree and found.outcome is Outcome.ACCEPT


def figures_of(workspace: Workspace, found: Validation) -> Figures | None:
    """What the result looks like beside its baseline, for people; None if the result cannot be fetched or read."""
    from oracle.artifacts import ArtifactError, ShotsRejected, unpack
    from oracle.statistics import Baseline
    from oracle.verdict.figures import describe

    document = found.document
    baseline = Baseline.from_bytes(workspace.artifacts.get(document.baseline_root))
    try:
        shots = unpack(workspace.artifacts.get(document.result_hash), document.bits)
    except (ArtifactError, ShotsRejected):
        return None  # the verdict itself says why: its reason codes name the fault of the artifact
    return describe(baseline, shots, f_min=document.policy.f_min)


def to_json(job: str, found: Validation) -> dict[str, object]:
    """The comparison, with the whole document."""
    return {
        "job": job,
        "outcome": found.outcome.name.lower(),
        "ours": found.ours,
        "on_chain": found.on_chain,
        "agree": found.agree,
        "document": found.document.to_json(),
    }


def draw(screen: Console, job: str, found: Validation, figures: Figures | None) -> None:
    """The outcome, both digests, and the integers that each certificate was decided on."""
    from router.cli.output import coloured, facts, plain, table

    document = found.document
    screen.print(f"{plain(job)}: {coloured(found.outcome.name.lower())}\n")
    if document.certificates:
        grid = table("certificate or guard", "says", "statistic", "accepted", "rejected", numbers=("statistic",))
        for each in (*document.certificates, *document.guards):
            statistic = "" if each.statistic is None else f"{each.statistic:,}"
            decision = coloured(each.decision.value)
            grid.add_row(plain(each.method), decision, statistic, _bound(each.accept), _bound(each.reject))
        screen.print(grid)
        screen.print()
    if figures is not None:
        facts(screen, _figure_rows(figures, document.policy))
    received = "none" if document.shots_received is None else f"{document.shots_received:,}"
    policy = document.policy
    facts(
        screen,
        [
            ("shots", f"{received} of {document.shots_required:,}"),
            ("error rates", f"alpha {format_rational(policy.alpha)}, beta {format_rational(policy.beta)}"),
            ("reasons", ", ".join(document.reason_codes) or "none"),
            ("notes", ", ".join(document.notes) or "none"),
            ("ours", found.ours),
            ("on the chain", found.on_chain),
        ],
    )
    if found.agree:
        screen.print("\n[green]The same digest[/]: every byte of the validators' verdict follows from the artifacts.")
    else:
        screen.print("\n[bold red]Another digest[/]: the verdict on the chain does not follow from these artifacts.")


def _figure_rows(figures: Figures, policy: ValidationPolicy) -> list[tuple[str, object]]:
    """What the integers mean, in words; figures for people, which decide nothing."""
    distance = f"{figures.tvd:.3f} seen (sampling alone makes {figures.tvd_of_ideal:.3f}), certainly below "
    distance += f"{figures.tvd_upper:.3f}; accepted below {float(policy.eps):g}"
    rows: list[tuple[str, object]] = [("distance", distance)]
    if figures.fidelity is not None and figures.fidelity_lower is not None:
        seen = f"{figures.fidelity:.3f} seen, certainly above {figures.fidelity_lower:.3f}"
        rows.append(("fidelity", f"{seen}; accepted above {float(policy.f_min):g}"))
    return rows


def _bound(bound: Bound | None) -> str:
    return "never" if bound is None else f"{_SIDES[bound.side.value]} {bound.value:,}"
