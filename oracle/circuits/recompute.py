"""From artifacts to verdict: what every validator recomputes, and what anybody may check offline.

A pure function of committed bytes: same artifacts, same verdict document, same digest, on any machine. Who delivered
what before (a replay) is an input, because the chain's prefix says it, not the artifacts.
"""

from __future__ import annotations

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactStore
from oracle.circuits.probabilities import exact_probabilities
from oracle.circuits.qasm import load_qasm3
from oracle.encoding import ZERO_DIGEST, InputRejected
from oracle.spec import JobSpec, ValidationPolicy, parse_canonical_spec
from oracle.statistics import Baseline, PolicyRefused, baseline_tvd
from oracle.statistics.baseline import RECOMPUTATION_TOLERANCE, BaselineRejected
from oracle.terms import JobTerms, Verdict
from oracle.terms.build import worker_amount
from oracle.verdict import Case, CaseRejected, VerdictDocument, decide


class Unjudgeable(Exception):
    """The committed artifacts do not amount to a case, so an honest validator attests to nothing; `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no verdict: {reason}")


def recompute(
    store: ArtifactStore,
    terms: JobTerms,
    job_id: str,
    result_hash: str,
    round: int = 0,  # noqa: A002  (the contract's word)
    replayed: bool = False,
    *,
    missing_is_final: bool = False,
) -> tuple[VerdictDocument, Verdict]:
    """Judge a delivery: recompute the baseline from the circuit, then decide on the committed integers.

    `missing_is_final`: the availability window is over, so that a result that cannot be fetched (or does not hash) is
    judged as missing; before, it raises ArtifactMissing or ArtifactCorrupt, as an absent spec, circuit or baseline
    always does.
    Raises Unjudgeable if the artifacts are no valid case: above all if our own baseline lies further than 2^-20 in
    total variation from the committed one.
    """
    spec, baseline = committed_case(store, terms.spec_hash)
    try:
        amount = worker_amount(spec, terms, _shots(spec))
    except ValueError as error:
        raise Unjudgeable(f"the spec does not say what the worker is owed: {error}") from error
    artifact = _result(store, result_hash, missing_is_final=missing_is_final)
    document = _decide(spec, terms.spec_hash, baseline, job_id, round, result_hash, artifact, replayed, amount)
    verdict = Verdict(
        job=job_id,
        round=round,
        result_hash=result_hash,
        outcome=document.outcome,
        worker_amount=int(document.worker_amount),
        evidence_hash=document.digest,
    )
    return document, verdict


def judge_offline(store: ArtifactStore, spec_hash: str, result_hash: str) -> VerdictDocument:
    """What a delivery of `result_hash` under `spec_hash` would be judged, with no job yet: job id and amount are zero.

    Raises as recompute does; whether it is a replay is not asked.
    """
    spec, baseline = committed_case(store, spec_hash)
    artifact = _result(store, result_hash, missing_is_final=False)
    return _decide(spec, spec_hash, baseline, ZERO_DIGEST, 0, result_hash, artifact, False, 0)


def _decide(
    spec: JobSpec,
    spec_hash: str,
    baseline: Baseline,
    job_id: str,
    round_: int,
    result_hash: str,
    artifact: bytes | None,
    replayed: bool,
    amount: int,
) -> VerdictDocument:
    try:
        return decide(
            Case(
                job=job_id,
                round=round_,
                spec_hash=spec_hash,
                policy=ValidationPolicy.of(spec, baseline.bits),
                shots_required=_shots(spec),
                baseline=baseline,
                baseline_root=baseline.root,
                result_hash=result_hash,
                artifact=artifact,
                replayed=replayed,
                worker_amount=amount,
            )
        )
    except (InputRejected, CaseRejected, PolicyRefused) as error:
        raise Unjudgeable(f"the spec's validation policy cannot be applied: {error}") from error


def _shots(spec: JobSpec) -> int:
    assert spec.quantum is not None  # committed_case lets no other job through
    return spec.quantum.shots


def _result(store: ArtifactStore, result_hash: str, *, missing_is_final: bool) -> bytes | None:
    try:
        return store.get(result_hash)
    except (ArtifactMissing, ArtifactCorrupt):
        if not missing_is_final:
            raise
        return None


def committed_case(store: ArtifactStore, spec_hash: str) -> tuple[JobSpec, Baseline]:
    """The spec, and its committed baseline after our own has confirmed it. Raises as recompute does."""
    try:
        spec = parse_canonical_spec(store.get(spec_hash))
    except InputRejected as error:
        raise Unjudgeable(f"the spec is not a normalised job spec: {error}") from error
    if spec.quantum is None:
        raise Unjudgeable(f"the job is a {spec.job_type}, for which this engine has no method")
    if spec.quantum.circuit_hash is None or spec.validation.baseline_root is None:
        raise Unjudgeable("the spec commits to no circuit or no baseline; it was never frozen by `simulate`")
    try:
        circuit = load_qasm3(store.get(spec.quantum.circuit_hash).decode())
        ours = Baseline.from_probabilities(exact_probabilities(circuit))
    except (InputRejected, UnicodeDecodeError, BaselineRejected) as error:
        raise Unjudgeable(f"the circuit cannot be simulated here: {error}") from error
    try:
        committed = Baseline.from_bytes(store.get(spec.validation.baseline_root))
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
    return spec, committed
