"""The tables as first published.

Written out rather than taken from schema.py: a migration says what it made then, whatever the schema says later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("escrow", sa.String(16), nullable=False),
        sa.Column("escrow_id", sa.String(66)),
        sa.Column("requester", sa.String(42), nullable=False),
        sa.Column("circuit_family", sa.Text),
        sa.Column("requested_target", sa.Text),
        sa.Column("provider", sa.Text),
        sa.Column("target", sa.Text),
        sa.Column("provider_job", sa.Text),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("head", sa.String(66), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("submitted_at", sa.String(27)),
        sa.Column("next_look_at", sa.String(27)),
        sa.Column("record", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job", name="pk_jobs"),
        sa.UniqueConstraint("escrow_id", name="uq_jobs_escrow_id"),
    )
    op.create_index("ix_jobs_state_next_look_at", "jobs", ["state", "next_look_at"])
    op.create_index("ix_jobs_next_look_at", "jobs", ["next_look_at"])
    op.create_index("ix_jobs_requester_created_at", "jobs", ["requester", "created_at"])
    op.create_index("ix_jobs_provider_submitted_at", "jobs", ["provider", "submitted_at"])
    op.create_index("ix_jobs_created_at", "jobs", ["created_at"])
    op.create_table(
        "events",
        sa.Column("position", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("payload_digest", sa.String(66), nullable=False),
        sa.Column("previous", sa.String(66), nullable=False),
        sa.Column("signature", sa.String(132), nullable=False),
        sa.Column("digest", sa.String(66), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.ForeignKeyConstraint(["job"], ["jobs.job"], name="fk_events_job"),
        sa.UniqueConstraint("job", "sequence", name="uq_events_job_sequence"),
    )
    op.create_table(
        "intents",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("planned_at", sa.String(27), nullable=False),
        sa.Column("finished_at", sa.String(27)),
        sa.PrimaryKeyConstraint("id", name="pk_intents"),
        sa.ForeignKeyConstraint(["job"], ["jobs.job"], name="fk_intents_job"),
        sa.UniqueConstraint("job", "name", "attempt", name="uq_intents_job_name_attempt"),
    )
    op.create_index("ix_intents_status_name", "intents", ["status", "name"])
    op.create_table(
        "requests",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("held_until", sa.String(27)),
        sa.Column("answered_at", sa.String(27)),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
        sa.ForeignKeyConstraint(["job"], ["jobs.job"], name="fk_requests_job"),
    )
    op.create_index("ix_requests_status_held_until", "requests", ["status", "held_until"])
    op.create_index("ix_requests_job", "requests", ["job"])
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("block_number", sa.BigInteger, nullable=False),
        sa.Column("block_hash", sa.String(66), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )
    op.create_table(
        "approvals",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        sa.UniqueConstraint("scope", "subject", "kind", name="uq_approvals_scope_subject_kind"),
    )
    op.create_table(
        "delivered",
        sa.Column("consumer", sa.String(64), nullable=False),
        sa.Column("position", _SERIAL, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "position", name="pk_delivered"),
        sa.ForeignKeyConstraint(["position"], ["events.position"], name="fk_delivered_position"),
    )


def downgrade() -> None:
    for name in ("delivered", "approvals", "cursors", "requests", "intents", "events", "jobs"):
        op.drop_table(name)
