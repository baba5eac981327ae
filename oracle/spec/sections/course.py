"""How a job goes on: its times, until when it may be cancelled, what it delivers, how money moves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from oracle.spec.fields import Address, Bps, Seconds, Section, WindowSeconds, documented, whole

MOST_ROUNDS = 8
"""Deliveries in all, as in the contract's rules."""


class Timeouts(Section):
    """How long each stage may take, in seconds."""

    queue_s: Annotated[int, whole(0, 30 * 86_400)] | None = documented(
        "In a provider's queue; left out: quantum.max_queue_minutes.", default=None, example=7200
    )
    execution_s: Seconds = documented("Running, once it left the queue.", default=3600, example=3600)
    result_s: Seconds = documented("From the end of the run to the delivery on-chain.", default=900, example=900)
    verdict_s: Annotated[int, whole(7200, 366 * 86_400)] = documented(
        "From the last moment of delivery to the last moment of a verdict.", default=7200, example=7200
    )
    total_s: Annotated[int, whole(7200, 366 * 86_400)] | None = documented(
        "From funding to the last moment of a verdict; left out: the sum of the others.", default=None, example=18900
    )


class Cancellation(Section):
    """How long the requester may still cancel alone."""

    until: Literal["approved", "submitted", "running"] = documented(
        "The last state in which the requester may cancel.", default="submitted", example="submitted"
    )


class ResultSchema(Section):
    """The form in which the result is delivered."""

    schema_id: Literal["packed-shots/1", "run-manifest/1", "file/1"] = documented(
        "packed-shots/1: every shot, packed; run-manifest/1: the same, with the digests of the run's papers.",
        default="packed-shots/1",
        example="packed-shots/1",
    )


class Settlement(Section):
    """How money moves, and what happens when the ordinary course fails. Shares are of the budget, in basis points."""

    release_on: Literal["validated"] = documented(
        "Payment follows a validated result, and nothing else.", default="validated", example="validated"
    )
    challenge_window_s: WindowSeconds = documented(
        "Seconds in which a proposed verdict can be disputed; 0 pays at once.", default=0, example=3600
    )
    ruling_window_s: WindowSeconds = documented("Seconds the arbiter has for a ruling.", default=0, example=86400)
    silence_bps: Bps = documented(
        "The worker's share when a delivered result gets no verdict in time.", default=5000, example=5000
    )
    inconclusive_bps: Bps = documented("The worker's share after an inconclusive verdict.", default=5000, example=5000)
    fee_bps: Annotated[int, whole(0, 1000)] = documented(
        "The operator's fee on any signed verdict, at most 1000 (10 %).", default=0, example=100
    )
    fee_to: Address | None = documented(
        "Who receives the fee.", default=None, example="0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    )
    quorum: Annotated[int, whole(1, 16)] | None = documented(
        "Validators that must sign alike; left out: the operator's set decides.", default=None, example=2
    )
    arbiter: Address | None = documented(
        "Who rules on disputes.", default=None, example="0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
    )
    registry: Address | None = documented(
        "The registry that must admit the validators when the job is funded; left out: nobody is asked.",
        default=None,
        example="0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    )
    max_rounds: Annotated[int, whole(1, MOST_ROUNDS)] = documented(
        "Deliveries in all; 1: no top-up after an inconclusive verdict.", default=1, example=1
    )

    @model_serializer(mode="wrap")
    def _as_signed(self, standard: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A spec that names no registry says nothing of one in its bytes.
        data: dict[str, Any] = standard(self)
        if self.registry is None:
            del data["registry"]
        return data
