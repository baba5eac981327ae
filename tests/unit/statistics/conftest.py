"""The baseline and the policy that most tests of the statistics are about."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from oracle.spec import ValidationPolicy
from oracle.statistics import TVD, WITNESS, Baseline

_GOLDEN = Path(__file__).parents[2] / "golden" / "verdict_documents.json"


@pytest.fixture(scope="session")
def ring5() -> Baseline:
    """QAOA of depth 2 for a weighted maximum cut of a ring of five."""
    return Baseline.from_bytes(json.loads(_GOLDEN.read_text())["baselines"]["ring5"].encode())


@pytest.fixture
def policy() -> Callable[..., ValidationPolicy]:
    """The default policy, with what a test changes."""

    def make(*certificates: str, **changes: Fraction) -> ValidationPolicy:
        rates = {
            "alpha": Fraction(1, 100),
            "beta": Fraction(1, 100),
            "eps": Fraction(1, 4),
            "honest_eps": Fraction(1, 4),
            "f_min": Fraction(7, 10),
            "honest_f": Fraction(7, 10),
        }
        return ValidationPolicy(**(rates | changes), certificates=certificates or (TVD, WITNESS))

    return make
