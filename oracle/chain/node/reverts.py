"""Why a contract refuses a call: the revert data that a node sends along, decoded with an ABI."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from oracle.chain.errors import CallReverted
from oracle.chain.node.rpc import RpcError

Abi = Sequence[Mapping[str, Any]]
"""The JSON ABI of a contract."""

REVERT_CODE = 3
"""Of JSON-RPC errors, where a node follows Geth; others say it in the message alone."""
_BUILT_IN_ERRORS: Abi = [
    {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
]
_REVERTED = re.compile(r"\brevert(ed)?\b", re.IGNORECASE)


def revert_of(fault: RpcError, abi: Abi, doing: str) -> CallReverted | None:
    """The revert that `fault` tells of; None where it tells of something else."""
    data = _data(fault.data)
    if not (data or fault.code == REVERT_CODE or _REVERTED.search(fault.message)):
        return None
    name, arguments = decode_revert(data, abi)
    if name == "":
        name = fault.message.removeprefix("execution reverted").strip(": ")
    return CallReverted(name or "without a reason", arguments, doing)


def _data(said: object) -> bytes:
    """The revert data, wherever a node puts it: as it is, after a word, or in an object."""
    if isinstance(said, dict):
        for key in ("data", "result", "return", "output"):
            if found := _data(said.get(key)):
                return found
        return b""
    if not isinstance(said, str):
        return b""
    bare = re.fullmatch(r"(?:Reverted )?0x((?:[0-9a-fA-F]{2})*)", said)
    return bytes.fromhex(bare[1]) if bare else b""


def decode_revert(data: bytes, abi: Abi) -> tuple[str, dict[str, object]]:
    """Name and arguments of the custom error in revert `data`; ``("", {})`` where there is none.

    bytes arguments come as 0x-hexadecimal text. An unknown selector is its own name, in hexadecimal.
    """
    if len(data) < 4:
        return "", {}
    for entry in (*abi, *_BUILT_IN_ERRORS):
        if entry.get("type") != "error":
            continue
        inputs: list[Any] = list(entry.get("inputs", ()))
        types = [collapse_if_tuple(item) for item in inputs]
        if keccak(text=f"{entry['name']}({','.join(types)})")[:4] != data[:4]:
            continue
        try:
            values = decode(types, data[4:])
        except (DecodingError, UnicodeDecodeError):
            break  # a selector that collides, a truncated body, or no text: show the bytes rather than guess
        names = [item.get("name") or f"argument{index}" for index, item in enumerate(inputs)]
        return str(entry["name"]), {name: _shown(value) for name, value in zip(names, values, strict=True)}
    return "0x" + data[:4].hex(), {"data": "0x" + data[4:].hex()} if len(data) > 4 else {}


def _shown(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, str) and re.fullmatch(r"0x[0-9a-f]{40}", value):
        return to_checksum_address(value)
    return value
