"""Validators' signatures in a bundle, and whether they are as many as the terms ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oracle.artifacts.kinds import ArtifactKind
from oracle.attestations.attestation import Attestation, AttestationRejected
from oracle.attestations.checking import verify
from oracle.chain.events import Proposed
from oracle.encoding import CanonicalError, canonical_bytes, parse_canonical
from oracle.evidence.checks import CheckResult, EvidenceCheck
from oracle.evidence.packing.bundle import Bundle, attestation_path
from oracle.evidence.shown import ShownOnChain, path_of
from oracle.terms import JobTerms, Outcome, Verdict


def signature_checks(bundle: Bundle, shown: ShownOnChain) -> Iterator[EvidenceCheck]:
    """Each attestation's signature; then the quorum of what the chain was told."""
    paths = bundle.of(ArtifactKind.ATTESTATIONS)
    check, found = _attestations(bundle, shown, paths)
    yield check
    yield _quorum(bundle, shown, found, paths)


def _attestations(
    bundle: Bundle, shown: ShownOnChain, paths: Sequence[str]
) -> tuple[EvidenceCheck, tuple[Attestation, ...]]:
    name = "signatures"
    if not paths:
        return EvidenceCheck(name, CheckResult.NOTHING, "no attestation is in the bundle"), ()
    if shown.terms is None or shown.at is None:
        return EvidenceCheck(name, CheckResult.OPEN, "they are over terms that do not stand", tuple(paths)), ()
    found = []
    for path in paths:
        try:
            attestation = Attestation.from_json(parse_canonical(bundle.members[path]))
        except (CanonicalError, AttestationRejected) as error:
            return EvidenceCheck(name, CheckResult.FAILS, f"no attestation: {error}", tuple(paths), path), ()
        verdict = attestation.verdict
        if path != attestation_path(verdict.round, attestation.validator):
            fault: str | None = f"it is of {attestation.validator} about round {verdict.round}"
        elif verdict.job != shown.job_id:
            fault = f"it is about job {verdict.job}"
        else:
            fault = verify(attestation, shown.terms, chain_id=shown.at.chain_id, escrow=shown.at.escrow)
        if fault is None and canonical_bytes(attestation.to_json()) != bundle.members[path]:
            fault = "it says more than an attestation does"
        if fault is not None:
            return EvidenceCheck(name, CheckResult.FAILS, fault, tuple(paths), path), ()
        found.append(attestation)
    finding = f"{len(found)} attestations, each signed by a validator of the terms over this job"
    return EvidenceCheck(name, CheckResult.HOLDS, finding, tuple(paths)), tuple(found)


def _quorum(bundle: Bundle, shown: ShownOnChain, found: Sequence[Attestation], paths: Sequence[str]) -> EvidenceCheck:
    """Whether what the chain took is what k of the n validators signed."""
    name, terms = "quorum", shown.terms
    if terms is None:
        result = CheckResult.NOTHING if shown.job_id is None else CheckResult.OPEN
        return EvidenceCheck(name, result, "no terms say who the validators are")
    signed = [(args, event) for args, event in shown.all(Proposed) if args.signers]
    for proposed, event in signed:
        verdict = Verdict(
            job=str(shown.job_id),
            round=proposed.round,
            result_hash=proposed.result_hash,
            outcome=Outcome(proposed.outcome),
            worker_amount=proposed.worker_amount if proposed.outcome == Outcome.ACCEPT else 0,
            evidence_hash=proposed.evidence_hash,
        )
        signers = _signers(terms, proposed.signers)
        if signers is None or len(signers) < terms.quorum:
            finding = f"the chain counted {bin(proposed.signers)}, and the terms ask for {terms.quorum} validators"
            return EvidenceCheck(name, CheckResult.FAILS, finding, (path_of(event),), path_of(event))
        alike = {each.validator for each in found if each.verdict == verdict}
        lacking = [each for each in signers if each not in alike]
        if len(signers) - len(lacking) < terms.quorum:
            finding = f"the chain counted {len(signers)} signatures; of {lacking[0]} none over it is in the bundle"
            member = attestation_path(proposed.round, lacking[0])
            return EvidenceCheck(name, CheckResult.OPEN, finding, (*paths, path_of(event)), member)
    of = f"{terms.quorum} of {len(terms.validators)}"
    if signed:
        last, event = signed[-1]
        counted = last.signers.bit_count()
        finding = f"{counted} validators signed what the chain took; the terms ask for {of}"
        return EvidenceCheck(name, CheckResult.HOLDS, finding, (*paths, path_of(event)))
    if not found:
        return EvidenceCheck(name, CheckResult.NOTHING, "nothing that validators signed was proposed")
    most = max(sum(other.verdict == each.verdict for other in found) for each in found)
    finding = f"{most} signed alike, the terms ask for {of}; the bundle shows no proposal of it"
    return EvidenceCheck(name, CheckResult.NOTHING, finding, tuple(paths))


def _signers(terms: JobTerms, bits: int) -> tuple[str, ...] | None:
    """The validators of the bits; None for a bit that stands for nobody."""
    if bits >> len(terms.validators):
        return None
    return tuple(validator for place, validator in enumerate(terms.validators) if bits >> place & 1)
