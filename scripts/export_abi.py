"""Write oracle/chain/abi/: the ABI and bytecode that the Python packages and the deploy script use.

    ape run export_abi [--check]    or    python scripts/export_abi.py [--check]

A file holds the bytecode that makes a contract, and the one that then stands on the chain with the places of its
immutable values, which oracle/chain/bytecode.py reads. Both ways of calling compile with forge (scripts/forge.sh, with
the settings of foundry.toml): ape's plugin cannot leave the metadata's hash out of the bytecode, which would then
differ with every comment. `--check` writes nothing and fails where a committed file differs.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "oracle" / "chain" / "abi"
SOURCES = {
    "JobDigests": "contracts/views/JobDigests.sol",
    "JobEscrow": "contracts/JobEscrow.sol",
    "ValidatorRegistry": "contracts/ValidatorRegistry.sol",
    "LocalUSD": "contracts/local/LocalUSD.sol",
}
VIEWS = {
    "Erc8183View": "contracts/adapters/Erc8183View.sol",
    "Reputation": "contracts/adapters/Reputation.sol",
}
"""Contracts that forge's own tests compile without the optimizer, and that are deployed as the others are."""


def compiled(name: str) -> str:
    """The file of one contract, from forge's build output."""
    out = ROOT / "out" if name in SOURCES else ROOT / ".build" / "views" / "out"
    built = json.loads((out / f"{name}.sol" / f"{name}.json").read_text())
    bytecode, deployed = built["bytecode"], built["deployedBytecode"]
    if bytecode["linkReferences"]:
        raise click.ClickException(f"{name} needs linking, which nothing here does: {bytecode['linkReferences']}")
    places = (place for value in deployed.get("immutableReferences", {}).values() for place in value)
    document = {
        "abi": built["abi"],
        "bytecode": bytecode["object"],
        "deployedBytecode": deployed["object"],
        "immutables": sorted(places, key=lambda place: int(place["start"])),
    }
    return json.dumps(document, indent=1) + "\n"


def drifted() -> list[str]:
    """Compile, and name the contracts whose committed file is not what the sources give."""
    build()
    paths = {name: TARGET / f"{name}.json" for name in (*SOURCES, *VIEWS)}
    return [name for name, path in paths.items() if not path.exists() or path.read_text() != compiled(name)]


def build() -> None:
    """Compile the deployed contracts; raises click.ClickException with the compiler's own words."""
    for profile, sources in (("default", SOURCES), ("views", VIEWS)):
        command = [str(ROOT / "scripts" / "forge.sh"), "build", *sources.values()]
        environment = os.environ | {"FOUNDRY_PROFILE": profile}
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if result.returncode:
            raise click.ClickException(result.stdout + result.stderr)


@click.command(help=(__doc__ or "").splitlines()[0])
@click.option("--check", is_flag=True, help="write nothing; fail where a committed file differs")
def cli(check: bool) -> None:
    if check:
        if names := drifted():
            raise click.ClickException(f"{', '.join(names)}: not what the sources give; run this without --check")
        click.echo(f"{TARGET} is what the sources give")
        return
    build()
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in (*SOURCES, *VIEWS):
        (TARGET / f"{name}.json").write_text(compiled(name))
        click.echo(f"wrote {TARGET / name}.json")


if __name__ == "__main__":
    cli()
