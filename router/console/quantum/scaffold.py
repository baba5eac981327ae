"""A first job on disk: copies of the templates, written only where nothing is overwritten."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from oracle.encoding import Finding
from router.console.screen.failures import CommandFailed, Exit

TEMPLATES = ("job.yaml", "circuits/optimizer.py")
"""Paths below the package's ``templates`` folder, and below the new job's."""


def write_job(folder: Path) -> tuple[Path, ...]:
    """Write the templates below `folder` and return their paths.

    Raises CommandFailed, having written nothing, if `folder` is a file or holds any of them already.
    """
    targets = [folder / name for name in TEMPLATES]
    blockers = [path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()]
    findings = [
        Finding(str(path), None, "is a file where a folder is needed", f"choose another name: {_example(folder)}")
        for path in blockers
    ]
    findings += [
        Finding(str(path), None, "exists already", f"choose another name ({_example(folder)}), or move it away")
        for path in targets
        if path.exists()
    ]
    if findings:
        raise CommandFailed(Exit.INPUT, *findings)
    source = resources.files("router.console") / "templates"
    for name, target in zip(TEMPLATES, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:  # x: whoever wrote it in the meantime keeps it
            file.write((source / name).read_bytes())
    return tuple(targets)


def _example(folder: Path) -> str:
    return f"`compute quantum init {folder.with_name(folder.name + '-2')}`"
