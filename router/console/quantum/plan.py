"""`compute plan` and `compute route`: what a spec's shots can prove, and where it could run; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oracle.encoding.options import Whole
from router.console.screen.commands import Session, command
from router.console.screen.failures import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from oracle.spec import JobSpec, ValidationPolicy
    from oracle.spec.sections.methods import Certificate
    from oracle.statistics import Plan
    from router.requester.simulate import Prepared

spec_argument = click.argument("spec", metavar="SPEC", type=click.Path(path_type=Path))


def prepared(session: Session, spec: Path, undeclared: tuple[Certificate, ...] | None = None) -> Prepared:
    """Everything that simulation finds out about the spec, with progress on stderr; nothing is written."""
    with session.output.progress() as progress:
        # Inside, so that the bar shows while Qiskit is imported.
        from router.requester.simulate import prepare, surroundings

        return prepare(spec, surroundings(session.home), progress, undeclared=undeclared)


def register(root: click.Group) -> None:
    """Add the commands to `root`."""

    @command(root, "plan", "compute plan ./optimizer-demo/job.yaml", "compute plan ./job.yaml --shots 1000 --json")
    @spec_argument
    @click.option("--shots", type=Whole(1, 10**7), default=None, help="Instead of the spec's number, in each round.")
    @click.option("--fidelity", default=None, metavar="SHARE", help="Of the honest worker, such as 0.95.")
    def plan(session: Session, spec: Path, shots: int | None, fidelity: str | None) -> None:
        """Say what SPEC's shots can prove, and what they cost.

        How often an honest worker would be accepted, left undecided, and one that delivers noise rejected, before any
        spend. Stores nothing. Exits with 2 if the shots cannot decide, and says what could.
        """
        from dataclasses import replace

        from oracle.spec import policy_of, rounds_of
        from oracle.spec.sections.methods import DEFAULT_CERTIFICATES
        from oracle.statistics import plan_rounds
        from router.requester.simulate import plan_json

        honest = _fidelity(fidelity)
        found = prepared(session, spec, DEFAULT_CERTIFICATES)
        policy = policy_of(found.spec, found.facts.bits)
        outcome = found.plan
        if shots is not None or honest is not None:
            rounds = [replace(each, shots=shots or each.shots) for each in rounds_of(found.spec, found.facts.bits)]
            outcome = plan_rounds(rounds, found.baseline, honest_fidelity=honest, vertices=found.vertices)
        costs = Costs.of(found.spec, outcome)
        session.output.result(
            {**plan_json(outcome), "cost": costs.to_json()},
            lambda screen: draw_plan(screen, outcome, policy, found.facts.bits, costs),
        )
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
        from router.console.quantum.promotion import route_lines
        from router.console.screen.drawing import routes
        from router.requester.simulate import route_of, surroundings
        from router.worker.providers import load_providers

        found = prepared(session, spec)
        decision = route_of(found, surroundings(session.home), load_providers(session.home), target)

        def draw(screen: Console) -> None:
            from router.console.quantum.promotion import place_of
            from router.console.screen.output import plain

            found = "Nothing can run it." if decision.rejected else f"Would run on [bold]{plain(place_of(decision))}[/]"
            screen.print(f"{found}\n")
            routes(screen, route_lines(decision))

        session.output.result(decision.to_json(), draw)
        if decision.rejected:
            click.get_current_context().exit(Exit.DENIED)


def _fidelity(text: str | None) -> Fraction | None:
    from oracle.encoding import parse_rational

    if text is None:
        return None
    try:
        share = parse_rational(text)
    except ValueError:
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{text!r} is not a share from 0 to 1; write 0.95", param_hint="--fidelity")
    return share


@dataclass(frozen=True)
class Costs:
    """US dollars, as decimal text."""

    budget: str
    """The most that the spec allows."""
    requested: str | None
    """What the planned shots cost; None where the spec prices the job, not its shots."""
    suggested: str | None
    """What the suggested shots would cost; None likewise, or without a suggestion."""
    within_budget: bool

    @classmethod
    def of(cls, spec: JobSpec, plan: Plan) -> Costs:
        """The costs of `plan` under the spec's budget and prices."""
        from oracle.encoding import parse_rational
        from oracle.spec.fields import decimal_text

        budget, price = spec.budget.max_usd_equivalent, spec.budget.metering.price_usd
        if price is None:
            return cls(budget, None, None, True)
        each, shots = parse_rational(price), plan.shots_at_most or plan.shots
        suggested = None if plan.suggestion is None else decimal_text(each * plan.suggestion.shots)
        return cls(budget, decimal_text(each * shots), suggested, each * shots <= parse_rational(budget))

    def to_json(self) -> dict[str, object]:
        """The costs as JSON."""
        return {
            "budget_usd": self.budget,
            "shots_usd": self.requested,
            "suggestion_usd": self.suggested,
            "within_budget": self.within_budget,
        }

    def words(self, shots: int) -> str:
        """What the planned shots cost, in one sentence."""
        if self.requested is None:
            return (
                f"an accepted result costs the whole budget, ${self.budget}, whatever the shots (metering: unit: job)"
            )
        ending = "" if self.within_budget else ": the worker is paid the budget and no more"
        return f"{shots:,} shots cost ${self.requested}, of a budget of ${self.budget}{ending}"


