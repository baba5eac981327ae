"""The tables. Times are text as lifecycle.format_at writes it, which sorts as it reads on every database.

`events` is the truth; the columns of `jobs` are copies of folded fields, kept by the same transaction, so that a
waiting job is found by an index and costs a row.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0003"
"""The migration that these tables are the result of; a test compares them with it."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Serial = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for a column that is exactly INTEGER."""

jobs = Table(
    "jobs",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("escrow", String(16), nullable=False),
    Column("escrow_id", String(66), unique=True),
    Column("requester", String(42), nullable=False),
    Column("circuit_family", Text),
    Column("requested_target", Text),
    Column("provider", Text),
    Column("target", Text),
    Column("provider_job", Text),
    Column("sequence", Integer, nullable=False),
    Column("head", String(66), nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Column("submitted_at", String(27)),
    Column("next_look_at", String(27)),  # null: nothing left to look for
    Column("record", Text, nullable=False),  # JobRecord.to_json, for lists that would else fold every job
    Column("waiting_for", Text),  # for people, and of this router alone: null once anything happens to the job
    Index("ix_jobs_state_next_look_at", "state", "next_look_at"),
    Index("ix_jobs_next_look_at", "next_look_at"),
    Index("ix_jobs_requester_created_at", "requester", "created_at"),
    Index("ix_jobs_provider_submitted_at", "provider", "submitted_at"),
    Index("ix_jobs_created_at", "created_at"),
)

events = Table(
    "events",
    metadata,
    Column("position", _Serial, primary_key=True, autoincrement=True),
    Column("job", String(32), ForeignKey("jobs.job"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("at", String(27), nullable=False),
    Column("payload", Text, nullable=False),
    Column("payload_digest", String(66), nullable=False),
    Column("previous", String(66), nullable=False),
    Column("signature", String(132), nullable=False),
    Column("digest", String(66), nullable=False),
    UniqueConstraint("job", "sequence"),
)

intents = Table(
    "intents",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("job", String(32), ForeignKey("jobs.job"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("attempt", Integer, nullable=False),  # more than 1 only after the one before was abandoned
    Column("status", String(16), nullable=False),
    Column("request", Text, nullable=False),
    Column("outcome", Text),
    Column("planned_at", String(27), nullable=False),
    Column("finished_at", String(27)),
    UniqueConstraint("job", "name", "attempt"),
    Index("ix_intents_status_name", "status", "name"),
)

requests = Table(
    "requests",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("job", String(32), ForeignKey("jobs.job"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("answer", Text),
    Column("created_at", String(27), nullable=False),
    Column("held_until", String(27)),  # a taker that dies holds it no longer than this
    Column("answered_at", String(27)),
    Index("ix_requests_status_held_until", "status", "held_until"),
    Index("ix_requests_job", "job"),
)

chain_blocks = Table(
    "chain_blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # the greatest is the cursor
    Column("hash", String(66), nullable=False),
)

chain_events = Table(
    "chain_events",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("job", String(66), nullable=False),  # the escrow's JobId: other routers' jobs are here, too
    Column("result_hash", String(66)),  # of a delivery
    Column("event", Text, nullable=False),  # EscrowEvent.to_json
    Index("ix_chain_events_job", "job"),
    Index("ix_chain_events_result_hash", "result_hash"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("scope", String(16), nullable=False),
    Column("subject", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", String(27), nullable=False),
    UniqueConstraint("scope", "subject", "kind"),
)

delivered = Table(
    "delivered",
    metadata,
    Column("consumer", String(64), primary_key=True),
    # One row an event, not a high-water mark: PostgreSQL commits positions out of order.
    Column("position", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("events.position"), primary_key=True),
    Column("at", String(27), nullable=False),
)
