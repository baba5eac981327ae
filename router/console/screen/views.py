"""A job for people and for programs: its record, its timeline, its artifacts, as rows and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from router.console.screen.drawing import Moment, histogram, timeline
from router.console.screen.output import facts, next_step, plain, table
from router.control.report import telling
from router.control.report.telling import Money, base_units, dollars, in_token, percent, said, told_by
from router.control.report.wording import short

if TYPE_CHECKING:
    from rich.console import Console

    from oracle.chain.deployment import Deployment
    from router.control.opening import OperatedHome
    from router.protocol.lifecycle import Event, JobRecord
    from router.settings import Home

_WIDE = 200
"""Columns from which a whole digest and a path fit on one line."""


def money_of(opened: OperatedHome, record: JobRecord) -> Money:
    """Amounts in the token of the job's terms; without terms in that of the home's stack, which it would get."""
    from router.protocol.papers import terms_of

    if opened.stack is None:
        return base_units
    if record.terms is None:
        return _in_token_of(opened.deployment)
    return money_in(opened.deployment, terms_of(record).token)


def money_in(deployment: Deployment, token: str) -> Money:
    """Amounts in `token`: in base units where it is neither native coin nor the deployment's."""
    from oracle.terms import ZERO_ADDRESS

    if token == ZERO_ADDRESS:
        return in_token("ETH", 18)
    if token == deployment.token:
        return _in_token_of(deployment)
    return lambda amount: f"{base_units(amount)} of {token}"


def money_of_home(home: Home) -> Money:
    """Amounts in the token of a stack that is still to come: looks at the first amount, and then no more."""
    from router.protocol.stack import read_stack

    @cache
    def found() -> Money:
        from oracle.chain.deployment import Deployment

        stack = read_stack(home)
        return base_units if stack is None else _in_token_of(Deployment.load(Path(stack.deployment)))

    return lambda amount: found()(amount)


def _in_token_of(deployment: Deployment) -> Money:
    return in_token(deployment.token_symbol, deployment.token_decimals)


def moment(event: Event, money: Money) -> Moment:
    """The line of `event` in a timeline."""
    from router.protocol.lifecycle import parse_at

    return Moment(at=parse_at(event.at), kind=event.kind.value, by=told_by(event), said=said(event, money))


@dataclass(frozen=True)
class ArtifactRow:
    """One artifact of a job."""

    kind: str
    digest: str
    size: int | None
    """Bytes; None if it is missing."""
    path: str | None
    """Where it is on this machine; None if it is missing."""

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def artifacts(opened: OperatedHome, record: JobRecord, events: Sequence[Event]) -> tuple[ArtifactRow, ...]:
    """Every artifact of the job, in the order of its life, each digest once."""
    from router.protocol.evidence.contents import named

    rows: dict[str, ArtifactRow] = {}
    for kind, digest in named(events, opened.artifacts):
        rows.setdefault(digest, _stored(opened, kind, digest))
    for row in (*_attestations(opened, record, rows), *_settlements(opened, events)):
        rows.setdefault(row.digest, row)
    return tuple(rows.values())


def _stored(opened: OperatedHome, kind: str, digest: str) -> ArtifactRow:
    found = opened.home.artifacts / "objects" / digest[2:4] / digest[4:]
    size, path = (found.stat().st_size, str(found)) if found.is_file() else (None, None)
    return ArtifactRow(kind, digest, size, path)


def _attestations(opened: OperatedHome, record: JobRecord, known: Mapping[str, ArtifactRow]) -> Iterator[ArtifactRow]:
    """The validators' signatures, and before them the document they signed, which a rejection's events do not name."""
    from oracle.artifacts.kinds import ArtifactKind
    from oracle.encoding import sha256_hex
    from router.control.operating.following.attestations import board_of

    for shown in board_of(opened, record)[0]:
        data, document = shown.path.read_bytes(), shown.attestation.document
        if document not in known and opened.artifacts.has(document):
            yield _stored(opened, ArtifactKind.VERDICT_DOCUMENT, document)
        yield ArtifactRow(ArtifactKind.ATTESTATIONS, sha256_hex(data), len(data), str(shown.path))


def refused_attestations(opened: OperatedHome, record: JobRecord) -> tuple[str, ...]:
    """What lies among the job's attestations and is none, a sentence each."""
    from router.control.operating.following.attestations import board_of

    _, others = board_of(opened, record)
    return tuple(f"{each.source} is no attestation of this job: {each.reason}" for each in others)


