"""A bundle that was changed never holds, however well the forger seals it again."""

from __future__ import annotations

import json
import random
from itertools import combinations

import pytest
from forgeries import in_a_block_of_their_own, made_up_logs, sealed, verified
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle.encoding import canonical_bytes, sha256_hex
from oracle.evidence.checks import CheckResult
from oracle.evidence.packing.bundle import Bundle
from oracle.evidence.packing.container import write_members
from oracle.evidence.packing.manifest import CRATE, Missing

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SLOWER = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""A verdict is decided again in each."""
JUNK = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3), st.lists, max_leaves=5)


def test_what_a_stack_left_holds_without_it(accepted: bytes) -> None:
    report = verified(accepted)
    assert {check.name: check.result for check in report.checks if check.result is not CheckResult.HOLDS} == {}
    assert report.holds


@QUICK
@given(data=st.data())
def test_a_flipped_bit_is_refused_and_its_check_named(accepted: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, 8 * len(accepted) - 1))
    changed = bytearray(accepted)
    changed[bit // 8] ^= 1 << bit % 8
    (failed,) = verified(bytes(changed)).failed
    assert failed.name == "container"
    assert failed.byte is not None


@SLOWER
@given(data=st.data())
def test_a_flipped_bit_is_refused_when_all_names_and_digests_are_made_anew(bundle: Bundle, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(set(bundle.manifest.sorts) - {CRATE})))
    changed = bytearray(bundle.members[path])
    bit = data.draw(st.integers(0, 8 * len(changed) - 1))
    changed[bit // 8] ^= 1 << bit % 8
    assert verified(sealed(bundle, {path: bytes(changed)})).failed


def test_two_members_that_changed_places_are_named(bundle: Bundle) -> None:
    pairs = list(combinations(sorted(bundle.members), 2))
    for one, other in random.Random(1).sample(pairs, 60):
        swapped = dict(bundle.members) | {one: bundle.members[other], other: bundle.members[one]}
        (failed,) = verified(write_members(swapped)).failed
        assert failed.name in ("manifest", "crate")
        assert failed.member in (one, other, "manifest.json")


@pytest.mark.parametrize("sort", ["attestations", "transaction"])
def test_two_members_of_a_sort_that_changed_places_are_refused_when_sealed_again(bundle: Bundle, sort: str) -> None:
    one, other, *_ = bundle.of(sort)
    changed = {one: bundle.members[other], other: bundle.members[one]}
    (failed, *_) = verified(sealed(bundle, changed)).failed
    assert failed.name == {"attestations": "signatures", "transaction": "receipts"}[sort]
    assert failed.member == one


@pytest.mark.parametrize(
    ("sort", "check"),
    [
        ("raw_result", "record"),
        ("baseline", "record"),
        ("gate_report", "record"),
        ("transaction", "causes"),
        ("event_log", "events"),
        ("terms", "terms"),
        ("chain", "terms"),
    ],
)
def test_a_member_that_is_left_out_without_a_word_is_missed(bundle: Bundle, sort: str, check: str) -> None:
    report = verified(sealed(bundle, {bundle.of(sort)[0]: None}))
    assert check in {each.name for each in (*report.failed, *report.open)}


def test_what_is_told_to_be_missing_leaves_open_what_follows_from_it(bundle: Bundle) -> None:
    (path,) = bundle.of("raw_result")
    digest = "0x" + path.removeprefix("artifacts/")
    told = (Missing("raw_result", digest, "it is not in the artifact store"),)
    report = verified(sealed(bundle, {path: None}, told))
    assert not report.failed
    assert {check.name: check.member for check in report.open} == {"manifest": digest, "verdict": path}


def test_a_signature_that_the_chain_counted_and_that_is_left_out_is_missed(bundle: Bundle) -> None:
    paths = bundle.of("attestations")
    report = verified(sealed(bundle, dict.fromkeys(paths[:2])))
    assert [check.name for check in report.open] == ["quorum"]


def test_shots_that_lead_to_another_document_are_refused_at_its_first_byte(bundle: Bundle) -> None:
    """The forger owns the router: the events are not looked at here, only what validators sign."""
    from oracle.evidence.verifying import verify

    (path,) = bundle.of("verdict_document")
    document = json.loads(bundle.members[path])
    document["shots"]["received"] = 3999
    report, _ = verify(sealed(bundle, {path: canonical_bytes(document)}))
    (failed,) = (check for check in report.failed if check.name == "verdict")
    assert failed.byte == bundle.members[path].index(b'"received":4000') + len(b'"received":')


def test_a_log_whose_end_was_cut_off_is_seen_by_the_chains_receipts(bundle: Bundle) -> None:
    lines = bundle.members["events.jsonl"].splitlines(keepends=True)
    log, last = b"".join(lines[:-2]), json.loads(lines[-3])
    cut = {"events.jsonl": log} | dict.fromkeys(bundle.of("settlement_receipt"))
    (opened,) = verified(sealed(bundle, cut, as_of=last["at"])).open
    assert (opened.name, opened.finding.partition(",")[0]) == ("causes", "the escrow said Settled")


def test_events_of_another_key_are_refused_at_their_line(bundle: Bundle) -> None:
    lines = bundle.members["events.jsonl"].splitlines(keepends=True)
    event = json.loads(lines[4])
    event["at"] = event["at"].replace("2026", "2025")
    log = b"".join((*lines[:4], canonical_bytes(event) + b"\n", *lines[5:]))
    (failed,) = verified(sealed(bundle, {"events.jsonl": log})).failed
    assert (failed.name, failed.byte) == ("events", sum(map(len, lines[:4])))


def test_another_chain_or_escrow_makes_another_job(bundle: Bundle) -> None:
    chain = json.loads(bundle.members["chain.json"])
    for change in ({"chain_id": 1}, {"escrow": "0x5FbDB2315678afecb367f032d93F642f64180aa3"}):
        (failed, *_) = verified(sealed(bundle, {"chain.json": canonical_bytes(chain | change)})).failed
        assert failed.name == "terms"


def test_a_bundle_is_the_same_bytes_whoever_makes_it(accepted: bytes, bundle: Bundle) -> None:
    assert sealed(bundle, {}) == accepted
    assert sha256_hex(accepted) == verified(accepted).sha256


@SLOWER
@given(data=st.data())
def test_receipts_of_a_chain_that_a_stranger_made_up_change_nothing_and_break_nothing(
    bundle: Bundle, data: st.DataObject
) -> None:
    """Logs of any content, in blocks whose headers and proofs hold: the signed events name other blocks."""
    logs = data.draw(st.lists(made_up_logs(bundle), max_size=3))
    path = data.draw(st.sampled_from(bundle.of("transaction")))
    report = verified(sealed(bundle, {path: in_a_block_of_their_own(bundle.members[path], logs)}))
    assert report.failed


@SLOWER
@given(data=st.data())
def test_members_of_any_content_are_refused_and_nothing_else_happens(bundle: Bundle, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(set(bundle.manifest.sorts) - {CRATE})))
    content = data.draw(st.one_of(st.binary(max_size=40), JUNK.map(canonical_bytes), st.just(b'{"a":' * 100)))
    assert not verified(sealed(bundle, {path: content})).holds
