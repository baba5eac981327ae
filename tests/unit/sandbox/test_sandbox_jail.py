"""The kernel's layers alone, with no audit hook in front: what a generator meets that got past the interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's layers are Linux's")

FILES = "jail.forbid_new_privileges() and jail.confine_files({readable!r}, [])"
CALLS = "jail.forbid_new_privileges() and jail.confine_system_calls()"
NAMESPACES = "jail.leave_namespaces(threads=16)"


def confined(layer: str, attempt: str) -> str:
    """What `attempt` ends with in a process under `layer` alone; skips where the kernel does not have the layer."""
    code = (
        f"import sys, os, socket, ctypes, threading\nfrom router.sandbox import jail\n"
        f"if not ({layer}): print('absent'); os._exit(0)\n"
        f"try:\n    {attempt}\n    print('done', flush=True)\n"
        f"except OSError as error:\n    print(type(error).__name__)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    said = ran.stdout.split() or [f"nothing: {ran.stderr[-300:]}"]
    if said == ["absent"]:
        pytest.skip("this kernel does not have the layer")
    return said[0]


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socket()",
        "socket.socketpair()",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.kill(os.getppid(), 0)",
        "os.memfd_create('x')",
        "os.pidfd_open(os.getppid())",
    ],
)
def test_seccomp_refuses(attempt: str) -> None:
    assert confined(CALLS, attempt) == "PermissionError"


def test_seccomp_lets_threads_run() -> None:
    assert confined(CALLS, "t = threading.Thread(target=print); t.start(); t.join()") == "done"


def test_seccomp_covers_threads_started_later() -> None:
    attempt = "import concurrent.futures as f; f.ThreadPoolExecutor(1).submit(socket.socket).result()"
    assert confined(CALLS, attempt) == "PermissionError"


def test_landlock_reads_what_is_allowed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_text("x")
    (tmp_path / "out").write_text("x")
    layer = FILES.format(readable=[str(tmp_path / "in")])
    assert confined(layer, f"open({str(tmp_path / 'in' / 'file')!r}).read()") == "done"
    assert confined(layer, f"open({str(tmp_path / 'out')!r}).read()") == "PermissionError"
    assert confined(layer, f"open({str(tmp_path / 'in' / 'new')!r}, 'w')") == "PermissionError"
    assert confined(layer, f"os.remove({str(tmp_path / 'in' / 'file')!r})") == "PermissionError"
    assert confined(layer, f"os.listdir({str(tmp_path)!r})") == "PermissionError"
    assert confined(layer, "open('/proc/self/environ').read()") == "PermissionError"
    assert confined(layer, "open(os.devnull, 'w').write('x')") == "done"


def test_a_network_namespace_of_its_own_has_no_loopback() -> None:
    assert confined(NAMESPACES, "socket.create_connection(('127.0.0.1', 9), 2)") == "OSError"


def test_a_file_cannot_grow(tmp_path: Path) -> None:
    ignored = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    attempt = f"{ignored}; open({str(tmp_path / 'f')!r}, 'wb', 0).write(b'x')"
    layer = "jail.limit_resources(cpu_s=10, memory_bytes=2**32, open_files=64) is None"
    assert confined(layer, attempt) == "OSError"
    assert (tmp_path / "f").read_bytes() == b""
