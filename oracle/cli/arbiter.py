"""``compute-oracle arbiter``: a disputed job as the chain tells it, and the ruling on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from oracle.cli.desk import Desk, connected, money
from oracle.cli.endings import Exit
from oracle.encoding.options import Whole
from oracle.encoding.times import time_told

if TYPE_CHECKING:
    from oracle.chain.following.dossier import Dossier
    from oracle.terms import JobTerms

_JOB = click.argument("job", metavar="JOB")


@click.group()
def arbiter() -> None:
    """Rule on a dispute, as the arbiter whom the job's terms name.

    A ruling may give the worker any part of the budget, and says who has the dispute's bond back. With the proposal's
    amount and the bond lost it upholds the proposal. Without one in time the proposal stands.

    \b
    Example:
      compute-oracle arbiter show 0x5f… --rpc http://127.0.0.1:8545 --deployment FILE
      compute-oracle arbiter rule 0x5f… --worker-amount 12500000 --bond returned \\
        --rpc http://127.0.0.1:8545 --deployment FILE --keystore arbiter.json --password-file arbiter.password
    """


@arbiter.command()
@_JOB
@connected(signs=False)
def show(desk: Desk, job: str) -> None:
    """Say what JOB's terms, its proposal and its dispute are.

    JOB is the escrow's id, 0x and 64 digits; `compute quantum inspect` shows it. No key is needed.

    \b
    Example:
      compute-oracle arbiter show 0x5f… --rpc http://127.0.0.1:8545 --deployment FILE
    """
    from oracle.chain.events import Status
    from oracle.terms import Outcome

    found, terms = _read(desk, job)
    slot = desk.client.status(job)
    lines = [
        f"status    {slot.status.name.lower()}, round {slot.round}",
        f"budget    {money(desk, terms.token, terms.budget)} ({terms.budget} base units)",
        f"payer     {terms.payer}",
        f"worker    {terms.worker}",
        f"arbiter   {terms.arbiter}",
        f"spec      {terms.spec_hash}",
    ]
    facts: dict[str, object] = {
        "job": job,
        "status": slot.status.name.lower(),
        "round": slot.round,
        "token": terms.token,
        "budget": str(terms.budget),
        "payer": terms.payer,
        "worker": terms.worker,
        "arbiter": terms.arbiter,
        "spec": terms.spec_hash,
        "result": None if found.submitted is None else found.submitted.result_hash,
        "proposal": None,
        "dispute": None,
    }
    if found.submitted is not None:
        lines.append(f"result    {found.submitted.result_hash}")
    # After a top-up the newest proposal is that of the round before, and stands no more.
    if found.proposed is not None and slot.status >= Status.PROPOSED:
        proposed, outcome = found.proposed, Outcome(found.proposed.outcome).name.lower()
        lines.append(f"proposed  {outcome}: {money(desk, terms.token, proposed.worker_amount)} to the worker")
        lines.append(f"evidence  {proposed.evidence_hash}")
        facts["proposal"] = {
            "outcome": outcome,
            "worker_amount": str(proposed.worker_amount),
            "evidence": proposed.evidence_hash,
            "open_until": proposed.open_until,
        }
    if found.disputed is not None:
        disputed = found.disputed
        lines.append(f"disputed  by {disputed.disputer}, with a bond of {money(desk, terms.token, disputed.bond)}")
        lines.append(f"ruling    until {time_told(disputed.open_until)}")
        facts["dispute"] = {
            "disputer": disputed.disputer,
            "bond": str(disputed.bond),
            "open_until": disputed.open_until,
        }
    following = ""
    if slot.status is Status.DISPUTED:
        following = f"compute-oracle arbiter rule {job} --worker-amount 0..{terms.budget} --bond returned|lost"
    desk.told("show", "\n".join(lines), facts, following)


@arbiter.command()
@_JOB
@click.option(
    "--worker-amount", type=Whole(0, 2**128 - 1), required=True,
    help="What the worker gets of the budget, in base units of the token; the payer gets the rest.",
)  # fmt: skip
@click.option(
    "--bond", type=click.Choice(["returned", "lost"]), required=True,
    help="The dispute's bond: returned where the dispute was right; lost, half to the other party and half burnt.",
)  # fmt: skip
@connected()
def rule(desk: Desk, job: str, worker_amount: int, bond: str) -> None:
    """Decide the dispute about JOB. This pays, and cannot be taken back.

    JOB is the escrow's id, 0x and 64 digits. `arbiter show` says what stands.

    \b
    Example:
      compute-oracle arbiter rule 0x5f… --worker-amount 12500000 --bond returned \\
        --rpc http://127.0.0.1:8545 --deployment FILE --keystore arbiter.json --password-file arbiter.password
    """
    from oracle.chain.events import Status

    found, terms = _read(desk, job)
    slot, look = desk.client.status(job), f"`compute-oracle arbiter show {job}` says what stands"
    if slot.status is not Status.DISPUTED or found.proposed is None or found.disputed is None:
        desk.refuse(Exit.INPUT, f"{job} is {slot.status.name.lower()}, not disputed", look)
    if desk.account.address != terms.arbiter:
        desk.refuse(Exit.INPUT, f"{desk.account.address} is not the arbiter {terms.arbiter}", "use the arbiter's key")
    if worker_amount > terms.budget:
        reason = f"{worker_amount} is more than the budget, {terms.budget} base units"
        desk.refuse(Exit.INPUT, reason, f"write --worker-amount {terms.budget} or less")
    if desk.client.head().timestamp > slot.clock:
        reason = f"a ruling was possible until {time_told(slot.clock)}"
        desk.refuse(Exit.INPUT, reason, "anybody may finalize what was proposed; a router does")
    wins = bond == "returned"
    sent = desk.send(desk.client.rule(terms, found.proposed, worker_amount, disputer_wins=wins))
    facts: dict[str, object] = {
        "job": job,
        "worker_amount": str(worker_amount),
        "payer_amount": str(terms.budget - worker_amount),
        "bond": bond,
        **sent,
    }
    line = (
        f"{money(desk, terms.token, worker_amount)} to the worker, "
        f"{money(desk, terms.token, terms.budget - worker_amount)} to the payer; the bond is {bond}"
    )
    if not wins and worker_amount == found.proposed.worker_amount:
        line += ", and the proposal upheld"
    desk.told("rule", line, facts)


def _read(desk: Desk, job: str) -> tuple[Dossier, JobTerms]:
    from oracle.chain.following.dossier import read
    from oracle.encoding import is_digest

    if not is_digest(job):
        desk.refuse(Exit.INPUT, f"{job} is no job of an escrow", "name its id there: 0x and 64 lower-case digits")
    try:
        found = read(desk.client, job)
        return found, found.terms
    except LookupError as error:
        desk.refuse(Exit.INPUT, str(error), "name a job of this deployment")
