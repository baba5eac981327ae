"""What each end of a job pays, from its signed spec and terms: told before the signature."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.spec import JobSpec
from oracle.terms import JobTerms, fee_of, worker_amount
from oracle.terms.job_terms import BPS


@dataclass(frozen=True)
class Payment:
    """Who gets what; amounts in base units of the terms' token."""

    whole_budget: bool
    """Whether an accepted result earns the whole budget, whatever was used."""
    usd_per_shot: str | None
    """The price of a shot; None where the spec meters by job."""
    shots: int
    budget: int
    fee: int
    """Of the operator, on any signed verdict."""
    accepted: int
    """The worker's, for all shots delivered and accepted."""
    inconclusive: int
    """The worker's, if the validators cannot tell."""
    silent: int
    """The worker's, if the validators say nothing; no fee is taken then."""

    @property
    def returns(self) -> int:
        """What an accepted result leaves of the budget: it goes back to the payer."""
        return self.budget - self.fee - self.accepted

    @property
    def tempts(self) -> bool:
        """Whether the worker earns more by a result that nobody can judge than by an accepted one."""
        return max(self.inconclusive, self.silent) > self.accepted

    def to_json(self) -> dict[str, object]:
        """The payment as JSON; amounts are text, since they may exceed 2^53."""
        return {
            "metered_by": "job" if self.whole_budget else "shot",
            "usd_per_shot": self.usd_per_shot,
            "shots": self.shots,
            "fee": str(self.fee),
            "worker_if_accepted": str(self.accepted),
            "payer_if_accepted": str(self.returns),
            "worker_if_inconclusive": str(self.inconclusive),
            "worker_if_silent": str(self.silent),
        }


def payment_of(spec: JobSpec, terms: JobTerms) -> Payment:
    """The payment of the promoted `spec` under `terms`. Raises ValueError for a spec that was not promoted."""
    if spec.quantum is None:
        raise ValueError("only quantum jobs are paid for here")
    metering, shots, fee = spec.budget.metering, spec.quantum.shots, fee_of(terms)
    return Payment(
        whole_budget=metering.unit == "job",
        usd_per_shot=metering.price_usd,
        shots=shots,
        budget=terms.budget,
        fee=fee,
        accepted=worker_amount(spec, terms, shots),
        inconclusive=(terms.budget - fee) * terms.inconclusive_bps // BPS,
        silent=terms.budget * terms.silence_bps // BPS,
    )
