"""The event log of a bundle, which nobody is believed to have kept honestly; and the bundle held against it.

A log alone cannot show that its tail was cut. The chain's receipts show it: what the escrow said must be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from oracle.chain import events as chain
from oracle.encoding import CanonicalError, canonical_bytes, parse_canonical
from oracle.evidence.checks import CheckResult, EvidenceCheck
from oracle.evidence.packing.bundle import ALL, CHAIN, EVENTS, TERMS, Bundle, artifact_path, transaction_path
from oracle.evidence.packing.manifest import Sort
from oracle.evidence.shown import ShownOnChain
from router.protocol.evidence.contents import named, receipts
from router.protocol.lifecycle import (
    Completed,
    Disputed,
    EscrowMoved,
    EscrowState,
    Event,
    EventChainBroken,
    EventMalformed,
    JobRecord,
    Payload,
    Settled,
    Validated,
    standing,
    verify_chain,
)

_FINAL = (chain.Settled, chain.Refunded, chain.Cancelled)
_MOVES: Mapping[type[chain.Args], EscrowState] = {
    chain.Funded: EscrowState.LOCKED,
    chain.Submitted: EscrowState.LOCKED,
    chain.Proposed: EscrowState.PROPOSED,
    chain.Disputed: EscrowState.DISPUTED,
    chain.Refunded: EscrowState.REFUNDED,
    chain.Cancelled: EscrowState.REFUNDED,
}
"""Where the money is after each of the escrow's events but its payment, of which its outcome says it."""
_PAID = {"accept": EscrowState.RELEASED, "reject": EscrowState.REFUNDED}
"""Where it is after a payment; of any other outcome it is split."""
_OUTCOMES = {1: "accept", 2: "reject", 3: "inconclusive", 4: "silence", 5: "ruling"}


def event_checks(bundle: Bundle, shown: ShownOnChain) -> Iterator[EvidenceCheck]:
    """Signatures, links and transitions; the record against terms and artifacts; the causes against the receipts."""
    if EVENTS not in bundle.members:
        for name in ("events", "record", "causes"):
            yield EvidenceCheck(name, CheckResult.OPEN, f"there is no {EVENTS} in the bundle", (), EVENTS)
        return
    read = _read(bundle)
    if isinstance(read, EvidenceCheck):
        yield read
        return
    events, record = read
    signers = {
        "requester": record.requester,
        "operator": record.operator,
        "worker": record.worker,
    }
    told = ", ".join(f"{role} {address}" for role, address in signers.items() if address is not None)
    finding = f"{len(events)} events, each signed and naming the one before; signed by {told}"
    yield EvidenceCheck("events", CheckResult.HOLDS, finding, (EVENTS,))
    yield _record(bundle, shown, events, record)
    yield _causes(shown, bundle, events)


def _read(bundle: Bundle) -> tuple[tuple[Event, ...], JobRecord] | EvidenceCheck:
    """The events and the record that they fold to; else the check that fails, at the line that does not hold."""
    events: list[Event] = []
    starts: list[int] = []
    at = 0
    for line in bundle.members[EVENTS].splitlines(keepends=True):
        starts.append(at)
        try:
            if not line.endswith(b"\n"):
                raise EventMalformed("the line does not end")
            event = Event.from_json(parse_canonical(line[:-1]))
            if canonical_bytes(event.to_json()) != line[:-1]:
                raise EventMalformed("it is not the one form of its event")
            if event.job != bundle.manifest.job:
                raise EventMalformed(f"it is of {event.job}")
        except (CanonicalError, EventMalformed) as error:
            finding = f"event {len(starts)}: {error}"
            return EvidenceCheck("events", CheckResult.FAILS, finding, (EVENTS,), EVENTS, at)
        events.append(event)
        at += len(line)
    try:
        return tuple(events), verify_chain(events)
    except EventChainBroken as error:
        place = starts[error.sequence - 1] if 0 < error.sequence <= len(starts) else 0
        finding = f"event {error.sequence}: {error.reason}"
        return EvidenceCheck("events", CheckResult.FAILS, finding, (EVENTS,), EVENTS, place)
    except ValueError as error:  # a payload whose parts contradict one another
        return EvidenceCheck("events", CheckResult.FAILS, str(error), (EVENTS,), EVENTS)


