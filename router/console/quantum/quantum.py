"""`compute quantum`: a quantum job from its spec to its verdict."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oracle.encoding.options import Decimal, Whole
from router.console.quantum import following
from router.console.quantum.plan import spec_argument
from router.console.screen.commands import Group, Session, command
from router.console.screen.failures import Exit
from router.console.screen.opening import job_argument, job_of, router_runs

if TYPE_CHECKING:
    from rich.console import Console

    from router.requester.simulate import Simulation


@click.group(cls=Group)
def quantum() -> None:
    """Write, simulate, inspect, promote, watch and validate quantum jobs.

    \b
    In this order:
      compute quantum init optimizer-demo
      compute quantum simulate ./optimizer-demo/job.yaml
      compute quantum inspect JOB --artifacts
      compute quantum promote JOB --target ibm --max-budget 25
      compute quantum watch JOB
      compute quantum validate JOB
    Before `simulate`, for a job that a known device's noise may touch:
      compute quantum vertex ./optimizer-demo/job.yaml --device fake_torino
    """


def register(root: click.Group) -> None:
    """Add the group to `root`."""
    root.add_command(quantum)


@command(quantum, "init", "compute quantum init optimizer-demo")
@click.argument("name", type=click.Path(path_type=Path))
def init(session: Session, name: Path) -> None:
    """Write a first job into the folder NAME.

    A job spec with comments (job.yaml) and the circuit that it runs (circuits/optimizer.py). Nothing is overwritten.
    """
    from router.console.quantum.scaffold import TEMPLATES, write_job

    paths = write_job(name)
    following = f"compute quantum simulate {_shell(name / 'job.yaml')}"

    def draw(screen: Console) -> None:
        from router.console.screen.output import facts, next_step, plain

        screen.print(f"Wrote [bold]{plain(name)}[/]")
        facts(screen, tuple(zip(TEMPLATES, _WHAT, strict=True)))
        next_step(screen, following)

    session.output.result({"folder": str(name), "files": [str(path) for path in paths], "next": following}, draw)


_WHAT = (
    "the job spec: what runs, what it may cost, what counts as delivered",
    "the circuit: build() returns it",
)


def _shell(path: Path) -> str:
    """`path` as a word for a shell, and recognisable as a path."""
    import shlex

    text = str(path)
    return shlex.quote(text if path.is_absolute() or text.startswith(".") else f"./{text}")


@command(
    quantum,
    "vertex",
    "compute quantum vertex ./optimizer-demo/job.yaml --device fake_torino",
    "compute quantum vertex ./job.yaml --device fake_fez --most 1/3 --out baselines/fez.json",
)
@spec_argument
@click.option("--device", required=True, metavar="DEVICE", help="Whose calibration snapshot, such as fake_torino.")
@click.option("--out", metavar="FILE", help="Below the spec's folder. [default: baselines/DEVICE.json]")
@click.option("--most", default="1/2", show_default=True, metavar="SHARE", help="The most that it may weigh.")
@click.option("--shots", type=Whole(1000, 10**7), default=None, help="Of the simulation. [default: 400000]")
@click.option("--seed", type=Whole(min=0), default=1, show_default=True, help="Of the simulation.")
def vertex(session: Session, spec: Path, device: str, out: str | None, most: str, shots: int | None, seed: int) -> None:
    """Declare a device's noise honest for the job of SPEC.

    Simulates the circuit with the calibration snapshot of DEVICE, writes the counts into FILE, and prints the hull to
    put into the spec. A verdict then asks how far a result is from the nearest mixture of the ideal distribution with
    that one. Nothing is overwritten. The snapshot of a device that computes nothing is honest too: mind the reach.
    """
    from router.console.quantum.vertices import declare

    following = f"compute quantum simulate {_shell(spec)}"
    declare(session, spec, device, out or f"baselines/{device}.json", most, shots, seed, following)


@command(quantum, "simulate", "compute quantum simulate ./optimizer-demo/job.yaml")
@spec_argument
@click.option(
    "--store-infeasible", is_flag=True, help="Store the job even if its shots cannot decide; no gate will let it run."
)
def simulate(session: Session, spec: Path, store_infeasible: bool) -> None:
    """Simulate the job of SPEC and commit its baseline.

    Reads the spec, runs its generator in a sandbox, computes the exact distribution, plans the shots, and stores all
    of it under a new job id. Costs nothing. If anything is wrong with the spec, or if its shots cannot tell an honest
    worker from noise, all of it is said and nothing stored.
    """
    from router.console.quantum.plan import prepared

    found = prepared(session, spec)
    from router.requester.simulate import check_decides, keep

    if not store_infeasible:
        check_decides(found)
    session.begun.append("the job may have been stored: `compute jobs` lists it")
    from router.control.desk import OperatorDesk
    from router.control.opening import open_home
    from router.control.operating.intake import admit
    from router.requester.desk import RequesterDesk

    with session.output.progress() as progress:
        opened = open_home(session.home)
        simulation = keep(RequesterDesk(opened), partial(admit, OperatorDesk(opened)), found, progress)
    for notice in found.notices:
        session.output.note(f"[yellow]note[/] {_plain(notice)}")
    session.output.result(_simulation_json(simulation), lambda screen: _draw_simulation(screen, simulation))


def _plain(text: str) -> str:
    from router.console.screen.output import plain

    return plain(text)


def _simulation_json(simulation: Simulation) -> dict[str, object]:
    from oracle.encoding import format_rational
    from router.requester.simulate import plan_json

    found, record = simulation.prepared, simulation.record
    return {
        "job": simulation.job,
        "state": record.state.value,
        "spec_hash": record.spec_hash,
        "circuit": {
            "hash": found.facts.hash,
            "family": record.family,
            "qubits": found.facts.qubits,
            "bits": found.facts.bits,
            "depth": found.facts.depth,
            "two_qubit_gates": found.facts.two_qubit_gates,
        },
        "baseline_root": found.baseline.root,
        "baseline_distance": None if found.distance is None else format_rational(found.distance),
        "plan": plan_json(found.plan),
        "notices": list(found.notices),
        "next": f"compute quantum inspect {simulation.job} --artifacts",
    }


def _draw_simulation(screen: Console, simulation: Simulation) -> None:
    from oracle.spec import policy_of
    from oracle.statistics.baseline import TOTAL
    from router.console.quantum.plan import Costs, draw_plan
    from router.console.screen.drawing import histogram
    from router.console.screen.output import facts, next_step, plain
    from router.control.report.wording import count

    found, circuit = simulation.prepared, simulation.prepared.facts
    screen.print(f"Simulated [bold]{plain(simulation.job)}[/]\n")
    family = f"{simulation.record.family}: " if simulation.record.family else ""
    size = (
        f"{count(circuit.qubits, 'qubit')}, depth {circuit.depth}, {count(circuit.two_qubit_gates, 'two-qubit gate')}"
    )
    rows: list[tuple[str, object]] = [
        ("circuit", f"{family}{size}"),
        ("baseline", found.baseline.root),
        ("spec hash", simulation.record.spec_hash),
    ]
    if found.distance is not None:
        rows.append(("distance", f"{float(found.distance):.4f} from your own baseline (total variation, exact)"))
    facts(screen, rows)
    screen.print()
    histogram(screen, found.baseline.bits, [int(weight) / TOTAL for weight in found.baseline.weights])
    screen.print()
    policy, costs = policy_of(found.spec, circuit.bits), Costs.of(found.spec, found.plan)
    draw_plan(screen, found.plan, policy, circuit.bits, costs)
    next_step(screen, f"compute quantum inspect {simulation.job} --artifacts")


@command(
    quantum,
    "inspect",
    "compute quantum inspect job_8f31 --artifacts",
    "compute quantum inspect job_8f31 --figure result.png",
)
@job_argument
@click.option("--artifacts", "with_artifacts", is_flag=True, help="List every artifact with its digest, size and path.")
@click.option(
    "--figure",
    "picture",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw the result beside its baseline into FILE, a .svg or a .png.",
)
@click.option("--dark", is_flag=True, help="Draw that on a dark ground. [default: light; a .svg follows its reader]")
def inspect(session: Session, job: str, with_artifacts: bool, picture: Path | None, dark: bool) -> None:
    """Show all that is known of JOB: record, timeline, distributions, artifacts.

    JOB may be the beginning of an id. With --figure also draws what the verdict compared: the certified distance,
    outcomes and scores with their bands, and the descriptive figures.
    """
    from router.console.quantum import picturing
    from router.console.screen import views
    from router.control.operating.explaining import advice

    if dark and picture is None:
        raise click.UsageError("--dark is about a picture; name its file with --figure FILE")
    opened, record = job_of(session, job)
    drawn = None if picture is None else picturing.draw(opened, record, picture, dark=dark)
    events = opened.store.events(record.job)
    rows = views.artifacts(opened, record, events) if with_artifacts else ()
    noted = opened.store.waiting_for((record.job,)).get(record.job)
    waits = advice.waits(opened, record, noted, router_runs=router_runs(session))
    payload: dict[str, object] = {
        "record": record.to_json(),
        "waiting_for": waits,
        "events": [event.to_json() for event in events],
    }
    if with_artifacts:
        payload["artifacts"] = [row.to_json() for row in rows]
        for notice in views.refused_attestations(opened, record):
            session.output.note(f"[yellow]note[/] {_plain(notice)}")
    if drawn is not None:
        payload["figure"] = str(drawn)
        session.output.note(f"Drew {_plain(str(drawn))}")
    session.output.result(payload, lambda screen: views.draw_job(screen, opened, record, waits, events, rows))


@command(
    quantum,
    "promote",
    "compute quantum promote job_8f31 --target ibm --max-budget 25",
    "compute quantum promote job_8f31 --target aer --max-budget 5 --no-fund",
)
@job_argument
@click.option("--target", required=True, metavar="TARGET", help="ibm, aer, or one device such as fake_torino.")
@click.option("--max-budget", "max_usd", required=True, metavar="USD", help="The most to spend, such as 25 or 12.50.")
@click.option("--fund/--no-fund", "wanted", default=None, help="Lock the budget at once. [default: on a local chain]")
def promote(session: Session, job: str, target: str, max_usd: str, wanted: bool | None) -> None:
    """Ask for a paid run of the simulated JOB.

    JOB may be the beginning of an id. Asks every gate and the router first; exits with 3 and every reason if one
    denies. Then your key signs the spec with its budget and terms, and on a local chain the budget is locked too.
    """
    from router.console.quantum import promotion

    opened, record = job_of(session, job)
    promotion.run(session, opened, record, target, max_usd, wanted)


@command(quantum, "watch", "compute quantum watch job_8f31", "compute quantum watch job_8f31 --json | jq .kind")
@job_argument
@click.option(
    "--timeout",
    "timeout_s",
    type=Decimal(min=0),
    default=None,
    metavar="SECONDS",
    help="Give up then, with 5.",
)
def watch(session: Session, job: str, timeout_s: float | None) -> None:
    """Follow JOB until it ends.

    JOB may be the beginning of an id. Prints what has happened, then each event as it comes, and what holds the job
    back if anything does; with --json, one JSON object a line. Exits with 0 if the result was accepted and paid for,
    with 6 if the job ended otherwise.
    """
    opened, record = job_of(session, job)
    session.begun.append(f"{record.job} goes on without being watched: `compute quantum watch {record.job}`")
    ended = following.follow(session, opened, record.job, timeout_s)
    click.get_current_context().exit(following.exit_of(ended))


@command(quantum, "validate", "compute quantum validate job_8f31")
@job_argument
@click.option(
    "--timeout", "timeout_s", type=Decimal(min=0), default=600, show_default=True, metavar="SECONDS",
    help="Wait so long for a verdict.",
)  # fmt: skip
def validate(session: Session, job: str, timeout_s: float) -> None:
    """Recompute the verdict on JOB and compare it with the chain's.

    JOB may be the beginning of an id. Waits for the validators' verdict, derives it again from the artifacts, and
    compares digests. Exits with 0 if the result was accepted and both agree, else with 6.
    """
    from router.console.quantum import verdicts
    from router.requester.validate import validate as recomputed

    opened, record = job_of(session, job)
    with session.output.progress() as progress:
        found = recomputed(opened, record.job, timeout_s, lambda now: progress(f"{now.job} is {now.state.value}", 0.0))
    figures = verdicts.figures_of(opened, found)
    session.output.result(
        verdicts.to_json(record.job, found, figures), lambda screen: verdicts.draw(screen, record.job, found, figures)
    )
    if not verdicts.passed(found):
        click.get_current_context().exit(Exit.NOT_ACCEPTED)
