"""Errors on their way out: one table from what was raised to an exit code, a line for people and the next command.

    0 ok   2 input or infeasible   3 denied   4 unknown   5 a dependency   6 not accepted

The table names exception types by module and name, and so imports none of them: an error that was raised has brought
its module along, and `compute --help` stays instant. A test resolves every name.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from enum import IntEnum

import click

from oracle.encoding import Finding, InputRejected
from router.errors import RouterError
from router.extras import behind


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    INPUT = 2
    DENIED = 3
    UNKNOWN = 4
    DEPENDENCY = 5
    NOT_ACCEPTED = 6
    INTERRUPTED = 130


class CommandFailed(RouterError):
    """A command ends here with `exit_code` and `findings`; raised by commands themselves."""

    def __init__(self, exit_code: Exit, *findings: Finding) -> None:
        if not findings:
            raise AssertionError("a command fails for at least one reason")
        self.exit_code = exit_code
        self.findings = findings
        super().__init__("; ".join(str(finding) for finding in findings))


class Interrupted(RouterError):
    """The user stopped a command; `begun` is what had taken effect by then."""

    def __init__(self, begun: tuple[str, ...] = ()) -> None:
        self.begun = begun
        super().__init__("; ".join(begun))


@dataclass(frozen=True)
class Failure:
    """What to print and how to exit."""

    exit_code: Exit
    findings: tuple[Finding, ...]
    title: str = ""
    """A heading for several findings: the document that has them."""


@dataclass(frozen=True)
class Rule:
    """How errors of one type (and of its subtypes, unless they have a rule of their own) are reported."""

    exit_code: Exit
    remedy: str = ""
    """What to do next, where the error itself does not say; empty if it does."""


RULES: dict[str, Rule] = {
    # Most messages end in what to do next, or carry it as `remedy`.
    "oracle.chain.errors.ChainError": Rule(Exit.DEPENDENCY),
    "oracle.chain.errors.CallReverted": Rule(Exit.DENIED),
    "oracle.artifacts.store.ArtifactError": Rule(Exit.DEPENDENCY),
    "router.protocol.ports.StoreError": Rule(Exit.DEPENDENCY),
    "router.control.store.errors.UnknownJob": Rule(Exit.UNKNOWN),
    "router.control.store.errors.AmbiguousJob": Rule(Exit.INPUT),
    "router.protocol.lifecycle.transitions.TransitionRefused": Rule(Exit.DENIED),
    "router.protocol.lifecycle.record.EventChainBroken": Rule(
        Exit.DEPENDENCY, "restore it from a backup, trusting only what the chain says; then `compute repair JOB`"
    ),
    "router.sandbox.violation.SandboxViolation": Rule(Exit.INPUT),
    "router.protocol.providing.ProviderError": Rule(Exit.DEPENDENCY),
    "router.protocol.providing.ProviderRefused": Rule(Exit.INPUT),
    "router.protocol.stack.StackDown": Rule(Exit.DEPENDENCY),
    "router.protocol.stack.OldHome": Rule(Exit.DEPENDENCY),
    "router.extras.ExtraMissing": Rule(Exit.DEPENDENCY),
    "oracle.chain.transactions.effects.EffectUncertain": Rule(Exit.DEPENDENCY),
    "router.payer.purse.PayerShort": Rule(Exit.DEPENDENCY),
    "router.control.operating.offering.offers.PromotionDenied": Rule(Exit.DENIED),
    "router.console.stack.demo.DemoStuck": Rule(
        Exit.DEPENDENCY, "look at the logs it names; `compute doctor` looks closer"
    ),
    "router.control.operating.approving.separation.ApprovalRefused": Rule(Exit.DENIED),
    "router.requester.validate.NoVerdict": Rule(Exit.NOT_ACCEPTED),
    "router.console.stack.anvil.AnvilMissing": Rule(Exit.DEPENDENCY),
    "router.console.stack.processes.ProcessDied": Rule(
        Exit.DEPENDENCY, "read the log that it names, then `compute up` again; `compute doctor` looks closer"
    ),
    "router.console.stack.local.StackBroken": Rule(Exit.DEPENDENCY, "`compute doctor` looks closer"),
    "oracle.statistics.registry.PolicyRefused": Rule(Exit.INPUT, "change the numbers in `validation`"),
    "oracle.judging.recompute.Unjudgeable": Rule(
        Exit.NOT_ACCEPTED, "`compute quantum inspect JOB --artifacts` shows what is there"
    ),
}

_SEPARATORS = ("; ", " — ")


def _finding(error: BaseException, remedy: str) -> Finding:
    """`error` as a finding: its own reason and remedy, else its message, split before its last clause."""
    own_reason, own_remedy = getattr(error, "reason", None), getattr(error, "remedy", None)
    if isinstance(own_reason, str) and isinstance(own_remedy, str) and own_remedy:
        line, source = getattr(error, "line", None), getattr(error, "source", "")
        return Finding(str(source), line if isinstance(line, int) else None, own_reason, own_remedy)
    text = " ".join(str(error).split()) or type(error).__name__
    if remedy:
        return Finding("", None, text, remedy)
    for separator in _SEPARATORS:
        reason, found, rest = text.rpartition(separator)
        if found:
            return Finding("", None, reason, rest)
    return Finding("", None, text, "`compute doctor` checks this installation")


def _rule(error: BaseException) -> Rule | None:
    for ancestor in type(error).__mro__:
        if rule := RULES.get(f"{ancestor.__module__}.{ancestor.__qualname__}"):
            return rule
    return None


def describe(error: BaseException) -> Failure | None:
    """How `error` is reported, or None for an error that nobody expected, which is a fault of ours."""
    if isinstance(error, CommandFailed):
        return Failure(error.exit_code, tuple(error.findings))
    if isinstance(error, InputRejected):
        return Failure(Exit.INPUT, error.findings, title=error.source)
    if isinstance(error, click.UsageError):
        return Failure(Exit.INPUT, (_usage(error),))
    if isinstance(error, click.ClickException):
        return Failure(Exit.INPUT, (Finding("", None, error.format_message(), "`compute --help` lists the commands"),))
    if isinstance(error, KeyboardInterrupt | click.Abort | Interrupted):
        begun = error.begun if isinstance(error, Interrupted) else ()
        reason = "interrupted" if begun else "interrupted; nothing was begun, stored or spent"
        remedy = "; ".join(begun) or "run the same command again"
        return Failure(Exit.INTERRUPTED, (Finding("", None, reason, remedy),))
    error = behind(error) or error
    if rule := _rule(error):
        return Failure(rule.exit_code, (_finding(error, rule.remedy),))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = "" if error.filename is None else f": {error.filename} cannot be written"
        return Failure(
            Exit.DEPENDENCY, (Finding("", None, f"disk full{where}", "make room there, then repeat the command"),)
        )
    if isinstance(error, OSError) and error.filename is not None:
        reason = f"{error.filename}: {error.strerror or error}"
        return Failure(Exit.INPUT, (Finding("", None, reason, "check the path and its permissions"),))
    return None


def _usage(error: click.UsageError) -> Finding:
    where = error.ctx.command_path if error.ctx else "compute"
    parameter = getattr(error, "param", None)
    path = parameter.opts[-1] if isinstance(parameter, click.Option) else (parameter.name if parameter else "")
    hint = getattr(error, "param_hint", None)
    path = path or (hint if isinstance(hint, str) else "")
    # click's own text names the option again, in words of its own.
    reason = (
        error.message if isinstance(error, click.BadParameter) and path and error.message else error.format_message()
    )
    return Finding(path or "", None, reason, f"`{where} --help` has an example")
