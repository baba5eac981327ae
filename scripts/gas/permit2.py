"""Permit2 as it lies on every chain, from the npm package that carries its published code."""

from __future__ import annotations

import re
from pathlib import Path

from oracle.terms import PERMIT2
from oracle.terms.typed_data import Domain

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests/node/node_modules/@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol"
PUBLISHED_ON = 31337
"""The chain on which the published code was deployed, at another address."""


def published_runtime() -> str:
    """The runtime as 0x-hexadecimal, with the immutables of chain 1: on any other chain it computes its domain anew.

    Raises SystemExit, with what to do, where the package is not installed or carries something else.
    """
    if not SOURCE.is_file():
        raise SystemExit(f"{SOURCE.name} is not installed; run: sh scripts/setup.sh test")
    found = re.search(r'hex"([0-9a-f]+)"', SOURCE.read_text())
    # push32 of the chain id, a few bytes, push32 of the domain separator
    pair = found and re.search(f"7f({PUBLISHED_ON:064x})[0-9a-f]{{6,10}}7f([0-9a-f]{{64}})", found[1])
    if not found or not pair:
        raise SystemExit(f"{SOURCE.name} does not carry Permit2's code in the form that is known here")
    domain = Domain("Permit2", None, 1, PERMIT2).separator.hex()
    return "0x" + found[1].replace("7f" + pair[1], f"7f{1:064x}").replace("7f" + pair[2], "7f" + domain)
