"""The local stack: chain, contracts, device, validators and router, each a process of its own under one home.

`up` may be repeated at any time: it starts what does not run, and what runs already is left alone. stack.json is
written before and after each start, so that whatever happens, `down` finds every process.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from oracle.chain.deployment import Deployment
from oracle.chain.following.follower import FINALITY
from oracle.encoding.files import write_whole
from router.console.stack import recorded
from router.console.stack.anvil import CHAIN_ID, anvil_command, find_anvil, free_port
from router.console.stack.processes import ProcessRecord, alive, spawn, stop, tail, wait_until
from router.console.stack.recorded import Stack
from router.control.gates import DEFAULT_POLICY_TEXT, NEW_CIRCUIT_FAMILY, UNKNOWN_REQUESTER
from router.control.gates.approvals import ONE_PERSON
from router.control.opening import OperatedHome, open_home
from router.control.store import ApprovalScope
from router.errors import RouterError
from router.protocol.desks import keys
from router.protocol.stack import Roles, StackRecord, check_layout
from router.settings import Home, RoleHome, child_environment

if TYPE_CHECKING:
    from router.console.stack.deploy import LocalChain

VALIDATORS = ("validator-1", "validator-2", "validator-3")
QUORUM = 2
CONFIRMATIONS = 2
REQUESTER_TOKENS = 1_000
"""What the local requester has to spend, in whole tokens of the local stable coin; again once a tenth of it is left."""
INIT_FAMILY = "ring-maxcut-qaoa"
"""The circuit family of `compute quantum init`, approved on a local stack so that the first job runs."""
CHAIN_PORT = 8545

WorkerMode = Literal["honest", "uniform", "idle"]
Say = Callable[[str], None]


class StackBroken(RouterError, RuntimeError):
    """The local stack could not be started; the message says which part and where its log is."""


@dataclass(frozen=True)
class StackStatus:
    """What runs for a home."""

    rpc_url: str | None
    processes: tuple[tuple[ProcessRecord, bool], ...]
    """Each process and whether it lives."""

    @property
    def running(self) -> bool:
        """Whether the stack is up as a whole."""
        return bool(self.processes) and all(lives for _, lives in self.processes)


def status(home: Home) -> StackStatus:
    """What runs for `home`, without touching it."""
    stack = recorded.read(home)
    rpc_url = None if stack.chain is None else stack.chain.rpc_url
    return StackStatus(rpc_url, tuple((record, alive(record)) for record in stack.processes))


def up(
    home: Home, say: Say, *, worker: WorkerMode = "honest", seed: int | None = None, port: int = CHAIN_PORT
) -> StackStatus:
    """Start what does not run yet of the local stack of `home`, telling `say` a line per step.

    Raises OldHome for a home of an older release, having started nothing; AnvilMissing, ProcessDied or StackBroken:
    what was started by then keeps running and is in stack.json.
    """
    check_layout(home)
    with recorded.lock(home):
        stack, chain = _start_chain(home, recorded.read(home), say, port)
        stack = recorded.write(home, replace(stack, chain=_prepare_chain(home, stack, chain, say)))
        opened = open_home(home)
        _register_locals(opened, say)
        stack = _ensure(home, stack, "device", _device_command(home), say)
        for name in VALIDATORS:
            stack = _ensure(home, stack, name, _validator_command(home, stack, name), say)
        stack = _ensure(home, stack, "router", _router_command(home, worker, seed), say)
        router = stack.process("router")
        if router is None:
            raise AssertionError("the router was just started")
        wait_until("the router", lambda: router_ready(home) == router.pid, router, timeout_s=60)
        _ensure(home, stack, "supervisor", _supervisor_command(home), say)
    say(f"up: chain at {opened.need_stack('the stack').rpc_url}, logs in {home.logs}")
    return status(home)


def down(home: Home, say: Say) -> int:
    """End every process of the stack of `home`, the router first and the chain last; returns how many ran."""
    with recorded.lock(home):
        stack = recorded.read(home)
        ended = 0
        for record in reversed(stack.processes):
            if stop(record):
                ended += 1
                say(f"stopped {record.name} (pid {record.pid})")
        recorded.write(home, replace(stack, processes=()))
    return ended


def stop_process(home: Home, name: str) -> bool:
    """End one process of the stack by its name, for good until the next `up`; whether it ran."""
    with recorded.lock(home):
        stack = recorded.read(home)
        record = stack.process(name)
        if record is None:
            return False
        recorded.write(home, replace(stack, processes=tuple(other for other in stack.processes if other.name != name)))
        return stop(record)


def router_ready(home: Home) -> int | None:
    """The pid of the router that last became ready, as it wrote it."""
    return int(home.router_pid.read_text()) if home.router_pid.is_file() else None


def _ensure(home: Home, stack: Stack, name: str, command: list[str], say: Say) -> Stack:
    existing = stack.process(name)
    if existing is not None and alive(existing):
        return stack
    record = spawn(name, command, home.logs / f"{name}.log", child_environment(home), home.root)
    say(f"{name}: pid {record.pid}")
    return recorded.write(home, stack.with_process(record))


def _start_chain(home: Home, stack: Stack, say: Say, port: int) -> tuple[Stack, LocalChain]:
    from router.console.stack.deploy import LocalChain

    anvil = stack.process("anvil")
    if anvil is not None and alive(anvil) and stack.chain is not None:
        return stack, LocalChain(stack.chain.rpc_url)
    if anvil is not None:
        stop(anvil)
    before = urlsplit(stack.chain.rpc_url).port if stack.chain is not None else None
    chosen = free_port(before or port)
    rpc_url = f"http://127.0.0.1:{chosen}"
    stack = _ensure(home, stack, "anvil", anvil_command(find_anvil(), chosen, home.chain_state), say)
    anvil = stack.process("anvil")
    if anvil is None:
        raise AssertionError("anvil was just started")
    chain = LocalChain(rpc_url)
    wait_until("the chain", chain.answers, anvil, timeout_s=20)
    return stack, chain


def _prepare_chain(home: Home, stack: Stack, chain: LocalChain, say: Say) -> StackRecord:
    deployment_file = home.deployments / f"{CHAIN_ID}.json"
    roles = _make_roles(home, say)
    fresh = not deployment_file.is_file() or not chain.has_code(Deployment.load(deployment_file).escrow)
    if fresh:
        deployment = chain.deploy()
        deployment.dump(deployment_file)
        say(f"contracts: escrow {deployment.escrow}, token {deployment.token} ({deployment.token_symbol})")
    _fill_purse(chain, Deployment.load(deployment_file), roles.payer, say)
    for address in {roles.payer, roles.requester, roles.operator, roles.worker, *roles.validators}:
        chain.give_gas_money(address)
    return StackRecord(
        rpc_url=chain.rpc_url,
        deployment=str(deployment_file),
        roles=roles,
        confirmations=CONFIRMATIONS,
        finality=FINALITY,
        artifact_sources=_caches(home),
    )


def _fill_purse(chain: LocalChain, deployment: Deployment, payer: str, say: Say) -> None:
    """Give the local payer play money, at first and whenever it has nearly run out."""
    full = REQUESTER_TOKENS * 10**deployment.token_decimals
    held = chain.balance(deployment.token, payer)
    if held > full // 10:
        return
    chain.mint(deployment.token, payer, full - held)
    say(f"play money: the payer has {REQUESTER_TOKENS:,} {deployment.token_symbol}")


def _make_roles(home: Home, say: Say) -> Roles:
    requester, payer = _address("requester", home.requester, say), _address("payer", home.payer, say)
    validators = [_validator_address(home, name, say) for name in VALIDATORS]
    return Roles(
        requester=requester,
        payer=payer,
        operator=_address("operator", home.operator, say),
        worker=_address("worker", home.worker, say),
        validators=tuple(sorted(validators, key=lambda address: int(address, 16))),
        quorum=QUORUM,
    )


def _address(role: str, folder: RoleHome, say: Say) -> str:
    """The account of `role`, whose key is made in `folder` if none is there. No key is opened."""
    if (address := keys.address(folder)) is None:
        address = keys.make(folder)
        say(f"key of the {role}: {address}")
    return address


def _validator_address(home: Home, name: str, say: Say) -> str:
    folder = home.validator(name)
    if (address := keys.address(folder)) is None:
        folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A validator's key is made by its own program: no router process ever holds it.
        command = [
            sys.executable,
            "-m",
            "oracle.cli",
            "init",
            "--keystore",
            str(folder.keystore),
            "--password-file",
            str(folder.password),
        ]
        made = subprocess.run(
            command, env=child_environment(home), capture_output=True, text=True, timeout=60, check=False
        )
        if made.returncode != 0:
            raise StackBroken(f"{name} could not make its key: {made.stderr.strip() or made.stdout.strip()}")
        address = keys.address(folder)
        if address is None:
            raise AssertionError(f"{name} just made its key")
        say(f"key of {name}: {address}")
    return address


def _register_locals(opened: OperatedHome, say: Say) -> None:
    """Vouch for the local requester and the family of `init`, so that a first job needs no approval of one's own."""
    home, stack = opened.home, opened.need_stack("the stack")
    if not home.policy.exists():
        write_whole(home.policy, (DEFAULT_POLICY_TEXT).encode())
        say(f"policy: {home.policy}")
    note, granted_by = f"registered by `compute up`; {ONE_PERSON}", stack.roles.operator
    opened.store.grant(
        ApprovalScope.REQUESTER, stack.roles.requester, UNKNOWN_REQUESTER, granted_by=granted_by, note=note
    )
    opened.store.grant(ApprovalScope.CIRCUIT_FAMILY, INIT_FAMILY, NEW_CIRCUIT_FAMILY, granted_by=granted_by, note=note)


