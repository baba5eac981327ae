"""IBM credentials: read here, only here, from a file that only its owner may read, again whenever it changes.

``credentials/ibm.json``, mode 0600::

    {"token": "<API key>", "instance": "crn:v1:bluemix:…"}

Deployments of one's own may add ``api_url``, ``iam_url``, ``search_url`` and ``catalog_url``.
"""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field, fields
from pathlib import Path

from router.protocol.providing import ProviderUnavailable


@dataclass(frozen=True)
class IbmAccount:
    token: str = field(repr=False)
    instance: str
    """The service instance's CRN."""
    api_url: str | None = None
    """Base of the runtime's REST API, up to and with its version; None for IBM's own."""
    iam_url: str | None = None
    search_url: str | None = None
    catalog_url: str | None = None

    def clean(self, text: str) -> str:
        """`text` on one line, shortened, without the token."""
        return " ".join(text.replace(self.token, "…").split())[:300]


@dataclass(frozen=True)
class AccountFile:
    path: Path

    def version(self) -> tuple[int, int, int]:
        """Changes when the file does. Raises ProviderUnavailable as `read` for one that is not there."""
        try:
            seen = self.path.stat()
        except FileNotFoundError:
            raise ProviderUnavailable(
                f"there are no IBM credentials at {self.path}",
                'write {"token": "<API key>", "instance": "<CRN>"} there and chmod it to 600',
            ) from None
        return seen.st_mtime_ns, seen.st_ino, seen.st_size

    def read(self) -> IbmAccount:
        """Raises ProviderUnavailable for a file that others may read, or that is not such a document."""
        self.version()
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if mode & 0o077:
            raise ProviderUnavailable(
                f"the IBM credentials may be read by others (mode {mode:03o})", f"chmod 600 {self.path}"
            )
        try:
            raw = json.loads(self.path.read_bytes())
        except ValueError:
            raw = None
        known = {item.name for item in fields(IbmAccount)}
        if not isinstance(raw, dict) or not raw.get("token") or not raw.get("instance") or set(raw) - known:
            raise ProviderUnavailable(
                f"{self.path} is not a credentials file",
                f"write a JSON object with token and instance, and at most {', '.join(sorted(known))}",
            )
        if not all(isinstance(value, str) for value in raw.values()):
            raise ProviderUnavailable(f"{self.path} has a value that is no text", "put every value in quotes")
        return IbmAccount(**raw)
