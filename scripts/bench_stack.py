"""What a job costs the router, and how long one takes: measured on a real local stack, as `compute up` starts it.

    .venv/bin/python scripts/bench_stack.py [--jobs 24] [--target simulator] [--json]

Prints figure, value and ceiling; exits with 1 above a ceiling. Blocks come every second. Every job has a circuit of its
own, so that nothing is gained by remembering another's. First one job alone, and another after it, from the call that
locks its budget to the record that says settled; then all of `--jobs` at once: they are funded while the router is
stopped, and the router's processor time counts from the moment it is ready to the last settlement.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import psutil

from router.console.quantum.scaffold import write_job
from router.console.stack import local
from router.console.stack.processes import alive
from router.control.desk import OperatorDesk
from router.control.gates.policy import DEFAULT_POLICY_TEXT
from router.control.opening import OperatedHome, open_home
from router.control.operating.intake import admit
from router.control.operating.offering.offers import offer
from router.payer.desk import PayerDesk
from router.payer.funding import fund
from router.protocol.lifecycle import Event, EventKind, JobRecord, parse_at
from router.requester.desk import RequesterDesk
from router.requester.promote import promote
from router.requester.simulate import simulate
from router.settings import Home

MAX_USD = "25"
PATIENCE_S = 600.0
_LOOK_S = 0.1

PROCESSOR = "router, processor time per job (s)"
FIRST = "first job, fund to settled (s)"
LATER = "another job, fund to settled (s)"
ORDER = "first delivery after the last approval (s)"
CEILINGS = {PROCESSOR: 0.6, FIRST: 9.0, LATER: 9.0, ORDER: 0.0}


@dataclass(frozen=True)
class Figure:
    """One measured figure."""

    name: str
    value: float
    ceiling: float | None

    @property
    def within(self) -> bool:
        return self.ceiling is None or self.value <= self.ceiling


@contextmanager
def stack() -> Iterator[OperatedHome]:
    """A local stack in a home of its own, whose policy takes as many jobs as are wanted; ended afterwards."""
    root = Path(tempfile.mkdtemp(prefix="bench-stack-"))
    home = Home(root / "home")
    home.root.mkdir()
    policy = DEFAULT_POLICY_TEXT.replace("live_jobs: 20", "live_jobs: 1000")
    home.policy.write_text(policy.replace("jobs_per_hour: 60", "jobs_per_hour: 1000"))
    try:
        local.up(home, _progress, port=0)
        yield open_home(home)
    finally:
        local.down(home, lambda _line: None)
        shutil.rmtree(root)


def promoted(opened: OperatedHome, number: int, target: str) -> str:
    """A job with a circuit of its own, simulated and promoted; not funded yet."""
    folder = opened.home.root / f"job-{number}"
    spec, circuit = write_job(folder)
    text = circuit.read_text()
    own = text.replace("GAMMAS = (0.2234,", f"GAMMAS = ({0.2234 + number / 10_000:.4f},")
    if number and own == text:
        raise AssertionError("the template's circuit has other angles than this bench varies")
    circuit.write_text(own)
    job = simulate(RequesterDesk(opened), partial(admit, OperatorDesk(opened)), spec, lambda _what, _share: None).job
    promote(RequesterDesk(opened), offer(opened, job, target, MAX_USD))
    return job


def processor_s(opened: OperatedHome) -> float:
    """Processor time of the router's process so far, in user and system."""
    record = next(record for record, _ in local.status(opened.home).processes if record.name == "router")
    if not alive(record):
        raise RuntimeError(f"the router ended: {local.log_tail(opened.home, 'router')}")
    times = psutil.Process(record.pid).cpu_times()
    return float(times.user + times.system)


def settled(opened: OperatedHome, jobs: list[str]) -> None:
    """Wait until all of `jobs` are settled and their escrows empty."""
    end = time.monotonic() + PATIENCE_S
    open_jobs = list(jobs)
    while open_jobs := [job for job in open_jobs if not _closed(opened.store.job(job))]:
        if time.monotonic() > end:
            waits = opened.store.waiting_for(open_jobs)
            raise RuntimeError(f"not settled in {PATIENCE_S:.0f} s: {', '.join(open_jobs)}; they wait for {waits}")
        time.sleep(_LOOK_S)


def _closed(record: JobRecord) -> bool:
    if record.terminal and record.state.value != "settled":
        raise RuntimeError(f"{record.job} is {record.state.value}: {record.reason}")
    return record.closed


def one_job(opened: OperatedHome, number: int, target: str) -> float:
    """Seconds from the call that locks a job's budget to its settlement."""
    job = promoted(opened, number, target)
    begun = time.time()
    fund(PayerDesk(opened), job)
    settled(opened, [job])
    _tell(opened.store.events(job), begun)
    return time.time() - begun


def at_once(opened: OperatedHome, jobs: int, target: str) -> tuple[float, float, float]:
    """Processor seconds of the router per job, seconds from the last approval to the first delivery, and in all."""
    names = []
    for number in range(jobs):
        names.append(promoted(opened, 100 + number, target))
        _progress(f"promoted {number + 1} of {jobs}")
    local.stop_process(opened.home, "router")
    for name in names:
        fund(PayerDesk(opened), name)
    _progress("all are funded; the router starts")
    local.up(opened.home, _progress, port=0)
    before, begun = processor_s(opened), time.monotonic()
    settled(opened, names)
    spent, seconds = processor_s(opened) - before, time.monotonic() - begun
    approved = [_when(opened.store.events(name), EventKind.APPROVED) for name in names]
    delivered = [_when(opened.store.events(name), EventKind.COMPLETED) for name in names]
    return spent / jobs, min(delivered) - max(approved), seconds


def _when(events: tuple[Event, ...], kind: EventKind) -> float:
    return next(parse_at(event.at).timestamp() for event in events if event.kind is kind)


def _tell(events: tuple[Event, ...], begun: float) -> None:
    steps = ((parse_at(event.at).timestamp() - begun, event.kind.value) for event in events)
    _progress("after the call: " + ", ".join(f"{kind} {after:.1f}" for after, kind in steps if after > 0))


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=24, help="how many are funded at once; 0 leaves it out")
    parser.add_argument("--target", default="simulator", help="what they are promoted to")
    parser.add_argument("--json", action="store_true", help="a list of name, value, ceiling")
    options = parser.parse_args()
    with stack() as opened:
        first = one_job(opened, 0, options.target)
        later = one_job(opened, 1, options.target)
        measured = {FIRST: first, LATER: later}
        if options.jobs:
            spent, order, seconds = at_once(opened, options.jobs, options.target)
            measured |= {PROCESSOR: spent, ORDER: order, f"{options.jobs} jobs, all settled (s)": seconds}
    found = [Figure(name, value, CEILINGS.get(name)) for name, value in measured.items()]
    if options.json:
        print(json.dumps([asdict(figure) for figure in found], indent=2))
    else:
        for figure in found:
            ceiling = "-" if figure.ceiling is None else f"{figure.ceiling:.1f}"
            print(f"{figure.name:<50} {figure.value:>8.2f} {ceiling:>6}{'' if figure.within else '  ABOVE'}")
    return 0 if all(figure.within for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
