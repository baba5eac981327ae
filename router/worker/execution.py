"""Execution: submit to the provider, follow the run, deliver the result. Whether and where is decided elsewhere.

Each function may be called again at any time, by this process or by the next one after a crash: it looks at the record
and at the outside world first, and does only what is not done yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oracle.artifacts import ArtifactStore, PackedShots, RegisterMap
from oracle.artifacts.manifest import SCHEMA as MANIFEST
from oracle.artifacts.manifest import RunManifest
from oracle.chain.client import EscrowClient
from oracle.chain.events import Submitted as Delivered
from oracle.chain.transactions import effects
from oracle.chain.transactions.intents import IntentStatus
from oracle.encoding import canonical_bytes
from oracle.spec import parse_canonical_spec
from oracle.spec.sections.observables import objective_rule
from oracle.statistics.observables.convergence import convergence_document
from router.protocol.desks.opened import OpenedHome
from router.protocol.hardware_time import time_limit
from router.protocol.lifecycle import Completed, JobRecord, Payload, State, Submitted
from router.protocol.papers import reference_of, spec_of, tag_of, terms_of
from router.protocol.ports import AGAIN, WITH_PROVIDER, NoResult
from router.protocol.providing import (
    JobLost,
    JobState,
    Provider,
    ProviderRefused,
    Reference,
    ResultUnusable,
    RunStatus,
    Work,
)
from router.worker.desk import WorkerDesk

Providers = Mapping[str, Provider]


def submit(
    desk: WorkerDesk, providers: Providers, job: str, provider: str, target: str, seed: int | None, price: str | None
) -> NoResult | None:
    """Submit an approved job to `target` of `provider`, once.

    The intent is stored before the provider is spoken to; the tag makes a second submission find the first.
    `seed` is for simulators, so that a demonstration can be repeated; None lets the provider draw one. `price` is that
    of a second of hardware, in US dollars: the run is bounded by what its budget buys.
    Work that the provider refuses has no result: it would refuse it again. Raises ProviderError.
    """
    opened = desk.opened
    record = opened.store.job(job)
    if record.state is not State.APPROVED:
        return None
    spec = spec_of(opened.artifacts, record)
    if spec.quantum is None or spec.quantum.circuit_hash is None:
        raise AssertionError("a simulated quantum job has a circuit")
    tag, limit = tag_of(record), time_limit(price, spec, provider)
    plan = json.dumps({"provider": provider, "target": target, "tag": tag})
    intent = opened.store.plan_intent(job, "provider-submit", plan)
    adapter = providers[provider]
    try:
        work = Work(
            tag=tag,
            qasm3=opened.artifacts.get(spec.quantum.circuit_hash).decode(),
            shots=spec.quantum.shots,
            target=target,
            seed=seed,
            max_seconds=limit.seconds if limit is not None else spec.timeouts.execution_s or None,
            deliver_by=terms_of(record).submit_by,
        )
        reference = adapter.find(work.tag, target) or adapter.submit(work)
    except ProviderRefused as error:
        refused = json.dumps({"refused": error.reason})
        opened.store.finish_intent(job, intent.name, refused, IntentStatus.ABANDONED)
        return NoResult(f"{provider} refuses it: {error.reason}")
    outcome = {"provider": reference.provider, "target": reference.target, "provider_job": reference.provider_job}
    opened.store.finish_intent(job, intent.name, json.dumps(outcome))

    def following(current: JobRecord) -> Sequence[Payload]:
        if current.state is not State.APPROVED:
            return ()
        return [Submitted(provider, reference.target, reference.provider_job, tag)]

    desk.write(job, following)
    return None


def status_of(opened: OpenedHome, providers: Providers, job: str) -> RunStatus:
    """Ask the provider once how the run stands. Raises ProviderError.

    A run that the provider no longer knows has failed: nothing will ever come of it.
    """
    reference = reference_of(opened.store.job(job))
    try:
        return providers[reference.provider].status(reference)
    except JobLost as error:
        return RunStatus(JobState.FAILED, error.reason)


@dataclass(frozen=True)
class StoredRun:
    """A run's result as it is delivered, and what comes with it, all of it stored: each is a digest."""

    result: str
    second: str
    """What the delivery says beside the result's hash."""
    receipt: str
    calibration: str | None


def deliver(desk: WorkerDesk, client: EscrowClient, providers: Providers, job: str) -> NoResult | None:
    """Store the result, deliver its hash on-chain, and write `completed`; once.

    Where the chain has the delivery already, and the record knows it from there, the papers are added. NoResult for a
    run that ended without a usable one. Raises ProviderError, ChainError.
    """
    opened = desk.opened
    record = opened.store.job(job)
    if record.state not in WITH_PROVIDER and not record.lacks_papers:
        return None
    # On disk before the transaction that names them: a validator that sees the delivery can fetch them.
    try:
        papers = _told(opened, job) or store_papers(opened, providers, record)
    except (ResultUnusable, JobLost) as error:
        return NoResult(f"the provider's result is of no use: {error.reason}")

    def effect() -> str | None:
        delivered = opened.reader(client).last(record.escrow_id, Delivered)
        return delivered and delivered[1]

    delivery = effects.ensure(
        opened.store,
        client,
        job,
        "tx:submit",
        desk.account,
        lambda: client.submit(terms_of(record), papers.result, papers.second),
        effect,
    )

    def following(current: JobRecord) -> Sequence[Payload]:
        known = (current.result_hash, current.delivery_tx) == (papers.result, delivery.hash)
        if current.state not in WITH_PROVIDER and not (current.lacks_papers and known):
            return ()
        completed = Completed(papers.result, papers.second, papers.receipt, papers.calibration, delivery.hash)
        return [completed]

    desk.write(job, following)
    return None


