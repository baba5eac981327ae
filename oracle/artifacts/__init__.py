"""Content-addressed artifacts: the store, the names of their kinds, and packed shots."""

from oracle.artifacts.kinds import Kind
from oracle.artifacts.shots import PackedShots, ShotsFault, ShotsRejected, pack, unpack
from oracle.artifacts.store import (
    ArtifactCorrupt,
    ArtifactError,
    ArtifactMissing,
    ArtifactStore,
    DirectoryStore,
    StoreUnavailable,
    open_store,
)

__all__ = [
    "ArtifactCorrupt",
    "ArtifactError",
    "ArtifactMissing",
    "ArtifactStore",
    "DirectoryStore",
    "Kind",
    "PackedShots",
    "ShotsFault",
    "ShotsRejected",
    "StoreUnavailable",
    "open_store",
    "pack",
    "unpack",
]
