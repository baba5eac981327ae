"""Are the stated error rates the true ones? Boundaries, a search for the worst law on each, and the count of errors.

`scripts/measures/calibrate.py` and `devices.py` beside it run it all at size; the tests run it small. A method is one
entry of `spaces.SPACES`.
"""
