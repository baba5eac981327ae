"""Views to render: a job as it really runs, in every ending. Figures are computed, so that page and story agree."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np

from oracle.artifacts.shots import pack
from oracle.encoding import ZERO_DIGEST, digest_of
from oracle.spec import ValidationPolicy
from oracle.statistics import TVD, WITNESS, Baseline
from oracle.verdict import Case, decide
from router.control.report import (
    AttestationView,
    BalanceView,
    CandidateView,
    CertificateView,
    EvidenceView,
    FactView,
    GateView,
    ReportView,
    RouteView,
    TimelineEntry,
    TransactionView,
    VerdictView,
    evidence_of,
)

BITS, SHOTS = 5, 4_000
TOKEN = 10**18
START = datetime(2026, 6, 3, 9, 14, 2, tzinfo=UTC)

REQUESTER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
WORKER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
OPERATOR = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
VALIDATORS = (
    "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
    "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
    "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
)

SPEC_YAML = """\
job_type: quantum_experiment
version: 2026-06
requester: did:example:buyer123
inputs:
  dataset_ref: ipfs://example-input-hash
  preprocessing_image: registry.local/qprep:1.4.2
quantum:
  framework: qiskit
  circuit_ref: ./circuits/optimizer.py
  backend_policy: ibm_or_simulator
  max_queue_minutes: 120
  shots: 4000
budget:
  max_usd_equivalent: 25
validation:
  method: distribution_threshold
  baseline_ref: ./baselines/simulated.json
settlement:
  release_on: validated
