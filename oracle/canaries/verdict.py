"""From survivals to a verdict on a batch.

A canary survives a shot that returns its expected outcome; of N shots, k survive. With the bounds of plan.py it
*survives* if k >= accept_at, *fails* if k <= reject_at, and else it is *open*. The batch is rejected if any canary
fails, accepted if all survive, and inconclusive otherwise.

An honest worker's canary fails with probability at most beta / m, so one of m does with at most beta. A canary that was
cheated on survives with probability at most alpha + luck, and a worker that cheats on the policy's share is accepted at
most missed() <= alpha often; a batch with too few canaries for that is never accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from oracle.canaries.commitment import Assignment
from oracle.canaries.plan import Bounds, CanaryPolicy, bounds, missed
from oracle.encoding import canonical_bytes, digest_of, sha256_hex
from oracle.encoding.errors import OracleError
from oracle.statistics import Decision
from oracle.terms.typed_data import Outcome

SCHEMA = "canary-verdict/1"

Counts = Mapping[str, int]
"""How often each outcome (bits, classical bit 0 rightmost) was seen."""


class ResultsRejected(OracleError, ValueError):
    """Counts that are none of this batch's; the message says which and why."""


@dataclass(frozen=True)
class Survival:
    """One canary's shots."""

    index: int
    """Position in the batch."""
    survived: int
    """Shots that returned the expected outcome."""
    received: int
    """Shots in all."""
    decision: Decision


@dataclass(frozen=True)
class CanaryVerdict:
    """A batch's verdict, complete; canonical JSON without floats, like a job's."""

    commitment: str
    results: str
    """SHA-256 of the results' canonical JSON: a list of counts in the batch's order."""
    policy: CanaryPolicy
    shots: int
    targets: int
    bounds: Bounds
    survivals: tuple[Survival, ...]
    outcome: Outcome
    reason_codes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        accept, reject = self.bounds.accept_at, self.bounds.reject_at
        return {
            "schema": SCHEMA,
            "commitment": self.commitment,
            "results": self.results,
            "policy": self.policy.to_json(),
            "shots": self.shots,
            "targets": self.targets,
            "accept": None if accept is None else {"at_least": accept},
            "reject": None if reject is None else {"at_most": reject},
            "canaries": [
                {
                    "index": each.index,
                    "survived": each.survived,
                    "received": each.received,
                    "decision": each.decision.value,
                }
                for each in self.survivals
            ],
            "outcome": self.outcome.name.lower(),
            "reason_codes": list(self.reason_codes),
        }

    def to_bytes(self) -> bytes:
        """The RFC 8785 bytes."""
        return canonical_bytes(self.to_json())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return sha256_hex(self.to_bytes())


def judge_canaries(assignment: Assignment, results: Sequence[Counts]) -> CanaryVerdict:
    """The verdict on `results`, counts of each circuit in the batch's order, under a revealed assignment.

    Raises ResultsRejected for counts that are not the batch's in number, width or kind. A circuit with another number
    of shots than was asked for is the worker's fault and rejects, a target's as well as a canary's.
    """
    _check(assignment, results)
    found = bounds(assignment.policy, len(assignment.canaries), assignment.shots)
    survivals = []
    for canary in assignment.canaries:
        counts = results[canary.index]
        survived = counts.get(canary.expected, 0)
        decision = _decide(found, survived)
        survivals.append(Survival(canary.index, survived, sum(counts.values()), decision))
    outcome, reasons = _combine(assignment, results, survivals)
    return CanaryVerdict(
        commitment=assignment.batch.commitment,
        results=digest_of([dict(counts) for counts in results]),
        policy=assignment.policy,
        shots=assignment.shots,
        targets=len(assignment.circuits) - len(assignment.canaries),
        bounds=found,
        survivals=tuple(survivals),
        outcome=outcome,
        reason_codes=tuple(reasons),
    )


def _decide(found: Bounds, survived: int) -> Decision:
    if found.reject_at is not None and survived <= found.reject_at:
        return Decision.REJECT
    if found.accept_at is not None and survived >= found.accept_at:
        return Decision.ACCEPT
    return Decision.NEITHER


def _combine(
    assignment: Assignment, results: Sequence[Counts], survivals: Sequence[Survival]
) -> tuple[Outcome, list[str]]:
    short = [place for place, counts in enumerate(results) if sum(counts.values()) != assignment.shots]
    if short:
        return Outcome.REJECT, [f"wrong_shot_count:{place}" for place in short]
    failed = [each.index for each in survivals if each.decision is Decision.REJECT]
    if failed:
        return Outcome.REJECT, [f"canary_failed:{index}" for index in failed]
    unsettled = [f"canary_open:{each.index}" for each in survivals if each.decision is not Decision.ACCEPT]
    targets = len(assignment.circuits) - len(survivals)
    if missed(assignment.policy, targets, len(survivals)) > assignment.policy.alpha:
        unsettled.append("too_few_canaries")
    return (Outcome.INCONCLUSIVE, unsettled) if unsettled else (Outcome.ACCEPT, ["canaries_survived"])


def _check(assignment: Assignment, results: Sequence[Counts]) -> None:
    wanted = len(assignment.circuits)
    if len(results) != wanted:
        raise ResultsRejected(f"{len(results)} results for the batch's {wanted} circuits")
    for place, counts in enumerate(results):
        for outcome, count in counts.items():
            if len(outcome) != assignment.bits or set(outcome) - {"0", "1"}:
                raise ResultsRejected(f"result {place}: {outcome!r} is not {assignment.bits} bits")
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise ResultsRejected(f"result {place}: {outcome} has a count of {count!r}")
