"""How validators show each other what they signed: a port, and a shared directory behind it.

One file per (job, round, validator), replaced atomically. Whoever can write there can put anything there, so nothing
read counts before verify() has recovered its signer; and each validator puts its own file back if it is gone.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from oracle.encoding import parse_json
from oracle.terms import JobTerms, verdict_digest
from oracle.verdict.signed import Attestation

LARGEST_FILE = 16 * 1024
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@dataclass(frozen=True)
class Unusable:
    """Something on the board that is no valid attestation, and why."""

    source: str
    reason: str


class AttestationBoard(Protocol):
    """Where attestations are published and read."""

    def publish(self, attestation: Attestation) -> None:
        """Show `attestation`, in place of an earlier one by the same validator about the same job and round."""
        ...

    def read(self, job: str, round: int) -> tuple[tuple[Attestation, ...], tuple[Unusable, ...]]:  # noqa: A002
        """All attestations shown for a job's round, unverified, and what could not be read as one."""
        ...


class BoardDown(Exception):
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
        draft = folder / f".{attestation.validator}.{secrets.token_hex(4)}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with draft.open("w") as file:
                file.write(json.dumps(attestation.to_json(), indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
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
            try:
                with path.open("rb") as file:
                    data = file.read(LARGEST_FILE + 1)
                if len(data) > LARGEST_FILE:
                    raise ValueError(f"larger than {LARGEST_FILE} bytes")
                found.append(Attestation.from_json(parse_json(data)))
            except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                unusable.append(Unusable(path.name, str(error)))
        return tuple(found), tuple(unusable)


def open_board(url: str) -> AttestationBoard:
    """The board at `url`: ``file:///absolute/directory``. Raises ValueError for any other form."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ValueError(f"{url!r} is no attestation board; write file:///absolute/directory")
    return DirectoryBoard(Path(unquote(parts.path)))


def verify(attestation: Attestation, terms: JobTerms, *, chain_id: int, escrow: str) -> str | None:
    """None if the attestation's signature is by its validator, who is pinned in `terms`; else what is wrong with it.

    The form is the one that the contract takes: 65 bytes r, s, v with s in the lower half and v 27 or 28.
    """
    if attestation.validator not in terms.validators:
        return f"{attestation.validator} is not pinned in the terms"
    if attestation.document != attestation.verdict.evidence_hash:
        return "it names another document than its verdict"
    try:
        signature = bytes.fromhex(attestation.signature.removeprefix("0x"))
        digest = bytes.fromhex(verdict_digest(attestation.verdict, chain_id, escrow)[2:])
    except ValueError as error:
        return str(error)
    if len(signature) != 65 or signature[64] not in (27, 28):
        return "its signature is not 65 bytes r, s, v with v 27 or 28"
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        return "its signature is malleable (s in the upper half)"
    try:
        key = Signature(signature[:64] + bytes([signature[64] - 27])).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError) as error:
        return f"its signature does not verify ({error})"
    if key.to_checksum_address() != attestation.validator:
        return f"it was signed by {key.to_checksum_address()}, not by {attestation.validator}"
    return None


def agreeing(attestations: Iterable[Attestation], own: Attestation) -> tuple[Attestation, ...]:
    """Those among `attestations` to exactly our own verdict, by address ascending, one per validator, ours included."""
    by_validator = {other.validator: other for other in attestations if other.verdict == own.verdict}
    by_validator[own.validator] = own
    return tuple(by_validator[validator] for validator in sorted(by_validator, key=lambda address: int(address, 16)))
