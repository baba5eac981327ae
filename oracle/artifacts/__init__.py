"""Content-addressed artifacts: the store, the names of their kinds, and packed shots."""

from oracle.artifacts.kinds import ArtifactKind
from oracle.artifacts.registers import Register, RegisterMap
from oracle.artifacts.shots import PackedShots, ShotsFault, ShotsRejected, pack, pack_counts, unpack
from oracle.artifacts.sources import Sources, open_sources
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
    "ArtifactKind",
    "ArtifactMissing",
    "ArtifactStore",
    "DirectoryStore",
    "PackedShots",
    "Register",
    "RegisterMap",
    "ShotsFault",
    "ShotsRejected",
    "Sources",
    "StoreUnavailable",
    "open_sources",
    "open_store",
    "pack",
    "pack_counts",
    "unpack",
]
