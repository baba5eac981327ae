"""What people are shown as attestations was signed by validators of the job: anybody may write to the board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from paper_chain import DEPLOYMENT

from oracle.attestations.attestation import Attestation
from oracle.encoding import sha256_hex
from oracle.terms import Outcome, Verdict, verdict_digest
from router.console.screen import views
from router.console.showcase import attestations_of

VALIDATOR, STRANGER = (Account.from_key(bytes([number]) * 32) for number in (1, 77))


def attested(job: str, signer: LocalAccount, name: str = "") -> str:
    verdict = Verdict(job, 0, sha256_hex(b"result"), Outcome.ACCEPT, 5, sha256_hex(b"document"))
    digest = bytes.fromhex(verdict_digest(verdict, DEPLOYMENT.chain_id, DEPLOYMENT.escrow)[2:])
    signature = "0x" + bytes(signer.unsafe_sign_hash(digest).signature).hex()
    made = Attestation(name or signer.address, verdict, verdict.evidence_hash, signature)
    return json.dumps(made.to_json())


def test_forged_and_damaged_files_are_named_and_not_listed(desk: Any) -> None:
    record = desk.promoted()
    job = str(record.escrow_id)
    folder = desk.opened.home.attestations / job / "0"
    folder.mkdir(parents=True)
    (folder / "genuine.json").write_text(attested(job, VALIDATOR))
    (folder / "forged.json").write_text(attested(job, STRANGER, VALIDATOR.address))
    (folder / "stranger.json").write_text(attested(job, STRANGER))
    (folder / "elsewhere.json").write_text(attested(sha256_hex(b"another job"), VALIDATOR))
    (folder / "torn.json").write_text(attested(job, VALIDATOR)[:50])
    (folder / "nested.json").write_text("[" * 10_000)
    (folder / "binary.json").write_bytes(bytes(range(256)))
    (folder / "folder.json").mkdir()

    events = desk.opened.store.events(record.job)
    rows = [row for row in views.artifacts(desk.opened, record, events) if row.kind == "attestations"]
    assert [Path(str(row.path)).name for row in rows] == ["genuine.json"]
    assert [shown.validator for shown in attestations_of(desk.opened, record)] == [VALIDATOR.address]
    told = views.refused_attestations(desk.opened, record)
    names = {"forged", "stranger", "elsewhere", "torn", "nested", "binary", "folder"}
    assert {Path(line.split()[0]).stem for line in told} == names
    assert any("was signed by" in line for line in told)
    assert any("is about another job" in line for line in told)
