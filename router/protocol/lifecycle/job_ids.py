"""Job ids: ``job_`` and ten characters of Crockford's base 32, 50 random bits, no letter that reads as a digit."""

from __future__ import annotations

import re
import secrets
from typing import Protocol

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10
_JOB_ID = re.compile(f"job_[{ALPHABET}]{{{LENGTH}}}")


class Randomness(Protocol):
    """Where randomness comes from: the `secrets` module, or a seeded `random.Random` in tests."""

    def choice(self, seq: str, /) -> str: ...


def new_job_id(rng: Randomness = secrets) -> str:
    """A fresh job id. 50 bits: among a million jobs, another job has the same one with probability 4e-4."""
    return "job_" + "".join(rng.choice(ALPHABET) for _ in range(LENGTH))


def is_job_id(text: str) -> bool:
    """Whether `text` has the form of a job id."""
    return _JOB_ID.fullmatch(text) is not None
