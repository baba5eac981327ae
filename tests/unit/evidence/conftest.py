"""A bundle of a settled job, as `compute bundle` wrote it on a local stack that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.evidence.packing.bundle import Bundle, read_bundle

ACCEPTED = Path(__file__).with_name("accepted.evidence.zip")


@pytest.fixture(scope="session")
def accepted() -> bytes:
    return ACCEPTED.read_bytes()


@pytest.fixture(scope="session")
def bundle(accepted: bytes) -> Bundle:
    return read_bundle(accepted)
