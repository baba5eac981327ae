"""The database itself: migrations, pragmas, and what is said when there is none."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from job_stories import ROLES, START, Story
from sqlalchemy import text

import router.control.store
from router.control.store import DatabaseUnavailable, Store, StoreTooNew, UnknownJob
from router.control.store.database import migrate, open_engine, transaction
from router.control.store.schema import HEAD, metadata
from router.protocol.lifecycle import EventChainBroken, State
from router.protocol.requests import RequestKind

MIGRATIONS = Path(router.control.store.__file__).parent / "migrations"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/router.sqlite"


def test_the_migrations_lead_to_the_schema(url: str) -> None:
    engine = open_engine(url)
    migrate(engine)
    with transaction(engine, writes=False) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_head_is_the_last_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_a_store_that_is_up_to_date_opens_without_loading_alembic(url: str) -> None:
    Store.open(url).close()
    program = (
        "import sys; from router.control.store import Store; Store.open(sys.argv[1]).close();"
        "sys.exit(any(name.split('.')[0] == 'alembic' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program, url], check=False).returncode == 0


def test_migrating_down_and_up_again_works(url: str) -> None:
    from alembic import command
    from alembic.config import Config

    engine = open_engine(url)
    migrate(engine)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with transaction(engine, writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with transaction(engine, writes=False) as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    assert set(tables) <= {"alembic_version", "sqlite_sequence"}
    migrate(engine)
    engine.dispose()
    with Store.open(url, migrate=False) as store:
        assert store.jobs() == ()


def test_jobs_of_the_first_release_are_read_after_the_migration(url: str) -> None:
    from alembic import command
    from alembic.config import Config

    engine = open_engine(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    story = Story().to(State.COMPLETED)
    with Store.open(url) as store:
        store.append_many(story.events)
    with transaction(engine, writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    with transaction(engine, writes=False) as connection:
        names = [row[1] for row in connection.execute(text("PRAGMA table_info(jobs)"))]
    assert "waiting_for" not in names
    engine.dispose()
    with Store.open(url) as store:
        assert store.verify(story.job) == story.record
        assert store.waiting_for([story.job]) == {}


def test_a_failed_migration_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.operations import Operations

    real = Operations.create_table

    def breaks(self: Operations, name: str, *columns: object, **options: object) -> object:
        if name == "delivered":
            raise RuntimeError("power cut")
        return real(self, name, *columns, **options)  # type: ignore[arg-type]

    engine = open_engine(url)
    with monkeypatch.context() as patch:
        patch.setattr(Operations, "create_table", breaks)
        with pytest.raises(RuntimeError, match="power cut"):
            migrate(engine)
    with transaction(engine, writes=False) as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0
    migrate(engine)
    engine.dispose()


def test_a_database_of_a_newer_release_is_left_alone(url: str) -> None:
    Store.open(url).close()
    engine = open_engine(url)
    with transaction(engine, writes=True) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreTooNew, match=f"9999, this release knows {HEAD} — install the newer release"):
        Store.open(url)


def test_a_database_without_tables_is_refused_where_nobody_may_migrate(url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=f"revision none, not {HEAD}"):
        Store.open(url, migrate=False)


@pytest.mark.parametrize("bad", ["mysql://root@localhost/x", "not a url", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_names_no_database_says_what_to_write(bad: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="write sqlite:///path"):
        Store.open(bad)


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="is running") as unavailable:
        Store.open(f"postgresql://me:secret@/router?host={tmp_path}")
    assert "secret" not in str(unavailable.value)


def test_a_file_that_is_no_database_is_said_to_be_unavailable(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DatabaseUnavailable, match="check that the path is writable"):
        Store.open(f"sqlite:///{tmp_path}/folder")


def test_sqlite_runs_as_promised(url: str, tmp_path: Path) -> None:
    engine = open_engine(url)
    with transaction(engine, writes=False) as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_reader_does_not_wait_for_a_writer(url: str) -> None:
    with Store.open(url) as store, store._writing() as connection:
        connection.execute(text("DELETE FROM chain_blocks"))
        with Store.open(url) as reader:
            assert reader.jobs() == ()


def test_a_writing_transaction_holds_the_lock_from_its_beginning(url: str, tmp_path: Path) -> None:
    with Store.open(url) as store, store._writing():
        other = sqlite3.connect(tmp_path / "router.sqlite", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_an_event_of_no_job_cannot_be_stored_even_by_hand(url: str) -> None:
    with Store.open(url) as store, pytest.raises(Exception, match="FOREIGN KEY"), store._writing() as connection:
        connection.execute(
            text("INSERT INTO requests (job, kind, body, status, created_at) VALUES ('x', 'run', '', 'waiting', '')")
        )


def test_append_many_of_nothing_is_a_mistake(url: str) -> None:
    with Store.open(url) as store, pytest.raises(ValueError, match="no events"):
        store.append_many([])


def test_without_expected_roles_signatures_are_still_checked(url: str) -> None:
    import dataclasses

    story = Story().to(State.SIMULATED)
    with Store.open(url, clock=lambda: START) as store:
        store.append(story.events[0])
        forged = dataclasses.replace(story.events[1], signature=story.events[0].signature)
        with pytest.raises(EventChainBroken, match="signed by"):
            store.append(forged)


def test_a_row_count_does_not_grow_with_waiting(url: str) -> None:
    """A thousand waiting jobs: a poll for due ones uses an index, and reads none that is not due."""
    with Store.open(url, roles=ROLES) as store:
        story = Story().to(State.QUEUED)
        store.append_many(story.events)
        with store._writing() as connection:
            names = [row[1] for row in connection.execute(text("PRAGMA table_info(jobs)"))]
            others = [name for name in names if name not in ("job", "escrow_id", "next_look_at")]
            for number in range(1000):
                connection.execute(
                    text(
                        f"INSERT INTO jobs (job, next_look_at, {', '.join(others)}) "
                        f"SELECT :job, '9999', {', '.join(others)} FROM jobs WHERE job = :of"
                    ),
                    {"job": f"job_w{number:09}", "of": story.job},
                )
        with store._reading() as connection:
            query = "EXPLAIN QUERY PLAN SELECT record FROM jobs WHERE state IN ('queued') AND next_look_at <= 'x'"
            plan = " ".join(row[3] for row in connection.execute(text(query)))
        assert "USING INDEX ix_jobs_state_next_look_at" in plan
        from datetime import UTC, datetime

        assert [record.job for record in store.due(datetime.now(UTC))] == [story.job]


def test_a_request_for_an_unknown_job_says_how_to_find_one(url: str) -> None:
    with Store.open(url) as store, pytest.raises(UnknownJob, match="`compute jobs`"):
        store.put_request("job_0000000000", RequestKind.CANCEL, "{}")
