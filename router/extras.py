"""The parts of an installation that not everybody needs, and how their absence is told.

A plain `pip install compute-escrow` is a validator's. What the control plane, simulators and IBM's client take more
stands in the extras of pyproject.toml, of which EXTRAS is the copy that the code reads; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from router.errors import RouterError

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "router": ("alembic", "dbos", "jinja2", "psutil", "resvg-py", "rich", "sqlalchemy"),
    "worker": ("psutil", "qiskit-aer"),
    "ibm": ("qiskit-ibm-runtime",),
}
"""By extra: the distributions that it brings, in alphabetical order."""


class ExtraMissing(RouterError, ImportError):
    """Something needs an extra that is not installed; `reason` names it, `remedy` installs it."""

    def __init__(self, extras: Sequence[str], packages: Sequence[str]) -> None:
        self.extras = tuple(extras)
        named = " and ".join(f"'{extra}'" for extra in extras)
        verb = "is" if len(packages) == 1 else "are"
        self.reason = f"needs the extra{'s' * (len(extras) > 1)} {named} ({', '.join(packages)} {verb} not installed)"
        self.remedy = f"pip install 'compute-escrow[{','.join(extras)}]'"
        super().__init__(f"{self.reason}: {self.remedy}")


def module_of(distribution: str) -> str:
    """The module that a distribution of EXTRAS is imported as."""
    return distribution.replace("-", "_")


def require(*extras: str) -> None:
    """Raise ExtraMissing, with all that is missing, unless each of `extras` is installed. Imports none of them."""
    lacking = {extra: [name for name in EXTRAS[extra] if not _there(module_of(name))] for extra in extras}
    packages = sorted({name for names in lacking.values() for name in names})
    if packages:
        raise ExtraMissing([extra for extra in extras if lacking[extra]], packages)


def behind(error: BaseException) -> ExtraMissing | None:
    """What to tell of `error` if an import of an extra's package failed; None for anything else."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    missing = error.name.partition(".")[0]
    for extra, names in EXTRAS.items():
        for name in names:
            if module_of(name) == missing:
                return ExtraMissing([extra], [name])
    return None


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
