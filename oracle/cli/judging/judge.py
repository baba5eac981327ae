"""``compute-oracle judge``: what a validator would find, on files, with no chain, key or payment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oracle.cli.endings import Exit, InputsRejected, fail, fail_inputs, shown
from oracle.encoding.options import Whole

if TYPE_CHECKING:
    from oracle.cli.judging.submission import ResultCase
    from oracle.verdict import VerdictDocument
    from oracle.verdict.measures import Measure

_SAYS = {"accept": "accepts", "reject": "rejects", "neither": "undecided", "refused": "nothing to judge by"}
_GUARD_SAYS = {"neither": "no objection", "refused": "not evaluated"}
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("spec", required=False)
@click.argument("artifact", required=False)
@click.option("--artifacts", help="Store for what is named by its digest: file:///absolute/directory.")
@click.option("--qasm", type=_FILE, help="The circuit, OpenQASM 2 or 3; what a SPEC commits to is OpenQASM 3.")
@click.option("--shots-json", type=_FILE, help='Published result: a JSON list, ["00", "11", …], in its order.')
@click.option("--counts-json", type=_FILE, help='Published result: a JSON object, {"00": 507, "11": 493}.')
@click.option("--policy", type=_FILE, help="For published results: alpha, beta, eps, … as in a spec's validation.")
@click.option("--baseline", type=_FILE, help="A baseline's artifact; the circuit has to confirm it.")
@click.option("--manifest", help="Digest of the run's manifest, where the spec orders one; with --artifacts.")
@click.option("--job", help="JobId, for the document of that job. [default: zero, no job]")
@click.option("--round", "round_", type=Whole(0, 255), help="Round of the delivery. [default: 0]")
@click.option("--worker-amount", type=Whole(0, 2**128 - 1), help="Base units due on accept. [default: 0]")
@click.option(
    "--replayed/--not-replayed",
    default=None,
    help="Whether this worker delivered it before. [default: not looked at; with a job: not replayed]",
)
@click.option("--unavailable", is_flag=True, help="Judge ARTIFACT, a digest, as missing after its window.")
@click.option("--save", type=click.Path(path_type=Path, file_okay=False), help="Write document, baseline and shots.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def judge(
    spec: str | None,
    artifact: str | None,
    artifacts: str | None,
    qasm: Path | None,
    shots_json: Path | None,
    counts_json: Path | None,
    policy: Path | None,
    baseline: Path | None,
    manifest: str | None,
    job: str | None,
    round_: int | None,
    worker_amount: int | None,
    replayed: bool | None,
    unavailable: bool,
    save: Path | None,
    as_json: bool,
) -> None:
    """Judge a result offline: print the verdict document and its digest.

    SPEC is a job spec's file, normalised or a draft; with --artifacts also a normalised spec's digest, or a JobId whose
    terms are in the store, which then says job and amount. ARTIFACT is a file of packed shots, or with --artifacts its
    digest. Given what the chain says of the delivery, the document is the validators' own, byte for byte.

    Published results have no SPEC: give --qasm and --shots-json or --counts-json. A bitstring is Qiskit's: the last
    declared register leftmost, the highest bit first, one space between registers or none. Counts have no order, so
    that guards which need it are not evaluated.

    Exit codes: 0 accepted, 6 judged and not accepted, 2 input, 5 something is not in the store.

    \b
    Examples:
      compute-oracle judge job.yaml shots.bin
      compute-oracle judge spec.json shots.bin --job 0x12…ef --worker-amount 9900 --json
      compute-oracle judge 0x12…ef 0x34…ab --artifacts file:///srv/artifacts
      compute-oracle judge --qasm circuit.qasm --counts-json counts.json --policy policy.yaml
    """
    from oracle.artifacts import ArtifactError
    from oracle.cli.judging.files import rejected
    from oracle.cli.judging.foreign import read_foreign
    from oracle.cli.judging.ordered import read_ordered
    from oracle.cli.judging.submission import Options, check_options
    from oracle.judging.recompute import Unjudgeable
    from oracle.terms import Outcome

    options = Options(
        spec=spec,
        artifact=artifact,
        artifacts=artifacts,
        qasm=qasm,
        shots_json=shots_json,
        counts_json=counts_json,
        policy=policy,
        baseline=baseline,
        manifest=manifest,
        job=job,
        round=round_,
        worker_amount=worker_amount,
        replayed=replayed,
        unavailable=unavailable,
    )
    try:
        check_options(options)
        submission = read_foreign(options) if spec is None else read_ordered(options)
        document = submission.verdict()
        if save is not None:
            _save(save, submission, document)
    except InputsRejected as error:
        fail_inputs(error, as_json=as_json)
    except Unjudgeable as error:
        source = str(policy or spec or "the default policy")
        fail_inputs(InputsRejected([rejected(source, error.reason, "change it within these bounds")]), as_json=as_json)
    except (ArtifactError, OSError) as error:
        fail(Exit.DEPENDENCY, str(error))
    if as_json:
        click.echo(json.dumps(_as_json(submission, document), indent=2, ensure_ascii=False))
    else:
        _tell(submission, document)
    raise SystemExit(Exit.DONE if document.outcome is Outcome.ACCEPT else Exit.NOT_ACCEPTED)


def _as_json(submission: ResultCase, document: VerdictDocument) -> dict[str, object]:
    """What programs read. The digest is that of the document's canonical JSON (RFC 8785)."""
    told = document.to_json()
    shots = submission.shots
    return {
        "outcome": told["outcome"],
        "reason_codes": told["reason_codes"],
        "certificates": told["certificates"],
        "guards": told.get("guards", []),
        "notes": told["notes"],
        "digest": document.digest,
        "document": told,
        "result": None if shots is None else submission.registers.record(shots),
        "notices": list(submission.notices),
    }


