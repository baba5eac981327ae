"""Rounds: an inconclusive verdict may be followed by a top-up, and the error rates are spent over all rounds.

Each round is judged on its own fresh shots, at its own part of alpha and beta. The parts sum to at most alpha and
beta, so that a worker's chance of being wrongly accepted, or wrongly rejected, in any of them stays within the spec's
(README.md has the proof).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from oracle.encoding import format_rational, parse_rational
from oracle.spec.faults import Fault
from oracle.spec.sections.body import SpecBody
from oracle.spec.sections.validation import RoundShare
from oracle.spec.validation.policy import policy_of
from oracle.statistics.policy import Round, ValidationPolicy

Rate = Literal["alpha", "beta"]
RATES: tuple[Rate, ...] = ("alpha", "beta")


def share_of(share: RoundShare, rate: Rate) -> Fraction | None:
    """What `share` names of `rate`; None if it leaves it out."""
    text = share.alpha if rate == "alpha" else share.beta
    return None if text is None else parse_rational(text)


def resolve_rounds(spec: SpecBody) -> tuple[RoundShare, ...] | None:
    """The rounds of `spec` with nothing left out; None for a job of one round, which needs none."""
    count = spec.settlement.max_rounds
    if count == 1 or spec.quantum is None:
        return None
    shots = spec.quantum.shots
    whole_rates = {"alpha": spec.validation.alpha, "beta": spec.validation.beta}
    equal = {rate: format_rational(parse_rational(text) / count) for rate, text in whole_rates.items()}
    return tuple(
        RoundShare(
            shots=named.shots or shots,
            alpha=named.alpha or equal["alpha"],
            beta=named.beta or equal["beta"],
        )
        for named in spec.validation.rounds or (RoundShare(),) * count
    )


def rounds_of(spec: SpecBody, bits: int) -> tuple[Round, ...]:
    """What each round of the quantum job `spec` is judged by, first round first.

    Raises InputRejected as policy_of does, and ValueError for a spec without a circuit.
    """
    if spec.quantum is None:
        raise ValueError(f"a {spec.job_type} has no shots")
    policy = policy_of(spec, bits)
    shares = resolve_rounds(spec)
    if shares is None:
        return (Round(policy, spec.quantum.shots),)
    return tuple(_round(policy, share) for share in shares)


def _round(policy: ValidationPolicy, share: RoundShare) -> Round:
    alpha, beta = share_of(share, "alpha"), share_of(share, "beta")
    if alpha is None or beta is None or share.shots is None:
        raise AssertionError("resolve_rounds leaves nothing out")
    return Round(replace(policy, alpha=alpha, beta=beta), share.shots)


def rounds_disagree(spec: SpecBody) -> Iterator[Fault]:
    """What is wrong with the rounds of `spec`."""
    count, named = spec.settlement.max_rounds, spec.validation.rounds
    if count > 1:
        yield from _several(spec, count)
    if named is None:
        return
    if len(named) != count:
        yield Fault(
            "validation.rounds",
            ("settlement.max_rounds",),
            f"{len(named)} rounds are listed, and max_rounds is {count}",
            "list every round once, or leave rounds out: the error rates are then split equally",
        )
    if spec.quantum is not None and named and named[0].shots not in (None, spec.quantum.shots):
        yield Fault(
            "validation.rounds[0].shots",
            ("quantum.shots",),
            f"the first round has {named[0].shots} shots, and quantum.shots is {spec.quantum.shots}",
            f"write shots: {spec.quantum.shots}, or leave it out",
        )
    for rate in RATES:
        yield from _parts(spec, named, rate)


def _several(spec: SpecBody, count: int) -> Iterator[Fault]:
    settlement = spec.settlement
    if spec.quantum is None:
        yield Fault(
            "settlement.max_rounds",
            ("job_type",),
            f"a {spec.job_type} has no shots to top up",
            "write max_rounds: 1, or leave it out",
        )
    if settlement.challenge_window_s == 0:
        yield Fault(
            "settlement.challenge_window_s",
            ("settlement.max_rounds",),
            "a top-up is delivered inside the challenge window, and there is none",
            "write challenge_window_s: 14400, or max_rounds: 1",
        )
    # verdictBy does not move: it has to hold each round's availability and verdict, and the windows between.
    needed = 7200 * count + settlement.challenge_window_s * (count - 1)
    if spec.timeouts.verdict_s < needed:
        yield Fault(
            "timeouts.verdict_s",
            ("settlement.max_rounds", "settlement.challenge_window_s"),
            f"{count} rounds and the windows between them take up to {needed} seconds, "
            f"more than {spec.timeouts.verdict_s}",
            f"write verdict_s: {needed}, or fewer rounds",
        )


def _parts(spec: SpecBody, named: tuple[RoundShare, ...], rate: Rate) -> Iterator[Fault]:
    text = spec.validation.alpha if rate == "alpha" else spec.validation.beta
    parts = [part for share in named if (part := share_of(share, rate)) is not None]
    equal = format_rational(parse_rational(text) / max(1, len(named)))
    if parts and len(parts) != len(named):
        yield Fault(
            "validation.rounds",
            (),
            f"{rate} is named in {len(parts)} of {len(named)} rounds",
            f"name it in every round, for example {rate}: {equal}, or in none",
        )
    elif sum(parts, Fraction(0)) > parse_rational(text):
        yield Fault(
            "validation.rounds",
            (f"validation.{rate}",),
            f"the rounds spend {format_rational(sum(parts, Fraction(0)))} of {rate}, and it is {text}",
            f"write {rate}: {equal} in every round, or leave it out",
        )
