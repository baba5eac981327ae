"""stack.json: where the chain is, who is who on it, and which processes run. Read and written here alone.

`router.protocol.stack` reads the chain's part of it, for parties that know nothing of processes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from filelock import FileLock

from oracle.encoding.files import write_whole
from router.console.stack.processes import ProcessRecord
from router.protocol.stack import StackRecord
from router.settings import Home


@dataclass(frozen=True)
class Stack:
    """What stack.json holds."""

    chain: StackRecord | None
    """None before the first `compute up` has come as far."""
    processes: tuple[ProcessRecord, ...]
    """In the order in which they were started."""

    def process(self, name: str) -> ProcessRecord | None:
        """The process of that name, alive or not."""
        return next((record for record in self.processes if record.name == name), None)

    def with_process(self, record: ProcessRecord) -> Stack:
        """With `record` in the place of its namesake, so that the order in which to end them stays."""
        if self.process(record.name) is None:
            return replace(self, processes=(*self.processes, record))
        return replace(
            self, processes=tuple(record if other.name == record.name else other for other in self.processes)
        )


def read(home: Home) -> Stack:
    """What was written last; nothing at all without a file. Raises OSError, ValueError, KeyError, TypeError."""
    if not home.stack.is_file():
        return Stack(None, ())
    document = json.loads(home.stack.read_text())
    chain = document["chain"]
    return Stack(
        None if chain is None else StackRecord.from_json(chain),
        tuple(ProcessRecord.from_json(record) for record in document["processes"]),
    )


def write(home: Home, stack: Stack) -> Stack:
    """Write `stack`, whole or not at all; the caller holds the `lock`. Raises OSError."""
    document = {
        "version": 1,
        "chain": None if stack.chain is None else stack.chain.to_json(),
        "processes": [record.to_json() for record in stack.processes],
    }
    write_whole(home.stack, (json.dumps(document, indent=2) + "\n").encode())
    return stack


def lock(home: Home) -> FileLock:
    """To be held from reading until writing: `compute up` and `down` and the supervisor take turns."""
    home.root.mkdir(parents=True, exist_ok=True)
    return FileLock(home.root / "stack.lock", timeout=120)
