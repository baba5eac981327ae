"""`reproduce/1`: the papers of a run, there and hashing to what was committed; `oracle.verdict.papers` looks at them.

Facts, without an error rate: it takes no share of alpha or beta.
"""

from __future__ import annotations

from oracle.statistics.certificate import Bound, Certificate, Side, finding
from oracle.statistics.method import CertificateMethod, Judges

REPRODUCE = "reproduce/1"


def reproduce_certificate(faults: tuple[str, ...]) -> Certificate:
    """`reproduce/1` over the reason codes of all that is wrong with the papers."""
    return finding(REPRODUCE, len(faults), Bound(Side.AT_MOST, 0), Bound(Side.AT_LEAST, 1), {})


METHOD = CertificateMethod(
    REPRODUCE,
    Judges.PAPERS,
    asks=lambda policy: REPRODUCE,
    certain=lambda policy: "with all papers of its run there, as committed to",
    of_papers=reproduce_certificate,
)
