"""Start the confined process, bound it from outside, and turn what it answers into text or a violation."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from router.sandbox.inside import Instructions
from router.sandbox.limits import DEFAULT, SandboxLimits
from router.sandbox.violation import SandboxViolation, ViolationKind

_SYSTEM_TREES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo")
_SYSTEM_FILES = (
    "/dev/null", "/dev/urandom", "/dev/random", "/etc/ld.so.cache", "/etc/localtime",
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible",
)  # fmt: skip


@dataclass(frozen=True)
class Generated:
    qasm3: str
    layers: tuple[str, ...]
    """The kernel's layers that were in force: of ``bubblewrap``, ``namespaces``, ``landlock``, ``seccomp``."""


def run_generator(path: Path, *, limits: SandboxLimits = DEFAULT) -> str:
    """The OpenQASM 3 text of the circuit that ``build()`` in `path` returns. Raises as `generate`."""
    return generate(path, limits=limits).qasm3


def generate(path: Path, *, limits: SandboxLimits = DEFAULT, bubblewrap: str | None = None) -> Generated:
    """Run the generator at `path` in a confined process.

    `bubblewrap` is its executable; by default the one on the PATH, if there is one.
    Raises SandboxViolation for whatever it did instead of returning a circuit, and FileNotFoundError without a file.
    """
    source = path.resolve(strict=True)
    if source.stat().st_size > limits.source_bytes:
        raise SandboxViolation(
            ViolationKind.OUTPUT, f"the file is longer than {limits.source_bytes} bytes", source=source.name
        )
    wrapper = bubblewrap or shutil.which("bwrap")
    receiving, answering = os.pipe()
    try:
        with tempfile.TemporaryDirectory(prefix="generator-") as empty:
            assignment = _assignment(source, answering, limits, wrapped=wrapper is not None)
            command = [sys.executable, "-I", "-S", "-B", str(Path(__file__).with_name("inside.py"))]
            command.append(json.dumps(asdict(assignment)))
            if wrapper is not None:
                command = [*_wrapping(wrapper, assignment), *command]
            process = subprocess.Popen(
                command, env={}, cwd=empty, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                pass_fds=(answering,), start_new_session=True,
            )  # fmt: skip
            os.close(answering)
            answering = -1
            answer, printed = _follow(process, receiving, limits, source.name)
    finally:
        os.close(receiving)
        if answering >= 0:
            os.close(answering)
    return _understood(answer, printed, process.returncode, source.name)


def _assignment(source: Path, channel: int, limits: SandboxLimits, *, wrapped: bool) -> Instructions:
    paths = sysconfig.get_paths()
    search = list(dict.fromkeys((paths["purelib"], paths["platlib"])))
    libraries = [os.path.realpath(tree) for tree in search]
    standard = [os.path.realpath(paths[name]) for name in ("stdlib", "platstdlib")]
    trees = {
        *libraries,
        *standard,
        *map(os.path.realpath, _SYSTEM_TREES),
        os.path.realpath(Path(sys.base_prefix) / "lib"),
    }
    # The folder's entries one by one, since neither Landlock nor the hook can except the hidden ones below a tree.
    # A symbolic link is left out: what it points to was not put beside the generator.
    beside = [entry for entry in source.parent.iterdir() if not entry.name.startswith(".") and not entry.is_symlink()]
    trees |= {str(entry) for entry in beside if entry.is_dir()}
    files = {os.path.realpath(file) for file in _SYSTEM_FILES} | {str(entry) for entry in beside if entry.is_file()}
    files.add(os.path.realpath(Path(__file__).with_name("export.py")))  # imported after the files are confined
    return Instructions(
        source=str(source),
        search=search,
        standard=standard,
        libraries=libraries,
        trees=sorted(trees),
        files=sorted(files),
        folders=[str(source.parent)],
        channel=channel,
        cpu_s=limits.cpu_s,
        memory_bytes=limits.memory_bytes,
        open_files=limits.open_files,
        threads=limits.threads,
        qasm3_bytes=limits.qasm3_bytes,
        require_kernel=limits.require_kernel,
        bubblewrap=wrapped,
        package=str(Path(__file__).parents[2]),
    )


