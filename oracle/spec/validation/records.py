"""What simulate and promote froze is what the spec still says."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.spec.faults import Fault
from oracle.spec.sections.body import SpecBody


def record_faults(spec: SpecBody) -> Iterator[Fault]:
    """Where `spec` is not what its records are of."""
    if spec.simulation is not None:
        if spec.quantum is not None and spec.quantum.circuit_hash != spec.simulation.circuit_hash:
            yield Fault(
                "quantum.circuit_hash",
                ("simulation.circuit_hash",),
                "this is not the circuit that was simulated",
                "take the simulation section out and simulate again",
            )
        if spec.validation.baseline_root != spec.simulation.baseline_root:
            yield Fault(
                "validation.baseline_root",
                ("simulation.baseline_root",),
                "this is not the baseline that was simulated",
                "take the simulation section out and simulate again",
            )
    if spec.promotion is not None:
        if spec.promotion.max_usd_equivalent != spec.budget.max_usd_equivalent:
            yield Fault(
                "promotion.max_usd_equivalent",
                ("budget.max_usd_equivalent",),
                "the promotion is for another budget",
                "take the promotion section out and promote the simulated job",
            )
        if spec.budget.amount is None:
            yield Fault(
                "budget.amount",
                ("promotion",),
                "a promoted spec carries its amount",
                "take the promotion section out and promote the simulated job",
            )
