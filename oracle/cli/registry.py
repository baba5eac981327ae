"""``compute-oracle registry``: a validator's bond, its sets, and reports of two verdicts on one result.

Each command looks at the chain first and says what is so already: one that was cut off is simply run again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oracle.cli.desk import RegistryDesk, ascending, connected, money, receiver_of
from oracle.cli.endings import Exit, Gathering
from oracle.encoding.times import time_told

if TYPE_CHECKING:
    from oracle.attestations.attestation import Attestation
    from oracle.chain.registry import Member

_FILE = click.Path(path_type=Path, dir_okay=False)
_MOST_BYTES = 16 * 1024
_ADDRESSES = click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
_TO = click.option("--to", metavar="ADDRESS", default=None, help="Who receives it. [default: the account itself]")


@click.group()
def registry() -> None:
    """Bond a validator, join sets, report who signed two verdicts on one result.

    A job that names a registry is funded only while every validator of its set has a bond there. Whoever signs two
    different verdicts on one result loses it: half is burnt, half is the reporter's.

    \b
    Example, from a key to a set that jobs may name:
      compute-oracle registry deposit --rpc http://127.0.0.1:8545 --deployment FILE --registry 0x… \\
        --keystore v1.json --password-file v1.password
      compute-oracle registry join 0xV1… 0xV2… 0xV3… --rpc http://127.0.0.1:8545 …
      compute-oracle registry status 0xV1… 0xV2… 0xV3… --rpc http://127.0.0.1:8545 …
    """


@registry.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@connected(signs=False, registry=True)
def status(desk: RegistryDesk, addresses: tuple[str, ...]) -> None:
    """Say what the registry asks of validators, and where each ADDRESS stands.

    Of two or more also whether jobs may name them as a set.

    \b
    Example:
      compute-oracle registry status 0xV1… 0xV2… --rpc http://127.0.0.1:8545 --deployment FILE --registry 0x…
    """
    validators, asked = ascending(addresses), desk.registry.parameters()
    held, admitted = asked.exit_delay + asked.report_time, asked.exit_delay
    lines = [
        f"bond: {money(desk, asked.token, asked.bond)}, held for {_days(held)} after an exit is asked for",
        f"admits jobs that end within {_days(admitted)}",
    ]
    members: dict[str, object] = {}
    for address in addresses:
        member, credit = desk.registry.member(address), desk.registry.credit(address)
        members[address] = {
            "standing": member.standing.name.lower(),
            "exits_at": member.exits_at or None,
            "sets": list(desk.registry.sets_of(address)),
            "credit": str(credit),
        }
        owed = f", may withdraw {money(desk, asked.token, credit)}" if credit else ""
        lines.append(f"{address}  {_standing(member)}, in {member.sets} sets{owed}")
    facts: dict[str, object] = {
        "registry": str(desk.registry.address),
        "token": asked.token,
        "bond": str(asked.bond),
        "exit_delay_s": asked.exit_delay,
        "report_time_s": asked.report_time,
        "members": members,
    }
    if len(validators) > 1:
        kept = desk.registry.validator_set(validators)
        registered = 0 < kept.size == kept.joined
        facts["set"] = {"size": len(validators), "joined": kept.joined, "registered": registered, "epoch": kept.epoch}
        answer = "jobs may name this set" if registered else "no job may name this set yet"
        lines.append(f"together: {kept.joined} of {len(validators)} joined; {answer}")
    desk.told("status", "\n".join(lines), facts)


@registry.command()
@connected(registry=True)
def deposit(desk: RegistryDesk) -> None:
    """Post this validator's bond.

    In a token the registry is first allowed to take just the bond.

    \b
    Example:
      compute-oracle registry deposit --rpc http://127.0.0.1:8545 --deployment FILE --registry 0x… \\
        --keystore v1.json --password-file v1.password
    """
    from oracle.chain.registry import Standing
    from oracle.terms import ZERO_ADDRESS

    address, asked = desk.account.address, desk.registry.parameters()
    following = "compute-oracle registry join ADDRESS... (all validators of a set, this one too)"
    standing = desk.registry.member(address).standing
    if standing is Standing.BONDED:
        desk.told("nothing", f"{address} is bonded already", {"account": address}, following)
        return
    if standing is Standing.EXITING:
        remedy = "take the bond back first (`compute-oracle registry exit`), then bond again"
        desk.refuse(Exit.INPUT, f"{address} is exiting", remedy)
    if standing is Standing.SLASHED:
        remedy = "this key is never bonded again: make another (`compute-oracle init`)"
        desk.refuse(Exit.INPUT, f"{address} was slashed", remedy)
    if asked.token != ZERO_ADDRESS:
        held = desk.client.balance(address, asked.token)
        if held < asked.bond:
            has, needs = money(desk, asked.token, held), money(desk, asked.token, asked.bond)
            reason = f"{address} has {has}, and the bond is {needs}"
            desk.refuse(Exit.INPUT, reason, "send it the difference")
        for _ in range(2):  # to zero first, of what was left over, as some tokens want it
            if (call := desk.registry.next_allowance(address, asked)) is not None:
                desk.send(call)
    sent = desk.send(desk.registry.deposit(asked))
    line = f"{address} is bonded with {money(desk, asked.token, asked.bond)}"
    desk.told("deposit", line, {"account": address, "bond": str(asked.bond), **sent}, following)


@registry.command()
@_ADDRESSES
@connected(registry=True)
def join(desk: RegistryDesk, addresses: tuple[str, ...]) -> None:
    """Agree to be in the set of these validators, this one among them.

    Their order does not matter. Once all have joined, jobs may name the set.

    \b
    Example:
      compute-oracle registry join 0xV1… 0xV2… 0xV3… --rpc http://127.0.0.1:8545 --deployment FILE \\
        --registry 0x… --keystore v1.json --password-file v1.password
    """
    from oracle.chain.registry import set_of

    validators = ascending(addresses)
    named, sent = set_of(validators), {}
    if named not in desk.registry.sets_of(desk.account.address):
        sent = desk.send(desk.registry.join(validators))
    kept = desk.registry.validator_set(validators)
    line, following = f"{kept.joined} of {kept.size} joined", "the same command with the keys of the others"
    if kept.joined == kept.size:
        line += ": jobs may name this set"
        following = f"write `registry: {desk.registry.address}` under settlement in a job spec"
    did = "join" if sent else "nothing"
    desk.told(did, line, {"set": named, "joined": kept.joined, "size": kept.size, **sent}, following)


@registry.command()
@_ADDRESSES
@connected(registry=True)
def leave(desk: RegistryDesk, addresses: tuple[str, ...]) -> None:
    """Leave the set of these validators. Funded jobs do not change; no new one may name it.

    \b
    Example:
      compute-oracle registry leave 0xV1… 0xV2… 0xV3… --rpc http://127.0.0.1:8545 --deployment FILE \\
        --registry 0x… --keystore v1.json --password-file v1.password
    """
    from oracle.chain.registry import set_of

    validators, address = ascending(addresses), desk.account.address
    named = set_of(validators)
    if named not in desk.registry.sets_of(address):
        desk.told("nothing", f"{address} is not in this set", {"set": named})
        return
    sent = desk.send(desk.registry.leave(validators))
    desk.told("leave", f"{address} left the set", {"set": named, **sent})


@registry.command(name="request-exit")
@connected(registry=True)
def request_exit(desk: RegistryDesk) -> None:
    """Leave every set for good, to have the bond back after the delay. Cannot be taken back.

    \b
    Example:
      compute-oracle registry request-exit --rpc http://127.0.0.1:8545 --deployment FILE --registry 0x… \\
        --keystore v1.json --password-file v1.password
    """
    from oracle.chain.registry import Standing

    address = desk.account.address
    member, sent = desk.registry.member(address), {}
    if member.standing is Standing.BONDED:
        sent = desk.send(desk.registry.request_exit())
        member = desk.registry.member(address)
    _expect_bond(desk, member)
    line = f"{address} is in no set any more; its bond is held until {time_told(member.exits_at)}"
    did = "request-exit" if sent else "nothing"
    facts = {"account": address, "exits_at": member.exits_at, **sent}
    desk.told(did, line, facts, "compute-oracle registry exit")


@registry.command(name="exit")
@_TO
@connected(registry=True)
def exit_(desk: RegistryDesk, to: str | None) -> None:
    """Take the bond back, after `request-exit` and the delay.

    \b
    Example:
      compute-oracle registry exit --rpc http://127.0.0.1:8545 --deployment FILE --registry 0x… \\
        --keystore v1.json --password-file v1.password
    """
    from oracle.chain.registry import Standing

    address, receiver = desk.account.address, receiver_of(desk, to)
    member, asked = desk.registry.member(address), desk.registry.parameters()
    _expect_bond(desk, member)
    if member.standing is Standing.BONDED:
        desk.refuse(Exit.INPUT, f"{address} is bonded", "`compute-oracle registry request-exit` comes first")
    if desk.client.head().timestamp <= member.exits_at:
        desk.refuse(Exit.INPUT, f"the bond is held until {time_told(member.exits_at)}", "run this again then")
    sent = desk.send(desk.registry.exit(receiver))
    line = f"{money(desk, asked.token, asked.bond)} went to {receiver}"
    desk.told("exit", line, {"account": address, "to": receiver, "amount": str(asked.bond), **sent})


@registry.command()
@click.argument("one", type=_FILE)
@click.argument("other", type=_FILE)
@connected(registry=True)
def slash(desk: RegistryDesk, one: Path, other: Path) -> None:
    """Report a validator: ONE and OTHER are attestations of its to different verdicts on one result.

    Files as an attestation board keeps them. Anybody may report: half of the bond is theirs, half is burnt.

    \b
    Example:
      compute-oracle registry slash seen-at-noon.json seen-later.json --rpc http://127.0.0.1:8545 \\
        --deployment FILE --registry 0x… --keystore reporter.json --password-file reporter.password
    """
    from oracle.chain.registry import Standing, Statement

    gathering = Gathering()
    first, second = gathering.read(lambda: _attestation(one)), gathering.read(lambda: _attestation(other))
    if first and second and first.validator != second.validator:
        reason = f"it is of {second.validator}, and {one} of {first.validator}"
        gathering.reject(str(other), reason, "name two attestations of one validator")
    gathering.settle()
    if first is None or second is None:
        raise AssertionError("what could not be read was gathered")
    statements = (Statement(each.verdict, each.signature) for each in (first, second))
    try:
        call = desk.registry.slash(first.validator, *statements)
    except ValueError as error:
        desk.refuse(Exit.INPUT, str(error), "name two attestations that contradict each other")
    standing = desk.registry.member(first.validator).standing
    if standing not in (Standing.BONDED, Standing.EXITING):
        desk.refuse(Exit.INPUT, f"{first.validator} has no bond here ({standing.name.lower()})", "name its registry")
    sent, asked = desk.send(call), desk.registry.parameters()
    line = f"{first.validator} lost its bond; {money(desk, asked.token, asked.bond // 2)} of it are yours"
    following = "compute-oracle registry withdraw"
    desk.told("slash", line, {"member": first.validator, "reward": str(asked.bond // 2), **sent}, following)


@registry.command()
@_TO
@connected(registry=True)
def withdraw(desk: RegistryDesk, to: str | None) -> None:
    """Take out what reports have earned.

    \b
    Example:
      compute-oracle registry withdraw --rpc http://127.0.0.1:8545 --deployment FILE --registry 0x… \\
        --keystore reporter.json --password-file reporter.password
    """
    address, receiver = desk.account.address, receiver_of(desk, to)
    amount = desk.registry.credit(address)
    if amount == 0:
        desk.told("nothing", f"the registry owes {address} nothing", {"account": address})
        return
    sent = desk.send(desk.registry.withdraw(receiver))
    line = f"{money(desk, desk.registry.parameters().token, amount)} went to {receiver}"
    desk.told("withdraw", line, {"account": address, "to": receiver, "amount": str(amount), **sent})


def _expect_bond(desk: RegistryDesk, member: Member) -> None:
    from oracle.chain.registry import Standing

    if member.standing in (Standing.NONE, Standing.SLASHED):
        reason = f"{desk.account.address} has no bond to take back ({_standing(member)})"
        desk.refuse(Exit.INPUT, reason, "`compute-oracle registry deposit` posts one, where the key was never slashed")


def _attestation(path: Path) -> Attestation:
    """Raises InputRejected for a file that is no attestation."""
    from oracle.attestations.attestation import Attestation
    from oracle.encoding import Finding, InputRejected, parse_json

    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ValueError(f"larger than {_MOST_BYTES:,} bytes")
        return Attestation.from_json(parse_json(data))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        remedy = "name a file of an attestation board, BOARD/JOB/ROUND/VALIDATOR.json"
        raise InputRejected(str(path), [Finding("", None, reason, remedy)]) from error


def _standing(member: Member) -> str:
    name = member.standing.name.lower()
    return f"{name} until {time_told(member.exits_at)}" if member.exits_at else name


def _days(seconds: int) -> str:
    return f"{seconds / 86_400:g} days"
