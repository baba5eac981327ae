"""``compute-oracle``: what a validator types. Commands import their heavy modules themselves: --help is instant.

Exit codes: 0 done · 2 input · 5 a dependency (chain, network, artifacts) · 6 judged, and not accepted.
"""

from oracle.cli.commands import main

__all__ = ["main"]
