"""The operator's policy, ``.compute/policy.yaml``: what may be promoted, how large, how often, and at what rate."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

from oracle.encoding import Finding, InputRejected, parse_rational
from oracle.spec import PromotionPolicy
from oracle.spec.fields import Address, Flag, PositiveInt, PositiveRational, Section, Text, Usd, documented, whole
from oracle.spec.reading.diagnosis import diagnose
from oracle.spec.reading.document import read_document


class Limits(Section):
    """The largest circuit that this operator runs, wherever it runs."""

    max_qubits: Annotated[int, whole(1, 1024)] = documented("Qubits of a circuit.", default=24, example=24)
    max_depth: PositiveInt = documented("Depth of a circuit.", default=2_000, example=2_000)
    max_two_qubit_gates: PositiveInt = documented("Two-qubit gates of a circuit.", default=2_000, example=2_000)
    max_shots: Annotated[int, whole(1, 10**7)] = documented("Shots of a run.", default=100_000, example=100_000)


class Quotas(Section):
    """How much one requester may ask for."""

    jobs_per_hour: PositiveInt = documented("Jobs a requester may create in an hour.", default=60, example=60)
    live_jobs: PositiveInt = documented("Promoted jobs of a requester at one time.", default=20, example=20)


class Requesters(Section):
    """Requesters the operator has made up its mind about; the others are decided by an approval."""

    known: tuple[Address, ...] = documented(
        "Addresses that need no approval.", default=(), example=["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]
    )
    blocked: tuple[Address, ...] = documented("Addresses that are served nothing.", default=(), example=[])


class Rates(Section):
    """US dollars for one whole token and for one shot; pinned in each promoted spec."""

    usd_per_token: PositiveRational = documented(
        "For the deployment's token (the local stack's play dollar).", default="1", example="1"
    )
    usd_per_native: PositiveRational | None = documented(
        "For the chain's own coin; without it, no job is budgeted in it.", default=None, example="2500"
    )
    usd_per_hardware_second: Usd | None = documented(
        "What a second on hardware costs the operator: no run takes longer than its budget buys.",
        default=None,
        example="1.6",
    )
    usd_per_shot: Usd = documented(
        "For a delivered shot, where a spec meters by shot and names no price.", default="0.005", example="0.005"
    )
    source: Text = documented(
        "Where the rates come from.", default="operator: fixed rate", example="operator: fixed rate"
    )


class OperatorPolicy(Section):
    """Everything the operator decides. A spec may tighten `promotion_policy`, and nothing else."""

    promotion_policy: PromotionPolicy = documented(
        "What must hold before a simulated job may reach hardware.",
        default_factory=PromotionPolicy,
        example={"max_hardware_runs_per_day": 3},
    )
    limits: Limits = documented("The largest circuit.", default_factory=Limits, example={"max_qubits": 24})
    quotas: Quotas = documented(
        "How much one requester may ask for.", default_factory=Quotas, example={"live_jobs": 20}
    )
    requesters: Requesters = documented(
        "Who is known, who is blocked.", default_factory=Requesters, example={"known": []}
    )
    rates: Rates = documented("What a token is worth.", default_factory=Rates, example={"usd_per_token": 1})
    fake_hardware_enabled: Flag = documented(
        "Whether `--target ibm` without credentials may run on a labelled fake device.", default=False, example=True
    )

    @property
    def usd_per_token(self) -> Fraction:
        """US dollars for one whole deployment token."""
        return parse_rational(self.rates.usd_per_token)


DEFAULT_POLICY_TEXT = """\
# The operator's policy. A job spec may tighten `promotion_policy`, never loosen it.
# What is left out here has the value shown, except fake_hardware_enabled, which is then false.

promotion_policy:
  require_simulation: true
  # Total variation between the simulated distribution and the requester's baseline; exact, no sampling.
  require_baseline_distance_below: 0.08
  # Of one requester, in any 24 hours.
  max_hardware_runs_per_day: 3
  # A person allows these with `compute approve JOB`, for the job, its family or its requester.
  require_manual_approval_for:
    - new_circuit_family
    - budget_over_50
    - unknown_requester

# The largest circuit that runs here, wherever it runs.
limits:
  max_qubits: 24
  max_depth: 2000
  max_two_qubit_gates: 2000
  max_shots: 100000

# Of one requester.
quotas:
  jobs_per_hour: 60
  live_jobs: 20

# Addresses. `known` need no approval, `blocked` are served nothing.
requesters:
  known: []
  blocked: []

# US dollars for one whole token, pinned in each promoted spec. Without usd_per_native no job is budgeted in the coin.
# With usd_per_hardware_second (what a second at IBM costs you) no run takes longer than its budget buys.
# usd_per_shot is what a delivered shot costs where a spec meters by shot and names no price_usd of its own.
rates:
  usd_per_token: 1
  usd_per_shot: 0.005
  source: "operator: fixed rate"

# Whether `--target ibm` without IBM credentials may run on fake_torino: a simulation of a device, labelled as one.
fake_hardware_enabled: true
"""
"""What `compute up` writes where no policy is."""


def parse_policy(data: bytes, source: str = "policy.yaml") -> OperatorPolicy:
    """The policy that `data` (YAML) holds, defaults filled in; raises InputRejected with every finding."""
    document = read_document(data)
    if not document.findings and not isinstance(document.data, dict):
        where = document.line_of(())
        raise InputRejected(
            source, [Finding("", where, "a policy is a mapping", "begin with limits: {max_qubits: 24}")]
        )
    read = diagnose(OperatorPolicy, document)
    if read.model is None:
        raise InputRejected(source, read.findings)
    return read.model


def load_policy(path: Path) -> OperatorPolicy:
    """The policy in the file at `path`, or the defaults if there is none; raises InputRejected."""
    if not path.is_file():
        return OperatorPolicy()
    return parse_policy(path.read_bytes(), str(path))
