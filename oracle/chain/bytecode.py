"""The contracts' committed ABI and bytecode, where they come to stand, and whether what stands there is them.

Every contract is made through the usual deterministic deployer, with one salt: its address follows from its init code
alone and is the same on every chain. The deployer is 69 bytes of code that anybody may put on a chain, by one
transaction whose sender nobody has the key of (https://github.com/Arachnid/deterministic-deployment-proxy).

Nothing here needs a node, web3 or a key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
"""Takes a salt of 32 bytes and an init code, and makes the contract by CREATE2."""
DEPLOYER_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0"
    "3601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)
DEPLOYER_SIGNER = "0x3fAB184622Dc19b6109349B94811493BF2a45362"
DEPLOYER_COST_WEI = 10**16
"""What its signer must hold: 100,000 gas at 100 gwei, both fixed by the signature."""
DEPLOYER_TRANSACTION = "0x" + (
    "f8a58085174876e800830186a08080b853604580600e600039806000f350fe"
    + DEPLOYER_CODE.hex()
    + "1ba0" + 32 * "22" + "a0" + 32 * "22"
)  # fmt: skip
SALT = bytes(32)


@dataclass(frozen=True)
class Artifact:
    """What the compiler made of one contract."""

    name: str
    abi: Sequence[Mapping[str, Any]]
    init_code: bytes
    """What makes the contract, without the constructor's arguments."""
    code: bytes
    """What stands on a chain, with zeros where immutable values go."""
    immutables: tuple[tuple[int, int], ...]
    """(offset, length) in bytes of each immutable value in `code`."""

    def init_code_with(self, *arguments: object) -> bytes:
        """The init code with the constructor's `arguments` behind it."""
        constructor = next((entry for entry in self.abi if entry["type"] == "constructor"), {"inputs": ()})
        types = [collapse_if_tuple(item) for item in constructor["inputs"]]
        return self.init_code + encode(types, arguments)

    def address(self, *arguments: object) -> str:
        """Where the deterministic deployer puts it: EIP-1014, EIP-55."""
        parts = (b"\xff", to_canonical_address(DEPLOYER), SALT, keccak(self.init_code_with(*arguments)))
        return to_checksum_address(keccak(b"".join(parts))[12:])

    def is_made_of(self, code: bytes) -> bool:
        """Whether `code`, found on a chain, is this contract's, whatever its immutable values are."""
        if len(code) != len(self.code):
            return False
        bare = bytearray(code)
        for offset, length in self.immutables:
            bare[offset : offset + length] = bytes(length)
        return bytes(bare) == self.code


@cache
def artifact(name: str) -> Artifact:
    """The committed artifact of the contract `name`. Raises FileNotFoundError for a name that has none."""
    document = json.loads(resources.files("oracle.chain").joinpath("abi", f"{name}.json").read_text())
    return Artifact(
        name=name,
        abi=document["abi"],
        init_code=bytes.fromhex(document["bytecode"].removeprefix("0x")),
        code=bytes.fromhex(document["deployedBytecode"].removeprefix("0x")),
        immutables=tuple((part["start"], part["length"]) for part in document["immutables"]),
    )


def code_hash(code: bytes) -> str:
    """The Keccak-256 of a contract's code, as EXTCODEHASH gives it; 0x and lower-case hexadecimal."""
    return "0x" + keccak(code).hex()