def _record(bundle: Bundle, shown: ShownOnChain, events: Sequence[Event], record: JobRecord) -> EvidenceCheck:
    """Whether parties, terms and artifacts are those that the events name, none is left out and none is added."""
    name, terms, at = "record", shown.terms, shown.at

    def said(result: CheckResult, finding: str, member: str | None = None) -> EvidenceCheck:
        inputs = (EVENTS, TERMS) if TERMS in bundle.members else (EVENTS,)
        return EvidenceCheck(name, result, finding, inputs, member)

    if (record.escrow_id, record.updated_at) != (bundle.manifest.escrow_id, bundle.manifest.as_of):
        return said(CheckResult.FAILS, "the manifest names another JobId or time than the events", "manifest.json")
    packed = bundle.members.get(TERMS)
    if (None if record.terms is None else bytes.fromhex(record.terms.removeprefix("0x"))) != packed:
        return said(CheckResult.FAILS, "the terms are not those that the requester's event carries", TERMS)
    if at is not None and at.chain_id != record.chain_id:
        return said(CheckResult.FAILS, f"the events are signed for chain {record.chain_id}", CHAIN)
    if terms is not None:
        wrong = [
            f"the {role} who signed is {signed}, and that of the terms {meant}"
            for role, signed, meant in (
                ("requester", record.requester, terms.requester),
                ("worker", record.worker, terms.worker),
            )
            if signed not in (None, meant)
        ]
        if record.spec_hash != terms.spec_hash:
            wrong.append(f"the events end with spec {record.spec_hash}, and the terms commit to {terms.spec_hash}")
        if wrong:
            return said(CheckResult.FAILS, "; ".join(wrong), EVENTS)
    lacking = {missing.name for missing in bundle.manifest.missing}
    kinds: dict[str, str] = {}
    for kind, digest in (
        *named(events, bundle),
        *(("settlement_receipt", event.payload_digest) for event in receipts(events)),
    ):
        kinds.setdefault(artifact_path(digest), str(kind))
        if not bundle.has(digest) and digest not in lacking:
            finding = f"the {kind} {digest} is neither in the bundle nor told to be missing"
            return said(CheckResult.FAILS, finding, artifact_path(digest))
    documents = {f"artifacts/{document}" for document in _documents(bundle)}
    for path, sort in bundle.manifest.sorts.items():
        if path.startswith("artifacts/") and path not in documents and kinds.get(path) != sort:
            return said(CheckResult.FAILS, f"{path} is no {sort} that the events name", path)
    finding = (
        f"{len(kinds)} artifacts are those that the events name; it is {record.state.value}, {record.escrow.value}"
    )
    return said(CheckResult.HOLDS, finding)


def _documents(bundle: Bundle) -> Iterator[str]:
    """Digests of the documents that attestations name, without 0x: a rejection's events do not name theirs."""
    for path in bundle.of("attestations"):
        try:
            value = parse_canonical(bundle.members[path])
        except CanonicalError:
            continue  # which the signatures' check tells
        if isinstance(value, dict) and isinstance(value.get("document"), str):
            yield str(value["document"]).removeprefix("0x")


