"""How much one requester may ask for: hardware runs in a day, jobs in an hour, jobs at one time."""

from __future__ import annotations

from dataclasses import dataclass

from router.control.gates.context import GateContext
from router.control.gates.gate import Allow, Answer, Deny, Eligible


@dataclass(frozen=True)
class HardwareRunsGate:
    """Stops a research loop from becoming a cost centre."""

    name: str = "hardware_runs_per_day"

    def check(self, context: GateContext) -> Answer:
        if not context.hardware:
            return Allow(self.name, f"{context.target} is a simulator; its runs are not counted")
        limit, used = context.promotion.max_hardware_runs_per_day, context.usage.hardware_runs_last_day
        if used < limit:
            return Allow(self.name, f"{used} of {limit} hardware runs in the last 24 hours")
        return Deny(
            self.name,
            f"{used} hardware runs in the last 24 hours, of {limit}",
            "wait until one is a day old; the limit is promotion_policy.max_hardware_runs_per_day in policy.yaml",
            (Eligible.SIMULATION, Eligible.PAID_SIMULATOR, Eligible.LATER),
        )


@dataclass(frozen=True)
class QuotaGate:
    """One requester does not crowd out the others."""

    name: str = "quota"

    def check(self, context: GateContext) -> Answer:
        usage, quotas = context.usage, context.policy.quotas
        over = []
        if usage.jobs_last_hour > quotas.jobs_per_hour:
            over.append(f"{usage.jobs_last_hour} jobs in the last hour, of {quotas.jobs_per_hour}")
        if usage.live_jobs >= quotas.live_jobs:
            over.append(f"{usage.live_jobs} other jobs under way, of {quotas.live_jobs}")
        if over:
            remedy = "wait for jobs to end: `compute jobs`; the limits are `quotas` in policy.yaml"
            return Deny(self.name, "; ".join(over), remedy, (Eligible.SIMULATION, Eligible.LATER))
        return Allow(
            self.name,
            f"{usage.jobs_last_hour} of {quotas.jobs_per_hour} jobs in the last hour, "
            f"{usage.live_jobs} of {quotas.live_jobs} others under way",
        )
