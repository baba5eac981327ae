"""The operator's rate for the token that a spec is budgeted in."""

from __future__ import annotations

from datetime import UTC, datetime

from oracle.chain.deployment import Deployment
from oracle.encoding.times import time_text
from oracle.spec import JobSpec, Quote
from router.control.gates.policy import Rates


def quote_of(deployment: Deployment, rates: Rates, spec: JobSpec) -> Quote | None:
    """The rate for the token that `spec` wants, pinned now; None if the operator quotes none for it."""
    at = time_text(datetime.now(UTC))
    if spec.budget.token != "native":
        return Quote(
            token=deployment.token,
            symbol=deployment.token_symbol,
            decimals=deployment.token_decimals,
            usd_per_token=rates.usd_per_token,
            source=rates.source,
            quoted_at=at,
        )
    if rates.usd_per_native is None:
        return None
    return Quote(
        token="native", symbol="ETH", decimals=18, usd_per_token=rates.usd_per_native, source=rates.source, quoted_at=at
    )
