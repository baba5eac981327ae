"""Validators are processes with keys of their own; k of n settle, fewer leave the job to silence."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

VALIDATORS = ("validator-1", "validator-2", "validator-3")


def promoted(stack: Any) -> str:
    """A funded job."""
    if not (stack.folder / "demo").exists():
        stack("quantum", "init", "demo")
    job = str(stack("quantum", "simulate", "./demo/job.yaml", "--json").json["job"])
    stack("quantum", "promote", job, "--target", "ibm", "--max-budget", "25")
    return job


def record(stack: Any, job: str) -> Any:
    return stack("quantum", "inspect", job, "--json").json["record"]


def attestations(stack: Any, escrow_id: str) -> list[Any]:
    folder = stack.folder / ".compute" / "attestations" / escrow_id
    return [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))]


def test_three_validators_are_three_processes_with_three_keystores(stack: Any) -> None:
    pids = {stack.pid(name) for name in VALIDATORS}
    assert len(pids) == 3
    homes = stack.folder / ".compute" / "validators"
    addresses = {json.loads((homes / name / "key.json").read_text())["address"] for name in VALIDATORS}
    assert len(addresses) == 3
    for pid in pids:
        command = Path(f"/proc/{pid}/cmdline").read_text()
        assert sum(f"validators/{name}/key.json" in command for name in VALIDATORS) == 1


def test_one_validator_killed_still_settles_and_two_leave_the_job_to_silence(stack: Any) -> None:
    os.kill(stack.pid("validator-1"), signal.SIGKILL)
    job = promoted(stack)
    stack("quantum", "watch", job, "--timeout", "120")
    ended = record(stack, job)
    assert (ended["state"], ended["escrow"]) == ("settled", "released")
    shown = attestations(stack, ended["escrow_id"])
    assert len(shown) == 2
    assert len({attestation["document"] for attestation in shown}) == 1

    os.kill(stack.pid("validator-2"), signal.SIGKILL)
    job = promoted(stack)
    answer = stack("quantum", "watch", job, "--timeout", "40", code=5)
    assert "Traceback" not in answer.err
    waiting = record(stack, job)
    assert (waiting["state"], waiting["escrow"]) == ("completed", "locked")
    assert len(attestations(stack, waiting["escrow_id"])) == 1

    # They come back, and the job that waited is settled by the same verdict.
    stack("up")
    stack("quantum", "watch", job, "--timeout", "120")
    ended = record(stack, job)
    assert (ended["state"], ended["escrow"]) == ("settled", "released")
    shown = attestations(stack, ended["escrow_id"])
    assert len(shown) == 3
    assert {attestation["document"] for attestation in shown} == {ended["evidence_hash"]}