def draw_plan(screen: Console, plan: Plan, policy: ValidationPolicy, bits: int, costs: Costs) -> None:
    """What `plan` says, in words."""
    from rich.padding import Padding

    from router.console.screen.output import plain

    sign = "[green]feasible[/]" if plan.feasible else "[bold red]not feasible[/]"
    screen.print(f"{plan.shots:,} shots of {bits} bits: {sign}")
    for line in [*plan_words(plan, policy), costs.words(plan.shots_at_most or plan.shots)]:
        screen.print(Padding(plain(line), (0, 0, 0, 2), expand=False))
    if plan.suggestion is not None:
        names = plan.suggestion.method.replace("+", " and ")
        price = "" if costs.suggested is None else f", for ${costs.suggested}"
        screen.print(f"  [dim]→[/] {plain(f'{plan.suggestion.shots:,} shots with {names} would do{price}')}")


def plan_words(plan: Plan, policy: ValidationPolicy) -> list[str]:
    """What the shots certify, one sentence a line."""
    from oracle.statistics.method import number, percent
    from oracle.statistics.registry import METHOD_OF

    names = plan.method.replace("+", " and ")
    accepted, rejected = percent(plan.p_accept_honest), percent(plan.p_reject_uniform)
    noiseless = plan.honest_fidelity == 1
    worker = "a noiseless worker" if noiseless else f"an honest worker (fidelity {_share(plan.honest_fidelity)})"
    words = [
        f"{worker} is accepted at least {accepted} of the time, and left inconclusive or rejected at most "
        f"{percent(plan.p_inconclusive)}",
        f"a worker that delivers noise is rejected at least {rejected} of the time",
        f"accepting needs {names}; wrong with probability {percent(policy.alpha)} at most",
    ]
    if plan.rounds > 1 and plan.shots_at_most is not None:
        words.append(
            f"a second of {plan.rounds} rounds is needed at most {percent(plan.p_top_up)} of the time, and "
            f"{plan.shots_at_most:,} shots are the most; undecided in the end at most {percent(plan.p_inconclusive)}"
        )
    if policy.guards:
        words.append(f"{', '.join(policy.guards)} can only reject")
    words += [f"{each.method} will know the mean to {number(each.half_width)} either way" for each in plan.intervals]
    means = [METHOD_OF[name].certain(policy) for name in policy.certificates]
    if means:
        words.append(f"accepted then means: certainly {', and '.join(means)}")
    if plan.feasible and plan.shots_needed is not None:
        words.append(f"{plan.shots_needed:,} shots would be enough")
    return [*plan.reasons, *words] if not plan.feasible else words


def _share(value: object) -> str:
    return f"{float(value):.2f}".rstrip("0").rstrip(".")  # type: ignore[arg-type]  # Fraction
