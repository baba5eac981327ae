"""What an account of this home holds, and what it lets the escrow take: before a budget, or a bond, is locked."""

from __future__ import annotations

from oracle.chain.errors import InsufficientFunds
from oracle.encoding import units
from oracle.terms import ZERO_ADDRESS
from router.store import IntentStatus
from router.workflows import transactions
from router.workflows.workspace import LOCAL_CHAIN_ID, Workspace

ALLOWANCE = "tx:approve"
"""The intent under which the escrow is allowed to take a budget; a second one of a job is ``tx:approve-2``."""


class PayerShort(RuntimeError):
    """A wallet does not hold what is to be locked; `reason` says how much is missing, `remedy` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


def check(workspace: Workspace, role: str, token: str, amount: int, what: str, then: str) -> None:
    """Raise PayerShort, or InsufficientFunds of native coin, unless `role` holds `amount` base units of `token`.

    `what` says what they are for, such as ``the terms lock``; `then` is what to run once they are there. Raises
    ChainError.
    """
    owner = workspace.account(role).address
    has = workspace.client().balance(owner, token)
    if has >= amount:
        return
    if token == ZERO_ADDRESS:
        raise InsufficientFunds(owner, has, amount)
    deployment = workspace.deployment
    held, needed = (units(each, deployment.token_decimals) for each in (has, amount))
    pays = role == "requester"
    local = workspace.chain_id == LOCAL_CHAIN_ID and pays
    remedy = "`compute up` gives the local payer play money again" if local else "send it the difference"
    reason = f"the {'payer' if pays else role} {owner} has {held} {deployment.token_symbol}, and {what} {needed}"
    raise PayerShort(reason, f"{remedy}; then `{then}`")


def allow(workspace: Workspace, job: str, role: str, token: str, amount: int) -> None:
    """Let the escrow take `amount` of `token` from `role`, if it may not yet. Several jobs at once add up.

    Nothing for native coin, which goes along with the call. Raises ChainError, EffectUncertain.
    """
    if token == ZERO_ADDRESS:
        return
    client, owner = workspace.client(), workspace.account(role)
    if client.allowance(owner.address, token) >= amount:
        return
    # An allowance that another job has used since is given again, under a name of its own.
    given = [each for each in workspace.store.intents(job) if each.name.startswith(ALLOWANCE)]
    spent = sum(each.status is IntentStatus.DONE for each in given)
    transactions.ensure(
        workspace.store,
        client,
        job,
        ALLOWANCE if spent == 0 else f"{ALLOWANCE}-{spent + 1}",
        owner,
        lambda: client.approve(token, client.allowance(owner.address, token) + amount),
        lambda: None,
    )
