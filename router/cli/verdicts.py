"""A recomputed verdict, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oracle.encoding import format_rational

if TYPE_CHECKING:
    from rich.console import Console

    from oracle.statistics import Bound
    from router.workflows.validate import Validation

_REASONS = {
    "at_least": "at least",
    "at_most": "at most",
}


def passed(found: Validation) -> bool:
    """Whether the result was accepted, and our digest is the one on the chain."""
    from oracle.terms import Outcome

    return found.agree and found.outcome is Outcome.ACCEPT


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


def draw(screen: Console, job: str, found: Validation) -> None:
    """The outcome, both digests, and the integers that each certificate was decided on."""
    from router.cli.output import coloured, facts, plain, table

    document = found.document
    screen.print(f"{plain(job)}: {coloured(found.outcome.name.lower())}\n")
    if document.certificates:
        grid = table("certificate", "says", "statistic", "accepts", "rejects", numbers=("statistic",))
        for each in document.certificates:
            statistic = "" if each.statistic is None else f"{each.statistic:,}"
            decision = coloured(each.decision.value)
            grid.add_row(plain(each.method), decision, statistic, _bound(each.accept), _bound(each.reject))
        screen.print(grid)
        screen.print()
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


def _bound(bound: Bound | None) -> str:
    return "never" if bound is None else f"{_REASONS[bound.side.value]} {bound.value:,}"
