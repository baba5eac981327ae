"""The stack's supervisor: `python -m router.console.stack.supervisor --home DIR`. It starts the router's daemons again.

A router or a device that ended by itself is started anew, at once the first time, later and later if it keeps ending.
The chain and the validators are not: a chain that begins again may have lost blocks, and a validator is somebody of its
own; `compute up` starts them. What was ended on purpose is no longer in stack.json and stays ended.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from router.console.stack import recorded
from router.console.stack.processes import ProcessDied, alive, spawn, stop, tail
from router.settings import Home, child_environment

log = logging.getLogger("router.supervisor")

SUPERVISED = ("device", "router")
LOOK_S = 0.5
STEADY_S = 60.0
"""A daemon that has run this long begins anew with its pauses."""
LONGEST_PAUSE_S = 5.0


class Supervisor:
    """Looks after the daemons of one home; `look` does one round, so that a test may drive it."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._pauses: dict[str, float] = {}
        self._started: dict[str, float] = {}

    def look(self) -> None:
        """Start again what has ended and whose pause is over. Raises OSError, ValueError for what cannot be read."""
        _reap()
        for record in recorded.read(self._home).processes:
            if record.name in SUPERVISED and not alive(record) and self._due(record.name):
                self._restart(record.name)

    def _due(self, name: str) -> bool:
        started = self._started.get(name)
        if started is None:
            return True
        ran = time.monotonic() - started
        if ran >= STEADY_S:
            self._pauses.pop(name, None)
        return ran >= self._pauses.get(name, 0.0)

    def _restart(self, name: str) -> None:
        with recorded.lock(self._home):
            # Read again: `compute up` may have started it meanwhile, or `compute down` ended the stack.
            stack = recorded.read(self._home)
            before = stack.process(name)
            if before is None or alive(before):
                return
            log.warning("%s (pid %d) ended: %s", name, before.pid, tail(before.log, lines=3))
            self._started[name] = time.monotonic()
            self._pauses[name] = min(max(1.0, 2 * self._pauses.get(name, 0.0)), LONGEST_PAUSE_S)
            environment = child_environment(self._home)
            spawned = spawn(name, list(before.command), Path(before.log), environment, self._home.root)
            at = datetime.now(UTC).isoformat(timespec="seconds")
            after = replace(spawned, restarts=before.restarts + 1, restarted_at=at)
            try:
                recorded.write(self._home, stack.with_process(after))
            except OSError:
                stop(after)  # nobody would know of it
                raise
        log.info("%s started again, pid %d", name, after.pid)


def _reap() -> None:
    """Ask how the children ended that did: those that nobody asks about stay as zombies."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal; exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m router.console.stack.supervisor", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    home = Home(parser.parse_args(arguments).home)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    supervisor, said = Supervisor(home), ""
    while not stopping.wait(LOOK_S):
        try:
            supervisor.look()
            said = ""
        except (OSError, ValueError, KeyError, TypeError, ProcessDied) as error:
            if str(error) != said:
                log.warning("cannot look after the stack just now: %s", error)
            said = str(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
