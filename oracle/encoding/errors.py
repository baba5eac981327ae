"""The one ancestor of every error that this package raises of its own."""

from __future__ import annotations


class OracleError(Exception):
    """Something that `oracle` found, and says in its message; each error of the package is one."""
