"""A local stack as a user starts it, and the command line as a user types it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal, terminal_in


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal without a stack."""
    return terminal_in(tmp_path)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A terminal with a running stack, which ends with the module."""
    running = terminal_in(tmp_path_factory.mktemp("stack"))
    running("up")
    try:
        yield running
    finally:
        running("down")
