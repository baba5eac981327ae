"""What a job waits for, for people: `jobs.waiting_for`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("waiting_for", sa.Text))


def downgrade() -> None:
    op.drop_column("jobs", "waiting_for")
