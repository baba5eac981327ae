"""`compute doctor`: what this installation has, what it lacks, and what to do about it. It changes nothing.

Each check looks, and none creates, repairs, or connects to anything but the stack's own chain.
"""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from router.console.screen.commands import Session, command
from router.console.screen.failures import Exit
from router.extras import EXTRAS
from router.settings import Home

if TYPE_CHECKING:
    from rich.console import Console

Status = Literal["ok", "note", "problem"]

PACKAGES = ("web3", "eth-account", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "dbos", "sqlalchemy", "numpy")
OLDEST, NEWEST = (3, 11), (3, 13)
_ANSWER_S = 10.0
_LEAST_FREE = 32 * 2**20
"""Bytes; with fewer, databases and artifacts will soon not be written."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    said: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        return asdict(self)


def examine(home: Home) -> tuple[Check, ...]:
    """Every check for `home`. A check that itself fails is a problem with the error's own words."""
    return tuple(check for name, look in CHECKS.items() for check in _guarded(name, look, home))


def _guarded(name: str, look: Callable[[Home], Iterator[Check]], home: Home) -> Iterator[Check]:
    try:
        yield from look(home)
    except Exception as error:  # noqa: BLE001  # whatever is broken here is what doctor is for, and the rest goes on
        yield Check(name, "problem", f"{type(error).__name__}: {' '.join(str(error).split())}", "see the message")


def _python(home: Home) -> Iterator[Check]:
    del home
    found = sys.version_info[:2]
    said = f"{'.'.join(map(str, sys.version_info[:3]))}, {sys.executable}"
    if OLDEST <= found <= NEWEST:
        yield Check("python", "ok", said)
    else:
        yield Check("python", "problem", said, "use Python 3.11, 3.12 or 3.13")


def _packages(home: Home) -> Iterator[Check]:
    del home
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    for extra, brought in EXTRAS.items():
        if lacking := [name for name in missing if name in brought]:
            said = f"without the extra {extra!r}: {', '.join(lacking)}"
            yield Check("packages", "note", said, f"pip install 'compute-escrow[{extra}]', if this machine needs it")
    if missing := [name for name in missing if not any(name in brought for brought in EXTRAS.values())]:
        yield Check("packages", "problem", f"missing: {', '.join(missing)}", "`pip install compute-escrow` again")
    yield Check("packages", "ok", ", ".join(found))


def _home(home: Home) -> Iterator[Check]:
    if not home.root.exists():
        yield Check("home", "note", f"{home.root} is not there yet", "the first command that needs it makes it")
        return
    if not home.root.is_dir():
        yield Check("home", "problem", f"{home.root} is a file", "move it away, or name another folder with --home")
        return
    yield Check("home", "ok", str(home.root))


