"""From committed inputs to a verdict: a pure function, the same bytes on any machine.

REJECT comes before ACCEPT, and what is neither is INCONCLUSIVE. Acceptance needs every certificate, each at alpha
(for a worker on the wrong side of any one bound, that one accepts at most that often). Rejection needs one, each at
its part of beta. Guards, if the policy names any, only reject, and share beta with the certificates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from oracle.artifacts.shots import PackedShots, ShotsRejected, unpack
from oracle.encoding import sha256_hex
from oracle.encoding.errors import OracleError
from oracle.statistics import (
    Baseline,
    Certificate,
    Decision,
    MethodRefused,
    NoiseHull,
    Record,
    certifier,
    check_policy,
    committed_hull,
    guard,
)
from oracle.statistics.exact.radius import log_upper
from oracle.statistics.method import Judges
from oracle.statistics.policy import ValidationPolicy
from oracle.statistics.registry import METHOD_OF
from oracle.terms.typed_data import Outcome
from oracle.verdict.document import VerdictDocument
from oracle.verdict.papers import Papers, paper_faults
from oracle.verdict.reasons import OF_FAULT, Note, Reason

ENGINE = "compute-escrow/verdict/2"
"""Changes with any rule here or in the statistics that could change a document's bytes."""
REPLAY_ENTROPY_BITS = 128
"""Results that two honest runs share with a probability above 2^-128 are never held to be replays."""


class CaseRejected(OracleError, ValueError):
    """What was put before us is no case: the validator's own inputs disagree. Nothing may be signed."""


@dataclass(frozen=True)
class Case:
    """Everything a verdict depends on."""

    job: str
    """JobId: the EIP-712 digest of the terms."""
    round: int
    """How many top-ups came before this delivery."""
    spec_hash: str
    policy: ValidationPolicy
    """The spec's, with alpha and beta as spent in this round."""
    shots_required: int
    """Of this round alone: each is judged on its own fresh shots."""
    baseline: Baseline
    """The committed one, never the validator's own."""
    baseline_root: str
    """As the spec commits to it."""
    result_hash: str
    """As the worker submitted it."""
    artifact: bytes | None
    """The packed shots; None if they could not be fetched within the availability window."""
    replayed: bool | None
    """Whether an earlier delivery event by this worker carries the same result hash; None if nobody looked."""
    worker_amount: int
    """Base units due if the verdict is to accept."""
    vertices: tuple[Baseline, ...] = ()
    """The laws that the policy's hull is committed to, in its order; none without a hull."""
    papers: Papers | None = None
    """What came with the shots, where the spec orders a manifest; None where it does not."""
    engine: str = ENGINE
    ordered: bool = True
    """Whether the records of the artifact are in the device's order; False for counts."""
    committed: bool = True
    """Whether policy and baseline were committed to before the run."""


def decide(case: Case) -> VerdictDocument:
    """The verdict on `case`.

    Raises CaseRejected if the baseline is not the committed one or another engine is asked for, and PolicyRefused
    for a policy that no verdict can be made from. A fault of the worker's artifact never raises: it rejects.
    """
    if case.engine != ENGINE:
        raise CaseRejected(f"engine {case.engine} is asked for, this one is {ENGINE}")
    if case.baseline.root != case.baseline_root:
        raise CaseRejected(f"baseline {case.baseline.root} is not the committed {case.baseline_root}")
    if case.worker_amount < 0:
        raise CaseRejected(f"a worker's amount of {case.worker_amount}")
    check_policy(case.policy, case.shots_required)
    hull = committed_hull(case.policy, case.baseline, case.vertices)
    if case.papers is None and wants_papers(case.policy):
        raise CaseRejected("the policy looks at the run's papers, and the spec orders no manifest of them")
    shots, reasons = _examine(case)
    if case.replayed and not replay_is_likely(case.baseline, case.shots_required):
        reasons.append(Reason.REPLAYED_RESULT.value)
    certificates: tuple[Certificate, ...] = ()
    guards: tuple[Certificate, ...] = ()
    if reasons or shots is None:
        outcome = Outcome.REJECT
    else:
        record = Record(shots.values() if shots.ordered else None, *shots.tally())
        faults = _paper_faults(case, shots)
        certificates = certify(case.policy, case.baseline, record, hull, faults)
        guards = inspect(case.policy, case.baseline, record, hull)
        outcome, reasons = _combine(certificates, guards, faults)
    return VerdictDocument(
        engine=case.engine,
        job=case.job,
        round=case.round,
        spec_hash=case.spec_hash,
        policy=case.policy,
        baseline_root=case.baseline_root,
        result_hash=case.result_hash,
        bits=case.baseline.bits,
        shots_required=case.shots_required,
        shots_received=None if shots is None else shots.count,
        worker_amount=str(case.worker_amount if outcome is Outcome.ACCEPT else 0),
        certificates=certificates,
        guards=guards,
        manifest_hash=None if case.papers is None else case.papers.manifest_hash,
        outcome=outcome,
        reason_codes=tuple(reasons),
        notes=_notes(case),
    )


