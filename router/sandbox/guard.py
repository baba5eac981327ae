"""The layer that says why: an audit hook and an environment that refuses, both inside the interpreter.

They see what foreign code asks of Python and stop the process at once with the kind, the reason and the line, which
the kernel's layers cannot tell. They are no wall by themselves: code that corrupts the interpreter gets past them, and
then meets the kernel's (see README).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from router.errors import RouterError

Stop = Callable[[str, str, int | None], NoReturn]
"""Report (kind, reason, line) and end the process; it does not return and cannot be caught."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_PROCESS_EVENTS = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.system",
        "pty.spawn",
        "signal.pthread_kill",
        "subprocess.Popen",
    }
)
_WRITE_EVENTS = frozenset(
    {
        "os.chflags",
        "os.chmod",
        "os.chown",
        "os.link",
        "os.lockf",
        "os.mkdir",
        "os.remove",
        "os.removexattr",
        "os.rename",
        "os.rmdir",
        "os.setxattr",
        "os.symlink",
        "os.truncate",
        "os.utime",
        "shutil.chown",
        "shutil.copyfile",
        "shutil.copymode",
        "shutil.copystat",
        "shutil.copytree",
        "shutil.make_archive",
        "shutil.move",
        "shutil.rmtree",
        "shutil.unpack_archive",
        "tempfile.mkdtemp",
        "tempfile.mkstemp",
    }
)
_LIST_EVENTS = frozenset(
    {"os.listdir", "os.scandir", "os.chdir", "os.fwalk", "os.walk", "glob.glob", "pathlib.Path.glob"}
)
_LIMIT_EVENTS = frozenset({"resource.setrlimit", "resource.prlimit"})
_NATIVE_PREFIXES = ("ctypes.", "_ctypes.")


@dataclass(frozen=True)
class Reach:
    """What may be read: absolute real paths. A tree stands for everything below it."""

    trees: tuple[str, ...]
    files: frozenset[str]
    source: str
    """The generator itself."""
    standard: tuple[str, ...]
    """The trees of the standard library."""
    libraries: tuple[str, ...]
    """The trees of installed packages."""

    def reads(self, path: str) -> bool:
        """Whether the real path `path` may be read, or listed."""
        if path in self.files or any(path == tree or path.startswith(tree + os.sep) for tree in self.trees):
            return True
        folder = os.path.dirname(self.source)  # noqa: PTH120  # here and below: no objects that foreign code can patch
        return path == folder or (path.startswith(folder + os.sep) and f"{os.sep}." not in path[len(folder) :])

    def is_library(self, code_file: str) -> bool:
        return any(code_file.startswith(tree + os.sep) for tree in self.libraries)

    def is_standard(self, code_file: str) -> bool:
        return code_file.startswith("<frozen ") or any(code_file.startswith(tree + os.sep) for tree in self.standard)

    def asked_by_library(self, frame: FrameType | None) -> bool:
        """Whether the innermost code on the stack that is not the standard library's is an installed package's.

        Anything else counts as the generator's own, code made by exec too.
        """
        while frame is not None and not self.is_library(frame.f_code.co_filename):
            if not self.is_standard(frame.f_code.co_filename):
                return False
            frame = frame.f_back
        return True


class AccessRefused(RouterError, PermissionError):
    """What an installed package gets in place of an end: it may be after a cache of its own, or whether there is IPv6
    (as urllib3 is, when the transpiler loads its plug-ins), and goes on without."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def blamed_line(reach: Reach, frame: FrameType | None) -> int | None:
    """The innermost line of the generator on the stack that ends in `frame`; None if it is not there."""
    while frame is not None:
        if frame.f_code.co_filename == reach.source:
            return frame.f_lineno
        frame = frame.f_back
    return None


def install(reach: Reach, stop: Stop) -> None:
    """Watch the interpreter from here on; there is no way to take the hook off again."""
    real_path, fs_decode, get_frame = os.path.realpath, os.fsdecode, sys._getframe

    def text(path: object) -> str:
        return fs_decode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)

    def judge(event: str, arguments: tuple[object, ...]) -> tuple[str, str] | None:
        if event.startswith("socket."):
            return "network", f"it reached for the network ({event})"
        if event in _PROCESS_EVENTS:
            return "process", f"it tried to start or signal a process ({event})"
        if event in ("os.putenv", "os.unsetenv"):
            return "environment", f"it tried to change the environment variable {text(arguments[0])!r}"
        if event.startswith(_NATIVE_PREFIXES):
            return "native", f"it reached for native code ({event})"
        if event in _LIMIT_EVENTS:
            return "native", f"it tried to change its own limits ({event})"
        if event in _WRITE_EVENTS:
            return "files", f"it tried to change the file system ({event} {text(arguments[0])})"
        if event == "open" and not isinstance(arguments[0], int):
            path, flags = text(arguments[0]), arguments[2]
            if isinstance(flags, int) and flags & _WRITING and path != os.devnull:
                return "files", f"it tried to write {path}"
            if not reach.reads(real_path(path)):
                return "files", f"it tried to read {path}"
        if event in _LIST_EVENTS and arguments and arguments[0] is not None and not isinstance(arguments[0], int):
            path = text(arguments[0])
            if not reach.reads(real_path(path)):
                return "files", f"it tried to list {path}"
        return None

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        fault = judge(event, arguments)
        if fault is None:
            return
        frame = get_frame(1)
        if reach.asked_by_library(frame):
            raise AccessRefused(*fault)
        stop(*fault, blamed_line(reach, frame))

    sys.addaudithook(hook)


_RELAYS = frozenset({os.getenv.__code__.co_filename, Mapping.get.__code__.co_filename, __file__})
"""Files of the functions that pass a look at the environment on: os.getenv, Mapping.get and those below."""


class RefusingEnvironment(Mapping[str, str]):
    """Stands in for os.environ: empty to the libraries, and the end of a generator that looks."""

    def __init__(self, reach: Reach, stop: Stop) -> None:
        self._reach = reach
        self._stop = stop

    def _look(self, name: str | None) -> None:
        """Stop if the generator's own code asked, directly or through a function of the os module."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename in _RELAYS:
            frame = frame.f_back
        asker = frame.f_code.co_filename if frame is not None else ""
        if not (self._reach.is_library(asker) or self._reach.is_standard(asker)):
            what = f"the environment variable {name!r}" if name is not None else "the environment"
            self._stop("environment", f"it tried to read {what}", blamed_line(self._reach, frame))

    def __getitem__(self, name: str) -> str:
        self._look(name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        self._look(str(name))
        return False

    def __iter__(self) -> Iterator[str]:
        self._look(None)
        return iter(())

    def __len__(self) -> int:
        self._look(None)
        return 0

    def __repr__(self) -> str:
        self._look(None)
        return "environ({})"

    def __setitem__(self, name: str, value: str) -> None:
        self._look(name)

    def copy(self) -> dict[str, str]:
        self._look(None)
        return {}
