"""How much of the machine a generator may use."""

from __future__ import annotations

from dataclasses import dataclass

_MEBIBYTE = 2**20


@dataclass(frozen=True)
class SandboxLimits:
    """Bounds of one run of a generator; the import of Qiskit (about a second) counts against them."""

    wall_s: float = 60.0
    """Seconds until the process group is killed."""
    cpu_s: int = 60
    """Processor seconds over all threads."""
    memory_bytes: int = 4096 * _MEBIBYTE
    """Address space, of which Qiskit's import alone maps more than half a gibibyte."""
    qasm3_bytes: int = _MEBIBYTE // 2
    """Longest OpenQASM 3 text taken; oracle.circuits reads none longer."""
    printed_bytes: int = 64 * 1024
    """Most that the generator may print."""
    source_bytes: int = _MEBIBYTE
    """Longest generator read."""
    open_files: int = 128
    threads: int = 64
    """Threads in all; held only where the process has a user namespace of its own (see README)."""
    require_kernel: bool = False
    """Refuse to run where the kernel confines neither files nor network: set it when generators come from strangers."""


DEFAULT = SandboxLimits()