def _notes(case: Case) -> tuple[str, ...]:
    noted = {
        Note.SELECTION_UNPROTECTED: True,
        Note.REPLAY_UNCHECKED: case.replayed is None,
        Note.ORDER_UNKNOWN: not case.ordered,
        Note.BASELINE_UNCOMMITTED: not case.committed,
    }
    return tuple(note.value for note, holds in noted.items() if holds)


def _examine(case: Case) -> tuple[PackedShots | None, list[str]]:
    """The result if its bytes are one, and what is wrong with them."""
    if case.artifact is None:
        return None, [Reason.ARTIFACT_UNAVAILABLE.value]
    if sha256_hex(case.artifact) != case.result_hash:
        return None, [Reason.ARTIFACT_HASH_MISMATCH.value]
    try:
        shots = replace(unpack(case.artifact, case.baseline.bits), ordered=case.ordered)
    except ShotsRejected as fault:
        return None, [OF_FAULT[fault.fault].value]
    return shots, [] if shots.count == case.shots_required else [Reason.WRONG_SHOT_COUNT.value]


def wants_papers(policy: ValidationPolicy) -> bool:
    """Whether `policy` judges by more than the shots."""
    judged = any(METHOD_OF[name].judges is Judges.PAPERS for name in policy.certificates)
    return judged or (policy.objective is not None and policy.objective.convergence)


def _paper_faults(case: Case, shots: PackedShots) -> tuple[str, ...]:
    if case.papers is None:
        return ()
    return paper_faults(case.papers, case.spec_hash, shots, case.policy.objective)


def certify(
    policy: ValidationPolicy,
    baseline: Baseline,
    record: Record,
    hull: NoiseHull | None = None,
    faults: tuple[str, ...] = (),
) -> tuple[Certificate, ...]:
    """The certificates of `policy`, in its order, on a result of the baseline's width; `faults`: its papers'."""
    certificates = []
    for method in policy.certificates:
        of_papers = METHOD_OF[method].of_papers
        if of_papers is not None:
            certificates.append(of_papers(faults))
            continue
        try:
            prepared = certifier(method, policy, baseline, record.shots, hull)
        except MethodRefused:
            certificates.append(Certificate(method, Decision.REFUSED, None, None, None))
        else:
            certificates.append(prepared.certify(record.outcomes, record.counts))
    return tuple(certificates)


def inspect(
    policy: ValidationPolicy, baseline: Baseline, record: Record, hull: NoiseHull | None = None
) -> tuple[Certificate, ...]:
    """What the guards of `policy`, in its order, find on a result of the baseline's width."""
    found = []
    for name in policy.guards:
        try:
            found.append(guard(name, policy, baseline, record.shots, hull).inspect(record))
        except MethodRefused:
            found.append(Certificate(name, Decision.REFUSED, None, None, None))
    return tuple(found)


def _combine(
    certificates: tuple[Certificate, ...], guards: tuple[Certificate, ...], faults: tuple[str, ...]
) -> tuple[Outcome, list[str]]:
    rejecting = [Reason.REJECTED_BY.about(c.method) for c in (*certificates, *guards) if c.decision is Decision.REJECT]
    rejecting += faults
    if rejecting:
        return Outcome.REJECT, rejecting
    open_ones = [
        (Reason.REFUSED_BY if c.decision is Decision.REFUSED else Reason.UNDECIDED_BY).about(c.method)
        for c in certificates
        if c.decision is not Decision.ACCEPT
    ]
    return (Outcome.INCONCLUSIVE, open_ones) if open_ones else (Outcome.ACCEPT, [Reason.CERTIFIED.value])


def replay_is_likely(baseline: Baseline, shots: int) -> bool:
    """Whether two ideal runs of `shots` shots share their records with a probability (sum p^2)^shots above 2^-128;
    a mirror circuit's is one. Compared by logarithms, each rounded up to a multiple of 2^-64.
    """
    return shots * log_upper(1 / baseline.collision) < log_upper(Fraction(1 << REPLAY_ENTROPY_BITS))
