"""Results that a job spec ordered: packed shots, the spec (a file, or in a store), its circuit and its baseline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oracle.artifacts import ArtifactStore, PackedShots, ShotsRejected, StoreUnavailable, open_store, unpack
from oracle.artifacts.manifest import SCHEMA as MANIFEST
from oracle.circuits import load_qasm
from oracle.circuits.readers import registers_of
from oracle.cli.endings import Gathering
from oracle.cli.judging.files import (
    baseline_of,
    check_circuit,
    computed_notice,
    confirmed,
    read_baseline,
    read_circuit,
    read_file,
    read_qasm,
    rejected,
)
from oracle.cli.judging.submission import Options, ResultCase
from oracle.encoding import InputRejected, is_digest, sha256_hex
from oracle.judging.recompute import DeliveryFacts, Ground, Unjudgeable, committed_vertices, delivered_papers
from oracle.spec import (
    JobSpec,
    PromotionPolicy,
    Round,
    load_source,
    normalise,
    parse_canonical_spec,
    rounds_of,
    spec_hash,
)
from oracle.statistics import Baseline
from oracle.terms import JobTerms, unpack_terms
from oracle.terms.build import worker_amount
from oracle.verdict import Papers


@dataclass(frozen=True)
class _Order:
    """A spec, and where it came from."""

    spec: JobSpec
    source: str
    folder: Path | None
    """What its references are relative to; None for a spec from a store."""
    job: str | None = None
    terms: JobTerms | None = None
    """Of the job that was named instead of its spec."""

    @property
    def frozen(self) -> bool:
        """Whether it commits to a circuit and to a baseline."""
        assert self.spec.quantum is not None  # _order lets no other job through
        return self.spec.quantum.circuit_hash is not None and self.spec.validation.baseline_root is not None


def read_ordered(options: Options) -> ResultCase:
    """The result and the spec of `options`, which check_options passed.

    Raises InputsRejected with all faults, and ArtifactMissing or ArtifactCorrupt of the store.
    """
    assert options.spec is not None  # check_options
    assert options.artifact is not None  # check_options
    named, artifact, gathering = options.spec, options.artifact, Gathering()
    store = gathering.read(lambda: _store(options.artifacts))
    gathering.settle()
    stated = gathering.read(lambda: _order(named, store))
    data = gathering.read(lambda: _artifact(artifact, store, unavailable=options.unavailable))
    given = gathering.read(lambda: read_baseline(options.baseline))
    found = None if stated is None else gathering.read(lambda: _circuit(stated, store, options.qasm))
    circuit = None
    if found is not None:
        text, source = found
        circuit = gathering.read(lambda: read_circuit(text, source, load_qasm))
        if circuit is not None:
            gathering.read(lambda: check_circuit(circuit, source))
    order = rounds = delivery = None
    if stated is not None and circuit is not None:
        bits = circuit.num_clbits
        order = gathering.read(lambda: _filled_in(stated, bits))
    if order is not None:
        filled_in = order
        rounds = gathering.read(lambda: _rounds(filled_in, bits, options.round or 0))
        shots = 0 if rounds is None else sum(each.shots for each in rounds)
        delivery = gathering.read(lambda: _delivery(filled_in, options, shots))
    gathering.settle()
    assert order is not None
    assert circuit is not None
    assert rounds is not None
    assert delivery is not None
    baseline = gathering.read(lambda: baseline_of(circuit, source))
    if baseline is not None:
        ours = baseline
        baseline = gathering.read(lambda: _baseline(order, ours, given, options, store))
    gathering.settle()
    assert baseline is not None
    ideal = baseline
    vertices = gathering.read(lambda: _vertices(order, ideal, store))
    gathering.read(lambda: _check_manifest(order, options))
    gathering.settle()
    assert vertices is not None
    notices = _notices(order, options, delivery)
    if not order.frozen and given is None:
        notices.append(computed_notice(baseline, source))
    return ResultCase(
        ground=Ground(
            spec_hash(order.spec), rounds[-1].policy, rounds[-1].shots, baseline, vertices, committed=order.frozen
        ),
        delivery=delivery,
        result_hash=artifact if data is None else sha256_hex(data),
        artifact=data,
        registers=registers_of(circuit),
        shots=_unpacked(data, circuit.num_clbits),
        notices=tuple(notices),
        papers=_papers(order, options, store),
    )


def _store(url: str | None) -> ArtifactStore | None:
    try:
        return None if url is None else open_store(url)
    except StoreUnavailable as error:
        raise rejected("--artifacts", str(error), "write file:// and an absolute path") from error


def _order(named: str, store: ArtifactStore | None) -> _Order:
    if not is_digest(named):
        return _of_file(Path(named))
    assert store is not None  # check_options
    terms = None
    digest = named
    if not store.has(named):
        # A JobId is no digest of stored content: where there is no such content there may be a job's terms.
        try:
            terms = unpack_terms(store.get_terms(named))
        except ValueError as error:
            raise rejected(named, f"its terms cannot be read: {error}", "fetch the job's terms again") from error
        digest = terms.spec_hash
    return _quantum(
        _Order(parse_canonical_spec(store.get(digest)), digest, None, None if terms is None else named, terms)
    )


def _of_file(path: Path) -> _Order:
    data = read_file(path, "name a job spec's file; `compute quantum init NAME` writes one to start from")
    try:
        spec = parse_canonical_spec(data)
    except InputRejected:
        # Not the form that is digested: a draft, or a spec that was written out for people.
        spec = load_source(path).spec
    return _quantum(_Order(spec, str(path), path.parent))


def _quantum(order: _Order) -> _Order:
    if order.spec.quantum is None:
        reason = f"the job is a {order.spec.job_type}, for which this engine has no method"
        raise rejected(order.source, reason, "judge a quantum_experiment")
    return order


def _filled_in(order: _Order, bits: int) -> _Order:
    """A draft as normalisation leaves it; a spec that is frozen as it is."""
    if order.frozen:
        return order
    spec = normalise(order.spec, operator_policy=PromotionPolicy(), bits=bits)
    return _Order(spec, order.source, order.folder, order.job, order.terms)


def _artifact(named: str, store: ArtifactStore | None, *, unavailable: bool) -> bytes | None:
    if unavailable:
        return None
    if is_digest(named):
        assert store is not None  # check_options
        return store.get(named)
    return read_file(Path(named), "name a file of packed shots, or with --artifacts its digest")


def _circuit(order: _Order, store: ArtifactStore | None, qasm: Path | None) -> tuple[bytes, str]:
    """The circuit's text and where it is from; the one that the spec commits to, if it does."""
    quantum = order.spec.quantum
    assert quantum is not None  # _quantum
    digest, reference = quantum.circuit_hash, quantum.circuit_ref
    beside = None if order.folder is None or reference is None else order.folder / reference
    if qasm is not None:
        data, source = read_qasm(qasm), str(qasm)
    elif digest is not None and store is not None and (beside is None or store.has(digest)):
        data, source = store.get(digest), digest
    elif beside is not None and beside.suffix != ".py":
        data, source = read_qasm(beside), str(beside)
    else:
        by = "a Python generator, which is not run here" if beside is not None else "a digest, and no store is named"
        remedy = "add --qasm circuit.qasm with its OpenQASM 3, or --artifacts and the store that has it"
        raise rejected(order.source, f"the circuit is named by {by}", remedy)
    if digest is not None and sha256_hex(data) != digest:
        reason = f"it hashes to {sha256_hex(data)}, and the spec commits to circuit {digest}"
        raise rejected(source, reason, "name the circuit that was simulated, byte for byte: --qasm circuit.qasm")
    return data, source


