"""Results as others publish them, to packed shots: a JSON list of bitstrings, or a JSON object of counts.

A list is taken to be in the order of the device. Counts have none: what is made of them is not `ordered`.
Every malformed entry is a finding (the first MOST_TOLD of them, and how many more), and nothing is guessed: an
outcome that is written in two ways, or a register too few, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from oracle.artifacts.registers import RegisterMap, number_of
from oracle.artifacts.shots import PackedShots, pack, pack_counts
from oracle.encoding import CanonicalError, Finding, InputRejected, parse_json

LARGEST_RESULT = 64 * 2**20
"""Bytes of JSON: 2^20 bitstrings of 24 bits and their spaces take about half."""
MOST_SHOTS = 1 << 20
"""The most that one verdict counts."""
MOST_TOLD = 10
"""Faulty entries that are told one by one."""
_ANY = "write each shot as a text of 0 and 1, the last declared register leftmost"
_LIST = 'write ["00", "11", …], a text for each shot in the order of the device'
_COUNTS = 'write {"00": 507, "11": 493}'


def read_shots(data: bytes, registers: RegisterMap | None, source: str) -> PackedShots | None:
    """The shots of a JSON list of bitstrings, in its order; see RegisterMap.outcome_of for what they may look like.

    `registers` are the circuit's; None if that could not be read: then the entries are looked at all the same, so that
    their faults are told with the circuit's, and there is no result.
    Raises InputRejected, naming `source`, with every fault.
    """
    entries = _parsed(data, source, _LIST)
    if not isinstance(entries, list):
        raise _rejected(source, f"{_kind(entries)}, where a list of bitstrings is expected", _LIST)
    faults = _TextFaults(source, registers)
    if not entries:
        faults.add("", "there is no shot in it", _LIST)
    _check_total(len(entries), faults)
    known: dict[str, int] = {}
    for index, entry in enumerate(entries):
        if not isinstance(entry, str):
            faults.add(f"[{index}]", f"{str(entry)[:40]} is {_kind(entry)}, not a text", None)
        elif entry not in known:
            outcome = faults.outcome(f"[{index}]", entry)
            if outcome is not None:
                known[entry] = outcome
    faults.raise_any()
    return None if registers is None else pack([known[entry] for entry in entries], registers.bits)


def read_counts(data: bytes, registers: RegisterMap | None, source: str) -> PackedShots | None:
    """The result of a JSON object of counts, bitstring to number of shots; it has no order.

    `registers` as for read_shots. Raises InputRejected, naming `source`, with every fault: a repeated key, an outcome
    written in two ways, a count that is no positive whole number.
    """
    members = _parsed(data, source, _COUNTS)
    if not isinstance(members, dict):
        raise _rejected(source, f"{_kind(members)}, where an object of counts is expected", _COUNTS)
    return counted(members, registers, source)


def counted(members: Mapping[str, object], registers: RegisterMap | None, source: str) -> PackedShots | None:
    """The result of counts that were read already; as read_counts, whose faults it finds."""
    faults = _TextFaults(source, registers)
    if not members:
        faults.add("", "there is no shot in it", _COUNTS)
    counts: dict[int, int] = {}
    written: dict[int, str] = {}
    for text, count in members.items():
        path = f"[{text[:40]!r}]"
        outcome = faults.outcome(path, text)
        if type(count) is not int or count < 1:
            faults.add(path, f"{str(count)[:40]} is no number of shots", "write whole numbers from 1 on, and no others")
        elif outcome is not None and outcome in counts:
            faults.add(path, f"this is the outcome of {written[outcome]!r} again", "write each outcome once")
        elif outcome is not None:
            counts[outcome], written[outcome] = count, text
    _check_total(sum(counts.values()), faults)
    faults.raise_any()
    return None if registers is None else pack_counts(counts, registers.bits)


class _TextFaults:
    """Findings of one result, told up to MOST_TOLD."""

    def __init__(self, source: str, registers: RegisterMap | None) -> None:
        self._source, self._registers = source, registers
        self._remedy = _ANY if registers is None else f"write {registers.in_words()}"
        self._findings: list[Finding] = []
        self._count = 0

    def add(self, path: str, reason: str, remedy: str | None) -> None:
        self._count += 1
        if self._count <= MOST_TOLD:
            self._findings.append(Finding(path, None, reason, remedy or self._remedy))

    def outcome(self, path: str, text: str) -> int | None:
        """The outcome that `text` names, or None and a finding."""
        try:
            return number_of(text) if self._registers is None else self._registers.outcome_of(text)
        except ValueError as error:
            self.add(path, f"{text[:60]!r} {error}", None)
            return None

    def raise_any(self) -> None:
        if self._count > MOST_TOLD:
            reason = f"{self._count - MOST_TOLD:,} more entries are faulty"
            self._findings.append(
                Finding("", None, reason, "correct the first ones, and look for the same in the rest")
            )
        if self._findings:
            raise InputRejected(self._source, self._findings)


def _parsed(data: bytes, source: str, remedy: str) -> object:
    if len(data) > LARGEST_RESULT:
        raise _rejected(source, f"{len(data):,} bytes", f"write at most {LARGEST_RESULT:,}, {MOST_SHOTS:,} shots")
    try:
        return parse_json(data, keys_once=True)
    except CanonicalError as error:
        raise _rejected(source, error.reason, remedy) from error


def _rejected(source: str, reason: str, remedy: str) -> InputRejected:
    return InputRejected(source, [Finding("", None, reason, remedy)])


def _check_total(total: int, faults: _TextFaults) -> None:
    if total > MOST_SHOTS:
        faults.add("", f"{total:,} shots; a verdict counts up to {MOST_SHOTS:,}", f"give {MOST_SHOTS:,} shots or fewer")


def _kind(value: object) -> str:
    names = {
        bool: "a truth value",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")