def _wrapping(wrapper: str, assignment: Instructions) -> Sequence[str]:
    """bubblewrap's command: a root that holds read-only what may be read, and nothing else."""
    package = Path(assignment.package) / "router"
    own = [str(Path(__file__).parent), str(package / "__init__.py"), str(package / "errors.py")]
    python = [sys.executable, os.path.realpath(sys.executable), str(Path(sys.prefix) / "pyvenv.cfg")]
    shown = [path for path in (*assignment.trees, *assignment.files, *own, *python) if Path(path).exists()]
    binds = [part for path in shown if not path.startswith(("/proc/", "/dev/")) for part in ("--ro-bind", path, path)]
    links = [
        part
        for name in ("/lib", "/lib64")
        if (link := Path(name)).is_symlink()
        for part in ("--symlink", str(link.readlink()), name)
    ]
    return [
        wrapper, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--tmpfs", "/", "--proc", "/proc",
        "--dev", "/dev", *binds, *links, "--remount-ro", "/", "--chdir", "/", "--",
    ]  # fmt: skip


def _follow(process: subprocess.Popen[bytes], channel: int, limits: SandboxLimits, name: str) -> tuple[bytes, bytes]:
    """What it answered and what it printed; its group is killed when it takes too long or says too much."""
    assert process.stdout is not None
    deadline = time.monotonic() + limits.wall_s
    answered, printed = bytearray(), bytearray()
    # A character of the circuit is at most six in JSON.
    ends = {
        channel: (answered, 6 * limits.qasm3_bytes + 4096, "returned"),
        process.stdout.fileno(): (printed, limits.printed_bytes, "printed"),
    }
    fault: SandboxViolation | None = None
    with selectors.DefaultSelector() as selector:
        for descriptor in ends:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map() and fault is None:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                fault = SandboxViolation(ViolationKind.TIME, f"it ran longer than {limits.wall_s:g} s", source=name)
            for key, _ in ready:
                heard, bound, did = ends[key.fd]
                piece = os.read(key.fd, 65536)
                heard += piece
                if not piece:
                    selector.unregister(key.fd)
                elif len(heard) > bound:
                    fault = SandboxViolation(ViolationKind.OUTPUT, f"it {did} more than {bound} bytes", source=name)
    # The group is killed in every case: nothing it may have left running outlives its run.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()
    if fault is not None:
        raise fault
    return bytes(answered), bytes(printed)


def _understood(answer: bytes, printed: bytes, code: int, name: str) -> Generated:
    # Imported here: this package is loaded inside the jail too, where only Python and Qiskit are.
    from oracle.encoding import parse_json

    try:
        message = parse_json(answer) if answer else None
    except ValueError:
        message = None
    match message:
        case {"qasm3": str(qasm3), "layers": list(layers)} if qasm3.lstrip().startswith("OPENQASM 3"):
            return Generated(qasm3, tuple(str(layer) for layer in layers))
        case {"kind": str(kind), "reason": str(reason), "line": int() | None as line, "remedy": str(remedy)}:
            known = kind if kind in {member.value for member in ViolationKind} else "error"
            raise SandboxViolation(ViolationKind(known), reason, source=name, line=line, remedy=remedy)
    last = printed.decode(errors="replace").strip().splitlines()[-1:] or [""]
    if code in (-signal.SIGXCPU, 128 + signal.SIGXCPU):  # the second is how bubblewrap passes it on
        raise SandboxViolation(ViolationKind.TIME, "it used up its processor time", source=name)
    if "memory" in last[0].lower() or "MemoryError" in last[0]:
        raise SandboxViolation(ViolationKind.MEMORY, f"it ran out of memory: {last[0][:200]}", source=name)
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    raise SandboxViolation(
        ViolationKind.ERROR, f"its process {how} without an answer{': ' if last[0] else ''}{last[0][:200]}", source=name
    )
