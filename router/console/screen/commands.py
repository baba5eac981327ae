"""What every command shares: ``--json``, ``--home``, an example in its help, and a place to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import update_wrapper
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click

from router.console.screen.failures import Interrupted
from router.console.screen.output import Output
from router.settings import Home, find_home, keep_caches_in

P = ParamSpec("P")

ROOT_HOME = "compute.home"
"""Key under which the group keeps its ``--home`` for the commands below it."""


@dataclass(frozen=True)
class Session:
    """One call of one command."""

    output: Output
    home: Home
    begun: list[str] = field(default_factory=list)
    """What has taken effect outside by now, each with where to see how far it got: for whoever interrupts it."""


class Command(click.Command):
    """A command with examples, which its help shows last."""

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Example" if len(self.examples) == 1 else "Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class Group(click.Group):
    """A group that lists its commands in the order in which they were added, which is the order of their use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)


def home_option(function: Callable[..., object]) -> Callable[..., object]:
    """``--home``: on the group and on every command, so that it may stand on either side."""
    return click.option(
        "--home",
        "home_path",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="PATH",
        help="Folder of keys, jobs and artifacts. [default: COMPUTE_HOME, else the nearest .compute, else ./.compute]",
    )(function)


def command(
    group: click.Group, name: str, *examples: str
) -> Callable[[Callable[Concatenate[Session, P], None]], click.Command]:
    """Register a function as command `name` of `group`; it gets a Session first, then its own parameters."""
    if not examples:
        raise AssertionError(f"{name}: every command shows an example")

    def register(function: Callable[Concatenate[Session, P], None]) -> click.Command:
        def call(*args: P.args, **kwargs: P.kwargs) -> None:
            as_json = bool(kwargs.pop("as_json"))
            home_path = kwargs.pop("home_path") or click.get_current_context().find_root().meta.get(ROOT_HOME)
            home = find_home(home_path if isinstance(home_path, Path) else None)
            keep_caches_in(home)
            session = Session(Output(as_json), home)
            try:
                function(session, *args, **kwargs)
            except (KeyboardInterrupt, click.Abort) as stop:
                raise Interrupted(tuple(session.begun)) from stop

        update_wrapper(call, function)
        decorated = home_option(call)
        decorated = click.option(
            "--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else there."
        )(decorated)
        return group.command(name, cls=Command, examples=examples)(decorated)

    return register
