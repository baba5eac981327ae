"""How validators show each other what they signed: a port, and a shared directory behind it.

One file per (job, round, validator), replaced atomically. Whoever can write there can put anything there, so nothing
read counts before `checking` has verified it; and each validator puts its own file back if it is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from oracle.attestations.attestation import Attestation
from oracle.attestations.checking import Unusable, read_attestation
from oracle.encoding.errors import OracleError
from oracle.encoding.files import write_whole


class AttestationBoard(Protocol):
    """Where attestations are published and read."""

    def publish(self, attestation: Attestation) -> None:
        """Show `attestation`, in place of an earlier one by the same validator about the same job and round."""
        ...

    def read(self, job: str, round: int) -> tuple[tuple[Attestation, ...], tuple[Unusable, ...]]:  # noqa: A002
        """All attestations shown for a job's round, unverified, and what could not be read as one."""
        ...


class BoardDown(OracleError):
    """The board cannot be read or written now; transient."""


class DirectoryBoard:
    """A board in a directory that the validators share: ``<root>/<job>/<round>/<validator>.json``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def publish(self, attestation: Attestation) -> None:
        """Write the file and sync it, then put it in place. Raises BoardDown."""
        verdict = attestation.verdict
        folder = self._root / verdict.job / str(verdict.round)
        path = folder / f"{attestation.validator}.json"
        try:
            write_whole(path, (json.dumps(attestation.to_json(), indent=2) + "\n").encode())
        except OSError as error:
            raise BoardDown(f"{path} cannot be written ({error.strerror})") from error

    def read(self, job: str, round: int) -> tuple[tuple[Attestation, ...], tuple[Unusable, ...]]:  # noqa: A002
        """Read the round's folder. Raises BoardDown if it exists and cannot be listed."""
        folder = self._root / job / str(round)
        found: list[Attestation] = []
        unusable: list[Unusable] = []
        try:
            paths = sorted(path for path in folder.iterdir() if path.suffix == ".json")
        except FileNotFoundError:
            return (), ()
        except OSError as error:
            raise BoardDown(f"{folder} cannot be listed ({error.strerror})") from error
        for path in paths:
            read = read_attestation(path)
            if isinstance(read, Unusable):
                unusable.append(read)
            else:
                found.append(read)
        return tuple(found), tuple(unusable)


def open_board(url: str) -> AttestationBoard:
    """The board at `url`: ``file:///absolute/directory``. Raises ValueError for any other form."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ValueError(f"{url!r} is no attestation board; write file:///absolute/directory")
    return DirectoryBoard(Path(unquote(parts.path)))


def agreeing(attestations: Iterable[Attestation], own: Attestation) -> tuple[Attestation, ...]:
    """Those among `attestations` to exactly our own verdict, by address ascending, one per validator, ours included."""
    by_validator = {other.validator: other for other in attestations if other.verdict == own.verdict}
    by_validator[own.validator] = own
    return tuple(by_validator[validator] for validator in sorted(by_validator, key=lambda address: int(address, 16)))
