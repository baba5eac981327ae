"""A whole stack whose record and workflows live in PostgreSQL, by one URL in the environment."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest
from postgresql_server import new_database, postgresql_server
from terminal import terminal_in

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_job_is_settled_on_postgresql_though_its_router_is_killed(tmp_path: Path) -> None:
    with postgresql_server() as folder:
        url = new_database(folder)
        stack = terminal_in(tmp_path).having(COMPUTE_DATABASE_URL=url)
        stack("up")
        try:
            stack("quantum", "init", "demo")
            job = stack("quantum", "simulate", "./demo/job.yaml", "--json").json["job"]
            stack("quantum", "promote", job, "--target", "ibm", "--max-budget", "25")
            os.kill(stack.pid("router"), signal.SIGKILL)
            stack("up")
            stack("quantum", "watch", job, "--timeout", "150")
            ended = stack("quantum", "inspect", job, "--json").json["record"]
            assert (ended["state"], ended["escrow"]) == ("settled", "released")
            stack("quantum", "validate", job)
        finally:
            stack("down")
        assert not list((tmp_path / ".compute").glob("*.sqlite*")), "something was kept beside the server"
        with psycopg.connect(url) as database:
            found = database.execute("SELECT state FROM jobs WHERE job = %s", (job,)).fetchone()
        assert found == ("settled",)
