"""The judging process may die, hang or be fed nonsense; the validator always gets an answer about its question."""

from __future__ import annotations

import os
import signal
import time

import pytest

from oracle.artifacts import DirectoryStore
from oracle.terms import ZERO_ADDRESS, JobTerms, pack_terms
from oracle.validator.judge import Crashed, Judge, Question, Refused, Unavailable

ACCOUNT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def question(spec_hash, **changes):
    terms = JobTerms(
        payer=ACCOUNT, requester=ACCOUNT, worker=ACCOUNT, arbiter=ZERO_ADDRESS, token=ZERO_ADDRESS, fee_to=ZERO_ADDRESS,
        fee_bps=0, budget=1, claim_by=0, deliver_window=0, submit_by=1, verdict_by=2, challenge_window=0,
        ruling_window=0, silence_bps=0, inconclusive_bps=0, dispute_bond_bps=0, claim_bond_bps=0, max_rounds=1,
        quorum=1, spec_hash=spec_hash, salt=0, validators=(ACCOUNT,),
    )  # fmt: skip
    values = {
        "terms": "0x" + pack_terms(terms).hex(), "job": "0x" + "01" * 32, "round": 0, "result_hash": "0x" + "02" * 32,
        "second_word": "0x" + "03" * 32, "replayed": False, "missing_is_final": False,
    }  # fmt: skip
    return Question(**values | changes)


def answer(judge, patience_s=60):
    deadline = time.monotonic() + patience_s
    while (found := judge.poll()) is None:
        assert time.monotonic() < deadline, "no answer"
        time.sleep(0.02)
    return found


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path)


@pytest.fixture
def judge(store):
    made = Judge(store.root.as_uri(), timeout_s=60)
    yield made
    made.close()


def test_what_is_not_there_is_unavailable_and_what_is_no_spec_is_refused(judge, store):
    missing = question("0x" + "0a" * 32)
    judge.ask(missing)
    assert judge.busy
    assert judge.question == missing
    found = answer(judge)
    assert isinstance(found, Unavailable)
    assert found.question == missing
    assert "0x" + "0a" * 32 in found.reason
    assert not judge.busy
    judge.ask(question(store.put(b"{}")))
    assert isinstance(answer(judge), Refused)


def test_what_nobody_foresaw_is_answered_and_the_process_goes_on(judge, store):
    judge.ask(question("0x" + "0a" * 32, terms="0x00"))
    found = answer(judge)
    assert isinstance(found, Crashed)
    assert "ValueError" in found.reason
    child = judge.process_id
    judge.ask(question("0x" + "0a" * 32))
    assert isinstance(answer(judge), Unavailable)
    assert judge.process_id == child


def test_two_questions_at_once_are_a_programming_error(judge):
    judge.ask(question("0x" + "0a" * 32))
    with pytest.raises(RuntimeError, match="already"):
        judge.ask(question("0x" + "0b" * 32))


@pytest.mark.parametrize("idle", [True, False], ids=["while idle", "while judging"])
def test_a_process_that_died_is_reported_and_the_next_question_has_a_new_one(judge, idle):
    if idle:
        judge.warm_up()
        os.kill(judge.process_id, signal.SIGKILL)
        time.sleep(0.2)
    asked = question("0x" + "0a" * 32)
    judge.ask(asked)
    if not idle:
        os.kill(judge.process_id, signal.SIGKILL)
    found = answer(judge)
    assert isinstance(found, Crashed)
    assert found.question == asked
    assert "code -9" in found.reason
    assert not judge.busy
    judge.ask(asked)
    assert isinstance(answer(judge), Unavailable)


def test_a_process_that_hangs_is_killed_after_the_timeout(store):
    judge = Judge(store.root.as_uri(), timeout_s=0.3)
    try:
        judge.ask(question("0x" + "0a" * 32))
        child = judge.process_id
        os.kill(child, signal.SIGSTOP)
        found = answer(judge, patience_s=10)
        assert isinstance(found, Crashed)
        assert "no answer within 0.3 s" in found.reason
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    finally:
        judge.close()
