"""Where the contracts are: one small JSON file per chain, ``deployments/<chain id>.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from eth_utils.address import is_checksum_address

from oracle.encoding import Finding, InputRejected
from oracle.encoding.files import write_whole

SCHEMA = "deployment/1"

_REMEDIES = {
    "chain_id": "a positive integer, for example 31337",
    "escrow": "the EIP-55 address of JobEscrow, for example 0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "token": "the EIP-55 address of the settlement token, or the zero address for the native coin",
    "token_symbol": "a symbol of 1 to 16 characters, for example USDC",
    "token_decimals": "an integer from 0 to 36, for example 6",
    "block": "the block that JobEscrow was created in, an integer from 0; events are read from there",
}
_OPTIONAL = {
    "registry": "the EIP-55 address of a ValidatorRegistry, or null",
    "views": "an object of contract names and their EIP-55 addresses",
    "code_hashes": "an object of contract names and the Keccak-256 of their code, 0x and 64 hexadecimal digits",
}


@dataclass(frozen=True)
class Deployment:
    """One escrow on one chain, and the token that jobs are settled in by default."""

    chain_id: int
    escrow: str
    """Checksum address of JobEscrow."""
    token: str
    """Checksum address of the token; the zero address is the native coin."""
    token_symbol: str
    token_decimals: int
    """Base units per token are 10 ** token_decimals."""
    block: int
    """Block in which the escrow was created: no event is older."""
    registry: str | None = None
    """Checksum address of the ValidatorRegistry deployed with it."""
    views: Mapping[str, str] = field(default_factory=dict)
    """Checksum address of each contract that only reads, by its name."""
    code_hashes: Mapping[str, str] = field(default_factory=dict)
    """Keccak-256 of each contract's code, by its name, as its deployer found it. Clients hold the escrow to it."""

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read a deployment file. Raises InputRejected with every fault of it."""
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            fault = Finding(
                "", None, f"cannot be read: {error}", "name the file that `compute up` or the deploy script wrote"
            )
            raise InputRejected(str(path), [fault]) from error
        try:
            document = json.loads(text)
        except ValueError as error:
            raise InputRejected(str(path), [Finding("", None, f"not JSON: {error}", "deploy again")]) from error
        faults = list(_faults(document))
        if faults:
            raise InputRejected(str(path), faults)
        return cls(**{field.name: document[field.name] for field in fields(cls) if field.name in document})

    def to_json(self) -> dict[str, object]:
        """The file's content."""
        return {"schema": SCHEMA, **asdict(self)}

    def differences(self, other: Deployment) -> tuple[str, ...]:
        """The members in which `other` is another deployment, by name."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name) != getattr(other, each.name))

    def dump(self, path: Path) -> None:
        """Write the deployment to `path`, atomically; its folder is made if need be."""
        write_whole(path, (json.dumps(self.to_json(), indent=2) + "\n").encode())


def _faults(document: object) -> list[Finding]:
    if not isinstance(document, dict):
        return [Finding("", None, "not a JSON object", "write one with `compute up` or the deploy script")]
    faults = []
    if document.get("schema") != SCHEMA:
        faults.append(Finding("schema", None, f"is {document.get('schema')!r}", f"write {SCHEMA!r}"))
    for name, remedy in _REMEDIES.items():
        if name not in document:
            faults.append(Finding(name, None, "missing", remedy))
        elif not _valid(name, document[name]):
            faults.append(Finding(name, None, f"{document[name]!r} is not valid", remedy))
    for name, remedy in _OPTIONAL.items():
        if name in document and not _valid_optional(name, document[name]):
            faults.append(Finding(name, None, f"{document[name]!r} is not valid", remedy))
    return faults


def _valid_optional(name: str, value: object) -> bool:
    if name == "registry":
        return value is None or is_checksum_address(value)
    if not isinstance(value, dict):
        return False
    if name == "views":
        return all(is_checksum_address(address) for address in value.values())
    return all(isinstance(digest, str) and re.fullmatch("0x[0-9a-f]{64}", digest) for digest in value.values())


def _valid(name: str, value: object) -> bool:
    if name in ("escrow", "token"):
        return isinstance(value, str) and is_checksum_address(value)
    if name == "token_symbol":
        return isinstance(value, str) and 1 <= len(value) <= 16
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    least, most = {"chain_id": (1, 2**63), "token_decimals": (0, 36), "block": (0, 2**63)}[name]
    return least <= value <= most
