"""Whether the verdict engine errs as rarely as it states: measured at the worst boundaries found by search.

    python scripts/measures/calibrate.py [--runs 250000] [--seed 1] [--only tvd] [--jobs 2] [--json]
        [--write [--resume]]

Counts false accepts and false rejects of every method and guard, plays the attackers and the honest workers through
whole verdicts, and checks the binomial tails against exact integers. `--write` keeps each figure as soon as it is there
(`tests/calibration/figures.json`) and in the end writes page and plot; what is not measured again stays. Exits with 1
if a stated rate does not hold, an attacker is paid, or a tail is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from calibration import limits, measure, report, spaces, tails, workers  # noqa: E402  (the tests' own library)
from calibration.search import Effort  # noqa: E402

HOME = ROOT / "oracle" / "statistics"
FIGURES = ROOT / "tests" / "calibration" / "figures.json"
TAIL_CASES = 1_000_000
VERDICTS = 1000


@dataclass(frozen=True)
class Part:
    """One thing that is measured."""

    title: str
    run: Callable[[], report.Figure]


def parts(seed: int, runs: int) -> list[Part]:
    """All that there is to measure, in the order of the page."""
    effort = Effort()
    boundaries = [
        Part(
            measure.title(space),
            lambda space=space: measure.measured(space, seed, runs, effort),
        )
        for space in spaces.SPACES
    ]
    judged = [
        Part(plan.title, lambda plan=plan: workers.judged(plan, workers.runs_of(plan.worker, VERDICTS), seed))
        for plan in workers.plans()
    ]
    limited = [Part(each.title, lambda each=each: limits.passed(each, VERDICTS, seed)) for each in limits.attempts()]
    return [*boundaries, *judged, *limited, Part("tails", lambda: tails.check_tails(TAIL_CASES, seed))]


def measured(title: str, seed: int, runs: int) -> report.Figure:
    """One part, in a process of its own."""
    (part,) = (part for part in parts(seed, runs) if part.title == title)
    return part.run()


def kept(seed: int, runs: int) -> dict[str, report.Figure]:
    """The figures that are committed; none if they are of another seed or number of runs."""
    if not FIGURES.exists():
        return {}
    found = report.Calibration.from_json(json.loads(FIGURES.read_text()))
    return dict(found.figures) if (found.seed, found.runs, found.verdicts) == (seed, runs, VERDICTS) else {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=measure.RUNS, help="results for each boundary (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn (%(default)s)")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="a method's id, workers, limits or tails: what to measure"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--write", action="store_true", help="keep the figures; write CALIBRATION.md and its plot")
    parser.add_argument("--resume", action="store_true", help="with --write: measure only what is not there yet")
    asked = parser.parse_args()
    if min(asked.runs, asked.jobs) < 1 or asked.seed < 0:
        parser.error("runs and jobs are at least 1 and a seed at least 0")
    if asked.resume and not asked.write:
        parser.error("--resume goes with --write")
    if asked.write and asked.runs < measure.LEAST_RUNS:
        parser.error(f"what is committed has at least {measure.LEAST_RUNS:,} runs: leave --runs out, or raise it")
    there = parts(asked.seed, asked.runs)
    chosen = [part for part in there if asked.only in part.title]
    if not chosen:
        known = ", ".join(sorted({space.method for space in spaces.SPACES}))
        parser.error(f"nothing is called {asked.only!r}; there are {known}, workers, limits and tails")
    found = kept(asked.seed, asked.runs) if asked.write else {}
    if asked.resume:
        chosen = [part for part in chosen if part.title not in found]

    def gathered() -> report.Calibration:
        ordered = {part.title: found[part.title] for part in there if part.title in found}
        return report.Calibration(asked.seed, asked.runs, VERDICTS, ordered)

    console = Console(stderr=True)
    bars = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with (
        Progress(*bars, console=console, disable=not console.is_terminal) as progress,
        ProcessPoolExecutor(asked.jobs) as pool,
    ):
        task = progress.add_task("measuring", total=len(chosen))
        running = {pool.submit(measured, part.title, asked.seed, asked.runs): part.title for part in chosen}
        for done in as_completed(running):
            title = running[done]
            found[title] = done.result()
            if asked.write:
                FIGURES.write_text(json.dumps(gathered().to_json(), indent=1) + "\n")
            progress.update(task, advance=1, description=title)
            if not console.is_terminal:
                console.print(f"measured {title}", highlight=False)
    calibration = gathered()
    missing = [part.title for part in there if part.title not in found]
    if asked.write:
        (HOME / "CALIBRATION.md").write_text(report.page(calibration))
        (HOME / report.PLOT).write_text(report.plot(calibration.rates))
    if asked.write and missing:
        console.print(f"{len(missing)} figures are missing, {missing[0]} the first: run it again with --resume")
    print(json.dumps(calibration.to_json(), indent=1) if asked.json else report.page(calibration))
    return 0 if calibration.holds else 1


if __name__ == "__main__":
    sys.exit(main())