def _tell(submission: ResultCase, document: VerdictDocument) -> None:
    from oracle.verdict import note_sentence, sentence
    from oracle.verdict.measures import measures

    for notice in submission.notices:
        click.echo(f"note: {shown(notice)}", err=True)
    click.echo(f"{document.outcome.name.lower()}: {', '.join(sentence(code) for code in document.reason_codes)}")
    guards = {guard.method for guard in document.guards}
    for each in measures(document):
        method, decision = each.finding.method, each.finding.decision.value
        said = _SAYS[decision] if method not in guards else _GUARD_SAYS.get(decision, decision)
        indent = "    " if ": " in method else "  "
        click.echo(f"{indent}{method}: {said}{_numbers(each)}")
    for note in document.notes:
        click.echo(f"  {note}: {note_sentence(note)}")
    click.echo(document.to_bytes().decode())
    click.echo(document.digest)


def _numbers(measure: Measure) -> str:
    """What was found and its bounds in a known unit, then as the integers that decide."""
    finding = measure.finding
    exact = [] if finding.statistic is None else [f"statistic {finding.statistic}"]
    told = [] if finding.statistic is None else [measure.found()]
    for word, bound in (("accepts", finding.accept), ("rejects", finding.reject)):
        if bound is not None:
            exact.append(f"{word} {bound.side.value.replace('_', ' ')} {bound.value}")
            told.append(f"{word} {measure.bound(bound)}")
    if not exact:
        return ""
    return f" ({', '.join(exact)})" if measure.kind == "count" else f" ({', '.join(told)}; exactly: {', '.join(exact)})"


def _save(folder: Path, submission: ResultCase, document: VerdictDocument) -> None:
    """Write what another needs to judge the same; raises InputsRejected rather than write over other bytes."""
    from oracle.cli.endings import Gathering
    from oracle.encoding import canonical_bytes

    files = {"verdict.json": document.to_bytes(), "baseline.json": submission.ground.baseline.to_bytes()}
    if submission.shots is not None:
        files["shots.bin"] = submission.shots.data
        files["shots.json"] = canonical_bytes(submission.registers.record(submission.shots))
    gathering = Gathering()
    for name, data in files.items():
        path = folder / name
        if path.exists() and (not path.is_file() or path.read_bytes() != data):
            gathering.reject(str(path), "something else is there", "name another folder: --save verdict-2")
    gathering.settle()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
