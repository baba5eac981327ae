"""`compute plan` and `compute route`: what a spec's shots can prove, and where it could run; nothing is stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.commands import Session, command
from router.cli.failures import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from oracle.spec import ValidationPolicy
    from oracle.statistics import Plan
    from router.workflows.simulate import Prepared

spec_argument = click.argument("spec", metavar="SPEC", type=click.Path(path_type=Path))


def prepared(session: Session, spec: Path) -> Prepared:
    """Everything that simulation finds out about the spec, with progress on stderr; nothing is written."""
    with session.output.progress() as progress:
        # Inside, so that the bar shows while Qiskit is imported.
        from router.workflows.simulate import prepare, surroundings

        return prepare(spec, surroundings(session.home), progress)


def register(root: click.Group) -> None:
    """Add the commands to `root`."""

    @command(root, "plan", "compute plan ./optimizer-demo/job.yaml", "compute plan ./job.yaml --shots 1000 --json")
    @spec_argument
    @click.option("--shots", type=click.IntRange(1, 10**7), default=None, help="Instead of the spec's number.")
    def plan(session: Session, spec: Path, shots: int | None) -> None:
        """Say what SPEC's shots can prove.

        How often an honest worker would be accepted and one that delivers noise rejected, before any spend. Stores
        nothing. Exits with 2 if the shots cannot decide.
        """
        from oracle.spec import ValidationPolicy
        from oracle.statistics import plan_shots
        from router.workflows.simulate import plan_json

        found = prepared(session, spec)
        policy = ValidationPolicy.of(found.spec, found.facts.bits)
        outcome = found.plan if shots is None else plan_shots(policy, found.baseline, shots)
        session.output.result(plan_json(outcome), lambda screen: draw_plan(screen, outcome, policy, found.facts.bits))
        if not outcome.feasible:
            click.get_current_context().exit(Exit.INPUT)

    @command(root, "route", "compute route ./optimizer-demo/job.yaml", "compute route ./job.yaml --target fake_torino")
    @spec_argument
    @click.option("--target", default=None, metavar="TARGET", help="As if promoted to ibm, aer, or a device.")
    def route(session: Session, spec: Path, target: str | None) -> None:
        """Explain where SPEC could run, and why not elsewhere.

        Every candidate with every reason for and against it, as if the job were promoted with its whole budget.
        Stores nothing.
        """
        from router.cli.drawing import routes
        from router.cli.promotion import route_lines
        from router.providers import load_providers
        from router.workflows.simulate import route_of, surroundings

        found = prepared(session, spec)
        decision = route_of(found, surroundings(session.home), load_providers(session.home), target)

        def draw(screen: Console) -> None:
            from router.cli.output import plain
            from router.cli.promotion import place_of

            found = "Nothing can run it." if decision.rejected else f"Would run on [bold]{plain(place_of(decision))}[/]"
            screen.print(f"{found}\n")
            routes(screen, route_lines(decision))

        session.output.result(decision.to_json(), draw)
        if decision.rejected:
            click.get_current_context().exit(Exit.DENIED)


def draw_plan(screen: Console, plan: Plan, policy: ValidationPolicy, bits: int) -> None:
    """What `plan` says, in words."""
    from router.cli.output import plain

    sign = "[green]feasible[/]" if plan.feasible else "[bold red]not feasible[/]"
    screen.print(f"{plan.shots:,} shots of {bits} bits: {sign}")
    for line in plan_words(plan, policy):
        screen.print(f"  {plain(line)}")
    if plan.suggestion is not None:
        names = plan.suggestion.method.replace("+", " and ")
        screen.print(f"  [dim]→[/] {plain(f'{plan.suggestion.shots:,} shots with {names} would do')}")


def plan_words(plan: Plan, policy: ValidationPolicy) -> list[str]:
    """What the shots certify, one sentence a line."""
    names = plan.method.replace("+", " and ")
    accepted, rejected = _percent(plan.p_accept_honest), _percent(plan.p_reject_uniform)
    words = [
        f"an honest worker (fidelity {_share(plan.honest_fidelity)}) is accepted at least {accepted} of the time",
        f"a worker that delivers noise is rejected at least {rejected} of the time",
        f"accepting needs {names}; wrong with probability {_percent(policy.alpha)} at most",
    ]
    if policy.guards:
        words.append(f"{', '.join(policy.guards)} can only reject")
    means = []
    if "tvd.certified/1" in policy.certificates:
        means.append(f"nearer to the baseline than {_percent(policy.eps)} in total variation")
    if "witness.levelset/1" in policy.certificates:
        means.append(f"of a fidelity above {_percent(policy.f_min)}")
    if means:
        words.append(f"accepted then means: certainly {', and '.join(means)}")
    if plan.feasible and plan.shots_needed is not None:
        words.append(f"{plan.shots_needed:,} shots would be enough")
    return [*plan.reasons, *words] if not plan.feasible else words


def _percent(value: object) -> str:
    """A probability with as many digits as it has, up to two decimals."""
    return f"{float(value) * 100:.2f}".rstrip("0").rstrip(".") + "%"  # type: ignore[arg-type]  # Fraction


def _share(value: object) -> str:
    return f"{float(value):.2f}".rstrip("0").rstrip(".")  # type: ignore[arg-type]  # Fraction
