"""Spec, baseline and verdict, derived again from artifacts as validators derive them."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, ShotsRejected, unpack
from oracle.artifacts.kinds import ArtifactKind
from oracle.artifacts.manifest import SCHEMA as RUN_MANIFEST
from oracle.chain.events import Proposed, Submitted
from oracle.encoding import ZERO_DIGEST, InputRejected, sha256_hex
from oracle.evidence.checks import CheckResult, EvidenceCheck
from oracle.evidence.packing.bundle import Bundle, artifact_path
from oracle.evidence.packing.container import first_difference
from oracle.evidence.shown import ShownOnChain, path_of
from oracle.judging.recompute import Unjudgeable, committed_case, judge_delivery
from oracle.spec import JobSpec, parse_canonical_spec
from oracle.statistics import Baseline
from oracle.terms import JobTerms, Outcome
from oracle.verdict import VerdictDocument
from oracle.verdict.document import DocumentRejected

CommittedCase = tuple[JobSpec, Baseline, tuple[Baseline, ...]]
SIGNED = (Outcome.ACCEPT, Outcome.REJECT, Outcome.INCONCLUSIVE)
"""Outcomes that a verdict document has."""


def judgement_checks(bundle: Bundle, shown: ShownOnChain) -> Iterator[EvidenceCheck]:
    """The spec, the baseline of its circuit, and every verdict document of the bundle."""
    spec_check, spec_hash = _spec(bundle, shown)
    yield spec_check
    if spec_hash is None:
        nothing = "no spec that commits to a circuit is in the bundle"
        yield EvidenceCheck("baseline", _follows(spec_check), nothing)
        yield EvidenceCheck("verdict", _follows(spec_check), nothing)
        return
    baseline_check, case = _baseline(bundle, spec_hash)
    yield baseline_check
    yield _verdict(bundle, shown, case)


def _follows(before: EvidenceCheck) -> CheckResult:
    """How a check ends that has nothing to start from."""
    return CheckResult.NOTHING if before.result is CheckResult.NOTHING else CheckResult.OPEN


def _spec(bundle: Bundle, shown: ShownOnChain) -> tuple[EvidenceCheck, str | None]:
    """The spec that is ordered: the terms'; before there are any, the one that the simulation froze."""
    specs: dict[str, JobSpec] = {}
    paths = bundle.of(ArtifactKind.NORMALISED_SPEC)
    for path in paths:
        try:
            specs[sha256_hex(bundle.members[path])] = parse_canonical_spec(bundle.members[path])
        except InputRejected as error:
            return EvidenceCheck("spec", CheckResult.FAILS, f"no normalised spec: {error}", (path,), path), None
    frozen = [
        digest for digest, spec in specs.items() if spec.quantum is not None and spec.quantum.circuit_hash is not None
    ]
    if shown.terms is not None:
        wanted = shown.terms.spec_hash
        if wanted not in specs:
            finding = f"the terms commit to spec {wanted}, which is not in the bundle"
            return EvidenceCheck("spec", CheckResult.OPEN, finding, paths, artifact_path(wanted)), None
        finding = f"its SHA-256 is the spec hash of the terms, {wanted}"
        return EvidenceCheck("spec", CheckResult.HOLDS, finding, (artifact_path(wanted),)), wanted
    if not specs:
        missing = bundle.lacks(ArtifactKind.NORMALISED_SPEC)
        result = CheckResult.OPEN if missing else CheckResult.NOTHING
        return EvidenceCheck("spec", result, "no normalised spec is in the bundle"), None
    finding = f"{len(specs)} in canonical form; without terms none of them is ordered"
    return EvidenceCheck("spec", CheckResult.HOLDS, finding, paths), (frozen[-1] if frozen else None)


def _baseline(bundle: Bundle, spec_hash: str) -> tuple[EvidenceCheck, CommittedCase | None]:
    name = "baseline"
    try:
        case = committed_case(bundle, spec_hash)
    except Unjudgeable as error:
        return EvidenceCheck(name, CheckResult.FAILS, error.reason, (artifact_path(spec_hash),), _blamed(bundle)), None
    except ArtifactMissing as error:
        finding = f"{error.name} is not in the bundle"
        return EvidenceCheck(name, CheckResult.OPEN, finding, (), artifact_path(error.name)), None
    spec, baseline, vertices = case
    assert spec.quantum is not None  # committed_case
    inputs = [artifact_path(str(spec.quantum.circuit_hash)), artifact_path(baseline.root)]
    inputs += [artifact_path(each.root) for each in vertices if bundle.has(each.root)]
    finding = f"the circuit's distribution, simulated again, is the committed {baseline.root} within 2^-20"
    return EvidenceCheck(name, CheckResult.HOLDS, finding, tuple(inputs)), case


def _blamed(bundle: Bundle) -> str | None:
    """The committed baseline, which the circuit does not confirm."""
    paths = bundle.of(ArtifactKind.BASELINE)
    return paths[0] if paths else None


