"""The process that simulates for the device process, so that a run can be cancelled, and may die, by itself.

    python -m router.worker.providers.worker

Reads one JSON line per run: ``{"job": <job directory>, "into": <new directory>}``; answers ``{"begun": true}`` when it
takes it, and then ``{"done": true}`` or ``{"failed": reason}``. Ends when its input does, even in the middle of a run:
an orphan would simulate for nobody.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
from pathlib import Path
from queue import Queue
from typing import TextIO

from router.protocol.providing import ProviderError
from router.worker.providers.folder import DamagedFile, JobFolder, write_own

FULL = (errno.ENOSPC, errno.EDQUOT)
NO_ROOM = "the disk is full; it runs again once there is room"


def run(job: JobFolder, into: Path) -> None:
    """Simulate `job` and leave the result's files in `into`, which must not exist."""
    from router.worker.providers.simulation import simulate

    work, _ = job.request()
    simulated = simulate(work)
    into.mkdir()
    write_own(into / "shots.bin", simulated.shots.data)
    write_own(into / "isa.qasm", simulated.isa_qasm3.encode())
    if simulated.calibration is not None:
        write_own(into / "calibration.json", simulated.calibration)
    papers = {
        "bits": simulated.shots.bits,
        "receipt": simulated.receipt.to_json(),
        "transpilation": simulated.transpilation,
    }
    write_own(into / "receipt.json", json.dumps(papers, sort_keys=True).encode())


def _reason(error: Exception) -> str:
    if isinstance(error, ProviderError):
        return error.reason
    if isinstance(error, DamagedFile):
        return str(error)
    if isinstance(error, OSError) and error.errno in FULL:
        return NO_ROOM
    if isinstance(error, MemoryError):
        return "the simulation ran out of memory"
    return f"{type(error).__name__}: {error}"[:500]


def _read(lines: Queue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def main() -> None:
    # What Qiskit or Aer print to the standard output must not be taken for an answer.
    answers: TextIO = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    lines: Queue[str] = Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    from router.worker.providers.simulation import warm_up

    warm_up(run=True)

    while True:
        order = json.loads(lines.get())
        answers.write(json.dumps({"begun": True}) + "\n")
        try:
            run(JobFolder(Path(order["job"])), Path(order["into"]))
        except Exception as error:  # noqa: BLE001  # whatever a simulation raises is that job's failure, not ours
            answers.write(json.dumps({"failed": _reason(error)}) + "\n")
        else:
            answers.write(json.dumps({"done": True}) + "\n")


if __name__ == "__main__":
    main()
