"""The numbers of a circuit: angles, exponents and durations, evaluated from their expressions in the text.

Everything that runs or judges a circuit gets these floats and never the expression, so no two tools can evaluate it
differently. A number that tools treat differently is refused: one that is not finite, one so large that its remainder
modulo 2 pi depends on the tool's pi, and a division of whole numbers that leaves a rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from openqasm3 import ast

from oracle.encoding.errors import OracleError

LARGEST_ANGLE = 1_000_000
"""Radians. The double nearest to pi is off by 1.2e-16, so that reducing such an angle is off by less than 1e-10."""
LARGEST_DELAY_S = 1.0
"""Seconds of one delay."""
CONSTANTS: Mapping[str, float] = MappingProxyType(
    {"pi": math.pi, "π": math.pi, "tau": math.tau, "τ": math.tau, "euler": math.e, "ℇ": math.e}
)
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_NUMBER = "write a number, such as pi/4 or 0.785"


class ExpressionRefused(OracleError, ValueError):
    """An expression that is no number here; `reason` and `remedy` are those of a finding."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(f"{reason} — {remedy}")


class ValueRefused(ExpressionRefused):
    """An expression that is well formed, and has no value that every tool agrees about."""


def angle_of(node: ast.Expression, names: Mapping[str, float], what: str = "the angle") -> float:
    """The value of `node` in radians, where `names` are the parameters in scope. Raises ExpressionRefused."""
    return checked_angle(number_of(node, names), what)


def checked_angle(value: float, what: str = "the angle") -> float:
    """`value` as a float. Raises ValueRefused unless it is finite and at most LARGEST_ANGLE either way."""
    number = _finite(value, what)
    if abs(number) > LARGEST_ANGLE:
        reason = f"{what} {number:.6g} is beyond {LARGEST_ANGLE:,}, where tools reduce it differently"
        raise ValueRefused(reason, "take multiples of 2*pi away, or of 4*pi for a rotation under a control")
    return number


def number_of(node: ast.Expression, names: Mapping[str, float]) -> int | float:
    """The value of `node`: an int if it is made of whole numbers alone. Raises ExpressionRefused."""
    if isinstance(node, ast.IntegerLiteral | ast.FloatLiteral):
        return node.value
    if isinstance(node, ast.Identifier):
        value = names.get(node.name, CONSTANTS.get(node.name))
        if value is None and node.name in ("inf", "nan"):  # as Python writes them
            raise ValueRefused(f"{node.name} is not a finite number", _NUMBER)
        if value is None:
            raise ExpressionRefused(f"{node.name} is no number that is known here", _NUMBER)
        return value
    if isinstance(node, ast.UnaryExpression) and node.op is ast.UnaryOperator["-"]:
        return -number_of(node.expression, names)
    if isinstance(node, ast.BinaryExpression) and node.op.name in ("+", "-", "*", "/", "**"):
        return _joined(node.op.name, number_of(node.lhs, names), number_of(node.rhs, names))
    if isinstance(node, ast.FunctionCall):
        raise ExpressionRefused(f"the function {node.name.name} is not evaluated here", _NUMBER)
    if isinstance(node, ast.UnaryExpression | ast.BinaryExpression):
        raise ExpressionRefused(f"the operator {node.op.name} is not evaluated here", _NUMBER)
    raise ExpressionRefused("this is no number", _NUMBER)


def _joined(operator: str, left: float, right: float) -> int | float:
    try:
        if operator == "**":
            power = math.pow(left, right)
            return int(power) if isinstance(left, int) and isinstance(right, int) and power.is_integer() else power
        if operator == "/":
            return _quotient(left, right)
        return left + right if operator == "+" else left - right if operator == "-" else left * right
    except ZeroDivisionError:
        raise ValueRefused("the expression divides by zero", _NUMBER) from None
    except ValueRefused:
        raise
    except (OverflowError, ValueError):
        raise ValueRefused("the expression is not a finite number", _NUMBER) from None


def _quotient(left: float, right: float) -> int | float:
    if not isinstance(left, int) or not isinstance(right, int):
        return left / right
    whole, rest = divmod(left, right)
    if rest:
        # OpenQASM 3 rounds it, and much of what writes OpenQASM 3 does not mean that.
        reason = f"{left}/{right} divides whole numbers, which OpenQASM 3 rounds and other tools do not"
        raise ValueRefused(reason, f"write {left}.0/{right}")
    return whole


def _finite(value: float, what: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueRefused(f"{what} is not a finite number", _NUMBER)
    return number


def duration_of(node: ast.Expression) -> tuple[float, str]:
    """A delay's duration and its unit: s, ms, us, ns or dt. Raises ExpressionRefused unless it is a literal that is
    finite, not negative and no longer than LARGEST_DELAY_S."""
    remedy = "write a duration, such as 100ns or 1us"
    if isinstance(node, ast.UnaryExpression):
        raise ExpressionRefused("the delay is negative", remedy)
    if not isinstance(node, ast.DurationLiteral):
        raise ExpressionRefused("the delay is no duration", remedy)
    unit = node.unit.name
    if not math.isfinite(node.value):
        raise ValueRefused("the delay is not a finite duration", remedy)
    if node.value * _SECONDS.get(unit, 1e-9) > LARGEST_DELAY_S:
        raise ValueRefused(f"the delay of {node.value:.6g} {unit} is longer than {LARGEST_DELAY_S:g} s", remedy)
    return node.value, unit