def _device_command(home: Home) -> list[str]:
    return [sys.executable, "-m", "router.worker.providers.device", "--root", str(home.devices)]


def _router_command(home: Home, worker: WorkerMode, seed: int | None) -> list[str]:
    command = [sys.executable, "-m", "router.console.daemon", "--home", str(home.root), "--worker", worker]
    return command if seed is None else [*command, "--seed", str(seed)]


def _supervisor_command(home: Home) -> list[str]:
    return [sys.executable, "-m", "router.console.stack.supervisor", "--home", str(home.root)]


def _validator_command(home: Home, stack: Stack, name: str) -> list[str]:
    if stack.chain is None:
        raise AssertionError("validators start after the chain")
    return [
        sys.executable, "-m", "oracle.cli", "run",
        "--rpc", stack.chain.rpc_url,
        "--deployment", stack.chain.deployment,
        "--keystore", str(home.validator(name).keystore),
        "--password-file", str(home.validator(name).password),
        "--artifacts", home.artifacts.as_uri(),
        "--attestations", home.attestations.as_uri(),
        "--state", str(home.validator(name).root),
        "--confirmations", str(CONFIRMATIONS),
        "--finality", str(stack.chain.finality),
        *(word for url in _caches(home, but=name) for word in ("--artifacts", url)),
    ]  # fmt: skip


def _caches(home: Home, but: str = "") -> tuple[str, ...]:
    """URLs of the copies that the validators keep of whatever they read."""
    return tuple((home.validator(name).root / "artifacts").as_uri() for name in VALIDATORS if name != but)


def log_tail(home: Home, name: str) -> str:
    """The end of one process's log."""
    return tail(Path(home.logs / f"{name}.log"))
