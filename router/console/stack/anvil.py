"""The local chain: Anvil with one-second blocks and its state in a file, on loopback.

The binary itself is started, never npm's wrapper around it: that wrapper is a Node process whose death leaves the real
chain running.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
from pathlib import Path

from router.errors import RouterError
from router.settings import anvil_override

CHAIN_ID = 31337


class AnvilMissing(RouterError, RuntimeError):
    """No anvil binary was found."""

    def __init__(self, named: str | None) -> None:
        missing = "there is no anvil binary" if named is None else f"COMPUTE_ANVIL names {named}, which is no program"
        super().__init__(
            f"{missing}; run `make demo` in the project's folder once (it installs one), "
            "put anvil on PATH, or name one in COMPUTE_ANVIL"
        )


def _package() -> str:
    system = "darwin" if sys.platform == "darwin" else "linux"
    machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "amd64"
    return f"@foundry-rs/anvil-{system}-{machine}"


def find_anvil() -> Path:
    """The anvil binary: COMPUTE_ANVIL, else the project's own from npm, else the one on PATH; raises AnvilMissing."""
    if override := anvil_override():
        if not os.access(override, os.X_OK) or Path(override).is_dir():
            raise AnvilMissing(override)
        return Path(override)
    project = Path(__file__).resolve().parents[3]
    for root in (project, Path.cwd()):
        candidate = root / "node_modules" / _package() / "bin" / "anvil"
        if candidate.is_file():
            return candidate
    if on_path := shutil.which("anvil"):
        return Path(on_path)
    raise AnvilMissing(None)


def free_port(preferred: int | None = None) -> int:
    """`preferred` if nothing listens there on loopback, else a port that the system names."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("no free port on 127.0.0.1")


def anvil_command(binary: Path, port: int, state: Path) -> list[str]:
    """The command line of the stack's chain: Prague rules, one-second blocks, state saved every second."""
    return [
        str(binary),
        "--host", "127.0.0.1",
        "--port", str(port),
        "--chain-id", str(CHAIN_ID),
        "--block-time", "1",
        "--hardfork", "prague",
        "--state", str(state),
        "--state-interval", "1",
        "--accounts", "1",
        "--quiet",
    ]  # fmt: skip
