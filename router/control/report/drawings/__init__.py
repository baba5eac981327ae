"""What is drawn of a result, a module each: on the page and in the picture, in this order."""

from router.control.report.drawings.bound import BOUND
from router.control.report.drawings.drawing import Drawing
from router.control.report.drawings.histogram import OUTCOMES
from router.control.report.drawings.scores import SCORES

DRAWINGS: tuple[Drawing, ...] = (BOUND, OUTCOMES, SCORES)
"""All of them; a new one is a module, its part of the page, and its name here."""

__all__ = ["DRAWINGS", "Drawing"]
