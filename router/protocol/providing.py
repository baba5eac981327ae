"""What every provider adapter offers, and the frozen values that cross it. Imports nothing heavy, so it is instant.

A submission is idempotent by its tag: a tag names one approved run, and however often it is submitted, by however
many processes, one provider job stands for it. Circuits cross as OpenQASM 3, shots as PackedShots.

    ProviderError
    ├── ProviderUnavailable     nothing is known to be wrong with the work: try again later (`retryable`)
    ├── ProviderRefused         the work itself cannot run there as it stands
    │   └── JobLost             it knows no such job, or has lost it: no result will ever come
    └── ResultUnusable          the provider job ended, but left nothing that may be judged or paid
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from router.errors import RouterError

if TYPE_CHECKING:
    from oracle.artifacts.shots import PackedShots

_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

Kind = Literal["simulator", "hardware", "fake_hardware"]


class ProviderError(RouterError):
    """Something a provider said or did not say; the message is one line and ends with what to do."""

    retryable = False

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} — {remedy}")
        self.reason = reason
        self.remedy = remedy


class ProviderUnavailable(ProviderError):
    """The provider cannot be asked just now; the same call may succeed later. Never says that a submit failed:
    after it, `find` tells whether the submission arrived."""

    retryable = True

    def __init__(self, reason: str, remedy: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason, remedy)
        self.retry_after_s = retry_after_s
        """Seconds the provider asked to be left alone; None when it did not say."""


class ProviderRefused(ProviderError):
    """The provider, or its adapter, will not run this work."""


class JobLost(ProviderRefused):
    """The provider does not know the job that a reference or a tag names, or what it kept of it is damaged."""


class ResultUnusable(ProviderError):
    """There is no result for this reference: it is not complete, it failed, or what came back is not shots."""


class JobState(Enum):
    """Where a provider job stands."""

    QUEUED = "queued"  # accepted, not started
    RUNNING = "running"  # started
    COMPLETED = "completed"  # ended with a result
    FAILED = "failed"  # ended without one
    CANCELLED = "cancelled"  # stopped because it was asked to

    @property
    def ended(self) -> bool:
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True)
class Target:
    """One thing a provider can run on."""

    name: str
    provider: str
    kind: Kind
    qubits: int
    """The widest circuit of any kind that it takes; a simulator may take wider ones of special kinds."""
    label: str
    """For people; says so when it is a simulation of hardware and not hardware."""
    methods: tuple[str, ...]
    """Simulation methods in the order in which they are considered; empty for hardware."""


@dataclass(frozen=True)
class Work:
    """One run that has been approved."""

    tag: str
    """Unique per approved run: letters, digits, ``.``, ``_``, ``-``, at most 80 characters."""
    qasm3: str
    """OpenQASM 3 source; result bits follow its classical bits in declaration order, the first being bit 0."""
    shots: int
    target: str
    seed: int | None = None
    """Simulator seed, 0 … 2^63 - 1; None lets the provider draw one and record it. Hardware ignores it."""
    max_seconds: int | None = None
    """The longest that it may run, in whole seconds (on hardware: occupy it); None: as long as the provider lets it."""
    deliver_by: int | None = None
    """Seconds since 1970 by which its result must be delivered: nothing that can be left out is waited for past it."""

    def __post_init__(self) -> None:
        if not is_tag(self.tag):
            raise ProviderRefused(
                f"tag {self.tag!r} is not a tag",
                "use 1 to 80 letters, digits, dots, dashes and underscores, such as job_x7k2m9q4ht.r1",
            )
        if self.shots < 1:
            raise ProviderRefused(f"{self.shots} shots is not a run", "ask for at least one shot")
        if self.max_seconds is not None and self.max_seconds < 1:
            raise ProviderRefused(f"{self.max_seconds} seconds is no time for a run", "allow at least one second")
        if self.seed is not None and not 0 <= self.seed < 2**63:
            raise ProviderRefused(f"seed {self.seed} is out of range", "use a seed from 0 to 2^63 - 1, or none")


@dataclass(frozen=True)
class Reference:
    """A provider's own run: a reference, never a key of ours."""

    provider: str
    target: str
    provider_job: str