"""


def qaoa_probabilities(bits: int = BITS) -> np.ndarray:
    """Exact outcome probabilities of depth-2 QAOA for a weighted MaxCut ring; shape (2**bits,)."""
    outcomes = np.arange(2**bits)
    spin = 1 - 2 * ((outcomes[:, None] >> np.arange(bits)) & 1)
    weights = np.array([1.0, 0.6, 1.3, 0.8, 1.1, 0.7, 0.9, 1.2, 0.5, 1.0, 0.8])[:bits]
    cost = sum(weights[i] * (1 - spin[:, i] * spin[:, (i + 1) % bits]) / 2 for i in range(bits))
    state = np.full(2**bits, 2 ** (-bits / 2), dtype=complex)
    for gamma, beta in ((0.55, 0.60), (1.05, 0.30)):
        state = state * np.exp(-1j * gamma * cost)
        for qubit in range(bits):
            flipped = state[outcomes ^ (1 << qubit)]
            state = math.cos(beta) * state - 1j * math.sin(beta) * flipped
    return np.abs(state) ** 2


POLICY = ValidationPolicy(*(Fraction(1, n) for n in (100, 100, 4, 4)), Fraction(7, 10), Fraction(7, 10), (TVD, WITNESS))


def evidence(
    noise: float = 0.19, shots: int = SHOTS, bits: int = BITS, certificates: tuple[str, ...] = (TVD, WITNESS)
) -> EvidenceView:
    """What there is to show of a sample of the ideal distribution mixed with `noise` of uniform, judged by `POLICY`."""
    ideal = qaoa_probabilities(bits)
    baseline = Baseline.from_probabilities(ideal / ideal.sum())
    values = np.random.default_rng(7).choice(2**bits, size=shots, p=(1 - noise) * ideal + noise / 2**bits)
    return evidence_of_values(baseline, values, certificates)


def evidence_of_values(
    baseline: Baseline, values: np.ndarray, certificates: tuple[str, ...] = (TVD, WITNESS)
) -> EvidenceView:
    """What there is to show of the shots `values`, judged by `POLICY` with other certificates."""
    packed = pack(values, baseline.bits)
    policy = replace(POLICY, certificates=certificates)
    case = Case(
        ZERO_DIGEST, 0, ZERO_DIGEST, policy, packed.count, baseline, baseline.root, packed.result_hash, packed.data,
        False, 1,
    )  # fmt: skip
    return evidence_of(baseline, packed, decide(case), policy.f_min)


def _hash(name: str) -> str:
    return digest_of(f"sample {name}")


def _signature(name: str) -> str:
    return _hash(name + " r") + _hash(name + " s")[2:] + "1b"


def _verdict(outcome: str, codes: tuple[str, ...]) -> VerdictView:
    document = {
        "schema": "verdict/1",
        "engine": "compute-escrow/0.1",
        "job": _hash("escrow"),
        "round": 1,
        "spec_hash": _hash("spec"),
        "baseline_root": _hash("baseline"),
        "artifact_root": _hash("shots"),
        "shots": SHOTS,
        "outcome": outcome,
        "reason_codes": list(codes),
        "certificates": [
            {"method": "tvd.certified/1", "statistic": "1181116006400000", "radius": "105553116266"},
            {"method": "witness.levelset/1", "k": 3108, "n": SHOTS},
        ],
    }
    return VerdictView(
        outcome=outcome,
        digest=digest_of(document),
        reason_codes=codes,
        document_json=json.dumps(document),
        certificates=(
            CertificateView(
                "tvd.certified/1",
                outcome,
                (
                    ("sum |c·2⁴⁰ − N·P|", "1181116006400000"),
                    ("radius · 2⁴²", "105553116266"),
                    ("shots", "4000"),
                    ("eps", "1/4"),
                ),
            ),
            CertificateView(
                "witness.levelset/1",
                outcome,
                (("k above threshold", "3108"), ("shots", "4000"), ("level-set mass · 2⁴⁰", "941730201600")),
            ),
        ),
    )


def _timeline() -> tuple[TimelineEntry, ...]:
    def at(seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)

    return (
        TimelineEntry(
            at(0), "created", "created", "requester", REQUESTER, "Spec read and normalised; 31 defaults filled in."
        ),
        TimelineEntry(
            at(1.9),
            "simulated",
            "simulated",
            "operator",
            OPERATOR,
            "Baseline stored: 5 qubits, depth 17, 20 two-qubit gates; distance from the requester's baseline is 0.",
        ),
        TimelineEntry(
            at(3.2),
            "promoted",
            "simulated",
            "requester",
            REQUESTER,
            "Promoted to target ibm with a budget of at most 25 USD.",
        ),
        TimelineEntry(
            at(5.1),
            "Funded",
            "simulated",
            "payer",
            REQUESTER,
            "25.00 tUSD locked in the escrow.",
            _hash("fund"),
            187_412,
        ),
        TimelineEntry(
            at(8.4), "approved", "approved", "operator", OPERATOR, "All 11 gates allowed the run; 3 confirmations seen."
        ),
        TimelineEntry(
            at(8.9),
            "submitted",
            "submitted",
            "worker",
            WORKER,
            "Provider job ce-7f3k on fake_torino, tagged with the job id.",
        ),
        TimelineEntry(
            at(9.6), "queued", "queued", "operator", OPERATOR, "2 jobs ahead; estimate 6 s, tolerance 120 min."
        ),
        TimelineEntry(at(14.2), "running", "running", "operator", OPERATOR, "Calibration snapshot stored."),
        TimelineEntry(at(17.8), "completed", "completed", "worker", WORKER, "4,000 shots packed and stored."),
        TimelineEntry(
            at(19.0),
            "Submitted",
            "completed",
            "worker",
            WORKER,
            "Result hash recorded on the chain.",
            _hash("submit"),
            71_903,
        ),
        TimelineEntry(
            at(22.7),
            "Proposed",
            "completed",
            "validator",
            VALIDATORS[0],
            "3 of 3 attestations; challenge window of 0 s.",
            _hash("propose"),
            142_260,
        ),
        TimelineEntry(at(23.8), "validated", "validated", "operator", OPERATOR, "Verdict seen in block 61."),
        TimelineEntry(
            at(25.0),
            "Settled",
            "validated",
            "validator",
            VALIDATORS[0],
            "Released to the worker.",
            _hash("finalize"),
            88_117,
        ),
        TimelineEntry(at(26.2), "settled", "settled", "operator", OPERATOR, "Payment confirmed."),
    )


def _route() -> RouteView:
    return RouteView(
        target="ibm_quantum_backend",
        backend="fake_torino",
        label="A simulated device: Torino's published noise model, run locally.",
        candidates=(
            CandidateView(
                "ibm_quantum_backend",
                True,
                (
                    "asked for by the promotion (target ibm)",
                    "133 qubits, and the circuit has 5",
                    "estimated queue 6 s, tolerance 120 min",
                    "validation is feasible: an honest worker passes with probability 0.999",
                ),
                ("no provider receipt: a fake device is a simulation",),
            ),
            CandidateView(
                "local_simulator",
                False,
                ("32 amplitudes fit into 512 bytes", "no queue, no cost"),
                ("the promotion asks for a device",),
            ),
            CandidateView("managed_simulator", False, (), ("no credentials are configured for one",)),
            CandidateView("media_worker", False, (), ("the job type is quantum_experiment",)),
            CandidateView("reject_requires_review", False, (), ("every gate allowed the run",)),
        ),
    )


_GATES = (
    GateView("simulation", True, "simulated, and the simulation passed its own test"),
    GateView("baseline distance", True, "exact distance 0, below 2/25"),
    GateView("role", True, "the requester may use hardware"),
    GateView("budget", True, "25.00 tUSD locked with 3 confirmations"),
    GateView("circuit", True, "5 qubits, depth 17, within 24 and 2,000"),
    GateView("validation", True, "P(accept honest) 0.999, P(reject uniform) 1.000"),
    GateView("queue", True, "estimate 6 s, tolerance 120 min"),
    GateView("hardware runs per day", True, "0 of 3 used today"),
    GateView("manual approval", True, "known requester, known circuit family, not over 50 USD"),
)


def _facts(paid: str, seen: EvidenceView) -> tuple[FactView, ...]:
    certified = "nothing" if seen.bound is None else f"below {seen.bound.upper:.3f}"
    return (
        FactView("Paid to the worker", f"{paid} tUSD"),
        FactView("Shots", f"{seen.distribution.shots:,}"),
        FactView("Qubits, depth", f"{seen.distribution.bits}, 17"),
        FactView("Distance, certified", certified),
        FactView("Validators", "3 of 3"),
        FactView("Spec to payment", "26 s"),
    )


def accepted() -> ReportView:
    """The main story: a fake device, accepted by three validators, the worker paid in full."""
    seen = evidence()
    normalised = {
        "job_type": "quantum_experiment",
        "version": "2026-06",
        "quantum": {"shots": 4000},
        "budget": {"max_usd_equivalent": "25"},
    }
    return ReportView(
        job="job_7f3k9m2qxa",
        title="optimizer-demo",
        state="settled",
        escrow="released",
        escrow_id=_hash("escrow"),
        token_symbol="tUSD",
        token_decimals=18,
        spec_yaml=SPEC_YAML,
        normalised_json=json.dumps(normalised),
        spec_hash=digest_of(normalised),
        facts=_facts("25.00", seen),
        timeline=_timeline(),
        route=_route(),
        gates=_GATES,
        evidence=seen,
        verdict=_verdict("ACCEPT", ("tvd_below_eps", "witness_above_f_min", "selection_unprotected")),
        attestations=tuple(AttestationView(v, _hash("eip712"), _signature(v)) for v in VALIDATORS),
        validators=3,
        transactions=(
            TransactionView("approve token", _hash("approve"), 46_412, 41),
            TransactionView("fund", _hash("fund"), 187_412, 42),
            TransactionView("submit", _hash("submit"), 71_903, 56),
            TransactionView("propose", _hash("propose"), 142_260, 60),
            TransactionView("finalize", _hash("finalize"), 88_117, 62),
        ),
        balances=(
            BalanceView("payer", REQUESTER, 1_000 * TOKEN, 975 * TOKEN),
            BalanceView("worker", WORKER, 0, 25 * TOKEN),
            BalanceView("escrow", "0x5FbDB2315678afecb367f032d93F642f64180aa3", 0, 0),
        ),
        device_label="fake_torino (133 qubits)",
        notes=(
            "did:example:buyer123 has no wallet behind it; it is bound to the local requester key.",
            "ipfs://example-input-hash could not be resolved here and is recorded as unresolved.",
            "selection_unprotected: without a provider's receipt, running more often and choosing goes unseen.",
        ),
    )


def rejected() -> ReportView:
    """Another circuit's answer: rejected, the payer refunded."""
    seen = evidence(noise=0.97)
    return replace(
        accepted(),
        escrow="refunded",
        verdict=_verdict("REJECT", ("tvd_above_honest_eps",)),
        evidence=seen,
        facts=_facts("0.00", seen),
        balances=(BalanceView("payer", REQUESTER, 1_000 * TOKEN, 1_000 * TOKEN), BalanceView("worker", WORKER, 0, 0)),
    )


