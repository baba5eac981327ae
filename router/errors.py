"""The one ancestor of every error that this package raises of its own.

Loaded inside the sandbox's jail too, where only Python is: it imports nothing.
"""

from __future__ import annotations


class RouterError(Exception):
    """Something that `router` found, and says in its message; each error of the package is one."""
