"""The zip of a bundle: one file for given members, byte for byte, and a reader that takes nothing else.

Members are stored as they are (no compression: nothing depends on a library's version, and nothing unpacks to more than
its own size), in ascending order of their names, with one fixed date and no attributes. Any zip program opens it. The
reader compares each field with what the writer would write, so that every byte of the file counts, and says where the
first one stands that does not fit. Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from zlib import crc32

from oracle.encoding import OracleError

LARGEST_FILE = 1 << 30
"""Bytes of a bundle; a baseline of 24 bits takes a fifth of it."""
MOST_MEMBERS = 4096
LONGEST_NAME = 160

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _FLAGS, _STORED = 20, 0, 0
_TIME, _DATE = 0, 0x0021
"""Midnight of 1 January 1980, the first that a zip can say."""
_MADE_BY = 0x0314
"""Unix, APPNOTE 2.0: so that the attributes below are a file's mode."""
_MODE = 0o100644 << 16
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")


class ContainerRejected(OracleError, ValueError):
    """Bytes that are not the one zip of their members."""

    def __init__(self, offset: int, reason: str, member: str | None = None) -> None:
        super().__init__(f"byte {offset:,}: {reason}")
        self.offset = offset
        """Of the first byte that does not fit, from 0."""
        self.reason = reason
        self.member = member
        """The member that the byte belongs to, as far as its name is known."""


def name_fault(name: str) -> str | None:
    """What is wrong with a member's name, or None: a relative path of lower-case words without a leading dot."""
    if len(name) > LONGEST_NAME:
        return f"a name of {len(name)} characters; a bundle's have up to {LONGEST_NAME}"
    if not _NAME.fullmatch(name):
        return f"{name!r} is no path inside a bundle: lower-case letters, digits, '.', '_', '-' between single slashes"
    return None


def write_members(members: Mapping[str, bytes]) -> bytes:
    """The zip of `members`. Raises ValueError for a name that no bundle has, and for more than a bundle holds."""
    if len(members) > MOST_MEMBERS:
        raise ValueError(f"{len(members):,} members; a bundle has up to {MOST_MEMBERS:,}")
    body, directory = bytearray(), bytearray()
    for name in sorted(members):
        if fault := name_fault(name):
            raise ValueError(fault)
        data = members[name]
        directory += _central(name, data, len(body))
        body += _local(name, data)
        body += data
    if len(body) + len(directory) + _END.size > LARGEST_FILE:
        raise ValueError(f"{len(body):,} bytes; a bundle has up to {LARGEST_FILE:,}")
    return bytes(body + directory + _end(len(members), len(directory), len(body)))


def read_members(data: bytes) -> dict[str, bytes]:
    """The members of the zip `data`, by name. Raises ContainerRejected unless write_members gives exactly `data`."""
    if len(data) > LARGEST_FILE:
        raise ContainerRejected(LARGEST_FILE, f"{len(data):,} bytes; a bundle has up to {LARGEST_FILE:,}")
    members: dict[str, bytes] = {}
    offsets: list[int] = []
    at = 0
    while data[at : at + 4] == b"PK\x03\x04":
        if len(members) == MOST_MEMBERS:
            raise ContainerRejected(at, f"more than {MOST_MEMBERS:,} members")
        name, end = _read_local(data, at, next(reversed(members), None))
        offsets.append(at)
        members[name] = data[end - _size(data, at) : end]
        at = end
    if not members:
        raise ContainerRejected(0, "no zip: it does not begin with a member")
    directory = b"".join(
        _central(name, member, offset) for (name, member), offset in zip(members.items(), offsets, strict=True)
    )
    for part, said in ((directory, "the list of members"), (_end(len(members), len(directory), at), "the zip's end")):
        _expect(data, at, part, f"{said} is not that of the members before it")
        at += len(part)
    if at != len(data):
        raise ContainerRejected(at, f"{len(data) - at:,} bytes stand after the zip's end")
    return members


def _read_local(data: bytes, at: int, before: str | None) -> tuple[str, int]:
    """The name of the member at `at`, and where its content ends."""
    if len(data) < at + _LOCAL.size:
        raise ContainerRejected(len(data), "it ends inside a member's head")
    _, version, flags, method, _, _, _, packed, size, length, extra = _LOCAL.unpack_from(data, at)
    if flags & 0x0041:
        raise ContainerRejected(at + 6, "an encrypted member; a bundle hides nothing")
    if flags != _FLAGS:
        raise ContainerRejected(at + 6, f"flags {flags:#06x}; a bundle's members have none")
    if method != _STORED:
        raise ContainerRejected(at + 8, f"a compressed member (method {method}); a bundle stores what it has as it is")
    if 0xFFFFFFFF in (packed, size) or version > _VERSION:
        raise ContainerRejected(at + 4, "a zip64 member; a bundle is too small for one")
    if extra:
        raise ContainerRejected(at + 28, f"{extra:,} extra bytes in a member's head")
    start = at + _LOCAL.size + length
    raw = data[at + _LOCAL.size : start]
    try:
        name = raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise ContainerRejected(at + _LOCAL.size + error.start, "a name that is not ASCII") from error
    if fault := name_fault(name):
        raise ContainerRejected(at + _LOCAL.size, fault)
    if before is not None and name <= before:
        reason = f"{name} a second time" if name == before else f"{name} after {before}: names ascend"
        raise ContainerRejected(at + _LOCAL.size, reason, name)
    if packed != size:
        raise ContainerRejected(at + 18, f"{packed:,} bytes that are said to be {size:,}", name)
    if start + size > len(data):
        raise ContainerRejected(at + 22, f"{size:,} bytes are announced, and the file ends before", name)
    content = data[start : start + size]
    _expect(data, at, _local(name, content), "its head is not that of its content", name)
    return name, start + size


def _size(data: bytes, at: int) -> int:
    return int(_LOCAL.unpack_from(data, at)[8])


def _expect(data: bytes, at: int, part: bytes, reason: str, member: str | None = None) -> None:
    found = data[at : at + len(part)]
    if found != part:
        raise ContainerRejected(at + first_difference(found, part), reason, member)


def first_difference(left: bytes, right: bytes) -> int:
    """Where two byte strings differ first; the length of the shorter one where it is the other's beginning."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[:middle] == right[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _local(name: str, data: bytes) -> bytes:
    head = (b"PK\x03\x04", _VERSION, _FLAGS, _STORED, _TIME, _DATE, crc32(data), len(data), len(data), len(name), 0)
    return _LOCAL.pack(*head) + name.encode()


def _central(name: str, data: bytes, offset: int) -> bytes:
    what = (_VERSION, _FLAGS, _STORED, _TIME, _DATE, crc32(data), len(data), len(data), len(name))
    return _CENTRAL.pack(b"PK\x01\x02", _MADE_BY, *what, 0, 0, 0, 0, _MODE, offset) + name.encode()


def _end(count: int, size: int, offset: int) -> bytes:
    return _END.pack(b"PK\x05\x06", 0, 0, count, count, size, offset, 0)
