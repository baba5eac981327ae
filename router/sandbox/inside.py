"""The process in which a generator runs: confine it, import Qiskit, run `build()`, hand back OpenQASM 3.

Started by the runner as a script with ``-I -S -B``, an empty environment and an empty folder to stand in; `argv[1]` is
the Instructions as JSON. Answers one JSON object on the channel: ``{"qasm3": …}`` or ``{"kind": …, "reason": …}``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import NoReturn

_SINGLE_THREADED = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Instructions:
    """What the runner tells this process; all paths are absolute and real."""

    source: str
    search: list[str]
    """Folders of installed packages."""
    standard: list[str]
    """Trees of the standard library."""
    libraries: list[str]
    """Trees of installed packages."""
    trees: list[str]
    files: list[str]
    folders: list[str]
    channel: int
    """Descriptor on which to answer."""
    cpu_s: int
    memory_bytes: int
    open_files: int
    threads: int
    qasm3_bytes: int
    require_kernel: bool
    bubblewrap: bool
    package: str
    """The folder that holds the `router` package, needed until the modules here are imported."""


def main() -> NoReturn:
    assignment = Instructions(**json.loads(sys.argv[1]))
    answer = _Answer(assignment.channel)
    sys.path[:0] = [assignment.package]
    from router.sandbox import guard, jail

    del sys.path[0]
    layers = ["bubblewrap"] if assignment.bubblewrap else []
    jail.limit_resources(cpu_s=assignment.cpu_s, memory_bytes=assignment.memory_bytes, open_files=assignment.open_files)
    if jail.leave_namespaces(threads=assignment.threads):
        layers.append("namespaces")
    if jail.forbid_new_privileges():
        if jail.confine_files(assignment.trees + assignment.files, assignment.folders):
            layers.append("landlock")
        if jail.confine_system_calls():  # before Qiskit, whose threads would otherwise escape the filter
            layers.append("seccomp")
    if assignment.require_kernel and not ("seccomp" in layers and {"landlock", "bubblewrap"} & set(layers)):
        answer.stop(
            "isolation", "the kernel here cannot confine it (in force: " + ", ".join(layers or ["nothing"]) + ")"
        )
    sys.path += assignment.search
    try:
        _run(assignment, answer, guard, layers)
    except MemoryError:
        answer.stop("memory", "it ran out of memory")


def _run(assignment: Instructions, answer: _Answer, guard: ModuleType, layers: list[str]) -> NoReturn:
    for name in _SINGLE_THREADED:
        os.environ[name] = "1"
    tempfile.tempdir = os.sep  # a library looks for one on import; there is none that can be written
    import qiskit

    from router.sandbox import export

    os.environ.clear()
    lines = _noting_lines(qiskit.QuantumCircuit, assignment.source)
    reach = guard.Reach(
        trees=tuple(assignment.trees), files=frozenset(assignment.files), source=assignment.source,
        standard=tuple(assignment.standard), libraries=tuple(assignment.libraries),
    )  # fmt: skip
    with open(assignment.source, "rb") as opened:  # noqa: PTH123  # the folder's own rules apply from here on
        text = opened.read()
    sys.path[:0] = [os.path.dirname(assignment.source)]  # noqa: PTH120
    guard.install(reach, answer.stop)
    refusing = guard.RefusingEnvironment(reach, answer.stop)
    os.environ = refusing  # noqa: B003  # it was cleared above
    os.environb = refusing
    try:
        circuit = _built(text, assignment.source, answer)
        if not isinstance(circuit, qiskit.QuantumCircuit):
            answer.stop("contract", f"build() returned a {type(circuit).__name__}, not a QuantumCircuit")
        qasm3 = export.as_qasm3(circuit)
    except MemoryError:
        raise
    except export.Unwritable as unwritable:
        line = None if unwritable.operation is None else lines.get(unwritable.operation)
        answer.stop("circuit", unwritable.reason, line, unwritable.remedy)
    except BaseException as error:  # noqa: BLE001  # SystemExit and KeyboardInterrupt are its errors too
        answer.stop(*_fault(error, assignment.source, guard))
    if len(qasm3.encode()) > assignment.qasm3_bytes:
        answer.stop("output", f"its OpenQASM 3 is longer than {assignment.qasm3_bytes} bytes")
    answer.send({"layers": layers, "qasm3": qasm3})


def _noting_lines(circuits: type, source: str) -> dict[str, int]:
    """Where in `source` an operation of each name was first put into one of `circuits`; filled as that happens."""
    lines: dict[str, int] = {}

    def noting(append: Callable[..., object]) -> Callable[..., object]:
        def noted(self: object, instruction: object, *args: object, **options: object) -> object:
            name = str(getattr(getattr(instruction, "operation", instruction), "name", ""))
            if name not in lines:
                frame = sys._getframe(1)
                while frame is not None and frame.f_code.co_filename != source:
                    frame = frame.f_back  # type: ignore[assignment]
                if frame is not None:
                    lines[name] = frame.f_lineno
            return append(self, instruction, *args, **options)

        return noted

    # Every way of appending comes by one of these.
    for name in ("_append", "_append_standard_gate"):
        setattr(circuits, name, noting(getattr(circuits, name)))
    return lines


def _fault(error: BaseException, source: str, guard: ModuleType) -> tuple[str, str, int | None]:
    """Kind, reason and line of an exception that left the generator."""
    if isinstance(error, SyntaxError):
        return "error", f"SyntaxError: {error.msg}", error.lineno if error.filename == source else None
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == source:
            line = trace.tb_lineno
        trace = trace.tb_next
    cause: BaseException | None = error
    for _ in range(20):  # a library wraps what it was refused in errors of its own
        if isinstance(cause, guard.AccessRefused):
            return cause.kind, str(cause), line
        cause = cause and (cause.__cause__ or cause.__context__)
    return "error", f"{type(error).__name__}: {error}", line


def _built(text: bytes, source: str, answer: _Answer) -> object:
    module = ModuleType("generator")
    module.__file__ = source
    sys.modules["generator"] = module
    exec(compile(text, source, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  # the purpose of this process
    build = getattr(module, "build", None)
    if not callable(build):
        answer.stop("contract", "it defines no function build()")
    return build()


class _Answer:
    """The one way out. Holds its own references, so that foreign code cannot rebind what it uses."""

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._write, self._exit, self._dumps = os.write, os._exit, json.dumps

    def send(self, message: dict[str, object]) -> NoReturn:
        data = self._dumps(message).encode()
        while data:
            data = data[self._write(self._channel, data) :]
        self._exit(0)
        raise AssertionError("unreachable")

    def stop(self, kind: str, reason: str, line: int | None = None, remedy: str = "") -> NoReturn:
        self.send({"kind": kind, "line": line, "reason": reason[:500], "remedy": remedy[:500]})


if __name__ == "__main__":
    main()
