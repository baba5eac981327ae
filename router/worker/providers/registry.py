"""Adapters are found by entry point, so that one may come from another distribution and nothing here names it.

Group ``compute_escrow.providers``: each entry is a callable that takes the Home and returns a Provider. Making one must
be cheap: no imports of Qiskit, no connection.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from router.extras import ExtraMissing, require
from router.protocol.providing import Provider, ProviderRefused, ProviderUnavailable
from router.settings import Home

GROUP = "compute_escrow.providers"


def load_providers(home: Home) -> dict[str, Provider]:
    """Every adapter that is installed, by name, in alphabetical order."""
    made: dict[str, Provider] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if entry.name in made:
            raise ProviderRefused(f"two installed packages offer a provider {entry.name!r}", "uninstall one of them")
        made[entry.name] = entry.load()(home)
    return made


def check_installed(extra: str) -> None:
    """Raise ProviderUnavailable, which names `extra`, unless what it brings is installed; imports none of it."""
    try:
        require(extra)
    except ExtraMissing as missing:
        raise ProviderUnavailable(missing.reason, missing.remedy) from missing