def _settlements(opened: OperatedHome, events: Sequence[Event]) -> Iterator[ArtifactRow]:
    """Where the money went: what the chain did to the job at last, and the log that says so."""
    from oracle.artifacts.kinds import ArtifactKind
    from router.protocol.evidence.contents import receipts

    for event in receipts(events):
        yield _stored(opened, ArtifactKind.SETTLEMENT_RECEIPT, event.payload_digest)


def record_facts(record: JobRecord, waits: str | None, money: Money) -> list[tuple[str, object]]:
    """What the record says, and what the job waits for; label and value, leaving out what is not known yet."""
    shares = None
    if record.worker_paid is not None and record.payer_paid is not None:
        shares = telling.paid(money, record.worker_paid, record.payer_paid, record.fee or 0)
    device = f"{record.target}, provider job {record.provider_job}" if record.target else record.requested_target
    objection = f"`compute dispute {record.job}`, if you do not accept it, while its window is open"
    disputable = record.escrow.value == "proposed" and _has_arbiter(record)
    rows: list[tuple[str, object | None]] = [
        ("state", record.state.value),
        ("waits", waits),
        ("escrow", record.escrow.value),
        ("proposal", objection if disputable else None),
        ("verdict", None if record.outcome is None else record.outcome.value),
        ("paid", shares),
        ("reason", record.reason),
        ("next", record.remedy),
        ("requester", record.requester),
        ("family", record.family),
        ("spec hash", record.spec_hash),
        ("baseline", record.baseline_root),
        ("distance", None if record.baseline_distance is None else percent(record.baseline_distance)),
        ("target", device),
        ("at most", None if record.max_usd is None else f"${dollars(record.max_usd)}"),
        ("escrow id", record.escrow_id),
        ("result", record.result_hash),
        ("evidence", record.evidence_hash),
        ("created", record.created_at),
        ("updated", record.updated_at),
    ]
    return [(label, value) for label, value in rows if value is not None]


def _has_arbiter(record: JobRecord) -> bool:
    from oracle.terms import ZERO_ADDRESS
    from router.protocol.papers import terms_of

    return record.terms is not None and terms_of(record).arbiter != ZERO_ADDRESS


def draw_job(
    screen: Console,
    opened: OperatedHome,
    record: JobRecord,
    waits: str | None,
    events: Sequence[Event],
    rows: Sequence[ArtifactRow],
) -> None:
    """Record, timeline, distributions and artifacts of a job, and what it waits for."""
    from router.control.operating.explaining import advice

    money = money_of(opened, record)
    screen.print(f"[bold]{record.job}[/]\n")
    facts(screen, record_facts(record, waits, money))
    screen.print()
    timeline(screen, [moment(event, money) for event in events])
    if record.baseline_root is not None and opened.artifacts.has(record.baseline_root):
        screen.print()
        draw_distributions(screen, opened, record)
    if rows:
        screen.print()
        draw_artifacts(screen, opened, rows)
    if (following := advice.following(opened, record)) is not None:
        next_step(screen, following)


def draw_artifacts(screen: Console, opened: OperatedHome, rows: Sequence[ArtifactRow]) -> None:
    """Kind, digest, size and path of each; on a narrow terminal digests are cut, and one line says where they are."""
    wide = screen.width >= _WIDE
    grid = table("artifact", "digest", "bytes", *(["path"] if wide else []), numbers=("bytes",))
    for row in rows:
        size = "missing" if row.size is None else f"{row.size:,}"
        if wide:
            grid.add_row(plain(row.kind), row.digest, size, plain(row.path or ""))
        else:
            grid.add_row(plain(row.kind), short(row.digest, 18, 8), size)
    screen.print(grid)
    if not wide:
        screen.print(f"[dim]in {plain(opened.home.artifacts)}; whole digests and paths: --json[/]")


def draw_distributions(screen: Console, opened: OperatedHome, record: JobRecord) -> None:
    """The baseline as bars, and the result below it once there is one."""
    from oracle.artifacts import unpack
    from oracle.statistics.baseline import TOTAL, Baseline

    if record.baseline_root is None:
        raise AssertionError("only simulated jobs have a baseline")
    baseline = Baseline.from_bytes(opened.artifacts.get(record.baseline_root))
    result = None
    if record.result_hash is not None and opened.artifacts.has(record.result_hash):
        shots = unpack(opened.artifacts.get(record.result_hash), baseline.bits)
        counts = shots.counts()
        result = [counts.get(outcome, 0) / shots.count for outcome in range(baseline.outcomes)]
    histogram(screen, baseline.bits, [int(weight) / TOTAL for weight in baseline.weights], result)
