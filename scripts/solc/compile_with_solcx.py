"""Compile the deployed contracts with py-solc-x instead of forge, and compare with what is committed.

    SOLCX_BINARY_PATH=$PWD/.solcx .venv-ape/bin/python scripts/solc/compile_with_solcx.py [NAME ...]

A second way to the same bytecode, for whoever audits without foundry. py-solc-x finds the compiler's launcher that
scripts/solc/install.sh wrote (npm's solc); with a native solc of the same version in SOLCX_BINARY_PATH it takes that.
Settings are those of foundry.toml. Exit code 1 where a contract differs from oracle/chain/abi/.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import solcx

ROOT = Path(__file__).resolve().parents[2]
VERSION = "0.8.34"
SOURCES = {
    "Erc8183View": "contracts/adapters/Erc8183View.sol",
    "JobDigests": "contracts/views/JobDigests.sol",
    "JobEscrow": "contracts/JobEscrow.sol",
    "LocalUSD": "contracts/local/LocalUSD.sol",
    "Reputation": "contracts/adapters/Reputation.sol",
    "ValidatorRegistry": "contracts/ValidatorRegistry.sol",
}
SETTINGS = {
    "evmVersion": "prague",
    "viaIR": True,
    "optimizer": {"enabled": True, "runs": 20_000},
    "metadata": {"bytecodeHash": "none"},
    "remappings": [
        "@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/",
        "solady/=node_modules/solady/src/",
    ],
    "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}},
}


def compiled(names: list[str]) -> dict[str, Any]:
    """What the compiler makes of each named contract."""
    document = {
        "language": "Solidity",
        "sources": {SOURCES[name]: {"urls": [SOURCES[name]]} for name in names},
        "settings": SETTINGS,
    }
    output = solcx.compile_standard(document, solc_version=VERSION, base_path=ROOT, allow_paths=[ROOT])
    return {name: output["contracts"][SOURCES[name]][name] for name in names}


def main(names: list[str]) -> int:
    differing = []
    for name, built in compiled(names or list(SOURCES)).items():
        committed = json.loads((ROOT / "oracle" / "chain" / "abi" / f"{name}.json").read_text())
        pairs = (
            (built["evm"]["bytecode"]["object"], committed["bytecode"]),
            (built["evm"]["deployedBytecode"]["object"], committed["deployedBytecode"]),
        )
        same = all(made == kept.removeprefix("0x") for made, kept in pairs)
        print(f"{name}: {'the same bytecode' if same else 'DIFFERS'}")
        if not same:
            differing.append(name)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
