"""Runs slither over contracts/ and fails on a finding that nobody has explained (`make slither`).

The compiler gets standard JSON: slither's own calls cannot ask for code by way of the intermediate language, without
which `settleBatch` does not compile. A finding that is none is explained in the source, beside its `slither-disable-…`;
detectors that slither.config.json leaves out as a whole are explained in contracts/PROOFS.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".build/slither"


def main() -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    sources = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "contracts").rglob("*.sol"))
    asked = {
        "language": "Solidity",
        "sources": {name: {"content": (ROOT / name).read_text()} for name in sources},
        "settings": {
            "viaIR": True,
            "optimizer": {"enabled": False},
            "evmVersion": "prague",
            "remappings": [
                "@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/",
                "solady/=node_modules/solady/src/",
            ],
        },
    }
    given = WORK / "input.json"
    given.write_text(json.dumps(asked))
    # slither asks forge for its configuration, by this name.
    forge = WORK / "forge"
    forge.write_text(f'#!/bin/sh\nexec sh "{ROOT}/scripts/forge.sh" "$@"\n')
    forge.chmod(0o755)
    (solc,) = (ROOT / ".solcx").glob("solc-v*")
    command = [ROOT / ".venv-slither/bin/slither", given, "--compile-force-framework", "Solc-json", "--solc", solc]
    ran = subprocess.run(
        [*command, *sys.argv[1:]],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{WORK}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    )
    sys.exit(ran.returncode)


if __name__ == "__main__":
    main()
