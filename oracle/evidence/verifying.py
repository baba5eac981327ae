"""Every check of a bundle, in order: from the file's form to the money.

What follows from a bundle's bytes is derived again; nothing in it is believed because it is there. Others plug in what
they can read besides: the router its event log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from oracle.encoding import sha256_hex
from oracle.evidence.checks import CheckResult, EvidenceCheck, EvidenceReport
from oracle.evidence.inclusion.transactions import MinedTransaction, TransactionRejected
from oracle.evidence.judgement import judgement_checks
from oracle.evidence.money import payment_check
from oracle.evidence.packing.bundle import CHAIN, EVENTS, TERMS, Bundle, BundleRejected, read_bundle
from oracle.evidence.packing.manifest import Sort
from oracle.evidence.shown import EscrowAt, ShownOnChain
from oracle.evidence.signatures import signature_checks
from oracle.terms import JobTerms, job_id_of, terms_from_hex

Examiner = Callable[[Bundle, ShownOnChain], Iterable[EvidenceCheck]]
"""Further checks of a bundle whose form holds."""

FORM = ("container", "manifest", "crate")
"""Checks of the form; whatever fails there, nothing else is looked at."""


def verify(data: bytes, examiners: Sequence[Examiner] = ()) -> tuple[EvidenceReport, ShownOnChain | None]:
    """The report on the bundle in `data`, which anybody may have written; and what of the chain it shows, if anything.

    Without an examiner the event log is told to be another command's.
    """
    digest = sha256_hex(data)
    try:
        bundle = read_bundle(data)
    except BundleRejected as error:
        held = FORM[: FORM.index(error.check)]
        checks = [EvidenceCheck(name, CheckResult.HOLDS, _FORM_SAID[name]) for name in held]
        fault = EvidenceCheck(error.check, CheckResult.FAILS, error.reason, (), error.member, error.byte)
        return EvidenceReport(None, None, digest, (*checks, fault)), None
    counted = f"{len(bundle.members)} members, {len(data):,} bytes, and no second form"
    checks = [EvidenceCheck("container", CheckResult.HOLDS, counted)]
    checks.append(_manifest(bundle))
    checks.append(EvidenceCheck("crate", CheckResult.HOLDS, _FORM_SAID["crate"]))
    terms_check, at, terms = _terms(bundle)
    transactions_check, transactions = _transactions(bundle, at)
    shown = ShownOnChain(bundle.manifest.escrow_id, at, terms, transactions)
    checks += [terms_check, transactions_check]
    checks += judgement_checks(bundle, shown)
    checks += signature_checks(bundle, shown)
    checks.append(payment_check(shown))
    checks += [check for examiner in examiners for check in examiner(bundle, shown)]
    if not examiners:
        finding = "not checked here; `compute verify` checks it"
        known = CheckResult.ELSEWHERE if EVENTS in bundle.members else CheckResult.OPEN
        checks.append(EvidenceCheck("events", known, finding, (EVENTS,)))
    return EvidenceReport(bundle.manifest.job, bundle.manifest.escrow_id, digest, tuple(checks)), shown


_FORM_SAID = {
    "container": "one zip of its members, and no second form",
    "manifest": "it lists every member by its SHA-256",
    "crate": "the RO-Crate metadata lists the same members",
}


def _manifest(bundle: Bundle) -> EvidenceCheck:
    count, missing = len(bundle.members) - 1, bundle.manifest.missing
    finding = f"{count} members hash to what it lists"
    if not missing:
        return EvidenceCheck("manifest", CheckResult.HOLDS, f"{finding}; nothing is missing", ("manifest.json",))
    first = missing[0]
    rest = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
    finding = f"{finding}; missing: {first.sort} {first.name} ({first.reason}){rest}"
    return EvidenceCheck("manifest", CheckResult.OPEN, finding, ("manifest.json",), first.name)


def _terms(bundle: Bundle) -> tuple[EvidenceCheck, EscrowAt | None, JobTerms | None]:
    """Whether the JobId is that of the terms, for this chain and this escrow."""

    def said(result: CheckResult, finding: str, member: str | None = None) -> EvidenceCheck:
        inputs = tuple(path for path in (TERMS, CHAIN) if path in bundle.members)
        return EvidenceCheck("terms", result, finding, inputs, member)

    job_id = bundle.manifest.escrow_id
    if job_id is None:
        if found := [path for path in (TERMS, CHAIN) if path in bundle.members]:
            return said(CheckResult.FAILS, "without a JobId in the manifest", found[0]), None, None
        return said(CheckResult.NOTHING, "the job was never promoted"), None, None
    if lacking := [path for path in (TERMS, CHAIN) if path not in bundle.members]:
        return said(CheckResult.OPEN, f"JobId {job_id} follows from {lacking[0]}", lacking[0]), None, None
    try:
        at = EscrowAt.from_bytes(bundle.members[CHAIN])
    except ValueError as error:
        return said(CheckResult.FAILS, f"it cannot be read: {error}", CHAIN), None, None
    try:
        terms = terms_from_hex("0x" + bundle.members[TERMS].hex())
    except ValueError as error:
        return said(CheckResult.FAILS, f"the terms cannot be read: {error}", TERMS), at, None
    if (ours := job_id_of(terms, at.chain_id, at.escrow)) != job_id:
        finding = f"terms, chain {at.chain_id} and escrow make JobId {ours}, not {job_id}"
        return said(CheckResult.FAILS, finding, TERMS), at, None
    if terms.salt != int.from_bytes(hashlib.sha256(bundle.manifest.job.encode()).digest(), "big"):
        return said(CheckResult.FAILS, f"their salt is not the SHA-256 of {bundle.manifest.job}", TERMS), at, None
    return said(CheckResult.HOLDS, f"JobId {job_id} follows, for {at.escrow} on chain {at.chain_id}"), at, terms


def _transactions(bundle: Bundle, at: EscrowAt | None) -> tuple[EvidenceCheck, tuple[MinedTransaction, ...]]:
    """Whether each receipt is in its block; those that hold, in chain order."""
    name, paths, found = "receipts", bundle.of(Sort.TRANSACTION), []
    unproven = []
    for path in paths:
        try:
            transaction = MinedTransaction.from_bytes(bundle.members[path])
            if path != f"transactions/{transaction.hash}.json":
                raise TransactionRejected(f"it is of the transaction {transaction.hash}")
            if not transaction.check_inclusion():
                unproven.append(path)
            if at is not None:
                transaction.events(at.escrow)
        except TransactionRejected as error:
            return EvidenceCheck(name, CheckResult.FAILS, str(error), paths, path), ()
        found.append(transaction)
    ordered = tuple(sorted(found, key=lambda each: (each.block_number, each.index)))
    lacking = bundle.lacks(Sort.TRANSACTION)
    if unproven:
        finding = f"{len(unproven)} of {len(paths)} receipts come without a proof that their block has them"
        return EvidenceCheck(name, CheckResult.OPEN, finding, paths, unproven[0]), ordered
    if lacking:
        finding = f"{len(lacking)} transactions are missing: {lacking[0].reason}"
        return EvidenceCheck(name, CheckResult.OPEN, finding, paths, lacking[0].name), ordered
    if not paths:
        return EvidenceCheck(name, CheckResult.NOTHING, "no transaction is in the bundle"), ()
    blocks = len({each.block_hash for each in ordered})
    finding = f"{len(paths)} receipts, each proven to be in its block ({blocks} headers)"
    return EvidenceCheck(name, CheckResult.HOLDS, finding, paths), ordered
