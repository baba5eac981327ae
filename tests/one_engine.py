"""Ending an engine of a test, so that the next of the process may start another: DBOS has one registry a process."""

from __future__ import annotations

from dbos import _dbos

from router.control.operating.engine import Engine


def end(engine: Engine) -> None:
    """Close `engine`, and forget its workflows' instance: a second of that name is refused."""
    engine.close()
    _dbos._get_or_create_dbos_registry().instance_info_map.clear()