def _baseline(
    order: _Order, ours: Baseline, given: bytes | None, options: Options, store: ArtifactStore | None
) -> Baseline:
    root = order.spec.validation.baseline_root if order.frozen else None
    if given is not None:
        baseline = confirmed(ours, given, str(options.baseline))
        if root not in (None, baseline.root):
            reason = f"its root is {baseline.root}, and the spec commits to baseline {root}"
            raise rejected(str(options.baseline), reason, "name the baseline that was simulated, or leave it out")
        return baseline
    if root is None or ours.root == root:
        return ours
    if store is None:
        reason = f"the baseline computed here has the root {ours.root}, and the spec commits to {root}"
        remedy = (
            "simulators differ in last digits: name the committed one with --baseline, or its store with --artifacts"
        )
        raise rejected(order.source, reason, remedy)
    return confirmed(ours, store.get(root), root)


def _vertices(order: _Order, ideal: Baseline, store: ArtifactStore | None) -> tuple[Baseline, ...]:
    try:
        return committed_vertices(store, order.spec, ideal)
    except Unjudgeable as error:
        remedy = "name the store that has what the spec commits to, with --artifacts"
        raise rejected(order.source, error.reason, remedy) from error


def _rounds(order: _Order, bits: int, number: int) -> tuple[Round, ...]:
    """What the spec's rounds up to `number` are judged by."""
    rounds = rounds_of(order.spec, bits)
    if number >= len(rounds):
        reason = f"round {number} is none of the spec's, which are 0 to {len(rounds) - 1}"
        raise rejected("command line", reason, f"write --round {len(rounds) - 1}, or leave it out for the first")
    return rounds[: number + 1]


