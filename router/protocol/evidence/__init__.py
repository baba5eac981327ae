"""What a job's record consists of, its bundle, and the checks that take the event log."""

from router.protocol.evidence.collecting import collect
from router.protocol.evidence.contents import named, receipts
from router.protocol.evidence.event_log import event_checks

__all__ = ["collect", "event_checks", "named", "receipts"]
