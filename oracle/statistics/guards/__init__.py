"""Guards: what no honest run shows, however noisy its device is. They reject or say nothing, and never accept."""

from oracle.statistics.guards.collisions import COLLISIONS
from oracle.statistics.guards.counts import DISPERSION, DUPLICATES
from oracle.statistics.guards.guard import Guard, Record
from oracle.statistics.guards.order import BLOCKS, REPEATS

__all__ = ["BLOCKS", "COLLISIONS", "DISPERSION", "DUPLICATES", "REPEATS", "Guard", "Record"]
