"""Money that moves after a verdict has somebody to rule on it, and time to do so."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.spec.faults import Fault
from oracle.spec.sections.course import Settlement


def settlement_faults(settlement: Settlement) -> Iterator[Fault]:
    """What is wrong with `settlement`."""
    if settlement.challenge_window_s > 0 and settlement.arbiter is None:
        yield Fault(
            "settlement.arbiter",
            ("settlement.challenge_window_s",),
            "a challenge window needs an arbiter to rule on what is disputed in it",
            'write arbiter: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC" (its address), or challenge_window_s: 0',
        )
    if (settlement.challenge_window_s > 0 or settlement.arbiter is not None) and settlement.ruling_window_s == 0:
        yield Fault(
            "settlement.ruling_window_s",
            ("settlement.challenge_window_s", "settlement.arbiter"),
            "an arbiter without a ruling window has no time to rule on a dispute",
            "write ruling_window_s: 86400, or name no arbiter and write challenge_window_s: 0",
        )
    if settlement.fee_bps > 0 and settlement.fee_to is None:
        yield Fault(
            "settlement.fee_to",
            ("settlement.fee_bps",),
            "a fee needs a receiver",
            'write fee_to: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8" (its address), or fee_bps: 0',
        )
    if settlement.arbiter is not None and settlement.arbiter == settlement.fee_to:
        yield Fault(
            "settlement.fee_to",
            ("settlement.arbiter",),
            f"{settlement.fee_to} is the arbiter too, who would earn by not ruling: a ruling takes no fee",
            'write fee_to: "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65" (the address of somebody else)',
        )
