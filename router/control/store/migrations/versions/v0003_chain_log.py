"""What the chain said, kept: `chain_blocks` and `chain_events` in the place of `cursors`.

The old cursor is not carried over: the events below it were not kept, so they are read once more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "chain_blocks",
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(66), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_chain_blocks"),
    )
    op.create_table(
        "chain_events",
        sa.Column("block", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("log_index", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("job", sa.String(66), nullable=False),
        sa.Column("result_hash", sa.String(66)),
        sa.Column("event", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index", name="pk_chain_events"),
    )
    op.create_index("ix_chain_events_job", "chain_events", ["job"])
    op.create_index("ix_chain_events_result_hash", "chain_events", ["result_hash"])
    op.drop_table("cursors")


def downgrade() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("block_number", sa.BigInteger, nullable=False),
        sa.Column("block_hash", sa.String(66), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )
    for name in ("chain_events", "chain_blocks"):
        op.drop_table(name)
