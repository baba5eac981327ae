"""The router's memory: events and jobs, intents, requests, approvals, what the chain said and the outbox."""

from router.store.approvals import Approval, ApprovalScope
from router.store.chain import ChainLog
from router.store.errors import (
    AmbiguousJob,
    EventConflict,
    IntentConflict,
    RowDamaged,
    StoreError,
    StoreTooNew,
    StoreUnavailable,
    TermsTaken,
    UnknownJob,
    UnknownRequest,
)
from router.store.intents import Intent, IntentStatus
from router.store.jobs import Damaged, Due, Listing
from router.store.progress import Outgoing
from router.store.requests import Request, RequestKind, RequestStatus
from router.store.store import Repaired, Store

__all__ = [
    "AmbiguousJob",
    "Approval",
    "ApprovalScope",
    "ChainLog",
    "Damaged",
    "Due",
    "EventConflict",
    "Intent",
    "IntentConflict",
    "IntentStatus",
    "Listing",
    "Outgoing",
    "Repaired",
    "Request",
    "RequestKind",
    "RequestStatus",
    "RowDamaged",
    "Store",
    "StoreError",
    "StoreTooNew",
    "StoreUnavailable",
    "TermsTaken",
    "UnknownJob",
    "UnknownRequest",
]
