"""The one zip of given members, and strangers' zips."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.evidence.packing.container import ContainerRejected, name_fault, read_members, write_members

MEMBERS = {"a.json": b"{}", "b/c.bin": b"\x00" * 40, "z": b""}
WORDS = st.text("az09", min_size=1, max_size=6)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map("/".join)


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    """A zip as Python writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in entries:
            file.writestr(zipfile.ZipInfo(name), data, method)
        file.comment = comment
    return buffer.getvalue()


def set_in(data: bytes, offset: int, form: str, value: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, offset, value)
    return bytes(changed)


OURS = write_members(MEMBERS)
TWICE = write_members({"aa": b"1", "ab": b"2"}).replace(b"ab", b"aa")
HOSTILE: dict[str, tuple[bytes, str]] = {
    "a bomb": (zipped(("a.json", b"\x00" * 10**8), method=zipfile.ZIP_DEFLATED), "compressed"),
    "a path out of the folder": (zipped(("../../etc/passwd", b"x")), "is no path inside a bundle"),
    "an absolute path": (zipped(("/etc/passwd", b"x")), "is no path inside a bundle"),
    "a path with backslashes": (OURS.replace(b"b/c.bin", b"b\\c.bin"), "is no path inside a bundle"),
    "a hidden file": (OURS.replace(b"a.json", b".ajson"), "is no path inside a bundle"),
    "capitals, which some folders cannot tell apart": (OURS.replace(b"a.json", b"A.json"), "is no path inside"),
    "another alphabet": (OURS.replace(b"a.json", "ä.jso".encode()), "not ASCII"),
    "one name twice": (TWICE, "a second time"),
    "names out of order": (write_members({"ab": b"1", "ac": b"2"}).replace(b"ac", b"aa"), "names ascend"),
    "an encrypted member": (set_in(OURS, 6, "<H", 1), "encrypted"),
    "a size in a descriptor behind": (set_in(OURS, 6, "<H", 8), "flags 0x0008"),
    "zip64": (set_in(OURS, 18, "<I", 0xFFFFFFFF), "zip64"),
    "a later zip": (set_in(OURS, 4, "<H", 45), "zip64"),
    "an extra field": (set_in(OURS, 28, "<H", 4), "extra bytes"),
    "two sizes": (set_in(OURS, 18, "<I", 3), "are said to be"),
    "a size beyond the file": (set_in(set_in(OURS, 18, "<I", 10**9), 22, "<I", 10**9), "the file ends before"),
    "a date": (set_in(OURS, 12, "<H", 0x5A21), "its head is not that of its content"),
    "something before": (b"MZ" + OURS, "does not begin with a member"),
    "something behind": (OURS + b"\x00", "stand after the zip's end"),
    "a comment": (OURS[:-2] + b"\x02\x00hi", "the zip's end is not that"),
    "a link": (OURS.replace(struct.pack("<I", 0o100644 << 16), struct.pack("<I", 0o120777 << 16)), "list of members"),
    "a member that only the list has": (OURS.replace(b"PK\x01\x02", b"PK\x01\x03", 1), "list of members"),
    "a cut": (OURS[:-1], "the zip's end is not that"),
    "nothing": (b"", "does not begin with a member"),
    "an empty zip": (zipped(), "does not begin with a member"),
}


def test_any_program_opens_it() -> None:
    with zipfile.ZipFile(io.BytesIO(OURS)) as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == MEMBERS


def test_the_order_in_which_members_come_changes_nothing() -> None:
    assert write_members(dict(reversed(MEMBERS.items()))) == OURS


@given(st.dictionaries(NAMES, st.binary(max_size=60), min_size=1, max_size=5))
def test_what_is_written_is_read(members: dict[str, bytes]) -> None:
    assert read_members(write_members(members)) == members


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_other_zip_is_read(kind: str) -> None:
    data, reason = HOSTILE[kind]
    with pytest.raises(ContainerRejected) as caught:
        read_members(data)
    assert reason in caught.value.reason
    assert 0 <= caught.value.offset <= len(data)


@given(st.data())
def test_every_bit_counts(data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, 8 * len(OURS) - 1))
    changed = bytearray(OURS)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ContainerRejected):
        read_members(bytes(changed))


@given(st.binary(max_size=200), st.integers(0, len(OURS)), st.integers(0, 60))
def test_bytes_of_a_stranger_are_refused_and_nothing_else_happens(middle: bytes, start: int, cut: int) -> None:
    data = OURS[:start] + middle + OURS[start + cut :]
    if data != OURS:
        with pytest.raises(ContainerRejected):
            read_members(data)


@pytest.mark.parametrize("make", [lambda: {"../a": b""}, lambda: {f"a{n}": b"" for n in range(4097)}])
def test_nothing_is_written_that_is_not_read(make: Callable[[], dict[str, bytes]]) -> None:
    with pytest.raises(ValueError, match=r"no path|members"):
        write_members(make())


def test_a_name_has_a_bound() -> None:
    assert name_fault("a" * 160) is None
    assert name_fault("a" * 161) is not None