@dataclass(frozen=True)
class Estimate:
    """What a run would cost in time, as far as the provider says."""

    queue_s: float | None
    """Seconds until it starts; None when nobody knows."""
    seconds: float | None
    """Seconds it occupies the target; None when nobody knows."""
    pending_jobs: int | None
    """Jobs ahead of it; None when the provider does not say."""


@dataclass(frozen=True)
class RunStatus:
    state: JobState
    reason: str = ""
    """Why it failed or was cancelled, or what it is doing, for people; empty when there is nothing to say."""
    look_again_s: float | None = None
    """Seconds after which asking again is worth a request; None where asking costs nothing."""


@dataclass(frozen=True)
class RunReceipt:
    """What the provider says it did."""

    provider_job: str
    target: str
    shots: int
    seconds: str | None
    """Seconds charged or occupied, as a decimal text (never a float: it is digested); None while the provider has not
    settled that figure."""
    started_at: str
    """RFC 3339 UTC; empty when the provider does not say."""
    finished_at: str
    method: str
    """Simulation method, or ``hardware``."""
    seed: int | None
    """The simulator's seed; None on hardware."""
    max_seconds: int | None = None
    """The seconds that bounded it; None where nothing did."""

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> RunReceipt:
        """From what `to_json` wrote. Raises KeyError, TypeError and ValueError for what is no receipt."""
        seed = raw.get("seed")
        members = {name: raw[name] for name in (item.name for item in fields(cls)) if name in raw}
        return cls(**members | {"seed": None if seed is None else int(seed)})

    def to_json(self) -> dict[str, object]:
        """JSON with no floats; the seed is a text, since it may exceed 2^53."""
        return {
            "finished_at": self.finished_at,
            "max_seconds": self.max_seconds,
            "method": self.method,
            "provider_job": self.provider_job,
            "seconds": self.seconds,
            "seed": None if self.seed is None else str(self.seed),
            "shots": self.shots,
            "started_at": self.started_at,
            "target": self.target,
            "usage": "pending" if self.seconds is None else "final",
        }


@dataclass(frozen=True)
class Result:
    shots: PackedShots
    receipt: RunReceipt
    calibration: bytes | None
    """Canonical JSON of the device's properties at the time of the run; None for an ideal simulator."""
    isa_qasm3: str
    """The circuit as it was run, OpenQASM 3; physical qubits are ``$n``."""
    transpilation: str
    """One line: how the ISA circuit came about and what it measures."""


def is_tag(text: str) -> bool:
    """Whether `text` has the form of a Work's tag."""
    return _TAG.fullmatch(text) is not None


@runtime_checkable
class Provider(Protocol):
    """A place where circuits run. Every call may raise ProviderUnavailable."""

    @property
    def name(self) -> str:
        """``aer``, ``fake``, ``ibm``: the name of the entry point."""
        ...

    def capabilities(self) -> tuple[Target, ...]:
        """The targets there are now."""
        ...

    def estimate(self, work: Work) -> Estimate:
        """Times for `work`, with None for what is not known. Raises ProviderRefused as `submit` would."""
        ...

    def submit(self, work: Work) -> Reference:
        """Start `work`, or find it already started under its tag.

        Raises ProviderRefused for work that the target cannot run and for a tag that names other work.
        """
        ...

    def find(self, tag: str, target: str) -> Reference | None:
        """The provider job that was submitted with `tag`, whoever submitted it; None if there is none."""
        ...

    def status(self, ref: Reference) -> RunStatus:
        """Where it stands. Raises JobLost for a reference that the provider does not know, or no longer."""
        ...

    def result(self, ref: Reference) -> Result:
        """The shots and their papers. Raises ResultUnusable if there are none (yet), JobLost as `status`."""
        ...

    def cancel(self, ref: Reference) -> bool:
        """Ask it to stop: True if it has ended as CANCELLED or surely will, False if it ended otherwise.

        Raises ProviderUnavailable while that is not known: ask again.
        """
        ...
