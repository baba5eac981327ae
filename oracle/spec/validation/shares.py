"""A round's share of shots and error rates, as a spec names it."""

from __future__ import annotations

from typing import Annotated

from oracle.spec.fields import Proportion, Section, documented, whole

MOST_ROUNDS = 8
"""Deliveries in all, as in the contract's rules."""


class RoundShare(Section):
    """One round: the shots it is judged on, and its part of the error rates."""

    shots: Annotated[int, whole(1, 10**7)] | None = documented(
        "Fresh shots of this round; left out: quantum.shots.", default=None, example=4000
    )
    alpha: Proportion | None = documented(
        "This round's part of validation.alpha; left out in every round: equal parts.", default=None, example="1/200"
    )
    beta: Proportion | None = documented(
        "This round's part of validation.beta; left out in every round: equal parts.", default=None, example="1/200"
    )
