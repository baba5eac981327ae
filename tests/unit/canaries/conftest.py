"""A policy, and batches of which only the digests and outcomes matter."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from oracle.canaries import Assignment, Canary, CanaryPolicy, Draws, assign
from oracle.encoding import sha256_hex

SEED = "5e" * 32


@pytest.fixture
def policy() -> Callable[..., CanaryPolicy]:
    """alpha = beta = 1/100, a fifth of the batch, a floor of one half; with what a test changes."""

    def make(**changes: Fraction) -> CanaryPolicy:
        rates = {
            "alpha": Fraction(1, 100),
            "beta": Fraction(1, 100),
            "cheating_share": Fraction(1, 5),
            "floor": Fraction(1, 2),
        }
        return CanaryPolicy(**(rates | changes))

    return make


@pytest.fixture
def assignment(policy: Callable[..., CanaryPolicy]) -> Callable[..., Assignment]:
    """An assignment of `targets` targets and `canaries` canaries of eight bits, 200 shots each."""

    def make(targets: int = 20, canaries: int = 16, seed: str = SEED, **changes: Fraction) -> Assignment:
        draws = Draws("test/assignment", seed)
        kinds = [True] * canaries + [False] * targets
        draws.shuffle(kinds)
        places = tuple(Canary(place, f"{draws.below(256):08b}") for place, is_canary in enumerate(kinds) if is_canary)
        digests = tuple(sha256_hex(f"circuit {place}".encode()) for place in range(targets + canaries))
        return assign(seed, digests, 8, 200, policy(**changes), places)

    return make