def _check_manifest(order: _Order, options: Options) -> None:
    ordered = order.spec.result.schema_id == MANIFEST
    if ordered and options.manifest is None:
        reason = "the spec orders a manifest of the run's papers, and none is named"
        raise rejected("--manifest", reason, "add --manifest and the second word of the delivery, with --artifacts")
    if not ordered and options.manifest is not None:
        raise rejected("--manifest", "the spec orders no manifest", "leave it out")


def _papers(order: _Order, options: Options, store: ArtifactStore | None) -> Papers | None:
    if options.manifest is None:
        return None
    assert store is not None  # check_options
    return delivered_papers(store, order.spec, options.manifest, missing_is_final=options.unavailable)


def _delivery(order: _Order, options: Options, shots: int) -> DeliveryFacts:
    """What is told of the chain. A job that is named is taken for a first delivery unless it is said otherwise."""
    job, amount = options.job, options.worker_amount
    if order.terms is not None:
        if job is not None or amount is not None:
            remedy = "leave out --job and --worker-amount"
            raise rejected("command line", "the job's terms say which job it is, and the amount", remedy)
        job = order.job
        try:
            amount = worker_amount(order.spec, order.terms, shots)
        except ValueError as error:
            reason = f"the spec does not say what the worker is owed: {error}"
            raise rejected(order.source, reason, "judge the promoted spec") from error
    if job is None:
        defaults = DeliveryFacts()
        return DeliveryFacts(defaults.job, options.round or 0, amount or 0, options.replayed)
    return DeliveryFacts(job, options.round or 0, amount or 0, bool(options.replayed))


def _notices(order: _Order, options: Options, delivery: DeliveryFacts) -> list[str]:
    notices = []
    if not order.frozen:
        notices.append(
            f"{order.source} is a draft that nobody has frozen: its defaults were filled in here, and its spec hash is "
            f"{spec_hash(order.spec)}"
        )
    if delivery.replayed is False and options.replayed is None:
        notices.append(
            "taken for this worker's first delivery of the result; say --replayed if the chain says otherwise"
        )
    if order.terms is not None:
        notices.append("the job's terms were taken as the store has them: only the chain says that they are this job's")
    if options.job is not None and options.worker_amount is None:
        notices.append("the worker's amount is taken to be 0; say --worker-amount to get the validators' document")
    return notices


def _unpacked(data: bytes | None, bits: int) -> PackedShots | None:
    try:
        return None if data is None else unpack(data, bits)
    except ShotsRejected:
        return None  # a fault of the worker's, for which the verdict has a reason code
