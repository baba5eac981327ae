"""What an account of this home holds, and what it lets the escrow take: before a budget, or a bond, is locked."""

from __future__ import annotations

from functools import partial

from oracle.chain.calls import Call
from oracle.chain.errors import InsufficientFunds
from oracle.chain.transactions import effects
from oracle.chain.transactions.effects import EffectUncertain
from oracle.chain.transactions.intents import ALLOWANCE, IntentStatus
from oracle.encoding import units
from oracle.terms import ZERO_ADDRESS
from router.errors import RouterError
from router.protocol.desks.desk import RoleDesk
from router.protocol.stack import LOCAL_CHAIN_ID

_GRANTS = 4
"""Two are needed at most; more where the node answers with an allowance from before."""


class PayerShort(RouterError, RuntimeError):
    """A wallet does not hold what is to be locked; `reason` says how much is missing, `remedy` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


def check(desk: RoleDesk, token: str, amount: int, what: str, then: str) -> None:
    """Raise PayerShort, or InsufficientFunds of native coin, unless the desk's account holds `amount` units of `token`.

    `amount` is in base units; `what` says what it is for, such as ``the terms lock``; `then` is what to run once it is
    there. Raises ChainError.
    """
    opened, owner = desk.opened, desk.address
    has = opened.client().balance(owner, token)
    if has >= amount:
        return
    if token == ZERO_ADDRESS:
        raise InsufficientFunds(owner, has, amount)
    deployment = opened.deployment
    decimals, symbol = deployment.token_decimals, deployment.token_symbol
    if token != deployment.token:
        decimals, symbol = 0, f"base units of {token}"  # what it calls itself, nobody here knows
    local = opened.chain_id == LOCAL_CHAIN_ID and desk.name == "payer"
    remedy = "`compute up` gives the local payer play money again" if local else "send it the difference"
    held, needed = units(has, decimals), units(amount, decimals)
    reason = f"the {desk.name} {owner} has {held} {symbol}, and {what} {needed}"
    raise PayerShort(reason, f"{remedy}; then `{then}`")


def _same(call: Call) -> Call:
    return call


def allow(desk: RoleDesk, job: str, token: str, amount: int) -> None:
    """Let the escrow take `amount` of `token` from the desk's account, if it may not yet: that, whatever was left over.

    What a reorg took of this account is brought back first: a lost funding would take the allowance that is seen here.
    Some tokens change no allowance but from or to zero, so a leftover that is too small is set to zero first. Nothing
    for native coin, which goes along with the call. Raises ChainError, EffectUncertain.
    """
    if token == ZERO_ADDRESS:
        return
    opened, owner = desk.opened, desk.account
    client = opened.client()
    for _ in range(_GRANTS):
        effects.bring_back(opened.store, client, owner.address)
        call = client.next_allowance(owner.address, token, amount)
        if call is None:
            return
        # An allowance that another job has used since is given again, under a name of its own.
        given = [each for each in opened.store.intents(job) if each.name.startswith(ALLOWANCE)]
        spent = sum(each.status is IntentStatus.DONE for each in given)
        effects.ensure(
            opened.store,
            client,
            job,
            ALLOWANCE if spent == 0 else f"{ALLOWANCE}-{spent + 1}",
            owner,
            partial(_same, call),
            lambda: None,
        )
    raise EffectUncertain(job, ALLOWANCE, owner.address)
