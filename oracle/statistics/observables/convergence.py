"""`convergence/1`: how best and mean value came about over a run, as a document made of shots and objective alone.

    {"best_outcome":"01011","best_shot":17,"checkpoints":[{"best":"-12","shots":500,"sum":"-4012"},…],
     "denominator":"4","direction":"minimise","schema":"convergence/1"}

A checkpoint after each eighth of the run says how good the best shot was so far, and what all of them sum to, in units
of 1 / denominator. The parameters of a variational circuit are in the circuit, fixed before the job was paid for: what
converges in a worker's hands is the sample. A validator makes the document anew and compares digests.
"""

from __future__ import annotations

import numpy as np

from oracle.encoding import canonical_bytes
from oracle.statistics.observables.diagonal import Diagonal, Values
from oracle.statistics.rules import ObjectiveRule

SCHEMA = "convergence/1"
CHECKPOINTS = 8


def convergence_document(rule: ObjectiveRule, sequence: Values) -> bytes:
    """The document, canonical JSON, of the run whose shots, in order, are `sequence` (int64[shots], not empty)."""
    objective = Diagonal.of(rule.terms)
    values = objective.at(sequence)
    minimised = rule.direction == "minimise"
    best = np.minimum.accumulate(values) if minimised else np.maximum.accumulate(values)
    # Up to 2^20 values of up to 2^40: a sum fits.
    sums = np.cumsum(values)
    ends = sorted({-(-sequence.size * eighth // CHECKPOINTS) for eighth in range(1, CHECKPOINTS + 1)})
    first = int(np.argmax(values == best[-1]))
    return canonical_bytes(
        {
            "schema": SCHEMA,
            "direction": rule.direction,
            "denominator": str(objective.denominator),
            "best_outcome": f"{int(sequence[first]):0{objective.bits}b}",
            "best_shot": first,
            "checkpoints": [
                {"shots": end, "best": str(int(best[end - 1])), "sum": str(int(sums[end - 1]))} for end in ends
            ],
        }
    )
