"""The router daemon: `python -m router.console.daemon --home DIR`. One per home, held by a lock file."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from oracle.encoding.files import write_whole
from router.console.stack.endings import uniform_workers
from router.control.desk import OperatorDesk
from router.control.opening import open_home
from router.control.operating.acts import Bench, configure
from router.control.operating.engine import Engine
from router.settings import Home, workflows_url
from router.worker.desk import WorkerDesk
from router.worker.loopback import LoopbackWorker
from router.worker.providers import load_providers

log = logging.getLogger("router")


def start_logging() -> None:
    """Log to stderr: what we say from INFO on, and of libraries (Qiskit lists its plugins) only what they warn of."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for name in ("oracle", "router"):
        logging.getLogger(name).setLevel(logging.INFO)


def _warm_up() -> None:
    # Heavy, and for the gates' estimates alone.
    from router.worker.providers.simulation import warm_up

    warm_up(run=False)


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal; exit code 0, or 5 if another router holds the home."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument(
        "--worker",
        choices=("honest", "uniform", "idle"),
        default="honest",
        help="uniform: deliver coin flips instead of results; idle: take no work. Both are for demonstrations.",
    )
    parser.add_argument("--seed", type=int, default=None, help="seed of simulated devices, to repeat a demonstration")
    options = parser.parse_args(arguments)
    start_logging()
    home = Home(options.home)
    lock = FileLock(home.router_lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.error("another router holds %s; `compute down` ends it", home.router_lock)
        return 5
    opened = open_home(home)
    providers = dict(load_providers(home))
    if options.worker == "uniform":
        providers = uniform_workers(providers)
    configure(workflows_url(home))
    price = opened.policy.rates.usd_per_hardware_second
    worker = LoopbackWorker(WorkerDesk(opened), providers, price, options.seed)
    takes_work = options.worker != "idle"
    engine = Engine(Bench(OperatorDesk(opened), providers, worker, takes_work, _warm_up))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: engine.stop())
    engine.start()
    write_whole(home.router_pid, (str(os.getpid())).encode())
    log.info("router ready, worker %s", options.worker)
    engine.run()
    engine.close()
    lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
