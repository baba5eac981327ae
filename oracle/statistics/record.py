"""What a guard sees, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from oracle.statistics.certificate import Certificate, Counts, MethodRefused, Outcomes


@dataclass(frozen=True, eq=False)
class Record:
    """A result, shot by shot and counted."""

    sequence: npt.NDArray[np.int64] | None
    """int64[shots]: each shot's outcome, in the order of the device; None if only the counts are known."""
    outcomes: Outcomes
    """int64[distinct]: the outcomes seen, ascending."""
    counts: Counts
    """int64[distinct]: how often each was seen; the sum is the number of shots."""

    @property
    def shots(self) -> int:
        """How many shots there are."""
        return int(self.counts.sum())

    @classmethod
    def of(cls, sequence: npt.NDArray[np.int64]) -> Record:
        """The record whose shots are `sequence`."""
        outcomes, counts = np.unique(sequence, return_counts=True)
        return cls(sequence, outcomes, counts.astype(np.int64))

    def in_order(self, method: str) -> npt.NDArray[np.int64]:
        """The shots in their order, which guard `method` needs. Raises MethodRefused if there is none: a guard on an
        order that was made up would find what the making put there."""
        if self.sequence is None:
            raise MethodRefused(method, "only counts are known, not the order of the shots")
        return self.sequence


class Guard(Protocol):
    """A reject-only test made ready for one baseline, number of shots and error rate."""

    @property
    def method(self) -> str:
        """The guard's id, ``name/version``."""
        ...

    def inspect(self, record: Record) -> Certificate:
        """The finding on `record`: REJECT or NEITHER, and never an accept bound.

        Raises MethodRefused if it needs the order of the shots and the record has none.
        """
        ...
