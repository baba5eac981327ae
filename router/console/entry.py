"""The console script `compute`: says which extra is missing, where the command line itself cannot be loaded."""

from __future__ import annotations

import json
import sys

from router.extras import behind

_DEPENDENCY = 5
"""Exit.DEPENDENCY, whose module may be what cannot be loaded."""


def main() -> None:
    """Run `compute` with the arguments of this process."""
    try:
        from router.console.main import main as run
    except ModuleNotFoundError as error:
        missing = behind(error)
        if missing is None:
            raise
        if "--json" in sys.argv:
            finding = {"path": "", "line": None, "reason": missing.reason, "remedy": missing.remedy}
            sys.stdout.write(json.dumps({"errors": [finding]}) + "\n")
        else:
            sys.stderr.write(f"error {missing.reason}\n    → {missing.remedy}\n")
        sys.exit(_DEPENDENCY)
    run()


if __name__ == "__main__":
    main()
