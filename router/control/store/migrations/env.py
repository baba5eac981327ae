"""Alembic's entry: runs inside the transaction that database.migrate opened, and in no other way."""

from __future__ import annotations

from alembic import context

from router.control.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
