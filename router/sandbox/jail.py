"""Layers of confinement that the kernel holds, applied by the process to itself before it runs foreign code.

Each returns whether it is in force. None can be taken off again, by anybody, in the life of the process. Numbers come
from the kernel's headers: linux/landlock.h, linux/seccomp.h, linux/audit.h, asm/unistd.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC, _CLONE_THREAD = 0x10000000, 0x40000000, 0x08000000, 0x00010000

_EPERM, _ENOSYS = 1, 38
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


# Calls that answer EPERM: their numbers on x86-64 and on AArch64, which has no fork and no vfork.
_DENIED: dict[str, tuple[int, int | None]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "setns": (308, 268),
    "unshare": (272, 97),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "open_by_handle_at": (304, 265),
    "io_uring_setup": (425, 425),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
}


@dataclass(frozen=True)
class _Machine:
    audit_arch: int
    column: int
    """Of _DENIED."""
    clone: int
    clone3: int = 435


_MACHINES = {"x86_64": _Machine(0xC000003E, 0, clone=56), "aarch64": _Machine(0xC00000B7, 1, clone=220)}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def limit_resources(*, cpu_s: int, memory_bytes: int, open_files: int) -> None:
    """Bound processor time, address space and descriptors; allow no file to grow and no core to be dumped."""
    for what, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CPU, cpu_s, cpu_s + 1),  # at the soft one SIGXCPU, which says why; at the hard one SIGKILL
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_NOFILE, open_files, open_files),
    ):
        ceiling = resource.getrlimit(what)[1]
        within = [bound if ceiling == resource.RLIM_INFINITY else min(bound, ceiling) for bound in (soft, hard)]
        resource.setrlimit(what, (within[0], within[1]))


def leave_namespaces(*, threads: int) -> bool:
    """Move into a user, network and IPC namespace of one's own: no interface is up there, not even loopback.

    Must run while there is one thread. The limit of threads is set only here, because elsewhere RLIMIT_NPROC counts
    everything else that the same user runs.
    """
    if sys.platform != "linux" or _libc().unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) != 0:
        return False
    resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads))
    return True


def forbid_new_privileges() -> bool:
    """Set no_new_privs, which the next two layers need."""
    return sys.platform == "linux" and bool(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_FS_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many rights each Landlock ABI knows
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446


def confine_files(readable: Iterable[str], listable: Iterable[str]) -> bool:
    """Landlock: `readable` files and trees may be read, `listable` folders listed; nothing may be executed, and nothing
    written but the null device, which Qiskit's own import opens for writing.

    Where the kernel is new enough, TCP and signals to other processes are refused here too.
    """
    if sys.platform != "linux":
        return False
    libc = _libc()
    abi = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if abi < 1:
        return False
    rights = (1 << _FS_RIGHTS_BY_ABI[min(abi, 5)]) - 1
    # handled_access_fs, handled_access_net (TCP bind and connect), scoped (abstract sockets, signals)
    attributes = struct.pack("=QQQ", rights, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            if not _allow(libc, ruleset, path, _READ_FILE | _READ_DIR if Path(path).is_dir() else _READ_FILE):
                return False
        for path in listable:
            if not _allow(libc, ruleset, path, _READ_DIR):
                return False
        if not _allow(libc, ruleset, os.devnull, _READ_FILE | _WRITE_FILE):
            return False
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> bool:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)  # type: ignore[attr-defined,unused-ignore]  # Linux alone
    except FileNotFoundError:
        return True  # what is not there needs no permission
    try:
        return bool(libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, opened), 0) == 0)
    finally:
        os.close(opened)


def confine_system_calls() -> bool:
    """seccomp: no sockets, no processes (threads pass), no signals, no mounts, no way round the other layers."""
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    program = _filter(machine)
    buffer = ctypes.create_string_buffer(program)

    class SockFprog(ctypes.Structure):
        _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    described = SockFprog(len(program) // 8, ctypes.addressof(buffer))
    return bool(_libc().prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(described), 0, 0) == 0)


def _filter(machine: _Machine) -> bytes:
    """Classic BPF over struct seccomp_data: number at 0, architecture at 4, low word of the first argument at 16."""

    def op(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_true, if_false, k)

    head = [
        op(_LOAD, 4),
        op(_JUMP_EQUAL, machine.audit_arch, 1, 0),
        op(_RETURN, _KILL),
        op(_LOAD, 0),
        op(_JUMP_AT_LEAST, 0x40000000, 0, 1),  # x32 calls, and numbers nobody has
        op(_RETURN, _ERRNO | _ENOSYS),
        op(_JUMP_EQUAL, machine.clone3, 0, 1),  # its flags are behind a pointer; libc then falls back to clone
        op(_RETURN, _ERRNO | _ENOSYS),
        op(_JUMP_EQUAL, machine.clone, 0, 4),
        op(_LOAD, 16),
        op(_JUMP_SET, _CLONE_THREAD, 0, 1),
        op(_RETURN, _ALLOW),
        op(_RETURN, _ERRNO | _EPERM),
    ]
    tail = [op(_RETURN, _ALLOW)]
    for numbers in _DENIED.values():
        if (number := numbers[machine.column]) is not None:
            tail[:0] = [op(_JUMP_EQUAL, number, 0, 1), op(_RETURN, _ERRNO | _EPERM)]
    return b"".join([*head, *tail])
