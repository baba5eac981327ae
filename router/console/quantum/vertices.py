"""`compute quantum vertex`: a device's noise as a file, and as the lines that a spec names it by."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oracle.encoding import Finding, format_rational, parse_rational
from router.console.screen.commands import Session
from router.console.screen.failures import CommandFailed, Exit

if TYPE_CHECKING:
    from rich.console import Console


def declare(
    session: Session, spec: Path, device: str, out: str, most: str, shots: int | None, seed: int, following: str
) -> None:
    """Simulate, write the file, show the hull and the command `following`. Raises CommandFailed, having written
    nothing."""
    weight = _weight(most)
    target = _target(spec, out)
    with session.output.progress() as progress:
        from router.requester.vertex import SHOTS, device_vertex

        shots = shots or SHOTS
        found = device_vertex(spec, device, shots, seed, progress)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:  # x: whoever wrote it in the meantime keeps it
        file.write(found.table)
    entry = {"kind": "file", "most": format_rational(weight), "ref": f"./{Path(out)}"}
    hull = {"reach": format_rational(found.reach(weight)), "vertices": [entry]}
    payload = {
        "device": device,
        "distance": format_rational(found.distance),
        "file": str(target),
        "hull": hull,
        "next": following,
        "root": found.law.root,
        "seed": seed,
        "shots": shots,
    }

    def draw(screen: Console) -> None:
        from router.console.screen.output import facts, next_step, plain

        screen.print(f"Wrote [bold]{plain(str(target))}[/]")
        distance = f"{float(found.distance):.4f} from the ideal distribution (total variation)"
        facts(screen, (("device", device), ("shots", f"{shots:,}, seed {seed}"), ("lies", distance)))
        screen.print("\nIn the spec, below [bold]validation[/]:\n")
        screen.print(f"  hull:\n    reach: {hull['reach']}\n    vertices:", highlight=False)
        line = "{" + ", ".join(f"{name}: {plain(value)}" for name, value in entry.items()) + "}"
        screen.print(f"      - {line}", highlight=False, soft_wrap=True)
        next_step(screen, following)

    session.output.result(payload, draw)


def _weight(text: str) -> Fraction:
    try:
        weight = parse_rational(text)
    except ValueError:
        weight = Fraction(0)
    if not 0 < weight <= 1:
        raise click.BadParameter(f"{text!r} is not a share above 0 and up to 1; write 1/2", param_hint="--most")
    return weight


def _target(spec: Path, out: str) -> Path:
    folder = spec.parent.resolve()
    target = (folder / out).resolve()
    if Path(out).is_absolute() or not target.is_relative_to(folder) or target == folder:
        remedy = "name a file below it, such as baselines/torino.json: specs name files by such paths"
        raise CommandFailed(Exit.INPUT, Finding("--out", None, f"{out} is not below the spec's folder", remedy))
    if target.exists():
        remedy = "move it away, or name another file with --out"
        raise CommandFailed(Exit.INPUT, Finding(str(target), None, "exists already", remedy))
    return target
