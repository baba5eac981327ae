"""Do all implementations and versions reach the same documents? Their digests, side by side.

    python scripts/measures/digests.py [--cases 300] [--json] [PYTHON …]

Asks the engine under each PYTHON (default: this one), with one thread and with two, and the second implementation in
`tests/independent`, for the digests of the golden documents and of as many generated ones. Exits with 1 if any two
differ, or if a golden document is not the committed one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from independent import cases, documents  # noqa: E402  (the tests' own, and standard library alone)
from independent.results import digest  # noqa: E402

CASES = 300
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Answer:
    """The digests by one implementation, in the order of the deliveries."""

    who: str
    digests: tuple[str, ...]


def deliveries(count: int) -> list[documents.Delivery]:
    return [delivery for delivery, _ in cases.golden()] + cases.generated(count)


def by_engine(count: int) -> Answer:
    """The engine's digests, in this process."""
    import platform

    import numpy as np
    from engine_cases import case_of

    from oracle.verdict import decide

    who = f"engine, Python {platform.python_version()}, NumPy {np.__version__}"
    return Answer(who, tuple(decide(case_of(each)).digest for each in deliveries(count)))


def by_engine_of(python: str, threads: int, count: int) -> Answer:
    """The engine's digests under another interpreter and number of threads. Raises CalledProcessError if it fails."""
    environment = os.environ | {name: str(threads) for name in THREADS}
    command = [python, str(Path(__file__).resolve()), "--engine", "--cases", str(count)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    said = json.loads(done.stdout)
    return Answer(f"{said['who']}, {threads} {'thread' if threads == 1 else 'threads'}", tuple(said["digests"]))


def independently(count: int) -> Answer:
    return Answer(
        "second implementation, no NumPy",
        tuple(digest(documents.document(each)) for each in deliveries(count)),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", nargs="*", default=[sys.executable], metavar="PYTHON", help="interpreters to ask")
    parser.add_argument("--cases", type=int, default=CASES, help="generated deliveries (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print every digest as JSON")
    parser.add_argument("--engine", action="store_true", help="answer for this interpreter alone, as JSON")
    asked = parser.parse_args()
    if asked.engine:
        answer = by_engine(asked.cases)
        print(json.dumps({"who": answer.who, "digests": answer.digests}))
        return 0
    kept = tuple(digest(document.encode()) for _, document in cases.golden())
    answers = [
        independently(asked.cases),
        *(by_engine_of(python, threads, asked.cases) for python in asked.python for threads in (1, 2)),
    ]
    names = [each.name for each in deliveries(asked.cases)]
    differing = [
        name
        for place, name in enumerate(names)
        if len({each.digests[place] for each in answers} | set(kept[place : place + 1])) > 1
    ]
    if asked.json:
        by_who = {each.who: dict(zip(names, each.digests, strict=True)) for each in answers}
        print(json.dumps({"differing": differing, "digests": by_who}, indent=1))
    else:
        for each in answers:
            print(f"{each.who}: {len(each.digests)} documents, all together {digest(''.join(each.digests).encode())}")
        print(f"differing: {', '.join(differing) or 'none'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
