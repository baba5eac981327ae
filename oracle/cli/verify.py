"""``compute-oracle verify``: a job's evidence, derived again from a file, with no key and, unless asked, no network."""

from __future__ import annotations

import json
from pathlib import Path

import click

from oracle.cli.endings import Exit, InputsRejected, fail_inputs
from oracle.encoding import InputRejected


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--rpc", metavar="URL", help="Also ask a node of the job's chain. [default: nothing is asked]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(file: Path, rpc: str | None, as_json: bool) -> None:
    """Derive again what FILE, a job's bundle, claims: from its bytes alone.

    The form of the file, terms and JobId, receipts and their proofs, spec, baseline, verdict, validators' signatures
    and quorum, payment. With --rpc also whether that chain has them. The router's event log is for `compute verify`.

    Exit codes: 0 all holds, 6 something fails, 5 something is missing that it would follow from, 2 no such file.

    \b
    Examples:
      compute-oracle verify job_8f31xk2m9q.evidence.zip
      compute-oracle verify job_8f31xk2m9q.evidence.zip --rpc http://127.0.0.1:8545 --json
    """
    from oracle.evidence.checks import CheckResult
    from oracle.evidence.reading import verify_file
    from oracle.evidence.showing import lines, verdict_of

    try:
        report = verify_file(file, rpc_url=rpc)
    except InputRejected as error:
        fail_inputs(InputsRejected([error]), as_json=as_json)
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False))
    else:
        for _, word, rest in lines(report):
            click.echo(f"{word}{rest}".rstrip())
    codes = {CheckResult.HOLDS: Exit.DONE, CheckResult.OPEN: Exit.DEPENDENCY, CheckResult.FAILS: Exit.NOT_ACCEPTED}
    raise SystemExit(codes[verdict_of(report)])
