"""Why nothing more is put on a chain."""

from __future__ import annotations

from oracle.encoding import Finding
from router.errors import RouterError


class DeployRefused(RouterError):
    """Nothing more can be put on this chain; `reason` says why and `remedy` what to do.

    `outside`: a node is at fault, not what was asked for.
    """

    def __init__(self, reason: str, remedy: str, *, outside: bool = False) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason, self.remedy, self.outside = reason, remedy, outside

    def finding(self) -> Finding:
        """For a command to show."""
        return Finding("", None, self.reason, self.remedy)
