"""One base of errors for each package, so that a caller catches what it raises without a list."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import oracle
import router
from oracle.encoding.errors import OracleError
from router.errors import RouterError

NOT_IMPORTED = "router.control.store.migrations"
"""Scripts that Alembic loads by itself."""


def errors_of(package: ModuleType) -> list[type[BaseException]]:
    found = []
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if module.name.startswith(NOT_IMPORTED) or module.name.endswith("__main__") or ".templates" in module.name:
            continue
        loaded = importlib.import_module(module.name)
        classes = (each for _name, each in inspect.getmembers(loaded, inspect.isclass))
        found += [each for each in classes if each.__module__ == module.name and issubclass(each, BaseException)]
    return found


@pytest.mark.parametrize(("package", "base", "fewest"), [(oracle, OracleError, 30), (router, RouterError, 40)])
def test_every_error_of_a_package_has_its_base(package: ModuleType, base: type[BaseException], fewest: int) -> None:
    found = errors_of(package)
    assert len(found) >= fewest, "the search misses modules"
    assert [each for each in found if not issubclass(each, base)] == []
