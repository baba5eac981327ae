"""What is on the board is believed only when its signature is by a pinned validator over these very fields."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eth_account import Account

from oracle.attestations.attestation import Attestation
from oracle.attestations.board import BoardDown, DirectoryBoard, agreeing, open_board
from oracle.attestations.checking import LARGEST_FILE, verify
from oracle.terms import ZERO_ADDRESS, JobTerms, Outcome, Verdict, verdict_digest

ESCROW = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
ACCOUNTS = sorted((Account.from_key(bytes([n]) * 32) for n in (1, 2, 3)), key=lambda account: int(account.address, 16))
STRANGER = Account.from_key("0x" + "44" * 32)
VERDICT = Verdict("0x" + "01" * 32, 0, "0x" + "02" * 32, Outcome.ACCEPT, 600, "0x" + "03" * 32)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TERMS = JobTerms(
    payer=STRANGER.address, requester=STRANGER.address, worker=STRANGER.address, arbiter=ZERO_ADDRESS,
    token=ZERO_ADDRESS, fee_to=ZERO_ADDRESS, fee_bps=0, budget=1, claim_by=0, deliver_window=0, submit_by=1,
    verdict_by=2, challenge_window=0, ruling_window=0, silence_bps=0, inconclusive_bps=0, dispute_bond_bps=0,
    claim_bond_bps=0, max_rounds=1, quorum=2, spec_hash="0x" + "00" * 32, salt=0,
    validators=tuple(account.address for account in ACCOUNTS),
)  # fmt: skip


def attest(account, verdict=VERDICT, chain_id=31337, escrow=ESCROW):
    digest = bytes.fromhex(verdict_digest(verdict, chain_id, escrow)[2:])
    signature = "0x" + bytes(account.unsafe_sign_hash(digest).signature).hex()
    return Attestation(account.address, verdict, verdict.evidence_hash, signature)


def fault(attestation):
    return verify(attestation, TERMS, chain_id=31337, escrow=ESCROW)


def test_a_pinned_validators_signature_verifies():
    assert [fault(attest(account)) for account in ACCOUNTS] == [None, None, None]


def test_a_stranger_is_not_pinned():
    assert "not pinned" in fault(attest(STRANGER))


def test_a_stranger_cannot_sign_for_a_validator():
    assert "was signed by" in fault(replace(attest(STRANGER), validator=ACCOUNTS[0].address))


@pytest.mark.parametrize(
    "change", [{"outcome": Outcome.REJECT}, {"worker_amount": 601}, {"round": 1}, {"job": "0x" + "ff" * 32}]
)
def test_a_changed_verdict_no_longer_verifies(change):
    genuine = attest(ACCOUNTS[0])
    assert fault(replace(genuine, verdict=replace(VERDICT, **change))) is not None


def test_the_document_is_the_one_that_was_signed():
    assert "another document" in fault(replace(attest(ACCOUNTS[0]), document="0x" + "0d" * 32))


def test_a_signature_for_another_chain_or_escrow_does_not_verify():
    assert fault(attest(ACCOUNTS[0], chain_id=1)) is not None
    assert fault(attest(ACCOUNTS[0], escrow=STRANGER.address)) is not None


def test_the_malleable_twin_is_refused_as_the_contract_refuses_it():
    genuine = bytes.fromhex(attest(ACCOUNTS[0]).signature[2:])
    s = ORDER - int.from_bytes(genuine[32:64], "big")
    twin = genuine[:32] + s.to_bytes(32, "big") + bytes([55 - genuine[64]])
    assert "malleable" in fault(replace(attest(ACCOUNTS[0]), signature="0x" + twin.hex()))


@pytest.mark.parametrize(
    "signature",
    [
        "0x",
        "0x12",
        "0x" + "00" * 64,
        "0x" + "00" * 65,
        "0x" + "11" * 64 + "1d",
        "0x" + "00" * 64 + "1b",
        "0x" + "01" * 66,
    ],
)
def test_no_form_of_garbage_verifies_or_raises(signature):
    assert fault(replace(attest(ACCOUNTS[0]), signature=signature)) is not None


def test_what_is_published_is_read_back(tmp_path):
    board = DirectoryBoard(tmp_path / "board")
    assert board.read(VERDICT.job, 0) == ((), ())
    for account in ACCOUNTS:
        board.publish(attest(account))
    found, unusable = board.read(VERDICT.job, 0)
    assert set(found) == {attest(account) for account in ACCOUNTS}
    assert unusable == ()
    assert board.read(VERDICT.job, 1) == ((), ())


def test_a_second_attestation_of_a_validator_takes_the_place_of_its_first(tmp_path):
    board = DirectoryBoard(tmp_path)
    board.publish(attest(ACCOUNTS[0]))
    later = attest(ACCOUNTS[0], replace(VERDICT, result_hash="0x" + "0e" * 32))
    board.publish(later)
    assert board.read(VERDICT.job, 0)[0] == (later,)


def test_one_bad_file_does_not_hide_the_others(tmp_path):
    board = DirectoryBoard(tmp_path)
    board.publish(attest(ACCOUNTS[0]))
    folder = tmp_path / VERDICT.job / "0"
    (folder / "a.json").write_text("{")
    (folder / "b.json").write_text("[]")
    (folder / "c.json").write_text("x" * (LARGEST_FILE + 1))
    (folder / "d.json").write_bytes(b"\xff")
    (folder / "e.json").mkdir()
    (folder / "f.json").write_text("[" * 10_000)
    (folder / "g.json").write_text(json.dumps({**attest(ACCOUNTS[0]).to_json(), "verdict": None}))
    (folder / ".draft").write_text("half")
    found, unusable = board.read(VERDICT.job, 0)
    assert found == (attest(ACCOUNTS[0]),)
    assert [thing.source for thing in unusable] == [f"{letter}.json" for letter in "abcdefg"]


def test_a_board_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "board").write_text("a file")
    with pytest.raises(BoardDown):
        DirectoryBoard(tmp_path / "board").publish(attest(ACCOUNTS[0]))
    with pytest.raises(BoardDown):
        DirectoryBoard(tmp_path / "board").read(VERDICT.job, 0)


@pytest.mark.parametrize("url", ["", "/srv/x", "http://host/x", "file://relative/x", "file:"])
def test_only_a_directory_url_opens_a_board(url):
    with pytest.raises(ValueError, match="file:///"):
        open_board(url)


def test_a_board_url_may_hold_a_blank(tmp_path):
    open_board((tmp_path / "a b").as_uri()).publish(attest(ACCOUNTS[0]))
    assert (tmp_path / "a b" / VERDICT.job).is_dir()


def test_only_equal_verdicts_agree_in_address_order_ours_always_among_them():
    own = attest(ACCOUNTS[1])
    other = attest(ACCOUNTS[2], replace(VERDICT, worker_amount=1))
    assert agreeing([other, attest(ACCOUNTS[0])], own) == (attest(ACCOUNTS[0]), own)
    assert agreeing([own, own], own) == (own,)