def _disk(home: Home) -> Iterator[Check]:
    there = next(folder for folder in (home.root, *home.root.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    said = f"{free // 2**20:,} MiB free for {home.root}"
    if free < _LEAST_FREE:
        yield Check("disk", "problem", f"disk full: {said}", "make room there; what waits for it goes on by itself")
        return
    yield Check("disk", "ok", said)


def _private(path: Path, allowed: int) -> Check | None:
    """A problem if anyone but the owner may do anything with `path`."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & ~allowed:
        return Check("keys", "problem", f"{path} has mode {mode:04o}", f"chmod {allowed:04o} {path}")
    return None


def _keys(home: Home) -> Iterator[Check]:
    from router.protocol.stack import OldHome, check_layout

    try:
        check_layout(home)
    except OldHome as error:
        yield Check("keys", "problem", error.reason, error.remedy)
        return
    folders = {name: folder for name, folder in home.folders().items() if folder.keystore.is_file()}
    if not folders:
        yield Check("keys", "note", "none yet", "keys are made on first use, readable by you alone")
        return
    faults = [
        _private(path, allowed)
        for folder in folders.values()
        for path, allowed in ((folder.root, 0o700), (folder.keystore, 0o600), (folder.password, 0o600))
        if path.exists()
    ]
    found = [fault for fault in faults if fault is not None]
    for folder in folders.values():
        if not folder.password.exists():
            remedy = "put it back from a backup: no other password opens its key"
            found.append(Check("keys", "problem", f"{folder.password} is not there", remedy))
    found += _exchanged(home)
    yield from found
    if not found:
        yield Check("keys", "ok", f"{', '.join(folders)}, each in a folder of its own; readable by you alone")


def _exchanged(home: Home) -> Iterator[Check]:
    """A problem for each role whose key is not the one that the stack was made with."""
    from oracle.chain.errors import KeystoreRejected
    from router.protocol.desks import keys
    from router.protocol.stack import read_stack

    stack = read_stack(home)
    if stack is None:
        return
    for role in ("requester", "operator", "worker"):
        folder, wanted = home.folders()[role], getattr(stack.roles, role)
        try:
            holds = keys.address(folder)
        except KeystoreRejected as error:
            yield Check("keys", "problem", str(error), f"put the key of {wanted} back into {folder.root}")
            continue
        if holds is not None and holds != wanted:
            said = f"{folder.root} holds the key of {holds}, and the {role} of this stack is {wanted}"
            yield Check("keys", "problem", said, f"put the key of {wanted} back into {folder.root}")


def _credentials(home: Home) -> Iterator[Check]:
    file = home.credentials / "ibm.json"
    if not home.credentials.exists():
        yield Check(
            "credentials",
            "note",
            "no provider credentials: simulators and fake devices need none",
            f'for IBM hardware write {{"token": "<API key>", "instance": "<CRN>"}} into {file}, '
            f"then `chmod 700 {home.credentials}` and `chmod 600 {file}`",
        )
        return
    faults = [
        _private(path, 0o700 if path.is_dir() else 0o600) for path in (home.credentials, *home.credentials.rglob("*"))
    ]
    found = [fault for fault in faults if fault is not None]
    yield from (Check("credentials", fault.status, fault.said, fault.remedy) for fault in found)
    if not found:
        yield from _accounts(home)


def _accounts(home: Home) -> Iterator[Check]:
    from router.protocol.providing import ProviderUnavailable
    from router.worker.credentials.ibm_account import AccountFile

    file = home.credentials / "ibm.json"
    try:
        AccountFile(file).read()
    except ProviderUnavailable as error:
        yield Check("credentials", "problem" if file.exists() else "note", error.reason, error.remedy)
        return
    yield Check(
        "credentials", "ok", "ibm.json; readable by you alone (whether IBM takes it shows when a job is routed)"
    )


def _answer(command: list[str]) -> str:
    """The first line that `command` prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_ANSWER_S, check=True)
    return (done.stdout.strip().splitlines() or [""])[0]


def _anvil(home: Home) -> Iterator[Check]:
    del home
    from router.console.stack.anvil import AnvilMissing, find_anvil

    try:
        binary = find_anvil()
    except AnvilMissing as error:
        yield Check("anvil", "problem", "no local chain", str(error))
        return
    yield Check("anvil", "ok", f"{_answer([str(binary), '--version']).removeprefix('anvil Version: ')}, {binary}")


def _node(home: Home) -> Iterator[Check]:
    del home
    if (found := shutil.which("node")) is None:
        yield Check("node", "note", "not on PATH", "only contract development needs it, and `make` brings its own")
        return
    yield Check("node", "ok", f"{_answer([found, '--version'])}, {found} (only contract development needs it)")


def _sandbox(home: Home) -> Iterator[Check]:
    del home
    if found := shutil.which("bwrap"):
        yield Check("sandbox", "ok", f"bubblewrap at {found}")
        return
    yield Check(
        "sandbox",
        "note",
        "no bubblewrap; circuit generators run behind resource limits and the kernel's own filters",
        "install the package `bubblewrap` for another wall around other people's circuits",
    )


def _providers(home: Home) -> Iterator[Check]:
    del home
    points = metadata.entry_points(group="compute_escrow.providers")
    names = sorted({point.name for point in points})
    if not names:
        yield Check("providers", "problem", "none are installed", "`pip install compute-escrow` again")
        return
    yield Check("providers", "ok", ", ".join(names))


def _stack(home: Home) -> Iterator[Check]:
    if not home.stack.is_file():
        yield Check("stack", "note", "none runs in this home", "`compute up` starts one")
        return
    from router.console.stack.processes import alive, times
    from router.console.stack.recorded import read

    records = read(home).processes
    if not records:
        yield Check("stack", "note", "stopped; its jobs and its chain's state are kept", "`compute up` starts it")
        return
    for record in records:
        again = f", started again {times(record.restarts)}, last at {record.restarted_at}" if record.restarts else ""
        if alive(record) and again:
            remedy = f"nothing, if it stays so; why it ended is in {record.log}"
            yield Check(f"process {record.name}", "note", f"pid {record.pid}{again}", remedy)
        elif alive(record):
            yield Check(f"process {record.name}", "ok", f"pid {record.pid}")
        else:
            said = f"pid {record.pid} is gone{again}; its log is {record.log}"
            yield Check(f"process {record.name}", "problem", said, "`compute up` starts it again; the others run on")
    lives = {record.name for record in records if alive(record)}
    yield from _chain(home, "`compute down`, then `compute up`" if "anvil" in lives else "`compute up` starts it again")


def _chain(home: Home, remedy: str) -> Iterator[Check]:
    from oracle.chain.errors import ChainError
    from router.protocol.stack import read_stack

    if (record := read_stack(home)) is None:
        return
    from oracle.chain.client import EscrowClient
    from oracle.chain.deployment import Deployment

    deployment = Deployment.load(Path(record.deployment))
    try:
        client = EscrowClient(record.rpc_url, deployment)
        client.check_network()
        head = client.head()
    except ChainError as error:
        yield Check("chain", "problem", str(error), remedy)
        return
    yield Check(
        "chain", "ok", f"{deployment.chain_id} at {record.rpc_url}, block {head.number}, escrow {deployment.escrow}"
    )


def _policy(home: Home) -> Iterator[Check]:
    from router.control.gates.policy import load_policy

    load_policy(home.policy)
    where = str(home.policy) if home.policy.is_file() else "defaults; no policy.yaml"
    yield Check("policy", "ok", where)


CHECKS: dict[str, Callable[[Home], Iterator[Check]]] = {
    "python": _python,
    "packages": _packages,
    "home": _home,
    "disk": _disk,
    "keys": _keys,
    "policy": _policy,
    "anvil": _anvil,
    "node": _node,
    "sandbox": _sandbox,
    "providers": _providers,
    "credentials": _credentials,
    "stack": _stack,
}
"""By the name under which a check's own failure is reported."""

_MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "problem": "[bold red]problem[/]"}


