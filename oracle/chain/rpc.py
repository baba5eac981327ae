"""One node, spoken to with an explicit timeout, and its failures in our words.

Retrying is the caller's decision (a command tells its user, a service backs off), so web3's own silent retries are off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import requests
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3
from web3.exceptions import (
    BadFunctionCallOutput,
    BadResponseFormat,
    ContractLogicError,
    TooManyRequests,
    Web3RPCError,
    Web3ValueError,
)

from oracle.chain.errors import CallReverted, ChainDown, InsufficientFunds, NodeError, WrongNetwork

DEFAULT_TIMEOUT_S = 10.0

Abi = Sequence[Mapping[str, Any]]
"""The JSON ABI of a contract."""

_BUILT_IN_ERRORS: Abi = [
    {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
]
_INSUFFICIENT = re.compile(
    r"insufficient funds|insufficient balance|insufficient maxfeepergas for sender", re.IGNORECASE
)


def connect(url: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> Web3:
    """A client of the node at `url`. Nothing is sent yet. `timeout_s` bounds each request's connect and read."""
    provider = HTTPProvider(url, request_kwargs={"timeout": timeout_s}, exception_retry_configuration=None)
    return Web3(provider)


@contextmanager
def spoken(url: str, doing: str, abi: Abi = ()) -> Iterator[None]:
    """Turn what web3 raises inside the block into one of oracle.chain's errors.

    `doing` names the request for the message; custom errors are decoded with `abi`.
    """
    try:
        yield
    except ContractLogicError as error:
        name, arguments = decode_revert(_revert_data(error), abi)
        if name == "" and error.message:
            name = error.message.removeprefix("execution reverted").strip(": ") or "without a reason"
        raise CallReverted(name or "without a reason", arguments, doing) from error
    except BadFunctionCallOutput as error:
        raise WrongNetwork(url, "no contract of the deployment answers there") from error
    except TooManyRequests as error:
        raise ChainDown(url, "too many requests") from error
    except Web3RPCError as error:
        message = rpc_message(error)
        if _INSUFFICIENT.search(message):
            raise InsufficientFunds("the sender", None, None) from error
        raise NodeError(doing, message) from error
    except (BadResponseFormat, Web3ValueError, json.JSONDecodeError) as error:
        raise ChainDown(url, "its answer is not JSON-RPC") from error
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "?"
        raise ChainDown(url, f"HTTP status {status}") from error
    except requests.Timeout as error:
        raise ChainDown(url, "no answer in time") from error
    except requests.RequestException as error:
        raise ChainDown(url, "connection refused or lost") from error


def rpc_message(error: Web3RPCError) -> str:
    """The node's own words."""
    response: Any = error.rpc_response or {}
    details = response.get("error", {})
    message = details.get("message") if isinstance(details, dict) else None
    return str(message or error.message)


def _revert_data(error: ContractLogicError) -> bytes:
    data: object = error.data
    if isinstance(data, dict):
        data = data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return b""
    return b""


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
        except DecodingError:
            break  # a selector that collides, or a truncated body: show the bytes rather than guess
        names = [item.get("name") or f"argument{index}" for index, item in enumerate(inputs)]
        return str(entry["name"]), {name: _shown(value) for name, value in zip(names, values, strict=True)}
    return "0x" + data[:4].hex(), {"data": "0x" + data[4:].hex()} if len(data) > 4 else {}


def _shown(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, str) and re.fullmatch(r"0x[0-9a-f]{40}", value):
        return Web3.to_checksum_address(value)
    return value
