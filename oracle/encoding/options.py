"""Numbers on a command line: ASCII digits, and nothing that Python would read besides.

`int` and `float` also read digits of other scripts, underscores, blanks, ``inf`` and ``nan``; a wait of nan never ends.
Only command lines import this module.
"""

from __future__ import annotations

import re
from typing import Any

import click

_WHOLE = re.compile(r"-?[0-9]{1,40}")
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")


class Whole(click.IntRange):
    """Whole numbers."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and not _WHOLE.fullmatch(value):
            self.fail(f"{value!r} is not a whole number: write digits 0 to 9, such as 20", param, ctx)
        return super().convert(value, param, ctx)


class Decimal(click.FloatRange):
    """Finite decimal numbers."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and not _DECIMAL.fullmatch(value):
            self.fail(f"{value!r} is not a number: write digits 0 to 9, such as 20 or 0.5", param, ctx)
        return super().convert(value, param, ctx)
