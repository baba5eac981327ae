"""The verdict a second time, for comparison: `fractions`, `math`, `json`, `hashlib` and nothing else.

No NumPy, no gmpy2, nothing of the package. Written from the formulas in `oracle/statistics/README.md`, with exact
fractions where the engine encloses and plain loops where it has arrays, so that agreement on the bytes means that the
rules are stated well enough for a stranger to follow.
"""
