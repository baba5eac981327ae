"""Are the stated error rates the true ones? Boundaries, a search for the worst law on each, and the count of errors.

`scripts/calibrate.py` and `scripts/devices.py` run it all at size; the tests run it small. A method is one entry of
`spaces.SPACES`.
"""