def delivered_before(opened: OpenedHome, job: str) -> bool:
    """Whether a delivery of the job was signed once: what it takes is stored, whatever has become of the provider."""
    return opened.store.intent(job, "tx:submit") is not None


def _told(opened: OpenedHome, job: str) -> StoredRun | None:
    """The papers of a delivery that the worker told of before a reorg took it back: the run is not asked for again."""
    for event in reversed(opened.store.events(job)):
        said = event.payload
        if isinstance(said, Completed) and said.receipt is not None:
            return StoredRun(said.result_hash, said.multiset_hash, said.receipt, said.calibration)
    return None


def store_papers(opened: OpenedHome, providers: Providers, record: JobRecord) -> StoredRun:
    """Fetch the result of the job's run from its provider and store it with its papers; the same bytes each time.

    Raises ResultUnusable, ProviderError.
    """
    reference = reference_of(record)
    result = providers[reference.provider].result(reference)
    registers = _registers(opened, record)
    if result.shots.bits != registers.bits:
        reason = f"its shots have {result.shots.bits} bits, the circuit {registers.bits}"
        raise ResultUnusable(reason, AGAIN)
    stored = opened.artifacts.put(result.shots.data)
    if stored != result.shots.result_hash:
        raise AssertionError("the store and the result hash are the same SHA-256")
    receipt = opened.artifacts.put(
        canonical_bytes(
            result.receipt.to_json()
            | {
                "isa_qasm3": result.isa_qasm3,
                "transpilation": result.transpilation,
                "result": registers.record(result.shots),
            }
        )
    )
    calibration = None if result.calibration is None else opened.artifacts.put(result.calibration)
    second = second_word(opened.artifacts, record.spec_hash, result.shots, reference.target, receipt, calibration)
    return StoredRun(stored, second, receipt, calibration)


def _registers(opened: OpenedHome, record: JobRecord) -> RegisterMap:
    """The registers of the job's circuit, without which nobody can read its packed shots."""
    from oracle.circuits import load_qasm3  # seconds of imports, which most commands of this module do without
    from oracle.circuits.readers import registers_of

    spec = spec_of(opened.artifacts, record)
    if spec.quantum is None or spec.quantum.circuit_hash is None:
        raise AssertionError("a quantum job that ran has a circuit")
    return registers_of(load_qasm3(opened.artifacts.get(spec.quantum.circuit_hash).decode()))


def second_word(
    store: ArtifactStore,
    spec_hash: str,
    shots: PackedShots,
    target: str,
    receipt: str,
    calibration: str | None,
) -> str:
    """What a delivery of `shots`, run on `target`, says beside their hash.

    The digest of the sorted shots or, where the spec orders one, of the manifest of the run's papers, which is stored
    with the convergence document that it may name. `receipt` and `calibration` are digests of stored papers.
    """
    spec = parse_canonical_spec(store.get(spec_hash))
    if spec.result.schema_id != MANIFEST:
        return shots.multiset_hash
    if spec.quantum is None or spec.quantum.circuit_hash is None:
        raise AssertionError("a simulated quantum job has a circuit")
    objective = spec.validation.objective
    convergence = None
    if objective is not None and objective.convergence:
        convergence = store.put(convergence_document(objective_rule(objective), shots.values()))
    manifest = RunManifest(
        spec=spec_hash,
        circuit=spec.quantum.circuit_hash,
        shots=shots.result_hash,
        multiset=shots.multiset_hash,
        backend=target,
        receipt=receipt,
        calibration=calibration,
        convergence=convergence,
    )
    return store.put(manifest.to_bytes())


def call_off(opened: OpenedHome, providers: Providers, record: JobRecord) -> None:
    """Ask the provider to stop the run of a job that has ended without a delivery, which nobody would pay for; once.

    Raises ProviderError if the provider cannot be asked just now.
    """
    submitted = opened.store.intent(record.job, "provider-submit")
    if record.result_hash is not None or submitted is None or submitted.status is not IntentStatus.DONE:
        return
    intent = opened.store.plan_intent(record.job, "provider-cancel", str(submitted.outcome))
    if intent.status is IntentStatus.DONE:
        return
    reference = Reference(**json.loads(intent.request))
    try:
        outcome: dict[str, object] = {"stops": providers[reference.provider].cancel(reference)}
    except ProviderRefused as error:
        outcome = {"refused": error.reason}
    opened.store.finish_intent(record.job, intent.name, json.dumps(outcome))
