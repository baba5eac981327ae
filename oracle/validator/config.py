"""What one validator runs with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oracle.chain.following.follower import FINALITY


@dataclass(frozen=True)
class ValidatorConfig:
    """The settings of `compute-oracle run`; all durations are seconds of this machine's clock."""

    rpc_url: str
    deployment_file: Path
    keystore: Path
    password_file: Path
    artifacts_url: str
    """Where artifacts are fetched from and verdict documents put, for example ``file:///srv/artifacts``."""
    attestations_url: str
    """Where attestations are exchanged, for example ``file:///srv/attestations``."""
    state: Path
    """Folder of this validator alone: ledger, cursor, transactions under way."""
    artifact_sources: tuple[str, ...] = ()
    """Stores that are read where the first has lost something, which is then put back."""
    poll_s: float = 0.5
    quorum_wait_s: float = 3.0
    """How long k agreeing validators wait for the others, and one rank of posters for the rank before it."""
    confirmations: int = 1
    """Blocks, its own included, after which an event counts."""
    finality: int = FINALITY
    """Blocks after which a block is not expected to be replaced; a deeper reorg reads everything again."""
    judge_timeout_s: float = 600.0
    """Longest recomputation of one delivery; then its process is killed and the delivery waits its turn again."""

    @property
    def artifact_cache(self) -> str:
        """Where this validator keeps a copy of whatever it read: the last source of all."""
        return (self.state.absolute() / "artifacts").as_uri()

    def __post_init__(self) -> None:
        if self.confirmations < 1:
            raise ValueError(f"confirmations is {self.confirmations}; give 1 or more")
        if self.finality < self.confirmations:
            raise ValueError(f"finality is {self.finality}; give {self.confirmations} or more, as confirmations is")
        if not 0 < self.poll_s <= 60:
            raise ValueError(f"poll_s is {self.poll_s:g}; give more than 0 and at most 60 seconds")
        if self.quorum_wait_s < 0 or self.judge_timeout_s <= 0:
            raise ValueError("quorum_wait_s must not be negative, and judge_timeout_s must be positive")
