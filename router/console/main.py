"""`compute`: from a job spec to a payment that statistics decide.

The modules imported here import nothing heavy: each command imports what it needs when it runs, so help is instant.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from oracle.encoding import Finding
from router.console import deploy, doctor, evidence, funding, jobs
from router.console import running as stack
from router.console.quantum import plan, quantum
from router.console.screen.commands import ROOT_HOME, Group, home_option
from router.console.screen.failures import Exit, Failure, describe
from router.console.screen.output import Output


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 2 input or infeasible, 3 denied, 4 unknown, 5 a dependency, 6 not accepted.",
)
@click.version_option(package_name="compute-escrow", prog_name="compute", message="%(prog)s %(version)s")
@home_option
@click.pass_context
def cli(ctx: click.Context, home_path: Path | None) -> None:
    """Run jobs that are paid for when the statistics say they were delivered.

    \b
    Start with one of these:
      compute demo                        one job from spec to payment, on a throw-away local stack
      compute up                          a local stack to work with
      compute quantum init optimizer-demo a first job to change
    """
    if home_path is not None:
        ctx.meta[ROOT_HOME] = home_path


GROUPS = (quantum, jobs, evidence, plan, funding, deploy, stack, doctor)
"""Every module of commands; a new one is a file with a `register`, and its name here."""

for group in GROUPS:
    group.register(cli)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Errors that we know are printed, others are raised."""
    try:
        code = cli.main(args=list(arguments), prog_name="compute", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stderr.write(error.format_message() + "\n")
        return Exit.INPUT
    except (Exception, KeyboardInterrupt) as error:
        failure = describe(error)
        if failure is None:
            raise
        Output(as_json="--json" in arguments).failed(failure)
        return failure.exit_code
    return code if isinstance(code, int) else Exit.OK  # click returns the code of ctx.exit(), or the command's None


def main() -> None:
    """The entry point of the console script."""
    arguments = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? for an arrow, and no traceback
    try:
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (`compute jobs | head`): say nothing, and keep the interpreter from flushing into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 128 + 13
    except Exception as error:  # noqa: BLE001  # the last resort: it is shown whole, and the exit code says failure
        traceback.print_exc()
        reason = f"internal error: {type(error).__name__}: {error}"
        finding = Finding(
            "", None, reason, "please report it with the lines above; `compute doctor` describes this machine"
        )
        Output(as_json="--json" in arguments).failed(Failure(Exit.DEPENDENCY, (finding,)))
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