def _causes(shown: ShownOnChain, bundle: Bundle, events: Sequence[Event]) -> EvidenceCheck:
    """Whether each event that came of the chain says what the escrow said, and each end that it said is told."""
    name, held = "causes", standing(events)
    caused = [(event, cause) for event in held if (cause := event.payload.chain_cause) is not None]
    at = {_place(event): event for event in shown.dossier.events}
    deliveries = {event.tx_hash: event for _, event in shown.all(chain.Submitted)}
    opened: list[tuple[str, str]] = []
    for event in held:
        cause, payload = event.payload.chain_cause, event.payload
        if cause is not None:
            tx_hash, said = cause.tx_hash, at.get((cause.block_hash, cause.tx_hash, cause.log_index))
            agrees = said is not None and said.block == cause.block_number and _agrees(payload, said.args)
        elif isinstance(payload, Completed):
            tx_hash, said = payload.tx_hash, deliveries.get(payload.tx_hash)
            agrees = said is not None and _agrees(payload, said.args)
        else:
            continue
        path, which = transaction_path(tx_hash), f"event {event.sequence} ({event.kind.value})"
        if said is None and _told_missing(bundle, shown, tx_hash):
            opened.append((f"{which} came of the chain, and its receipt is not in the bundle", path))
        elif not agrees:
            finding = f"{which} {'names a log that is not there' if said is None else 'says otherwise than the escrow'}"
            return EvidenceCheck(name, CheckResult.FAILS, finding, (EVENTS, path), path)
    known = {(cause.block_hash, cause.tx_hash, cause.log_index) for _, cause in caused}
    for place, ending in at.items():
        if isinstance(ending.args, _FINAL) and place not in known:
            path = transaction_path(ending.tx_hash)
            opened.append((f"the escrow said {ending.name}, and no event tells of it: the log ends before", path))
    if opened:
        return EvidenceCheck(name, CheckResult.OPEN, opened[0][0], (EVENTS,), opened[0][1])
    if not caused:
        return EvidenceCheck(name, CheckResult.NOTHING, "no event came of the chain", (EVENTS,))
    paths = tuple(dict.fromkeys(transaction_path(cause.tx_hash) for _, cause in caused))
    finding = f"{len(caused)} events say what the escrow said in these receipts"
    return EvidenceCheck(name, CheckResult.HOLDS, finding, (EVENTS, *paths))


def _told_missing(bundle: Bundle, shown: ShownOnChain, tx_hash: str) -> bool:
    """Whether the manifest says that the transaction is missing, or nothing says which escrow's it would be."""
    lacking = {missing.name for missing in bundle.lacks(Sort.TRANSACTION)}
    return shown.at is None or tx_hash in lacking or ALL in lacking


def _place(event: chain.EscrowEvent) -> tuple[str, str, int]:
    return event.block_hash, event.tx_hash, event.log_index


def _agrees(payload: Payload, said: chain.Args) -> bool:
    """Whether `payload` is what may be told of the escrow's words."""
    match payload, said:
        case EscrowMoved(escrow=escrow), chain.Settled():
            return escrow is _PAID.get(_OUTCOMES[said.outcome], EscrowState.SPLIT)
        case EscrowMoved(escrow=escrow), _:
            return escrow is _MOVES.get(type(said))
        case Completed(result_hash=result, multiset_hash=second), chain.Submitted():
            return (result, second) == (said.result_hash, said.multiset_hash)
        case Validated(outcome=outcome, evidence_hash=evidence, worker_amount=amount), chain.Proposed():
            return (outcome.value, evidence, amount) == (
                _OUTCOMES[said.outcome],
                said.evidence_hash,
                said.worker_amount,
            )
        case Settled(outcome=outcome, worker_paid=worker, payer_paid=payer, fee=fee), chain.Settled():
            paid = (_OUTCOMES[said.outcome], said.worker_paid, said.payer_paid, said.fee)
            return (outcome.value, worker, payer, fee) == paid
        case Disputed(by=by), chain.Disputed():
            return by == said.disputer
        case Completed() | Validated() | Settled() | Disputed(), _:
            return False
        case _:
            return isinstance(said, _FINAL)  # rejected, expired, cancelled: an end of the escrow's
