"""Where everything lives, and the only place that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HOME_FOLDER = ".compute"


@dataclass(frozen=True)
class RoleHome:
    """The folder of one role below a home, for its owner alone: its key, its password, and what else only it has."""

    root: Path

    @property
    def keystore(self) -> Path:
        return self.root / "key.json"

    @property
    def password(self) -> Path:
        return self.root / "key.password"

    @property
    def lock(self) -> Path:
        """Held by a command while it numbers transactions of this key."""
        return self.root / "key.lock"


@dataclass(frozen=True)
class Home:
    """The folder of one local installation; every path in it is a property, so no other module spells one."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "router.sqlite"

    @property
    def workflows(self) -> Path:
        return self.root / "workflows.sqlite"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def attestations(self) -> Path:
        return self.root / "attestations"

    @property
    def shared_keys(self) -> Path:
        """Where releases up to 0.1 kept the keys of all roles together."""
        return self.root / "keys"

    @property
    def requester(self) -> RoleHome:
        return RoleHome(self.root / "requester")

    @property
    def payer(self) -> RoleHome:
        """The payer's own if it has a key there; else the requester, whose key is here, pays."""
        own = RoleHome(self.root / "payer")
        return own if own.keystore.is_file() else self.requester

    @property
    def worker(self) -> RoleHome:
        return RoleHome(self.root / "worker")

    @property
    def operator(self) -> RoleHome:
        return RoleHome(self.root / "operator")

    def validator(self, name: str) -> RoleHome:
        return RoleHome(self.root / "validators" / name)

    def folders(self) -> dict[str, RoleHome]:
        """The folder of every role and every local validator, by name; a role may have no key there yet."""
        validators = sorted((self.root / "validators").glob("*"))
        return {name: RoleHome(self.root / name) for name in ("requester", "payer", "operator", "worker")} | {
            path.name: RoleHome(path) for path in validators
        }

    @property
    def devices(self) -> Path:
        return self.root / "devices"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def credentials(self) -> Path:
        return self.root / "credentials"

    @property
    def stack(self) -> Path:
        return self.root / "stack.json"

    @property
    def deployments(self) -> Path:
        return self.root / "deployments"

    @property
    def policy(self) -> Path:
        return self.root / "policy.yaml"

    @property
    def chain_state(self) -> Path:
        return self.root / "chain-state.json"

    @property
    def router_lock(self) -> Path:
        return self.root / "router.lock"

    @property
    def router_pid(self) -> Path:
        return self.root / "router.pid"


def find_home(explicit: Path | None = None, start: Path | None = None) -> Home:
    """The home in force: `explicit`, else COMPUTE_HOME, else the nearest ancestor's ``.compute``, else one here."""
    if explicit is not None:
        return Home(explicit.expanduser().resolve())
    if from_environment := os.environ.get("COMPUTE_HOME"):
        return Home(Path(from_environment).expanduser().resolve())
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / HOME_FOLDER).is_dir():
            return Home(folder / HOME_FOLDER)
    return Home(here / HOME_FOLDER)


def database_url(home: Home) -> str:
    """COMPUTE_DATABASE_URL (``postgresql+psycopg://…``) if set, else the SQLite file of `home`."""
    return os.environ.get("COMPUTE_DATABASE_URL") or f"sqlite:///{home.database}"


def workflows_url(home: Home) -> str:
    """Where workflows keep their state: the same PostgreSQL database, else an SQLite file of its own."""
    return os.environ.get("COMPUTE_DATABASE_URL") or f"sqlite:///{home.workflows}"


def anvil_override() -> str | None:
    """COMPUTE_ANVIL: the path of an anvil binary to use instead of the project's own."""
    return os.environ.get("COMPUTE_ANVIL") or None


def keep_caches_in(home: Home) -> None:
    """Make libraries that cache (Qiskit's plugins do) use `home`, or nothing while there is no home yet.

    A command that only looks leaves no folder behind, neither here nor in the user's own.
    """
    os.environ.setdefault("XDG_CACHE_HOME", str(home.root / "cache") if home.root.is_dir() else os.devnull)


def child_environment(home: Home) -> dict[str, str]:
    """The environment of the stack's processes: what they need and no more, so that no secret is inherited."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "COMPUTE_DATABASE_URL")
        if name in os.environ
    }
    return kept | {
        "COMPUTE_HOME": str(home.root),
        "HOME": str(home.root),
        "XDG_CACHE_HOME": str(home.root / "cache"),
        "PYTHONUNBUFFERED": "1",
        "USAGE_DATA_OPT_OUT": "True",
    }
