"""The ledger is why a validator cannot equivocate, whatever happens to its process."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest
from eth_account import Account

from oracle.terms import Outcome, Verdict
from oracle.validator.ledger import Ledger, SignedOtherwise
from oracle.validator.signer import Signer
from oracle.validator.state import StateRejected, ValidatorState

ESCROW = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
ACCOUNT = Account.from_key("0x" + "11" * 32)
VERDICT = Verdict("0x" + "01" * 32, 0, "0x" + "02" * 32, Outcome.ACCEPT, 10**30, "0x" + "03" * 32)


def open_state(folder, **changes):
    identity = {"validator": ACCOUNT.address, "chain_id": 31337, "escrow": ESCROW} | changes
    return ValidatorState(folder, **identity)


def test_the_same_verdict_may_be_recorded_again_also_after_a_restart(tmp_path):
    for _ in range(2):
        with open_state(tmp_path) as state:
            Ledger(state).record(VERDICT)
            Ledger(state).record(VERDICT)
            assert Ledger(state).find(VERDICT.job, 0, VERDICT.result_hash) == VERDICT


@pytest.mark.parametrize(
    "change", [{"outcome": Outcome.REJECT}, {"worker_amount": 1}, {"evidence_hash": "0x" + "04" * 32}]
)
def test_a_different_verdict_on_the_same_delivery_is_refused_after_a_restart_too(tmp_path, change):
    with open_state(tmp_path) as state:
        Ledger(state).record(VERDICT)
    with open_state(tmp_path) as state:
        with pytest.raises(SignedOtherwise) as refused:
            Ledger(state).record(replace(VERDICT, **change))
        assert refused.value.signed == VERDICT
        assert Ledger(state).find(VERDICT.job, 0, VERDICT.result_hash) == VERDICT


@pytest.mark.parametrize("change", [{"round": 1}, {"result_hash": "0x" + "05" * 32}, {"job": "0x" + "06" * 32}])
def test_another_delivery_may_have_another_verdict(tmp_path, change):
    with open_state(tmp_path) as state:
        Ledger(state).record(VERDICT)
        Ledger(state).record(replace(VERDICT, outcome=Outcome.REJECT, **change))


def test_no_signature_exists_before_its_ledger_row(tmp_path):
    with open_state(tmp_path) as state:
        ledger = Ledger(state)
        seen = []

        class Watched:
            address = ACCOUNT.address

            def unsafe_sign_hash(self, digest):
                # A second connection sees only what is committed.
                other = sqlite3.connect(tmp_path / "state.sqlite")
                seen.append(other.execute("SELECT count(*) FROM signature").fetchone()[0])
                other.close()
                return ACCOUNT.unsafe_sign_hash(digest)

        Signer(Watched(), ledger, chain_id=31337, escrow=ESCROW).sign(VERDICT)
        assert seen == [1]


def test_the_signer_refuses_to_equivocate_and_signs_the_same_bytes_again(tmp_path):
    with open_state(tmp_path) as state:
        first = Signer(ACCOUNT, Ledger(state), chain_id=31337, escrow=ESCROW).sign(VERDICT)
    with open_state(tmp_path) as state:
        signer = Signer(ACCOUNT, Ledger(state), chain_id=31337, escrow=ESCROW)
        assert signer.sign(VERDICT) == first
        with pytest.raises(SignedOtherwise, match="refusing to sign REJECT"):
            signer.sign(replace(VERDICT, outcome=Outcome.REJECT, worker_amount=0))


def test_a_row_survives_a_kill_right_after_the_record(tmp_path):
    script = f"""
import os, signal
from pathlib import Path
from oracle.terms import Outcome, Verdict
from oracle.validator.ledger import Ledger
from oracle.validator.state import ValidatorState
state = ValidatorState(Path({str(tmp_path)!r}), validator={ACCOUNT.address!r}, chain_id=31337, escrow={ESCROW!r})
verdict = Verdict({VERDICT.job!r}, 0, {VERDICT.result_hash!r}, Outcome.ACCEPT, 10**30, {VERDICT.evidence_hash!r})
Ledger(state).record(verdict)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    with open_state(tmp_path) as state, pytest.raises(SignedOtherwise):
        Ledger(state).record(replace(VERDICT, worker_amount=1))


@pytest.mark.parametrize("change", [{"validator": "0x" + "00" * 20}, {"chain_id": 1}, {"escrow": ACCOUNT.address}])
def test_a_state_folder_belongs_to_one_validator_of_one_escrow(tmp_path, change):
    open_state(tmp_path).close()
    with pytest.raises(StateRejected, match="--state"):
        open_state(tmp_path, **change)
    open_state(tmp_path).close()


def test_two_processes_cannot_share_a_state_folder(tmp_path):
    with open_state(tmp_path), pytest.raises(StateRejected, match="another process"):
        open_state(tmp_path)
    open_state(tmp_path).close()


def test_a_transaction_is_all_or_nothing(tmp_path):
    with open_state(tmp_path) as state:

        def fail_halfway():
            with state.transaction() as connection:
                connection.execute("INSERT INTO read_block VALUES (1, 'a')")
                connection.execute("INSERT INTO read_block VALUES (1, 'b')")

        with pytest.raises(sqlite3.IntegrityError):
            fail_halfway()
        assert state.connection.execute("SELECT count(*) FROM read_block").fetchone() == (0,)
