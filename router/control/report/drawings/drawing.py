"""What a drawing of a result is: panels for the page and the picture, and the part of the page that shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from router.control.report.svg import Panel
from router.control.report.view import EvidenceView

NARROW_WIDTH = 400.0
"""Of a panel on a telephone, in user units."""


@dataclass(frozen=True)
class Drawing:
    """One drawing of a result."""

    name: str
    """Of its part of the page, ``templates/drawings/<name>.html``, which finds what `shown` returned as ``drawn``."""
    heading: str
    """Above it in the picture."""
    panel: Callable[[EvidenceView, float], Panel | None]
    """For the picture, of a width in user units; None where there is nothing to draw."""
    shown: Callable[[EvidenceView], object]
    """For the page."""


def markup(panel: Panel) -> Markup:
    """`panel` as it stands in the page."""
    return Markup(panel.svg())  # noqa: S704  # svg.py escapes every text it is given
