"""`compute bundle`, `compute verify`: a job's evidence in one file, and deriving it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.console.screen.commands import Session, command
from router.console.screen.failures import CommandFailed, Exit
from router.console.screen.opening import job_argument, job_of

if TYPE_CHECKING:
    from rich.console import Console


_COLOURS = {"holds": "green", "fails": "bold red", "open": "yellow", "nothing": "dim", "elsewhere": "dim"}


def register(root: click.Group) -> None:
    """Add the commands to `root`."""

    @command(root, "bundle", "compute bundle job_8f31", "compute bundle job_8f31 --out evidence.zip")
    @job_argument
    @click.option(
        "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        help="Where to write it. [default: JOB.evidence.zip]",
    )  # fmt: skip
    def bundle(session: Session, job: str, out: Path | None) -> None:
        """Write all evidence of JOB into one file.

        JOB may be the beginning of an id, of a job in any state. The file holds its artifacts, signed events, terms,
        validators' signatures and the chain's receipts, with a manifest that says what is missing, and why. The same
        record gives the same bytes. No other file is written over.
        """
        from oracle.encoding import Finding, sha256_hex
        from oracle.encoding.files import write_whole
        from router.control.operating.explaining.bundling import bundle_of

        opened, record = job_of(session, job)
        made, missing = bundle_of(opened, record.job)
        path = out or Path(f"{record.job}.evidence.zip")
        if path.exists() and path.read_bytes() != made:
            reason = f"{path} is there with other content"
            raise CommandFailed(Exit.INPUT, Finding("--out", None, reason, "name another file with --out"))
        write_whole(path, made)
        following = f"compute verify {path}"
        payload = {
            "job": record.job,
            "file": str(path),
            "bytes": len(made),
            "sha256": sha256_hex(made),
            "missing": [{"sort": each.sort, "name": each.name, "reason": each.reason} for each in missing],
            "next": following,
        }

        def draw(screen: Console) -> None:
            from router.console.screen.output import next_step, plain

            screen.print(f"{plain(path)}: {len(made):,} bytes, sha256 {sha256_hex(made)[2:]}", soft_wrap=True)
            for each in missing:
                screen.print(f"[yellow]missing[/] {plain(each.sort)} {plain(each.name)}: {plain(each.reason)}")
            next_step(screen, following)

        session.output.result(payload, draw)

    @command(root, "verify", "compute verify job_8f31xk2m9q.evidence.zip", "compute verify evidence.zip --json")
    @click.argument("file", type=click.Path(path_type=Path))
    @click.option("--rpc", metavar="URL", help="Also ask a node of the job's chain. [default: nothing is asked]")
    def verify(session: Session, file: Path, rpc: str | None) -> None:
        """Derive again what FILE, a job's bundle, claims.

        From its bytes alone: the file's form, terms and JobId, receipts and their proofs, spec, baseline, verdict,
        signatures and quorum, payment, the event log; with --rpc also whether that chain has them. Exits with 0 if all
        of it holds, with 6 if something fails, and with 5 if something is missing that it would follow from.
        """
        from oracle.evidence.checks import CheckResult
        from oracle.evidence.reading import verify_file
        from oracle.evidence.showing import lines, verdict_of
        from router.protocol.evidence.event_log import event_checks

        report = verify_file(file, (event_checks,), rpc)

        def draw(screen: Console) -> None:
            from router.console.screen.output import plain

            for result, word, rest in lines(report):
                lead = f"[{_COLOURS[result.value]}]{word}[/]" if result is not None else ""
                screen.print(f"{lead}{plain(rest)}", soft_wrap=True)

        session.output.result(report.to_json(), draw)
        codes = {CheckResult.OPEN: Exit.DEPENDENCY, CheckResult.FAILS: Exit.NOT_ACCEPTED}
        if code := codes.get(verdict_of(report)):
            click.get_current_context().exit(code)
