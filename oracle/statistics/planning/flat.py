"""Nearly flat circuits: the likely outcomes hold little more than chance, and readout errors move as much.

Against uniform a fidelity is a share of shots less chance, over the level set's contrast. Depolarising noise shrinks
the first as it does the second; readout errors move the share by what the neighbours of the set hold, whatever the
contrast. So where that is small, a worker of high fidelity in every other respect may show a low one, and a plan has to
hold for that worker as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil

from oracle.encoding import format_rational
from oracle.statistics.baseline import Baseline
from oracle.statistics.certificate import Certifier, OfTheWholeLaw
from oracle.statistics.laws.hull import misread
from oracle.statistics.methods.share import WITNESS, ShareCertifier

FLAT_CONTRAST = Fraction(1, 5)
"""Circuits whose level set differs from chance by less are planned for with readout errors, too."""
ZERO_AS_ONE, ONE_AS_ZERO = Fraction(1, 100), Fraction(1, 20)
"""How often the planned device misreads each bit."""
LEAST_ASKED = 8
"""A lower fidelity than this many twentieths is proposed to nobody."""


@dataclass(frozen=True)
class FlatCircuit:
    """What readout errors make of a nearly flat circuit."""

    witness: ShareCertifier
    law: Baseline
    """Of a worker who is ideal but for them."""

    @property
    def fidelity(self) -> Fraction:
        """What the witness sees of that worker."""
        level_set = self.witness.level_set
        return level_set.fidelity(level_set.share_of(self.law, self.witness.baseline))

    def accepted_by(self, certifiers: Sequence[Certifier], fidelity: Fraction) -> Fraction:
        """A lower estimate of the probability that all of `certifiers` accept that worker. Those that forecast no law
        as a whole are asked for a worker at `fidelity`."""
        missed = sum(
            (
                1 - (each.accepts_law(self.law) if isinstance(each, OfTheWholeLaw) else each.accepts_honest(fidelity))
                for each in certifiers
            ),
            Fraction(0),
        )
        return 1 - missed

    def sentence(self) -> str:
        """Why the shots do not do, for people."""
        return (
            f"the circuit is nearly flat: its likely outcomes hold {float(self.witness.level_set.contrast):.2f} more "
            f"than chance, and a device that is ideal but for readout errors of {float(ZERO_AS_ONE):g} (0 as 1) and "
            f"{float(ONE_AS_ZERO):g} (1 as 0) shows a fidelity of {float(self.fidelity):.2f}"
        )


def lower_fidelity(f_min: Fraction, shots: int, does: Callable[[Fraction], bool]) -> str:
    """The greatest lower f_min of whole twentieths with which `shots` do, or what else to try, for people."""
    for twentieths in range(ceil(f_min * 20) - 1, LEAST_ASKED - 1, -1):
        lower = Fraction(twentieths, 20)
        if does(lower):
            return f"with f_min: {format_rational(lower)} these {shots:,} shots do"
    least = format_rational(Fraction(LEAST_ASKED, 20))
    return f"no f_min from {least} on helps: measure what tells outcomes apart better"


# One, for its law may hold 128 MiB.
@lru_cache(maxsize=1)
def _misread(baseline: Baseline) -> Baseline:
    return misread(baseline, ZERO_AS_ONE, ONE_AS_ZERO)


def flat_circuit(baseline: Baseline, certifiers: Sequence[Certifier]) -> FlatCircuit | None:
    """The circuit of `baseline` if a witness among `certifiers` finds it nearly flat, else None."""
    for each in certifiers:
        if isinstance(each, ShareCertifier) and each.method == WITNESS:
            if each.level_set.contrast < FLAT_CONTRAST:
                return FlatCircuit(each, _misread(baseline))
            return None
    return None
