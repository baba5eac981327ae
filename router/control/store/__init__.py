"""The router's memory: events and jobs, intents, requests, approvals, what the chain said and the outbox."""

from oracle.chain.transactions.intents import Intent, IntentStatus
from router.control.store.approvals import Approval, ApprovalScope
from router.control.store.chain import ChainLog
from router.control.store.errors import (
    AmbiguousJob,
    DatabaseUnavailable,
    IntentConflict,
    RowDamaged,
    StoreTooNew,
    TermsTaken,
    UnknownJob,
    UnknownRequest,
)
from router.control.store.jobs import Damaged, Due, Listing
from router.control.store.progress import Outgoing
from router.control.store.store import Repaired, Store
from router.protocol.ports import EventConflict, StoreError
from router.protocol.requests import Request, RequestKind, RequestStatus

__all__ = [
    "AmbiguousJob",
    "Approval",
    "ApprovalScope",
    "ChainLog",
    "Damaged",
    "DatabaseUnavailable",
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
    "TermsTaken",
    "UnknownJob",
    "UnknownRequest",
]
