"""The provider's queue, against the requester's patience."""

from __future__ import annotations

from dataclasses import dataclass

from router.control.gates.context import GateContext
from router.control.gates.gate import Allow, Answer, Deny, Eligible


@dataclass(frozen=True)
class QueueGate:
    """The tolerance is at least the current estimate. An unknown estimate allows: the deadline still protects."""

    name: str = "queue"

    def check(self, context: GateContext) -> Answer:
        tolerance, estimate = context.queue.tolerance_s, context.queue.estimate_s
        if estimate is None:
            return Allow(
                self.name, f"{context.target} does not say how long its queue is; at most {tolerance} s are waited"
            )
        if estimate <= tolerance:
            return Allow(self.name, f"about {estimate} s of at most {tolerance} s")
        minutes = -(-estimate // 60)
        return Deny(
            self.name,
            f"{context.target} expects about {estimate} s in its queue, the spec waits {tolerance} s",
            f"write quantum.max_queue_minutes: {minutes} or more, choose another target, or try later",
            (Eligible.SIMULATION, Eligible.PAID_SIMULATOR, Eligible.LATER),
        )
