"""Whether the verdict engine errs as rarely as it states: measured at the worst boundaries found by search.

    python scripts/calibrate.py [--runs 250000] [--seed 1] [--only tvd] [--json] [--write]

Counts false accepts and false rejects of every method and guard, plays the attackers and the honest workers through
whole verdicts, and checks the binomial tails against exact integers. `--write` puts the page and the plot where they
are committed. Exits with 1 if a stated rate or a target does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from calibration import measure, report, spaces, tails, workers  # noqa: E402  (the tests' own library)
from calibration.search import Effort  # noqa: E402

HOME = ROOT / "oracle" / "statistics"
TAIL_CASES = 1_000_000
VERDICTS = 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=measure.RUNS, help="results for each boundary (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn (%(default)s)")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="methods whose id contains this; nothing else is run"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--write", action="store_true", help="write CALIBRATION.md and its plot")
    asked = parser.parse_args()
    if asked.runs < 1 or asked.seed < 0:
        parser.error("runs are at least 1 and a seed at least 0")
    chosen = [(place, space) for place, space in enumerate(spaces.SPACES) if asked.only in space.method]
    if not chosen:
        known = ", ".join(sorted({space.method for space in spaces.SPACES}))
        parser.error(f"no method's id contains {asked.only!r}; there are {known}")
    if asked.only and asked.write:
        parser.error("--write needs all methods: leave --only out")
    if asked.write and asked.runs < measure.LEAST_RUNS:
        parser.error(f"what is committed has at least {measure.LEAST_RUNS:,} runs: leave --runs out, or raise it")
    effort = Effort()
    console = Console(stderr=True)
    bars = (TextColumn("{task.description}", justify="left"), BarColumn(), TimeRemainingColumn())
    with Progress(*bars, console=console, disable=not console.is_terminal) as progress:

        def bar(title: str, steps: int) -> int:
            if not console.is_terminal:
                console.print(title, highlight=False)
            return progress.add_task(title, total=steps)

        rates = []
        for place, space in chosen:
            task = bar(f"{space.method}, false {space.error.value}", measure.steps(effort))
            rates.append(
                measure.measured(
                    space, (asked.seed, place), asked.runs, effort, lambda task=task: progress.advance(task)
                )
            )
        judged: list[workers.Judged] = []
        checked = tails.TailsChecked(0, 0)
        if not asked.only:
            for place, (name, worker, bits) in enumerate(workers.plans()):
                runs = workers.runs_of(name, VERDICTS)
                task = bar(f"{name}, {bits} bits", runs)
                seed = (asked.seed, len(spaces.SPACES), place)
                judged.append(workers.judged(name, worker, bits, runs, seed, lambda task=task: progress.advance(task)))
            task = bar("tails", TAIL_CASES // tails.CASES_PER_LAW)
            checked = tails.check_tails(TAIL_CASES, asked.seed, lambda: progress.advance(task))
    found = report.Calibration(asked.seed, asked.runs, VERDICTS, rates, judged, checked)
    if asked.write:
        (HOME / "CALIBRATION.md").write_text(report.page(found))
        (HOME / report.PLOT).write_text(report.plot(rates))
    if asked.json:
        print(json.dumps(found.to_json(), indent=1))
    else:
        print(report.rates_table(rates) if asked.only else report.page(found))
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
