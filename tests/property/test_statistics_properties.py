"""What must hold of every baseline, every result and every policy."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oracle.artifacts.shots import ShotsRejected, pack, unpack
from oracle.encoding import ZERO_DIGEST
from oracle.spec import ValidationPolicy
from oracle.statistics import (
    BINOMIAL,
    CEILING,
    DISPERSION,
    DUPLICATES,
    GUARDS,
    HUBER,
    SCORES,
    TVD,
    WITNESS,
    Baseline,
    Certificate,
    MethodRefused,
    NoiseHull,
    Record,
    baseline_tvd,
    certifier,
    guard,
)
from oracle.statistics.exact.radius import mcdiarmid_radius, sampling_bias
from oracle.statistics.exact.tails import least_significant, most_significant
from oracle.statistics.methods.tvd import distance_statistic
from oracle.terms.typed_data import Outcome
from oracle.verdict import Case, VerdictDocument, decide

BITS = 4
OUTCOMES = 1 << BITS

baselines = (
    st.lists(st.integers(0, 1000), min_size=OUTCOMES, max_size=OUTCOMES)
    .filter(any)
    .map(lambda masses: Baseline.from_probabilities(np.array(masses) / sum(masses)))
)
results = st.lists(st.integers(0, OUTCOMES - 1), min_size=1, max_size=300)
rates = st.builds(Fraction, st.integers(1, 50), st.just(100))


@st.composite
def policies(draw: st.DrawFn) -> ValidationPolicy:
    eps, honest_eps = sorted(
        draw(st.lists(st.builds(Fraction, st.integers(1, 99), st.just(100)), min_size=2, max_size=2))
    )
    honest_f, f_min = sorted(
        draw(st.lists(st.builds(Fraction, st.integers(1, 99), st.just(100)), min_size=2, max_size=2))
    )
    certificates = draw(st.lists(st.sampled_from([BINOMIAL, TVD, WITNESS]), min_size=1, unique=True))
    if WITNESS in certificates and draw(st.booleans()):
        certificates.append(HUBER)
    return ValidationPolicy(draw(rates), draw(rates), eps, honest_eps, f_min, honest_f, tuple(certificates))


def guarded(policy: ValidationPolicy, *guards: str) -> ValidationPolicy:
    """`policy` with `guards`, its upper bound half way from f_min to one."""
    return replace(policy, guards=guards, f_max=(1 + policy.f_min) / 2 if CEILING in guards else None)


def findings(policy: ValidationPolicy, baseline: Baseline, shots: list[int]) -> list[Certificate | None]:
    found: list[Certificate | None] = []
    for name in policy.guards:
        try:
            found.append(guard(name, policy, baseline, len(shots)).inspect(Record.of(np.array(shots, dtype=np.int64))))
        except MethodRefused:
            found.append(None)
    return found


def case_of(baseline: Baseline, policy: ValidationPolicy, shots: list[int]) -> Case:
    packed = pack(shots, BITS)
    return Case(
        job=ZERO_DIGEST,
        round=0,
        spec_hash=ZERO_DIGEST,
        policy=policy,
        shots_required=len(shots),
        baseline=baseline,
        baseline_root=baseline.root,
        result_hash=packed.result_hash,
        artifact=packed.data,
        replayed=False,
        worker_amount=7,
    )


def certificate(method: str, policy: ValidationPolicy, baseline: Baseline, shots: list[int]) -> Certificate | None:
    outcomes, counts = np.unique(np.array(shots, dtype=np.int64), return_counts=True)
    try:
        return certifier(method, policy, baseline, len(shots)).certify(outcomes, counts)
    except MethodRefused:
        return None


@given(baselines, policies(), results, st.randoms(use_true_random=False))
def test_the_order_of_the_shots_changes_nothing_but_their_hash(baseline, policy, shots, order) -> None:
    shuffled = list(shots)
    order.shuffle(shuffled)
    one, other = decide(case_of(baseline, policy, shots)), decide(case_of(baseline, policy, shuffled))
    assert (one.certificates, one.outcome, one.reason_codes) == (other.certificates, other.outcome, other.reason_codes)
    assert pack(shots, BITS).multiset_hash == pack(shuffled, BITS).multiset_hash


@given(baselines, policies(), results, st.permutations(range(OUTCOMES)))
def test_renaming_the_outcomes_changes_no_certificate(baseline, policy, shots, names) -> None:
    renamed = np.empty(OUTCOMES, dtype=np.int64)
    renamed[list(names)] = baseline.weights
    for method in policy.certificates:
        before = certificate(method, policy, baseline, shots)
        assert before == certificate(method, policy, Baseline(BITS, renamed), [names[shot] for shot in shots])


@given(baselines, policies(), results, st.randoms(use_true_random=False))
def test_the_order_of_the_shots_changes_no_guard_on_counts_or_scores(baseline, policy, shots, order) -> None:
    shuffled = list(shots)
    order.shuffle(shuffled)
    rules = guarded(policy, CEILING, DISPERSION, DUPLICATES, SCORES)
    assert findings(rules, baseline, shots) == findings(rules, baseline, shuffled)


@given(baselines, policies(), results, st.permutations(range(OUTCOMES)))
def test_renaming_the_outcomes_changes_no_guard(baseline, policy, shots, names) -> None:
    renamed = np.empty(OUTCOMES, dtype=np.int64)
    renamed[list(names)] = baseline.weights
    # Classes of repeats are the highest four bits, so that here each outcome is its own.
    rules = guarded(policy, *GUARDS)
    after = findings(rules, Baseline(BITS, renamed), [names[shot] for shot in shots])
    assert findings(rules, baseline, shots) == after


@given(baselines, baselines, results, st.permutations(range(OUTCOMES)))
def test_neither_order_nor_names_change_the_distance_from_a_hull(baseline, noise, shots, names) -> None:
    def distance(ideal: Baseline, vertex: Baseline, seen: list[int]) -> int:
        most = (Fraction(1, 3), Fraction(1, 4))
        hull = NoiseHull(ideal, (vertex, Baseline.uniform(BITS)), most)
        return hull.statistic(*np.unique(np.array(seen, dtype=np.int64), return_counts=True))

    def renamed(law: Baseline) -> Baseline:
        weights = np.empty(OUTCOMES, dtype=np.int64)
        weights[list(names)] = law.weights
        return Baseline(BITS, weights)

    before = distance(baseline, noise, shots)
    assert before == distance(renamed(baseline), renamed(noise), [names[shot] for shot in reversed(shots)])
    outcomes, counts = np.unique(np.array(shots, dtype=np.int64), return_counts=True)
    assert before <= distance_statistic(baseline, outcomes, counts)


@given(baselines, policies(), results)
def test_no_certificate_both_accepts_and_rejects(baseline, policy, shots) -> None:
    for method in policy.certificates:
        found = certificate(method, policy, baseline, shots)
        if found is not None and found.accept is not None and found.reject is not None:
            assert found.statistic is not None
            assert not (found.accept.holds(found.statistic) and found.reject.holds(found.statistic))
            # One bound looks up and the other down, and between them nothing is both.
            assert found.accept.side is not found.reject.side
            low, high = sorted((found.accept, found.reject), key=lambda bound: bound.side.value, reverse=True)
            assert low.value < high.value


@given(baselines, policies(), results)
def test_a_verdict_is_what_its_certificates_say_and_survives_its_bytes(baseline, policy, shots) -> None:
    document = decide(case_of(baseline, policy, shots))
    decisions = {certificate.decision.value for certificate in document.certificates}
    if "reject" in decisions:
        assert document.outcome is Outcome.REJECT
    elif decisions == {"accept"}:
        assert document.outcome is Outcome.ACCEPT
    else:
        assert document.outcome is Outcome.INCONCLUSIVE
    assert document.worker_amount == ("7" if document.outcome is Outcome.ACCEPT else "0")
    assert VerdictDocument.from_bytes(document.to_bytes()) == document


@given(st.integers(1, 100_000), st.integers(0, 100_000), rates, st.integers(2, 5000))
def test_more_shots_never_loosen_a_radius(shots, more, level, outcomes) -> None:
    assert mcdiarmid_radius(shots + more, level) <= mcdiarmid_radius(shots, level)
    assert sampling_bias(outcomes, shots + more) <= sampling_bias(outcomes, shots)


@given(st.integers(1, 300), st.integers(1, 300), st.builds(Fraction, st.integers(1, 99), st.just(100)), rates)
def test_more_shots_never_ask_for_fewer_hits(shots, more, share, level) -> None:
    # P(X >= k) rises with n at fixed k, so that what is significant at n + m is so at n.
    few, many = least_significant(shots, share, level), least_significant(shots + more, share, level)
    if few is not None:
        assert many is not None
        assert few <= many
        # … and the certified share of hits that is asked for falls towards the bound: m more trials add at most m hits.
        assert many <= few + more
    low_few, low_many = most_significant(shots, share, level), most_significant(shots + more, share, level)
    if low_few is not None:
        assert low_many is not None
        assert low_few <= low_many <= low_few + more


@given(st.integers(1, 400), st.builds(Fraction, st.integers(1, 98), st.just(100)), rates, rates)
def test_stricter_levels_and_higher_shares_ask_for_more_hits(shots, share, one, other) -> None:
    strict, lax = sorted((one, other))
    at_strict, at_lax = least_significant(shots, share, strict), least_significant(shots, share, lax)
    if at_strict is not None:
        assert at_lax is not None
        assert at_lax <= at_strict
        above = least_significant(shots, share + Fraction(1, 100), strict)
        assert above is None or above >= at_strict


@given(baselines, baselines, baselines)
def test_distances_between_baselines_are_a_metric(a, b, c) -> None:
    assert baseline_tvd(a, a) == 0
    assert baseline_tvd(a, b) == baseline_tvd(b, a) <= 1
    assert baseline_tvd(a, c) <= baseline_tvd(a, b) + baseline_tvd(b, c)


@given(
    st.integers(1, 130).flatmap(
        lambda bits: st.tuples(st.just(bits), st.lists(st.integers(0, 2**bits - 1), min_size=1))
    )
)
def test_packed_shots_are_read_back_in_order(case) -> None:
    bits, values = case
    packed = pack(np.array(values, dtype=object), bits)
    again = unpack(packed.data, bits)
    size = 4 * -(-bits // 32)
    records = [packed.data[i : i + size] for i in range(0, len(packed.data), size)]
    assert again == packed
    assert [int.from_bytes(record, "little") for record in records] == values
    assert packed.counts() == {value: values.count(value) for value in sorted(set(values))}
    if bits <= 62:
        assert packed.values().tolist() == values
        outcomes, counts = packed.tally()
        assert dict(zip(outcomes.tolist(), counts.tolist(), strict=True)) == packed.counts()
        assert pack(np.array(values), bits) == packed
    assert pack(packed.words(), bits) == packed


@given(st.binary(max_size=64), st.integers(1, 70))
def test_bytes_are_shots_or_are_refused(data, bits) -> None:
    try:
        shots = unpack(data, bits)
    except ShotsRejected:
        return
    assert shots.data == data
    assert max(shots.counts()) < 2**bits
    assert sum(shots.counts().values()) == shots.count
