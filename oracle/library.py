"""Planning, judging and verifying from Python: what `import oracle` offers, put together from the packages below.

Circuits are Qiskit's `QuantumCircuit` or OpenQASM 2 or 3; results are packed shots, Qiskit's counts, or what a Sampler
returned. Everything is computed here and now: no chain, no network, no key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from oracle.artifacts import ArtifactStore, PackedShots
from oracle.attestations.attestation import Attestation
from oracle.attestations.checking import Unusable
from oracle.attestations.checking import verify as fault_of
from oracle.encoding import ZERO_DIGEST, Finding, InputRejected
from oracle.judging import recompute
from oracle.spec import ValidationPolicy, resolve_policy
from oracle.spec.policy_file import policy_from
from oracle.statistics import Baseline, Plan, plan_shots
from oracle.terms import JobTerms, Verdict, job_id_of
from oracle.verdict import VerdictDocument

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.primitives import PrimitiveResult

    Circuit: TypeAlias = "QuantumCircuit | str"
    Result: TypeAlias = "PackedShots | Mapping[str, int] | PrimitiveResult[object]"

Policy: TypeAlias = ValidationPolicy | Mapping[str, object] | None
"""A policy; the fields of a spec's `validation` section that differ from the defaults; or None, the defaults."""


def read_circuit(circuit: Circuit) -> QuantumCircuit:
    """`circuit` as a QuantumCircuit of library gates, measured at its end, that can be simulated exactly here.

    Raises InputRejected with every fault.
    """
    from oracle.circuits import check_simulable, load_qasm

    read = load_qasm(circuit) if isinstance(circuit, str) else circuit
    check_simulable(read)
    return read


def baseline(circuit: Circuit) -> Baseline:
    """The exact law of the outcomes of `circuit`, as integers that sum to 2^40. Raises InputRejected."""
    from oracle.circuits import exact_probabilities

    return Baseline.from_probabilities(exact_probabilities(read_circuit(circuit)))


def policy_of(policy: Policy, bits: int) -> ValidationPolicy:
    """`policy` in full for a result of `bits` bits, defaults filled in as for a spec. Raises InputRejected."""
    if isinstance(policy, ValidationPolicy):
        return policy
    return resolve_policy(policy_from(policy or {}), bits, "policy")


def plan(
    circuit: Circuit | Baseline, shots: int, policy: Policy = None, *, honest_fidelity: Fraction | None = None
) -> Plan:
    """What `shots` shots of `circuit` can prove under `policy`, before anyone pays.

    `honest_fidelity`: of the worker that is planned for, from 0 to 1; by default 9/10, or 1 under a policy without
    room for noise. Raises InputRejected for circuit and policy, PolicyRefused for a policy that gives no verdict.
    """
    law = circuit if isinstance(circuit, Baseline) else baseline(circuit)
    return plan_shots(policy_of(policy, law.bits), law, shots, honest_fidelity=honest_fidelity)


def judge(
    circuit: Circuit, result: Result, policy: Policy = None, *, committed: Baseline | None = None
) -> VerdictDocument:
    """The verdict on a published `result` of `circuit`: what `compute-oracle judge --qasm` prints.

    `committed`: a baseline to judge by in place of our own, which has to confirm it within 2^-20: with it, another
    machine gets the same bytes. Raises InputRejected for circuit, result or policy, Unjudgeable for a committed
    baseline that is not the circuit's and for a policy that no verdict can be made from.
    """
    read = read_circuit(circuit)
    shots = _shots(result, read)
    law = baseline(read)
    if committed is not None:
        law = recompute.confirmed_baseline(law, committed.to_bytes())
    if shots.bits != law.bits:
        reason = f"the result has {shots.bits} bits, the circuit measures {law.bits}"
        raise InputRejected("result", [Finding("", None, reason, "name the circuit that was run")])
    ground = recompute.Ground(ZERO_DIGEST, policy_of(policy, law.bits), shots.count, law, committed=False)
    return recompute.judge(ground, recompute.DeliveryFacts(), shots.result_hash, shots.data, ordered=shots.ordered)


def _shots(result: Result, circuit: QuantumCircuit) -> PackedShots:
    from oracle.circuits.readers import registers_of, shots_of_counts, shots_of_result

    if isinstance(result, PackedShots):
        return result
    if isinstance(result, Mapping):
        return shots_of_counts(result, registers_of(circuit))
    return shots_of_result(result, registers_of(circuit))


@dataclass(frozen=True)
class Verification:
    """What attestations on a delivery are worth."""

    document: VerdictDocument
    """Recomputed from the artifacts."""
    verdict: Verdict
    """What an honest validator signs."""
    signed: tuple[str, ...]
    """The pinned validators whose signature over exactly this verdict holds, in ascending order."""
    refused: tuple[Unusable, ...]
    """The attestations that do not count, by validator, and why."""
    quorum: int
    """How many the terms ask for."""

    @property
    def holds(self) -> bool:
        """Whether enough pinned validators signed what follows from the artifacts."""
        return len(self.signed) >= self.quorum


def verify(
    terms: JobTerms,
    attestations: Iterable[Attestation],
    artifacts: ArtifactStore,
    *,
    chain_id: int,
    escrow: str,
    replayed: bool = False,
    second_word: str = ZERO_DIGEST,
) -> Verification:
    """Recompute the verdict that `attestations` are about, and say which of them hold.

    `escrow`: the contract's checksum address on chain `chain_id`. `replayed`: whether this worker delivered the same
    result before, and `second_word`: what the delivery said beside the result's hash; the chain says both.
    Raises InputRejected unless the attestations name one job, the terms' own, one round and one result; Unjudgeable,
    ArtifactMissing and ArtifactCorrupt for artifacts that amount to no case.
    """
    shown = tuple(attestations)
    job = job_id_of(terms, chain_id, escrow)
    about = {(each.verdict.job, each.verdict.round, each.verdict.result_hash) for each in shown}
    if len(about) != 1 or job not in {named for named, _round, _result in about}:
        reason = f"they are about {len(about)} deliveries, of which one of job {job} is expected"
        raise InputRejected(
            "attestations", [Finding("", None, reason, "give those of one round of the terms' own job")]
        )
    ((_job, number, result_hash),) = about
    document, verdict = recompute.recompute(
        artifacts, terms, job, result_hash, number, replayed, second_word=second_word, missing_is_final=True
    )
    signed, refused = set(), []
    for each in shown:
        fault = fault_of(each, terms, chain_id=chain_id, escrow=escrow)
        if fault is None and each.verdict != verdict:
            fault = "it signs another verdict than follows from the artifacts"
        if fault is None:
            signed.add(each.validator)
        else:
            refused.append(Unusable(each.validator, fault))
    return Verification(document, verdict, tuple(sorted(signed, key=str.lower)), tuple(refused), terms.quorum)
