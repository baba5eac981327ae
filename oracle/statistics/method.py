"""What a certificate or a guard is: one object that says all that specs, plans, verdicts and people need of it.

A new one is a module with its object, and a line in a list of `registry`. What it needs of a spec beyond the thresholds
is a field of `Validation` that is left out of a spec's bytes while it is not set (`LEFT_OUT` there), and a field of
`ValidationPolicy` of the same name, left out of a document's bytes likewise (`oracle.verdict.document`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from fractions import Fraction

from oracle.statistics.certificate import Certificate, Certifier, Setting
from oracle.statistics.policy import ValidationPolicy
from oracle.statistics.record import Guard


class StatisticKind(StrEnum):
    """What a statistic is a number of."""

    DISTANCE = "distance"
    """Total variation, from the baseline or the nearest declared mixture."""
    MISSING = "missing part"
    """Of the baseline's share that must be there."""
    SHARE = "share of shots"
    LEAD = "lead of low scores"
    """The most by which shots of low score exceed their expected share."""
    DEVIATION = "deviation of the mean"
    MEAN = "mean"
    VALUE = "value"
    COUNT = "count"
    """The statistic itself."""


@dataclass(frozen=True)
class Unit:
    """What one of a statistic is, for people."""

    kind: StatisticKind
    one: Fraction
    """The statistic of one unit; below zero where a greater statistic is a smaller value, as for what is maximised."""


Units = Callable[[Certificate, ValidationPolicy, int], tuple[Unit, ...]]
"""Of a finding under a policy on a number of shots: the unit of its statistic, then of each of its parts."""


def counted(finding: Certificate, policy: ValidationPolicy, shots: int) -> tuple[Unit, ...]:
    """The units of a finding whose statistics are counts of their own."""
    return (Unit(StatisticKind.COUNT, Fraction(1)),) * (1 + len(finding.parts))


def share_of_shots(finding: Certificate, policy: ValidationPolicy, shots: int) -> tuple[Unit, ...]:
    """The units of a finding that counts shots."""
    return (Unit(StatisticKind.SHARE, Fraction(shots)),)


class Judges(Enum):
    """What of a delivery a certificate looks at."""

    DISTRIBUTION = auto()
    """How the shots are distributed; honest is who mixes the baseline with noise."""
    VALUES = auto()
    """Values of the shots; honest sets are about means."""
    PAPERS = auto()
    """What comes with the shots: facts, without an error rate."""


@dataclass(frozen=True)
class CertificateMethod:
    """One kind of certificate."""

    name: str
    """``name/version``: in specs, documents and reason codes."""
    judges: Judges
    asks: Callable[[ValidationPolicy], str]
    """What is to be certified, in the words of a plan that falls short: ``TVD 1/4``."""
    certain: Callable[[ValidationPolicy], str]
    """What is then certain of an accepted result, in words that follow "certainly"."""
    make: Callable[[Setting], Certifier] | None = None
    """Made ready; None for one that judges papers. Raises MethodRefused if it cannot judge the setting's baseline."""
    of_papers: Callable[[tuple[str, ...]], Certificate] | None = None
    """Of one that judges papers: the certificate over what is wrong with them."""
    units: Units = counted
    suits: range = range(0)
    """The measured bits at which a job class asks for it; the reach of a few thousand shots."""
    witness: bool = False
    """Whether it counts the shots in one set of outcomes: one outcome of it, again and again, passes it."""
    beside_witness: bool = False
    """Whether it takes uniform noise for a device's, so that it goes with a witness."""
    field: str | None = None
    """The field of the validation section that it judges, and nothing else does."""
    field_example: str = ""
    uses_hull: bool = False
    """Whether it looks at declared noises."""
    bears_noise: bool = True
    """Whether what it asks has a place for noise without a declared mixture."""

    @property
    def weight(self) -> int:
        """Its weight in sharing beta: one that counts loses power with the share, one that bounds a distance or a mean
        a logarithm's root."""
        return COUNTING_WEIGHT if self.witness else 1


COUNTING_WEIGHT = 8


@dataclass(frozen=True)
class GuardMethod:
    """One kind of guard: it may reject, and never accepts."""

    name: str
    make: Callable[[Setting], Guard]
    """Made ready. Raises MethodRefused if it has nothing to say of the setting's baseline."""
    by_default: Callable[[Collection[str], bool], bool]
    """Whether a spec that names no guards gets it: of the ids of its certificates, and whether it sets `field`."""
    units: Units = counted
    field: str | None = None
    """The field of the validation section that it looks at, and nothing else does."""
    field_example: str = ""
    uses_hull: bool = False


def always(certificates: Collection[str], field: bool) -> bool:
    """For guards that say nothing of how far a device may drift: they stand beside every certificate."""
    return True


def never(certificates: Collection[str], field: bool) -> bool:
    """For guards that a spec has to name."""
    return False


def percent(value: Fraction) -> str:
    """A probability with as many digits as it has, up to two decimals."""
    return f"{float(value) * 100:.2f}".rstrip("0").rstrip(".") + "%"


def number(value: Fraction) -> str:
    """A value to six digits."""
    return f"{float(value):.6g}"
