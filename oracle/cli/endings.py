"""How a command ends: its exit code, and what is wrong with its inputs, all of it at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import NoReturn, TypeVar

import click

from oracle.encoding.errors import OracleError
from oracle.encoding.findings import Finding, InputRejected

Read = TypeVar("Read")


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    INPUT = 2
    DEPENDENCY = 5
    NOT_ACCEPTED = 6


class InputsRejected(OracleError):
    """Several inputs, or one, have faults; nothing was judged and nothing was written."""

    def __init__(self, rejected: Sequence[InputRejected]) -> None:
        self.rejected = tuple(rejected)
        super().__init__("; ".join(map(str, rejected)))


class Gathering:
    """Reads one input after the other and keeps what is wrong with each, to tell all of it at once."""

    def __init__(self) -> None:
        self._rejected: list[InputRejected] = []

    def read(self, read: Callable[[], Read]) -> Read | None:
        """What `read` returns, or None if it raises InputRejected."""
        try:
            return read()
        except InputRejected as error:
            self._rejected.append(error)
            return None

    def reject(self, source: str, reason: str, remedy: str, path: str = "") -> None:
        """Keep one fault."""
        self._rejected.append(InputRejected(source, [Finding(path, None, reason, remedy)]))

    def settle(self) -> None:
        """Raise InputsRejected if anything was wrong."""
        if self._rejected:
            raise InputsRejected(self._rejected)


def fail(code: Exit, message: str) -> NoReturn:
    """End with one line on stderr."""
    click.echo(f"error: {shown(message)}", err=True)
    raise SystemExit(code)


def fail_inputs(error: InputsRejected, *, as_json: bool) -> NoReturn:
    """End with every fault: where, what, what to do; as JSON on stdout under ``errors`` if that was asked for."""
    if as_json:
        errors = [
            {"source": rejected.source, **finding.to_json()}
            for rejected in error.rejected
            for finding in rejected.findings
        ]
        click.echo(json.dumps({"errors": errors}, indent=2, ensure_ascii=False))
    else:
        for rejected in error.rejected:
            for finding in rejected.findings:
                at = ", ".join(
                    [f"line {finding.line}"] * (finding.line is not None) + [finding.path] * bool(finding.path)
                )
                place = f"{rejected.source}, {at}" if at else rejected.source
                click.echo(f"error: {shown(place)}: {shown(finding.reason)}", err=True)
                click.echo(f"    → {shown(finding.remedy)}", err=True)
    raise SystemExit(Exit.INPUT)


def shown(text: str) -> str:
    """`text`, which may quote a file, on one line and without control characters."""
    plain = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in plain)
