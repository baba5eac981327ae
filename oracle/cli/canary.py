"""``compute-oracle canary``: circuits of known outcome, hidden in a batch, that show whether a worker ran what it got.

Files of a batch's folder: batch.json, for the worker with circuits/; assignment.json, secret until the results are in.
Exit codes are those of every command.
"""

from __future__ import annotations

import json
import secrets
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from oracle.cli.endings import Exit, fail
from oracle.encoding.options import Whole

if TYPE_CHECKING:
    from oracle.canaries import Assignment, CanaryPlan, CanaryPolicy

BATCH, ASSIGNMENT, CIRCUITS = "batch.json", "assignment.json", "circuits"

_SOURCE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


class _Rational(click.ParamType):  # type: ignore[type-arg]  # generic only in the types of some versions
    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        from oracle.encoding import parse_rational

        try:
            return value if isinstance(value, Fraction) else parse_rational(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


_NUMBER = _Rational()
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _fail(message: str) -> NoReturn:
    fail(Exit.INPUT, message)


def _policy_options(command: Any) -> Any:
    options = (
        click.option("--alpha", type=_NUMBER, default="1/100", show_default=True, help="Most often a cheat passes."),
        click.option("--beta", type=_NUMBER, default="1/100", show_default=True, help="Most often honesty fails."),
        click.option(
            "--cheating-share",
            type=_NUMBER,
            default="1/5",
            show_default=True,
            help="Share of the batch from which on cheating must show.",
        ),
        click.option(
            "--floor",
            type=_NUMBER,
            default="1/2",
            show_default=True,
            help="Honest survival floor: the share of shots that return a canary's outcome, at least.",
        ),
        click.option(
            "--expected",
            type=_NUMBER,
            default="4/5",
            show_default=True,
            help="Survival to plan for: what the device is thought to do.",
        ),
        click.option("--shots", type=Whole(1, 1 << 20), default=1000, show_default=True, help="Per circuit."),
        click.option("--price", type=_NUMBER, default=None, help="US dollars a shot, to say what the canaries cost."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def canary() -> None:
    """Hide circuits of known outcome in a batch: plan, make, reveal, judge.

    \b
    Example, from a circuit to a verdict:
      compute-oracle canary plan --targets 1 --cheating-share 1/5
      compute-oracle canary make ansatz.qasm --out batch
      compute-oracle canary reveal batch
      compute-oracle canary judge batch --results results.json
    """


@canary.command()
@click.option("--targets", type=Whole(1, 4096), default=1, show_default=True, help="Circuits that matter.")
@click.option("--canaries", type=Whole(1, 4096), default=None, help="Instead of as many as are needed.")
@click.option("--luck", type=_NUMBER, default="0", help="Chance that an answer made up is a canary's outcome.")
@_policy_options
@_JSON
def plan(
    targets: int,
    canaries: int | None,
    luck: Fraction,
    alpha: Fraction,
    beta: Fraction,
    cheating_share: Fraction,
    floor: Fraction,
    expected: Fraction,
    shots: int,
    price: Fraction | None,
    as_json: bool,
) -> None:
    """Say how many canaries make cheating show, and what they cost. Exits with 2 if it cannot work.

    \b
    Examples:
      compute-oracle canary plan --targets 20 --cheating-share 1/10 --shots 1000
      compute-oracle canary plan --targets 5 --floor 0.5 --expected 0.7 --price 0.00125 --json
    """
    from oracle.canaries import CanaryPolicy

    policy = CanaryPolicy(alpha, beta, cheating_share, floor, luck)
    found = _planned(policy, targets, shots, expected, canaries, price)
    if as_json:
        click.echo(json.dumps(found.to_json()))
    else:
        _tell(found, policy)
    raise SystemExit(0 if found.feasible else Exit.INPUT)


def _planned(
    policy: CanaryPolicy,
    targets: int,
    shots: int,
    expected: Fraction,
    canaries: int | None,
    price: Fraction | None,
) -> CanaryPlan:
    from oracle.canaries import PlanRefused, plan_canaries

    try:
        return plan_canaries(
            policy, targets=targets, shots=shots, expected_survival=expected, canaries=canaries, price_usd=price
        )
    except PlanRefused as error:
        _fail(str(error))


def _tell(found: CanaryPlan, policy: CanaryPolicy) -> None:
    click.echo(
        f"{found.canaries:,} canaries beside {found.targets:,} targets, {found.shots:,} shots each: "
        f"{'feasible' if found.feasible else 'not feasible'}"
    )
    lines = list(found.reasons)
    lines.append(
        f"a worker that cheats on {policy.cheating_share} of the batch is not accepted at least "
        f"{float(found.p_caught):.2%} of the time"
    )
    lines.append(
        f"an honest one, with survival {found.expected_survival}, is accepted at least "
        f"{float(found.p_accept_honest):.2%} of the time"
    )
    cost = "" if found.cost_usd is None else f", {float(found.cost_usd):.2f} US dollars"
    lines.append(f"the canaries are {float(found.overhead):.0%} of the batch: {found.canary_shots:,} shots{cost}")
    for line in lines:
        click.echo(f"  {line}")


@canary.command()
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True, type=_SOURCE)
@click.option("--out", required=True, type=_FOLDER, help="Folder for the batch; made, and must not exist.")
@click.option("--canaries", type=Whole(1, 4096), default=None, help="Instead of as many as are needed.")
@click.option(
    "--kind",
    type=click.Choice(("clifford", "mirror")),
    default="clifford",
    show_default=True,
    help="The target's shape at quarter turns, or half of its gates and their inverses.",
)
@click.option(
    "--seed", default=None, help="64 hexadecimal digits, kept secret; left out: from the system's randomness."
)
@_policy_options
@_JSON
def make(
    targets: tuple[Path, ...],
    out: Path,
    canaries: int | None,
    kind: Literal["clifford", "mirror"],
    seed: str | None,
    alpha: Fraction,
    beta: Fraction,
    cheating_share: Fraction,
    floor: Fraction,
    expected: Fraction,
    shots: int,
    price: Fraction | None,
    as_json: bool,
) -> None:
    """Make a batch of the TARGETs (OpenQASM 3) and canaries of them, in a secret order.

    The worker gets batch.json and circuits/, and never assignment.json before its results are in. Canaries of kind
    clifford keep a target's shape and entangle pairs at most; mirrors keep its gates and angles and entangle as it
    does, in another order.

    \b
    Examples:
      compute-oracle canary make ansatz.qasm --out batch
      compute-oracle canary make sweep/*.qasm --out batch --cheating-share 1/10 --shots 2000 --json
      compute-oracle canary make ansatz.qasm --out batch --kind mirror
    """
    from oracle.canaries import CanaryPolicy
    from oracle.circuits.canaries.batches import luck_of, make_batch
    from oracle.encoding import InputRejected

    if out.exists():
        _fail(f"{out} exists; name a folder that does not, so that no assignment is lost")
    if seed is not None and (len(seed) != 64 or set(seed) - set("0123456789abcdef")):
        _fail("--seed is not 64 lower-case hexadecimal digits; leave it out to have one drawn")
    texts = [_read(path).decode(errors="replace") for path in targets]
    try:
        policy = CanaryPolicy(alpha, beta, cheating_share, floor, luck_of(texts, kind))
        found = _planned(policy, len(texts), shots, expected, canaries, price)
        if not found.feasible:
            _fail("; ".join(found.reasons))
        made = make_batch(
            texts, canaries=found.canaries, shots=shots, policy=policy, seed=seed or secrets.token_hex(32), kind=kind
        )
    except InputRejected as error:
        _fail(str(error))
    # Canaries of one shape need not all have the luck of the one that was planned with.
    policy = made.assignment.policy
    found = _planned(policy, len(texts), shots, expected, len(made.assignment.canaries), price)
    if not found.feasible:
        _fail("; ".join(found.reasons))
    (out / CIRCUITS).mkdir(parents=True)
    for place, text in enumerate(made.circuits):
        (out / CIRCUITS / f"{place:04}.qasm").write_text(text)
    (out / BATCH).write_bytes(made.assignment.batch.to_bytes())
    secret = out / ASSIGNMENT
    secret.touch(mode=0o600)
    secret.write_bytes(made.assignment.to_bytes())
    if as_json:
        commitment = made.assignment.batch.commitment
        click.echo(json.dumps({"commitment": commitment, "folder": str(out), "plan": found.to_json()}))
    else:
        click.echo(made.assignment.batch.commitment)
        _tell(found, policy)
        click.echo(f"Give {out / BATCH} and {out / CIRCUITS} to the worker; keep {secret}.", err=True)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        _fail(f"{path} cannot be read: {error.strerror}")


def _revealed(folder: Path) -> Assignment:
    """The assignment in `folder`, after all that can be checked of it."""
    from oracle.canaries import Batch, CommitmentBroken, reveal
    from oracle.circuits.canaries.batches import check_canaries
    from oracle.encoding import InputRejected

    try:
        batch = Batch.from_bytes(_read(folder / BATCH))
        assignment = reveal(batch, _read(folder / ASSIGNMENT))
        texts = [_read(folder / CIRCUITS / f"{place:04}.qasm").decode() for place in range(len(batch.circuits))]
        check_canaries(assignment, texts)
    except (CommitmentBroken, InputRejected, UnicodeDecodeError) as error:
        _fail(f"{folder}: {error}")
    return assignment


@canary.command("reveal")
@click.argument("folder", type=_FOLDER)
@_JSON
def reveal_command(folder: Path, as_json: bool) -> None:
    """Check that FOLDER's assignment is the committed one and its canaries return what it says, and show it.

    \b
    Examples:
      compute-oracle canary reveal batch
      compute-oracle canary reveal batch --json
    """
    assignment = _revealed(folder)
    if as_json:
        click.echo(assignment.to_bytes().decode())
        return
    click.echo(f"{assignment.batch.commitment} holds, and every canary returns its outcome in simulation")
    for each in assignment.canaries:
        click.echo(f"  {CIRCUITS}/{each.index:04}.qasm returns {each.expected}")


@canary.command()
@click.argument("folder", type=_FOLDER)
@click.option("--results", required=True, type=_SOURCE, help="JSON list of counts, one object a circuit, in order.")
@_JSON
def judge(folder: Path, results: Path, as_json: bool) -> None:
    """Judge the RESULTS of FOLDER's batch: accept, reject or inconclusive, from the canaries' survivals.

    Results are a JSON list with the counts of each circuit in the batch's order, as [{"0101": 983, "0001": 17}, ...],
    classical bit 0 rightmost; spaces between registers are read over. Exits with 6 unless accepted.

    \b
    Examples:
      compute-oracle canary judge batch --results results.json
      compute-oracle canary judge batch --results results.json --json
    """
    from oracle.canaries import ResultsRejected, judge_canaries
    from oracle.encoding import CanonicalError, parse_json
    from oracle.terms import Outcome

    assignment = _revealed(folder)
    try:
        read = parse_json(_read(results))
        if not isinstance(read, list) or not all(isinstance(counts, dict) for counts in read):
            _fail(f'{results} is no list of counts; write [{{"0101": 983, "0001": 17}}, …], one object a circuit')
        verdict = judge_canaries(assignment, [_joined(counts) for counts in read])
    except (CanonicalError, ResultsRejected) as error:
        _fail(f"{results}: {error}")
    if as_json:
        click.echo(verdict.to_bytes().decode())
        click.echo(verdict.digest, err=True)
    else:
        click.echo(f"{verdict.outcome.name.lower()}: {', '.join(verdict.reason_codes)}")
    raise SystemExit(0 if verdict.outcome is Outcome.ACCEPT else Exit.NOT_ACCEPTED)


def _joined(counts: dict[str, int]) -> dict[str, int]:
    """Qiskit puts a space between registers; two keys that are one without it are two countings of one outcome."""
    from oracle.canaries import ResultsRejected

    joined = {outcome.replace(" ", ""): count for outcome, count in counts.items()}
    if len(joined) != len(counts):
        raise ResultsRejected("an outcome is counted twice")
    return joined
