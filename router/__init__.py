"""The control plane: lifecycle, gates, routing, providers, workflows, store and command line.

`import router` is for programs that write specs and run jobs (docs/python.md). It loads nothing: a name of `__all__`
brings its module along when it is first used. What is refused is a RouterError, or an OracleError of `oracle`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from router.errors import RouterError
    from router.extras import ExtraMissing
    from router.library import client, specs
    from router.library.client import Client
    from router.library.specs import JobDraft, spec_from_circuit
    from router.protocol import lifecycle

__all__ = [
    "Client",
    "ExtraMissing",
    "JobDraft",
    "RouterError",
    "client",
    "lifecycle",
    "spec_from_circuit",
    "specs",
]

_HOMES = {
    "Client": "router.library.client",
    "ExtraMissing": "router.extras",
    "JobDraft": "router.library.specs",
    "RouterError": "router.errors",
    "spec_from_circuit": "router.library.specs",
}
_MODULES = {
    "client": "router.library.client",
    "lifecycle": "router.protocol.lifecycle",
    "specs": "router.library.specs",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        if name in _MODULES:
            return import_module(_MODULES[name])
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        from router.extras import behind

        if missing := behind(error):
            raise missing from error
        raise


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
