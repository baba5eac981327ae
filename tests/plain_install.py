"""Python as a plain `pip install compute-escrow` leaves it: what only an extra or the tests bring is not importable.

Run as `python tests/plain_install.py [EXTRA …] -- MODULE [ARGUMENT …]`: runs MODULE as a script with the named extras
"installed"; `-c` and a text in MODULE's place run that. What may be imported is the closure of the package's own
requirements, read from installed metadata.
"""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = "compute-escrow"


def installed_with(extras: Iterable[str]) -> set[str]:
    """Canonical names of the distributions that an installation with `extras` has, the package itself included."""
    found: set[str] = set()
    waiting: list[tuple[str, frozenset[str]]] = [(PACKAGE, frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            stated = requires(name) or []
        except PackageNotFoundError:
            continue  # for another platform
        found.add(name)
        for text in stated:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in wanted or {""}):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return found


class Refusing(MetaPathFinder):
    """Refuses every module that none of the allowed distributions brings."""

    def __init__(self, allowed: set[str]) -> None:
        self.refused = {
            module
            for module, distributions in packages_distributions().items()
            if not allowed & {canonicalize_name(each) for each in distributions}
        } - set(sys.stdlib_module_names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname.partition(".")[0] in self.refused:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def ran(*words: str, extras: Sequence[str] = (), folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `words` in a process of its own as above, in `folder`."""
    return subprocess.run(
        [sys.executable, __file__, *extras, "--", *words], cwd=folder, capture_output=True, text=True, check=False
    )


def main() -> None:
    cut = sys.argv.index("--")
    extras, (module, *arguments) = sys.argv[1:cut], sys.argv[cut + 1 :]
    finder = Refusing(installed_with(extras))
    for loaded in [name for name in sys.modules if name.partition(".")[0] in finder.refused]:
        del sys.modules[loaded]
    sys.path[0] = str(Path(__file__).parents[1])
    sys.meta_path.insert(0, finder)
    sys.argv = [module, *arguments]
    if module == "-c":
        exec(arguments[0], {"__name__": "__main__"})
        return
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
