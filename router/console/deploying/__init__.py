"""Putting the contracts on a chain: the one way that the ape script, `compute deploy` and the local stack go."""
