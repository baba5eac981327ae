"""From artifacts to verdict: what every validator recomputes, and what anybody may check offline.

A pure function of committed bytes: same artifacts, same verdict document, same digest, on any machine. Who delivered
what before (a replay) is an input, because the chain's prefix says it, not the artifacts.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactStore
from oracle.artifacts.manifest import SCHEMA as MANIFEST
from oracle.circuits.probabilities import exact_probabilities
from oracle.circuits.reading.qasm import load_qasm3
from oracle.encoding import ZERO_DIGEST, InputRejected
from oracle.encoding.errors import OracleError
from oracle.spec import JobSpec, Round, ValidationPolicy, parse_canonical_spec, rounds_of, vertex_law
from oracle.statistics import Baseline, PolicyRefused, baseline_tvd
from oracle.statistics.baseline import RECOMPUTATION_TOLERANCE, BaselineRejected
from oracle.terms import JobTerms, Verdict
from oracle.terms.build import worker_amount
from oracle.verdict import Case, CaseRejected, Papers, VerdictDocument, decide, named_in

_INAPPLICABLE = "the validation policy cannot be applied"


class Unjudgeable(OracleError):
    """The committed artifacts do not amount to a case, so an honest validator attests to nothing; `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no verdict: {reason}")


@dataclass(frozen=True)
class Ground:
    """What a result is judged by."""

    spec_hash: str
    """ZERO_DIGEST for a result that no spec ordered."""
    policy: ValidationPolicy
    shots: int
    """How many are ordered."""
    baseline: Baseline
    vertices: tuple[Baseline, ...] = ()
    """The laws of the policy's hull, in its order."""
    committed: bool = True
    """Whether a spec that was frozen before the run names this baseline."""


@dataclass(frozen=True)
class DeliveryFacts:
    """What the chain says of a delivery, as far as it was asked."""

    job: str = ZERO_DIGEST
    """JobId; ZERO_DIGEST where there is no job."""
    round: int = 0
    worker_amount: int = 0
    """Base units due if the result is accepted."""
    replayed: bool | None = None
    """Whether this worker delivered the same result before; None if nobody looked."""


def recompute(
    store: ArtifactStore,
    terms: JobTerms,
    job_id: str,
    result_hash: str,
    round: int = 0,  # noqa: A002  (the contract's word)
    replayed: bool = False,
    *,
    second_word: str = ZERO_DIGEST,
    missing_is_final: bool = False,
) -> tuple[VerdictDocument, Verdict]:
    """Judge a delivery: recompute the baseline from the circuit, then decide on the committed integers.

    `second_word`: what the delivery said beside the result's hash; of interest where the spec orders a manifest, whose
    digest it then is.
    `missing_is_final`: the availability window is over, so that a result that cannot be fetched (or does not hash) is
    judged as missing; before, it raises ArtifactMissing or ArtifactCorrupt, as an absent spec, circuit or baseline
    always does.
    Raises Unjudgeable if the artifacts are no valid case: above all if our own baseline lies further than 2^-20 in
    total variation from the committed one.
    """
    case = committed_case(store, terms.spec_hash)
    return judge_delivery(
        store,
        case,
        terms,
        job_id,
        result_hash,
        round,
        replayed,
        second_word=second_word,
        missing_is_final=missing_is_final,
    )


def judge_delivery(
    store: ArtifactStore,
    case: tuple[JobSpec, Baseline, tuple[Baseline, ...]],
    terms: JobTerms,
    job_id: str,
    result_hash: str,
    round: int = 0,  # noqa: A002  (the contract's word)
    replayed: bool = False,
    *,
    second_word: str = ZERO_DIGEST,
    missing_is_final: bool = False,
) -> tuple[VerdictDocument, Verdict]:
    """As `recompute`, on the `case` that committed_case found for the terms: one case serves all rounds of a job."""
    spec, baseline, vertices = case
    rounds = rounds_up_to(spec, baseline.bits, round)
    try:
        amount = worker_amount(spec, terms, sum(each.shots for each in rounds))
    except ValueError as error:
        raise Unjudgeable(f"the spec does not say what the worker is owed: {error}") from error
    artifact = _artifact(store, result_hash, missing_is_final=missing_is_final)
    papers = delivered_papers(store, spec, second_word, missing_is_final=missing_is_final)
    ground = Ground(terms.spec_hash, rounds[-1].policy, rounds[-1].shots, baseline, vertices)
    document = judge(ground, DeliveryFacts(job_id, round, amount, replayed), result_hash, artifact, papers=papers)
    verdict = Verdict(
        job=job_id,
        round=round,
        result_hash=result_hash,
        outcome=document.outcome,
        worker_amount=int(document.worker_amount),
        evidence_hash=document.digest,
    )
    return document, verdict


def rounds_up_to(spec: JobSpec, bits: int, number: int) -> tuple[Round, ...]:
    """What the rounds of `spec` up to `number`, counted from 0, are judged by, for `bits` measured bits.

    Each but the last was delivered in full: a round short of its shots is rejected, not topped up. Raises Unjudgeable
    if the policy does not fit the bits, or if there is no such round.
    """
    try:
        rounds = rounds_of(spec, bits)
    except InputRejected as error:
        raise Unjudgeable(f"{_INAPPLICABLE}: {error}") from error
    if not 0 <= number < len(rounds):
        raise Unjudgeable(f"round {number} is asked for, counted from 0, and the spec has {len(rounds)}")
    return rounds[: number + 1]


def judge(
    ground: Ground,
    delivery: DeliveryFacts,
    result_hash: str,
    artifact: bytes | None,
    *,
    ordered: bool = True,
    papers: Papers | None = None,
) -> VerdictDocument:
    """The verdict on the packed shots `artifact`, submitted as `result_hash`.

    `artifact` is None if it could not be had within the availability window; `ordered` is False for shots that were
    made of counts; `papers` came with them, where the spec orders a manifest. Raises Unjudgeable for a policy that no
    verdict can be made from.
    """
    try:
        return decide(
            Case(
                job=delivery.job,
                round=delivery.round,
                spec_hash=ground.spec_hash,
                policy=ground.policy,
                shots_required=ground.shots,
                baseline=ground.baseline,
                baseline_root=ground.baseline.root,
                result_hash=result_hash,
                artifact=artifact,
                replayed=delivery.replayed,
                worker_amount=delivery.worker_amount,
                ordered=ordered,
                committed=ground.committed,
                vertices=ground.vertices,
                papers=papers,
            )
        )
    except (CaseRejected, PolicyRefused) as error:
        raise Unjudgeable(f"{_INAPPLICABLE}: {error}") from error


def _artifact(store: ArtifactStore, digest: str, *, missing_is_final: bool) -> bytes | None:
    try:
        return store.get(digest)
    except (ArtifactMissing, ArtifactCorrupt):
        if not missing_is_final:
            raise
        return None


def delivered_papers(
    store: ArtifactStore, spec: JobSpec, manifest_hash: str, *, missing_is_final: bool
) -> Papers | None:
    """The papers that came with the shots; None if the spec orders no manifest.

    Raises ArtifactMissing or ArtifactCorrupt unless `missing_is_final`.
    """
    if spec.result.schema_id != MANIFEST:
        return None
    if spec.quantum is None or spec.quantum.circuit_hash is None:
        raise Unjudgeable("the spec commits to no circuit; it was never frozen by `simulate`")
    contents = {manifest_hash: _artifact(store, manifest_hash, missing_is_final=missing_is_final)}
    for digest in named_in(contents[manifest_hash]):
        contents[digest] = _artifact(store, digest, missing_is_final=missing_is_final)
    return Papers(
        manifest_hash=manifest_hash,
        contents=contents,
        circuit=spec.quantum.circuit_hash,
        calibration_required=spec.quantum.backend_policy == "ibm_only",
    )


def committed_case(store: ArtifactStore, spec_hash: str) -> tuple[JobSpec, Baseline, tuple[Baseline, ...]]:
    """The spec, its committed baseline after our own has confirmed it, and the vertices of its hull if it has one.

    Raises as recompute does.
    """
    try:
        spec = parse_canonical_spec(store.get(spec_hash))
    except InputRejected as error:
        raise Unjudgeable(f"the spec is not a normalised job spec: {error}") from error
    if spec.quantum is None:
        raise Unjudgeable(f"the job is a {spec.job_type}, for which this engine has no method")
    if spec.quantum.circuit_hash is None or spec.validation.baseline_root is None:
        raise Unjudgeable("the spec commits to no circuit or no baseline; it was never frozen by `simulate`")
    ours = circuit_baseline(store.get(spec.quantum.circuit_hash))
    baseline = confirmed_baseline(ours, store.get(spec.validation.baseline_root))
    return spec, baseline, committed_vertices(store, spec, baseline)


def circuit_baseline(qasm3: bytes) -> Baseline:
    """Our own baseline of a circuit. Raises Unjudgeable if it cannot be read or simulated."""
    try:
        return Baseline.from_probabilities(exact_probabilities(load_qasm3(qasm3.decode())))
    except (InputRejected, UnicodeDecodeError, BaselineRejected) as error:
        raise Unjudgeable(f"the circuit cannot be simulated here: {error}") from error


def confirmed_baseline(ours: Baseline, artifact: bytes) -> Baseline:
    """The committed baseline whose `artifact` this is, after `ours` has confirmed it.

    Raises Unjudgeable if it is malformed, of another width, or further than 2^-20 away in total variation.
    """
    try:
        committed = Baseline.from_bytes(artifact)
    except BaselineRejected as error:
        raise Unjudgeable(f"the committed baseline is malformed: {error}") from error
    if committed.bits != ours.bits:
        raise Unjudgeable(f"the committed baseline has {committed.bits} bits, the circuit {ours.bits}")
    distance = baseline_tvd(ours, committed)
    if distance > RECOMPUTATION_TOLERANCE:
        raise Unjudgeable(
            f"the committed baseline is not the circuit's: it lies {float(distance):.3g} away in total variation, "
            "and at most 2^-20 is allowed"
        )
    return committed


def committed_vertices(store: ArtifactStore | None, spec: JobSpec, ideal: Baseline) -> tuple[Baseline, ...]:
    """The vertices that the hull of `spec` is committed to, in its order: what a rule says is computed from the
    committed baseline, what only a file says is fetched from `store`.

    Raises Unjudgeable if a vertex is malformed, not what the spec says it is, or only to be had from a store that is
    not there; ArtifactMissing and ArtifactCorrupt of the store.
    """
    found = []
    for vertex in () if spec.validation.hull is None else spec.validation.hull.vertices:
        if vertex.root is None:
            raise Unjudgeable("the spec's hull is not committed; it was never frozen by `simulate`")
        law = vertex_law(vertex, ideal)
        if law is None:
            if store is None:
                raise Unjudgeable(f"the vertex {vertex.root} of the hull is in no store that was named")
            try:
                law = Baseline.from_bytes(store.get(vertex.root))
            except BaselineRejected as error:
                raise Unjudgeable(f"the vertex {vertex.root} of the hull is malformed: {error}") from error
        if law.root != vertex.root:
            raise Unjudgeable(f"{vertex.root} is not the {vertex.kind} vertex that the spec says it is")
        found.append(law)
    return tuple(found)
