"""Connections and migrations, for SQLite and PostgreSQL alike.

SQLite runs in WAL mode, so that readers (the CLI) never wait for the writer (the daemon); a writing transaction
begins IMMEDIATE, because one that upgrades from reading fails at once instead of waiting; `synchronous=FULL`, because
an intent must be on disk before its effect is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, select, table, text
from sqlalchemy import column as named
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError

from router.control.store.errors import DatabaseUnavailable, StoreTooNew
from router.control.store.schema import HEAD

BUSY_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 5
_MIGRATION_LOCK = 0x636F6D70  # any constant will do: PostgreSQL's advisory lock while migrating

_BEGIN_IMMEDIATE = "store_writes"

_FULL = re.compile(r"disk is full|No space left on device|disk quota exceeded", re.IGNORECASE)
"""As SQLite and PostgreSQL word it."""


def open_engine(url: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """An engine for ``sqlite:///path`` or ``postgresql://user@host/database``; makes the folder of a SQLite file.

    Raises DatabaseUnavailable for a URL that names neither.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnavailable(
            "the database URL cannot be read", "write sqlite:///path or postgresql://…"
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, busy_timeout_s)
        case "postgresql" | "postgres":
            connect_args: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S}
            with_driver = parsed.set(drivername="postgresql+psycopg")
            return create_engine(with_driver, connect_args=connect_args, pool_pre_ping=True)
        case other:
            raise DatabaseUnavailable(
                f"{other} is not supported", "write sqlite:///path or postgresql://user@host/name"
            )


def _sqlite(url: URL, busy_timeout_s: float) -> Engine:
    if not url.database or url.database == ":memory:":
        raise DatabaseUnavailable("a database in memory outlives no process", "write sqlite:///path")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": busy_timeout_s})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # pysqlite would begin transactions on its own terms
        # Text that is no UTF-8 is a damaged value of one row, not an error of the whole query.
        connection.text_factory = _text
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_BEGIN_IMMEDIATE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def unavailable(shown: str, error: DBAPIError) -> DatabaseUnavailable:
    """What `error` of the database that people know as `shown` means, in plain words."""
    reason = str(error.orig).strip().splitlines()[0] if error.orig and str(error.orig).strip() else str(error)
    if _FULL.search(reason):
        return DatabaseUnavailable(
            f"disk full: the database {shown} cannot be written ({reason})",
            "make room on the disk that holds it; what waits for it goes on by itself",
        )
    if "locked" in reason:
        return DatabaseUnavailable(
            f"the database {shown} is locked by another process ({reason})",
            "end whatever holds it (`fuser` names it); what waits for it goes on by itself",
        )
    if "malformed" in reason or "not a database" in reason:
        return DatabaseUnavailable(f"the database {shown} is damaged: {reason}", "restore the file from a backup")
    remedy = "check that the path is writable, or that the server of the URL is running"
    return DatabaseUnavailable(f"the database {shown} does not answer: {reason}", remedy)


@contextmanager
def speaking(shown: str) -> Iterator[None]:
    """A block in which a library speaks to its own database, `shown`: DatabaseUnavailable if that does not answer."""
    try:
        yield
    except DBAPIError as error:
        raise unavailable(shown, error) from error


@contextmanager
def transaction(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """One transaction, committed on leaving and rolled back on an exception; DatabaseUnavailable if there is none."""
    try:
        with engine.execution_options(**{_BEGIN_IMMEDIATE: writes}).begin() as connection:
            yield connection
    except (IntegrityError, ProgrammingError, DataError):
        raise
    except DBAPIError as error:
        raise unavailable(engine.url.render_as_string(hide_password=True), error) from error


def upserting(connection: Connection, into: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what to do on a conflict, in the database's own dialect."""
    return postgresql.insert(into) if connection.dialect.name == "postgresql" else sqlite.insert(into)


_version = table("alembic_version", named("version_num"))


def revision(connection: Connection) -> str | None:
    """The migration that the database is at; None if it has no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(select(_version.c.version_num)).scalar()
    return found


def migrate(engine: Engine) -> None:
    """Brings the database to HEAD, one process at a time; at HEAD already it costs one query.

    Raises StoreTooNew for a database that this release does not know.
    """
    with transaction(engine, writes=False) as connection:
        if revision(connection) == HEAD:
            return
    # Loaded on the way to a migration only: the command line opens the store on every call.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with transaction(engine, writes=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        current = revision(connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if current is not None and current not in known:
            raise StoreTooNew(current, HEAD)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_head(engine: Engine) -> None:
    """Raises DatabaseUnavailable unless the database is at HEAD."""
    with transaction(engine, writes=False) as connection:
        current = revision(connection)
    if current != HEAD:
        raise DatabaseUnavailable(
            f"the database is at revision {current or 'none'}, not {HEAD}",
            "`compute up` or `compute doctor` migrates it",
        )
