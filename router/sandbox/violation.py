"""Why a generator was stopped."""

from __future__ import annotations

from enum import Enum

from router.errors import RouterError


class ViolationKind(Enum):
    """What the generator did, or what it failed to do."""

    NETWORK = "network"  # touched a socket
    ENVIRONMENT = "environment"  # read or changed an environment variable
    PROCESS = "process"  # started, replaced or signalled a process
    FILES = "files"  # read outside its folder and Python's, or wrote anywhere
    NATIVE = "native"  # reached for native code or for the sandbox's own limits
    TIME = "time"  # ran out of wall-clock or processor time
    MEMORY = "memory"  # ran out of memory
    OUTPUT = "output"  # printed or returned too much
    ERROR = "error"  # raised, has a syntax error, or its process died
    CONTRACT = "contract"  # has no build(), or build() gave no circuit
    CIRCUIT = "circuit"  # build() gave a circuit that no job can have
    ISOLATION = "isolation"  # this machine cannot confine it as the limits require


_REMEDIES = {
    ViolationKind.NETWORK: "generate the circuit from the file alone; put downloaded data beside it as a file",
    ViolationKind.ENVIRONMENT: "write the setting into the generator, or into a file beside it",
    ViolationKind.PROCESS: "do the work inside build(), in this one process",
    ViolationKind.FILES: "read only files beside the generator (no hidden ones), write none, and return the circuit",
    ViolationKind.NATIVE: "use Qiskit, NumPy and SciPy from Python; do not load libraries or change limits",
    ViolationKind.TIME: "make build() faster, or give the circuit itself as an OpenQASM 3 file",
    ViolationKind.MEMORY: "build a smaller circuit; do not simulate it in the generator",
    ViolationKind.OUTPUT: "print little, and build a shorter circuit",
    ViolationKind.ERROR: "run the file with Python on its own, and correct it",
    ViolationKind.CONTRACT: "define `def build() -> QuantumCircuit:` at the top level and return the circuit",
    ViolationKind.CIRCUIT: "build the circuit of gates, with measurements at its end",
    ViolationKind.ISOLATION: "install bubblewrap, or use a Linux kernel with Landlock (5.13 or later) and seccomp",
}


class SandboxViolation(RouterError):
    """A generator was stopped. `reason` is one line that names the generator's line where there is one."""

    def __init__(
        self, kind: ViolationKind, reason: str, *, source: str = "", line: int | None = None, remedy: str = ""
    ) -> None:
        self.kind = kind
        self.source = source
        """Name of the generator's file."""
        self.line = line
        """1-based line in it; None when no line is to blame."""
        self.reason = reason
        self.remedy = remedy or _REMEDIES[kind]
        at = f"{source or 'generator'}{f', line {line}' if line is not None else ''}"
        super().__init__(f"{at}: {reason} [{kind.value}] — {self.remedy}")