def _verdict(bundle: Bundle, shown: ShownOnChain, case: CommittedCase | None) -> EvidenceCheck:
    """Every verdict document, decided again: the same bytes; and the deliveries and proposals that the chain has."""
    name, paths = "verdict", bundle.of(ArtifactKind.VERDICT_DOCUMENT)
    due = [event for proposed, event in shown.all(Proposed) if proposed.outcome in SIGNED and proposed.signers]
    if not paths:
        if due:
            proposed = due[-1].args
            assert isinstance(proposed, Proposed)
            finding = f"the chain names document {proposed.evidence_hash}, which is not in the bundle"
            return EvidenceCheck(name, CheckResult.OPEN, finding, (), artifact_path(proposed.evidence_hash))
        result = CheckResult.OPEN if bundle.lacks(ArtifactKind.VERDICT_DOCUMENT) else CheckResult.NOTHING
        return EvidenceCheck(name, result, "no validator judged it, as far as the bundle shows")
    if shown.terms is None or case is None:
        return EvidenceCheck(name, CheckResult.OPEN, "it follows from terms and baseline, which do not stand", paths)
    documents: dict[str, VerdictDocument] = {}
    remarks: list[str] = []
    inputs: list[str] = []
    for path in paths:
        found = _again(bundle, shown.terms, str(shown.job_id), case, path)
        if isinstance(found, EvidenceCheck):
            return found
        document, remark = found
        documents[document.digest] = document
        remarks += [remark] if remark else []
        inputs += [path] + ([artifact_path(document.result_hash)] if bundle.has(document.result_hash) else [])
    if fault := _against_chain(bundle, shown, case, documents):
        return fault
    told = ", ".join(f"{each.outcome.name.lower()} {digest}" for digest, each in documents.items())
    finding = "; ".join((f"decided again from the shots, byte for byte: {told}", *remarks))
    return EvidenceCheck(name, CheckResult.HOLDS, finding, tuple(inputs))


def _again(
    bundle: Bundle, terms: JobTerms, job_id: str, case: CommittedCase, path: str
) -> tuple[VerdictDocument, str] | EvidenceCheck:
    """The document at `path` if it is what is decided here, with a remark; else the check that fails."""
    name, data = "verdict", bundle.members[path]
    try:
        document = VerdictDocument.from_bytes(data)
    except DocumentRejected as error:
        return EvidenceCheck(name, CheckResult.FAILS, str(error), (path,), path)
    ours = b""
    missing = not bundle.has(document.result_hash)
    # Whether the same result was delivered before is the chain's to say, and so is whether it could be had in time.
    for replayed in (False, True):
        try:
            decided, _ = judge_delivery(
                bundle,
                case,
                terms,
                job_id,
                document.result_hash,
                document.round,
                replayed,
                second_word=document.manifest_hash or ZERO_DIGEST,
                missing_is_final=missing,
            )
        except Unjudgeable as error:
            return EvidenceCheck(name, CheckResult.FAILS, error.reason, (path,), path)
        except (ArtifactMissing, ArtifactCorrupt) as error:
            lacking = error.name if isinstance(error, ArtifactMissing) else error.digest
            finding = f"{lacking} is not in the bundle"
            return EvidenceCheck(name, CheckResult.OPEN, finding, (path,), artifact_path(lacking))
        if decided.to_bytes() == data:
            remark = "as a replay, which only the chain's earlier blocks show" if replayed else ""
            return document, "as a result that nobody could fetch" if missing else remark
        ours = ours or decided.to_bytes()
    if missing:
        finding = f"the shots, {document.result_hash}, are not in the bundle"
        return EvidenceCheck(name, CheckResult.OPEN, finding, (path,), artifact_path(document.result_hash))
    finding = "the shots do not lead to this document"
    return EvidenceCheck(name, CheckResult.FAILS, finding, (path,), path, first_difference(ours, data))


def _against_chain(
    bundle: Bundle, shown: ShownOnChain, case: CommittedCase, documents: dict[str, VerdictDocument]
) -> EvidenceCheck | None:
    """The first thing that the chain says otherwise than the documents; None if there is none."""

    def fails(reason: str, member: str) -> EvidenceCheck:
        return EvidenceCheck("verdict", CheckResult.FAILS, reason, (), member)

    spec, baseline, _ = case
    submitted = {args.round: (args, event) for args, event in shown.all(Submitted)}
    for document in documents.values():
        if document.round not in submitted:
            continue
        delivery, event = submitted[document.round]
        if delivery.result_hash != document.result_hash:
            return fails(f"round {document.round} delivered {delivery.result_hash} on the chain", path_of(event))
        if spec.result.schema_id == RUN_MANIFEST:
            second = document.manifest_hash
        elif bundle.has(document.result_hash):
            try:
                second = unpack(bundle.get(document.result_hash), baseline.bits).multiset_hash
            except ShotsRejected:
                continue  # nothing that could be counted was delivered: the document says so
        else:
            continue
        if second != delivery.multiset_hash and document.outcome is Outcome.ACCEPT:
            return fails(f"round {document.round} delivered the second word {delivery.multiset_hash}", path_of(event))
    for proposed, event in shown.all(Proposed):
        if proposed.outcome not in SIGNED or not proposed.signers or proposed.evidence_hash not in documents:
            continue
        document = documents[proposed.evidence_hash]
        said = (document.round, document.result_hash, document.outcome)
        if said != (proposed.round, proposed.result_hash, proposed.outcome):
            return fails("the chain's proposal names it for another round, result or outcome", path_of(event))
    return None