@dataclass(frozen=True)
class Examination:
    """All checks, in the order in which they were made."""

    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        return all(check.status != "problem" for check in self.checks)

    def to_json(self) -> dict[str, object]:
        return {"healthy": self.healthy, "checks": [check.to_json() for check in self.checks]}


def draw(examination: Examination) -> Callable[[Console], None]:
    """The examination as a table, remedies under what they are for."""

    def to(screen: Console) -> None:
        from router.console.screen.output import plain, table

        grid = table("", "what", "found")
        for check in examination.checks:
            grid.add_row(_MARKS[check.status], plain(check.name), plain(check.said))
            if check.remedy:
                grid.add_row("", "", f"[dim]→[/] {plain(check.remedy)}")
        screen.print(grid)
        problems = sum(check.status == "problem" for check in examination.checks)
        summary = "Nothing is wrong." if not problems else f"{problems} problem{'s' if problems > 1 else ''}."
        screen.print(f"\n{summary}")

    return to


def register(root: click.Group) -> None:
    """Add the command to `root`."""

    @command(root, "doctor", "compute doctor", "compute doctor --json | jq '.checks[] | select(.status != \"ok\")'")
    def doctor(session: Session) -> None:
        """Check this installation: versions, chain, keys, stack, providers.

        Changes nothing. Each line says ok, note (something is missing that not everybody needs) or problem, and
        what to do. Exits with 5 if there is a problem.
        """
        examination = Examination(examine(session.home))
        session.output.result(examination.to_json(), draw(examination))
        if not examination.healthy:
            click.get_current_context().exit(Exit.DEPENDENCY)
