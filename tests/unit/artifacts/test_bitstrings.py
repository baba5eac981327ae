"""Published results, to packed shots: what a bitstring means, what counts lose, and what is refused."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.artifacts import PackedShots, Register, RegisterMap, ShotsRejected, pack, pack_counts
from oracle.artifacts.bitstrings import MOST_TOLD, read_counts, read_shots
from oracle.encoding import InputRejected, sha256_hex

TWO = RegisterMap((Register("m", 2), Register("c", 3)))
ONE = RegisterMap((Register("c", 3),))


def shots(entries: object, registers: RegisterMap | None = TWO) -> PackedShots | None:
    return read_shots(json.dumps(entries).encode(), registers, "shots.json")


def counts(members: object, registers: RegisterMap | None = TWO) -> PackedShots | None:
    return read_counts(json.dumps(members).encode(), registers, "counts.json")


def findings(rejected: pytest.ExceptionInfo[InputRejected]) -> list[tuple[str, str]]:
    assert all(finding.reason and finding.remedy for finding in rejected.value.findings)
    return sorted((finding.path, finding.reason) for finding in rejected.value.findings)


def test_the_first_register_is_lowest_and_rightmost() -> None:
    assert TWO.outcome_of("001 00") == 0b00100
    assert TWO.outcome_of("000 01") == 0b00001
    assert TWO.outcome_of("10011") == 0b10011
    assert TWO.outcome_of("0x1F") == 31
    assert TWO.first_bits() == (0, 2)


def test_a_list_keeps_its_order() -> None:
    result = shots(["001 00", "00001", "0x1f", "001 00"])
    assert result is not None
    assert result.values().tolist() == [4, 1, 31, 4]
    assert result.ordered
    assert result.data == bytes.fromhex("04000000 01000000 1f000000 04000000")


def test_counts_are_ascending_and_claim_no_order() -> None:
    result = counts({"11111": 1, "001 00": 2})
    assert result is not None
    assert result.values().tolist() == [4, 4, 31]
    assert not result.ordered
    assert result.result_hash == result.multiset_hash


@given(st.lists(st.integers(0, 31), min_size=1, max_size=40))
def test_counts_of_shots_have_the_multiset_hash_of_the_shots(values: list[int]) -> None:
    listed = shots([f"{value:05b}" for value in values])
    counted = counts({f"{value:05b}": number for value, number in Counter(values).items()})
    assert listed is not None
    assert counted is not None
    assert listed.multiset_hash == counted.multiset_hash == counted.result_hash
    assert listed.counts() == counted.counts()


def test_every_faulty_shot_is_told_with_its_place() -> None:
    with pytest.raises(InputRejected) as rejected:
        shots(["00000", "0000", "01x00", 7, "0 0000", "0x20", "", "000  00", None])
    assert findings(rejected) == [
        ("[1]", "'0000' has 4 bits, the circuit 5"),
        ("[2]", "'01x00' is no bitstring of 0 and 1"),
        ("[3]", "7 is a number, not a text"),
        ("[4]", "'0 0000' is not divided as the circuit's registers are"),
        ("[5]", "'0x20' sets a bit above the circuit's 5"),
        ("[6]", "'' is no bitstring of 0 and 1"),
        ("[7]", "'000  00' is no bitstring of 0 and 1"),
        ("[8]", "None is null, not a text"),
    ]
    assert 'c (3) then m (2), such as "000 00"' in rejected.value.findings[0].remedy


def test_thousands_of_faults_are_told_by_their_number() -> None:
    with pytest.raises(InputRejected) as rejected:
        shots(["0"] * 4000)
    assert len(rejected.value.findings) == MOST_TOLD + 1
    assert any("3,990 more" in finding.reason for finding in rejected.value.findings)


def test_a_circuit_that_could_not_be_read_hides_no_fault_of_the_result() -> None:
    with pytest.raises(InputRejected) as rejected:
        shots(["01", "2"], None)
    assert findings(rejected) == [("[1]", "'2' is no bitstring of 0 and 1")]
    assert shots(["01", "1 1"], None) is None
    assert counts({"01": 2}, None) is None


@pytest.mark.parametrize(
    ("members", "path", "reason"),
    [
        ({"001 00": 2, "00100": 3}, "['00100']", "this is the outcome of '001 00' again"),
        ({"00100": 0}, "['00100']", "0 is no number of shots"),
        ({"00100": -1}, "['00100']", "-1 is no number of shots"),
        ({"00100": 1.5}, "['00100']", "1.5 is no number of shots"),
        ({"00100": True}, "['00100']", "True is no number of shots"),
        ({"00100": "3"}, "['00100']", "3 is no number of shots"),
        ({"1" * 9000: 1}, "['" + "1" * 40 + "']", "'" + "1" * 60 + "' is no bitstring of 0 and 1"),
        ({"00100": 2**20, "00000": 1}, "", "1,048,577 shots; a verdict counts up to 1,048,576"),
        ({}, "", "there is no shot in it"),
        ([], "", "a list, where an object of counts is expected"),
    ],
)
def test_counts_are_refused_for_what_cannot_be_counted(members: object, path: str, reason: str) -> None:
    with pytest.raises(InputRejected) as rejected:
        counts(members)
    assert findings(rejected) == [(path, reason)]


def test_a_key_that_stands_twice_is_refused_since_json_would_drop_one() -> None:
    with pytest.raises(InputRejected, match="'00000' stands in one object twice"):
        read_counts(b'{"00000": 5, "00000": 6}', TWO, "counts.json")


@pytest.mark.parametrize("data", [b"", b"[", b"\xff", b"{}", b'"00"', b"[" * 100, b"NaN", b"[" + b"1" * 5000 + b"]"])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(InputRejected) as rejected:
        read_shots(data, TWO, "shots.json")
    assert rejected.value.source == "shots.json"


def test_a_million_shots_are_the_most() -> None:
    at_most = read_shots(b"[" + b",".join([b'"000"'] * 2**20) + b"]", ONE, "shots.json")
    assert at_most is not None
    assert at_most.count == 2**20
    with pytest.raises(InputRejected, match="1,048,577 shots"):
        read_shots(b"[" + b",".join([b'"000"'] * (2**20 + 1)) + b"]", ONE, "shots.json")


def test_the_record_says_what_the_bytes_mean() -> None:
    result = pack([4, 1], 5)
    assert TWO.record(result) == {
        "schema": "packed-shots/1",
        "result_hash": sha256_hex(result.data),
        "shots": 2,
        "bits": 5,
        "words_per_shot": 1,
        "word": "uint32, little-endian",
        "bit_0": "least significant bit of the first word",
        "order": "as measured",
        "registers": [{"name": "m", "first_bit": 0, "bits": 2}, {"name": "c", "first_bit": 2, "bits": 3}],
    }
    assert TWO.record(pack_counts({4: 1}, 5))["order"] == "ascending, made of counts"
    with pytest.raises(ValueError, match="3 bits"):
        TWO.record(pack([1], 3))


def test_counts_wider_than_a_machine_word_are_packed() -> None:
    result = pack_counts({1 << 80: 2, 3: 1}, 100)
    assert result.counts() == {3: 1, 1 << 80: 2}
    with pytest.raises(ValueError, match="at least once"):
        pack_counts({1: 0}, 5)
    with pytest.raises(ShotsRejected):
        pack_counts({}, 5)
