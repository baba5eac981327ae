"""The router's log is ours: libraries get in only with what they warn of."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import logging
from router.console.daemon import start_logging
start_logging()
from qiskit.transpiler.preset_passmanagers.plugin import list_stage_plugins
list_stage_plugins("routing")
logging.getLogger("stevedore.extension").info("found a plugin")
logging.getLogger("qiskit").warning("deprecated")
logging.getLogger("router").info("ready")
logging.getLogger("oracle.chain").info("connected")
"""


def test_of_libraries_only_warnings_are_logged() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    said = [line.split(" ", 2)[2] for line in done.stderr.splitlines()]
    assert said == ["WARNING qiskit: deprecated", "INFO router: ready", "INFO oracle.chain: connected"]
