"""Where circuits run: one protocol, its adapters, and the device process that simulates. Importing it is cheap."""

from router.protocol.providing import (
    Estimate,
    JobLost,
    JobState,
    Provider,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Reference,
    Result,
    ResultUnusable,
    RunReceipt,
    RunStatus,
    Target,
    Work,
)
from router.worker.providers.registry import load_providers

__all__ = [
    "Estimate",
    "JobLost",
    "JobState",
    "Provider",
    "ProviderError",
    "ProviderRefused",
    "ProviderUnavailable",
    "Reference",
    "Result",
    "ResultUnusable",
    "RunReceipt",
    "RunStatus",
    "Target",
    "Work",
    "load_providers",
]