def inconclusive() -> ReportView:
    """Too close to the threshold for either answer: split by the terms."""
    seen = evidence(noise=0.37)
    return replace(
        accepted(),
        escrow="split",
        verdict=_verdict("INCONCLUSIVE", ("tvd_undecided",)),
        evidence=seen,
        facts=_facts("12.50", seen),
        balances=(
            BalanceView("payer", REQUESTER, 1_000 * TOKEN, 987 * TOKEN + TOKEN // 2),
            BalanceView("worker", WORKER, 0, 12 * TOKEN + TOKEN // 2),
        ),
    )


def silent() -> ReportView:
    """Nobody answered in time: the silence share."""
    return replace(inconclusive(), verdict=None, evidence=None, attestations=(), facts=(), escrow="split")


def cancelled() -> ReportView:
    """Cancelled after funding, before a result: everything but the result is there."""
    full = accepted()
    return replace(
        full,
        state="cancelled",
        escrow="refunded",
        verdict=None,
        evidence=None,
        facts=(),
        attestations=(),
        timeline=full.timeline[:5],
        balances=(BalanceView("payer", REQUESTER, 1_000 * TOKEN, 1_000 * TOKEN),),
    )


def denied() -> ReportView:
    """Refused at the gates: nothing was ever locked."""
    full = accepted()
    refused = GateView(
        "baseline distance",
        False,
        "exact distance 0.31, not below 2/25",
        "simulate again after changing the circuit, or raise the policy's bound",
    )
    last = replace(full.timeline[4], kind="rejected", state="rejected", reason="the baseline is 0.31 away")
    return ReportView(
        job=full.job,
        title=full.title,
        state="rejected",
        escrow="none",
        escrow_id="",
        reason="the baseline is 0.31 away",
        token_symbol="tUSD",
        token_decimals=18,
        timeline=(*full.timeline[:3], last),
        gates=(full.gates[0], refused),
    )


def bare() -> ReportView:
    """The least a view can hold."""
    return ReportView(
        job="job_0000000000", title="", state="created", escrow="none", escrow_id="", token_symbol="", token_decimals=0
    )


def wide() -> ReportView:
    """Ten qubits: more outcomes than can be drawn."""
    seen = evidence(noise=0.15, bits=10)
    return replace(accepted(), evidence=seen, facts=_facts("25.00", seen))


def witnessed() -> ReportView:
    """Twelve qubits of a random circuit: no outcome stands out, and the witness alone decides."""
    rng = np.random.default_rng(3)
    ideal = rng.dirichlet(np.ones(1 << 12))
    values = rng.choice(ideal.size, size=SHOTS, p=0.9 * ideal + 0.1 / ideal.size)
    seen = evidence_of_values(Baseline.from_probabilities(ideal), values, (WITNESS,))
    return replace(accepted(), evidence=seen, facts=_facts("25.00", seen))


ENDINGS: dict[str, Callable[[], ReportView]] = {
    made.__name__: made for made in (accepted, rejected, inconclusive, silent, cancelled, denied, bare, wide, witnessed)
}
