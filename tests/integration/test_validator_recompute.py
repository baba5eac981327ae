"""From artifacts to verdict: the same bytes every time, and no verdict on what is no case."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, DirectoryStore
from oracle.encoding import canonical_bytes
from oracle.judging.recompute import Unjudgeable, recompute
from oracle.spec import JobSpec, canonical_spec
from oracle.statistics import Baseline, misread
from oracle.terms import ZERO_ADDRESS, JobTerms, Outcome
from oracle.verdict import VerdictDocument

JOB = "0x" + "01" * 32
ACCOUNT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def terms_for(spec_hash):
    return JobTerms(
        payer=ACCOUNT, requester=ACCOUNT, worker=ACCOUNT, arbiter=ZERO_ADDRESS, token=ZERO_ADDRESS, fee_to=ACCOUNT,
        fee_bps=100, budget=10_000, claim_by=0, deliver_window=0, submit_by=1, verdict_by=2, challenge_window=0,
        ruling_window=0, silence_bps=0, inconclusive_bps=0, dispute_bond_bps=0, claim_bond_bps=0, max_rounds=1,
        quorum=1, spec_hash=spec_hash, salt=0, validators=(ACCOUNT,),
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path)


@pytest.fixture
def frozen(frozen_job, store):
    return frozen_job(store)


def baseline_of(frozen, store):
    return Baseline.from_bytes(store.get(frozen.spec.validation.baseline_root))


def test_the_same_artifacts_give_the_same_document_and_a_verdict_that_says_so(frozen, store):
    shots = frozen.honest(seed=1)
    store.put(shots.data)
    first, verdict = recompute(store, terms_for(frozen.spec_hash), JOB, shots.result_hash)
    second, again = recompute(store, terms_for(frozen.spec_hash), JOB, shots.result_hash)
    assert first.to_bytes() == second.to_bytes()
    assert verdict == again
    assert (verdict.outcome, verdict.evidence_hash) == (Outcome.ACCEPT, first.digest)
    assert verdict.worker_amount == 9_900, "the budget less the fee"
    assert (first.job, first.spec_hash, first.result_hash) == (JOB, frozen.spec_hash, shots.result_hash)


@pytest.fixture
def topped_up(frozen_job, store):
    """A job of two rounds, a thousand shots more in the second, metered by shot."""
    return frozen_job(
        store,
        budget={"max_usd_equivalent": "25", "metering": {"unit": "shot", "price_usd": "0.002"}},
        timeouts={"verdict_s": 86_400},
        validation={
            "method": "distribution_threshold",
            "rounds": [{"alpha": "0.004"}, {"shots": 5000, "alpha": "0.006"}],
        },
        settlement={
            "max_rounds": 2, "challenge_window_s": 3600, "ruling_window_s": 3600,
            "arbiter": "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        },
    )  # fmt: skip


def test_each_round_is_judged_by_its_own_part_of_the_error_rates_and_by_its_own_shots(topped_up, store):
    terms = replace(terms_for(topped_up.spec_hash), max_rounds=2, budget=10**18, fee_bps=0)
    first, more = topped_up.honest(seed=1), topped_up.honest(seed=2, shots=5000)
    for shots in (first, more):
        store.put(shots.data)
    found = [recompute(store, terms, JOB, each.result_hash, number) for number, each in enumerate((first, more))]
    assert [verdict.outcome for _, verdict in found] == [Outcome.ACCEPT] * 2
    assert [(d.round, d.policy.alpha, d.policy.beta, d.shots_required) for d, _ in found] == [
        (0, Fraction(1, 250), Fraction(1, 200), 4000),
        (1, Fraction(3, 500), Fraction(1, 200), 5000),
    ]
    # 0.002 dollars a shot at 3,000 dollars a coin: the second round is paid for both.
    assert [verdict.worker_amount for _, verdict in found] == [4000 * 2 * 10**12 // 3, 9000 * 2 * 10**12 // 3]
    swapped, _ = recompute(store, terms, JOB, first.result_hash, 1)
    assert (swapped.outcome, swapped.reason_codes) == (Outcome.REJECT, ("wrong_shot_count",))


@pytest.mark.parametrize("number", [-1, 2])
def test_a_round_that_the_spec_does_not_have_gets_no_verdict(topped_up, store, number):
    shots = topped_up.honest(seed=1)
    store.put(shots.data)
    with pytest.raises(Unjudgeable, match="the spec has 2"):
        recompute(store, terms_for(topped_up.spec_hash), JOB, shots.result_hash, number)


def test_a_rejected_worker_is_owed_nothing(frozen, store):
    shots = frozen.uniform(seed=1)
    store.put(shots.data)
    _, verdict = recompute(store, terms_for(frozen.spec_hash), JOB, shots.result_hash)
    assert (verdict.outcome, verdict.worker_amount) == (Outcome.REJECT, 0)


def test_a_replay_is_rejected_whatever_the_shots(frozen, store):
    shots = frozen.honest(seed=1)
    store.put(shots.data)
    document, _ = recompute(store, terms_for(frozen.spec_hash), JOB, shots.result_hash, replayed=True)
    assert (document.outcome, document.reason_codes) == (Outcome.REJECT, ("replayed_result",))


def test_a_missing_result_is_waited_for_until_it_is_final(frozen, store):
    shots = frozen.honest(seed=1)
    terms = terms_for(frozen.spec_hash)
    with pytest.raises(ArtifactMissing):
        recompute(store, terms, JOB, shots.result_hash)
    document, verdict = recompute(store, terms, JOB, shots.result_hash, missing_is_final=True)
    assert (verdict.outcome, document.reason_codes) == (Outcome.REJECT, ("artifact_unavailable",))
    store.put(shots.data)
    _, verdict = recompute(store, terms, JOB, shots.result_hash, missing_is_final=True)
    assert verdict.outcome is Outcome.ACCEPT, "late and there is still there"


def test_a_damaged_result_counts_as_missing(frozen, store):
    shots = frozen.honest(seed=1)
    store.put(shots.data)
    name = shots.result_hash.removeprefix("0x")
    path = store.root / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    with pytest.raises(ArtifactCorrupt):
        recompute(store, terms_for(frozen.spec_hash), JOB, shots.result_hash)
    document, _ = recompute(store, terms_for(frozen.spec_hash), JOB, shots.result_hash, missing_is_final=True)
    assert document.reason_codes == ("artifact_unavailable",)


@pytest.mark.parametrize("part", ["spec", "circuit", "baseline"])
def test_what_the_requester_committed_to_is_never_judged_as_missing(frozen, store, part):
    digest = {
        "spec": frozen.spec_hash,
        "circuit": frozen.spec.quantum.circuit_hash,
        "baseline": frozen.spec.validation.baseline_root,
    }[part].removeprefix("0x")
    (store.root / "objects" / digest[:2] / digest[2:]).unlink()
    with pytest.raises(ArtifactMissing):
        recompute(store, terms_for(frozen.spec_hash), JOB, "0x" + "02" * 32, missing_is_final=True)


def moved(baseline, weight):
    """The baseline with `weight` of 2^40 moved from its likeliest outcome to another: TVD is weight / 2^40."""
    weights = np.array(baseline.weights)
    source = int(weights.argmax())
    weights[source] -= weight
    weights[(source + 1) % weights.size] += weight
    return Baseline(baseline.bits, weights)


def test_a_committed_baseline_within_the_tolerance_is_the_one_that_counts(frozen, frozen_job, store):
    near = frozen_job(store, baseline=moved(baseline_of(frozen, store), 1 << 19))
    shots = near.honest(seed=1)
    store.put(shots.data)
    document, verdict = recompute(store, terms_for(near.spec_hash), JOB, shots.result_hash)
    assert verdict.outcome is Outcome.ACCEPT
    assert document.baseline_root == near.spec.validation.baseline_root != frozen.spec.validation.baseline_root


def test_a_committed_baseline_beyond_the_tolerance_is_not_judged_by(frozen, frozen_job, store):
    far = frozen_job(store, baseline=moved(baseline_of(frozen, store), 1 << 21))
    shots = far.honest(seed=1)
    store.put(shots.data)
    with pytest.raises(Unjudgeable, match=r"at most 2\^-20"):
        recompute(store, terms_for(far.spec_hash), JOB, shots.result_hash)


def test_a_baseline_of_another_width_is_not_judged_by(frozen_job, store):
    narrow = frozen_job(store, baseline=Baseline.uniform(4))
    with pytest.raises(Unjudgeable, match="4 bits, the circuit 5"):
        recompute(store, terms_for(narrow.spec_hash), JOB, "0x" + "02" * 32)


def test_a_spec_that_is_not_frozen_or_of_another_class_or_no_spec_is_refused(frozen, store):
    draft = frozen.spec.model_dump(mode="json") | {"simulation": None, "promotion": None}
    draft["quantum"] |= {"circuit_hash": None}
    for data, told in (
        (canonical_bytes(draft), "never frozen"),
        (b"{}", "not a normalised job spec"),
        (canonical_spec(frozen.spec) + b" ", "not a normalised job spec"),
    ):
        with pytest.raises(Unjudgeable, match=told):
            recompute(store, terms_for(store.put(data)), JOB, "0x" + "02" * 32)


@pytest.mark.parametrize("text", [b"not qasm", b"\xff", b"OPENQASM 3.0; qubit[2] q; reset q;"])
def test_a_circuit_that_cannot_be_simulated_is_refused_not_crashed_on(frozen, store, text):
    changed = frozen.spec.model_dump(mode="json")
    digest = store.put(text)
    changed["quantum"]["circuit_hash"] = digest
    changed["simulation"]["circuit_hash"] = digest
    with pytest.raises(Unjudgeable, match="circuit"):
        recompute(store, terms_for(store.put(canonical_bytes(changed))), JOB, "0x" + "02" * 32)


def with_hull(frozen, store, *vertices):
    """The hash of the frozen spec with a hull of `vertices`, each (fields of the spec's, law)."""
    for _, law in vertices:
        store.put(law.to_bytes())
    data = frozen.spec.model_dump(mode="json")
    committed = [{**fields, "most": "1/4", "root": law.root} for fields, law in vertices]
    data["validation"]["hull"] = {"reach": "2/5", "vertices": committed}
    return store.put(canonical_spec(JobSpec.model_validate(data)))


def test_a_hull_is_fetched_by_its_roots_and_is_in_the_document(frozen, store):
    ideal = baseline_of(frozen, store)
    uniform, misread_ = Baseline.uniform(ideal.bits), misread(ideal, Fraction(1, 100), Fraction(3, 100))
    readout = {"kind": "readout", "zero_to_one": "1/100", "one_to_zero": "3/100"}
    spec_hash = with_hull(frozen, store, ({"kind": "uniform"}, uniform), (readout, misread_))
    shots = frozen.honest(seed=1)
    store.put(shots.data)
    document, verdict = recompute(store, terms_for(spec_hash), JOB, shots.result_hash)
    assert verdict.outcome is Outcome.ACCEPT
    assert document.policy.hull is not None
    assert [root for root, _ in document.policy.hull.vertices] == [uniform.root, misread_.root]
    assert VerdictDocument.from_bytes(document.to_bytes()) == document
    assert document.certificates[0].constants["reach"] > 0
    noise = frozen.uniform(seed=1)
    store.put(noise.data)
    within, _ = recompute(store, terms_for(spec_hash), JOB, noise.result_hash)
    alone, _ = recompute(store, terms_for(frozen.spec_hash), JOB, noise.result_hash)
    assert within.certificates[0].statistic < alone.certificates[0].statistic


def test_a_vertex_that_is_not_what_the_spec_says_or_reaches_too_far_is_no_case(frozen, store):
    ideal = baseline_of(frozen, store)
    other = Baseline(ideal.bits, ideal.weights[::-1])
    far = Baseline(ideal.bits, np.eye(ideal.outcomes, dtype=np.int64)[int(ideal.weights.argmin())] << 40)
    for vertices, reason in (
        ([({"kind": "uniform"}, other)], "is not the uniform vertex"),
        ([({"kind": "file", "ref": "./x.json"}, far), ({"kind": "file", "ref": "./y.json"}, far)], "reach"),
        ([({"kind": "uniform"}, Baseline.uniform(ideal.bits + 1))], "is not the uniform vertex"),
    ):
        spec_hash = with_hull(frozen, store, *vertices)
        shots = frozen.honest(seed=1)
        store.put(shots.data)
        with pytest.raises(Unjudgeable, match=reason):
            recompute(store, terms_for(spec_hash), JOB, shots.result_hash)
