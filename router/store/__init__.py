"""The router's memory: events and jobs, intents, requests, approvals, cursors and the outbox."""

from router.store.approvals import Approval, ApprovalScope
from router.store.errors import (
    AmbiguousJob,
    EventConflict,
    IntentConflict,
    StoreError,
    StoreTooNew,
    StoreUnavailable,
    TermsTaken,
    UnknownJob,
    UnknownRequest,
)
from router.store.intents import Intent, IntentStatus
from router.store.progress import Cursor, Outgoing
from router.store.requests import Request, RequestKind, RequestStatus
from router.store.store import Store

__all__ = [
    "AmbiguousJob",
    "Approval",
    "ApprovalScope",
    "Cursor",
    "EventConflict",
    "Intent",
    "IntentConflict",
    "IntentStatus",
    "Outgoing",
    "Request",
    "RequestKind",
    "RequestStatus",
    "Store",
    "StoreError",
    "StoreTooNew",
    "StoreUnavailable",
    "TermsTaken",
    "UnknownJob",
    "UnknownRequest",
]
