"""The gates that a text may call: those of the library it includes, and those that it defines itself.

A name means what the text says it means. Bodies are kept as they were written, and expanded with the angles of each
call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openqasm3 import ast
from qiskit.circuit import Barrier

from oracle.circuits.reading.angles import ExpressionRefused, ValueRefused, angle_of, checked_angle, number_of
from oracle.circuits.reading.expansion import (
    BUILT_IN,
    STANDARD_GATES,
    Expansion,
    composed,
    controlled,
    inverse,
    power,
    shape_of_standard,
    standard,
)
from oracle.encoding.errors import OracleError

MOST_CONTROLS = 3
"""Controls that modifiers may add to one gate: synthesis grows exponentially with them."""
DEEPEST = 64
"""Gates defined by gates defined by gates: what expands them recurses once for each."""
_NO_NAMES: Mapping[str, float] = {}
_CONTROLS = (ast.GateModifierName.ctrl, ast.GateModifierName.negctrl)


class GateFault(OracleError):
    """What is wrong with a call, at the line of the call or of the definition that holds it."""

    def __init__(self, node: ast.QASMNode, reason: str, remedy: str) -> None:
        self.line = None if node.span is None else node.span.start_line
        self.reason, self.remedy = reason, remedy
        super().__init__(f"{reason} — {remedy}")


@dataclass(frozen=True)
class Definition:
    """A gate that the text defines."""

    angles: tuple[str, ...]
    qubits: tuple[str, ...]
    body: tuple[ast.QuantumStatement, ...]


class Definitions:
    """The gates known so far, in the order of the text."""

    def __init__(self) -> None:
        self._library: set[str] = {BUILT_IN}
        self._own: dict[str, Definition] = {}
        self._made: dict[tuple[str, tuple[float, ...]], Expansion] = {}

    def include_standard(self) -> None:
        """Know the gates of stdgates.inc."""
        self._library |= STANDARD_GATES

    def define(self, node: ast.QuantumGateDefinition) -> None:
        """Know the gate that `node` defines. Raises GateFault for a body that calls gates as they are not."""
        definition = Definition(
            tuple(each.name for each in node.arguments), tuple(each.name for each in node.qubits), tuple(node.body)
        )
        self._own[node.name.name] = definition  # even if it is faulty, so that no call is called undefined
        names = (*definition.angles, *definition.qubits)
        if len(set(names)) < len(names):
            raise GateFault(node, f"two parameters of {node.name.name} have one name", "give each a name of its own")
        for inner in definition.body:
            self._check_inner(inner, definition)

    def call(self, node: ast.QuantumGate | ast.QuantumPhase, names: Mapping[str, float] = _NO_NAMES) -> Expansion:
        """What the call `node` stands for, its modifiers included, where `names` are the angles in scope.

        Raises GateFault.
        """
        try:
            made = self._unmodified(node, names)
            for modifier in reversed(node.modifiers):
                made = _modified(made, modifier, names)
        except ExpressionRefused as error:
            raise GateFault(node, error.reason, error.remedy) from error
        return made

    def width(self, node: ast.QuantumGate | ast.QuantumPhase) -> int:
        """On how many qubits the call `node` acts. Raises GateFault."""
        base = 0 if isinstance(node, ast.QuantumPhase) else self._shape(node)[1]
        return base + sum(_controls(modifier, node) for modifier in node.modifiers if modifier.modifier in _CONTROLS)

    def _shape(self, node: ast.QuantumGate) -> tuple[int, int]:
        name = node.name.name
        if name in self._own:
            return len(self._own[name].angles), len(self._own[name].qubits)
        if name in self._library:
            return shape_of_standard(name)
        raise GateFault(node, f"gate {name} is not defined", "define it first")

    def check_call(self, node: ast.QuantumGate | ast.QuantumPhase, names: Mapping[str, float] = _NO_NAMES) -> None:
        """Raises GateFault for too few or too many angles or qubits, an operand twice, or an angle that is none."""
        if isinstance(node, ast.QuantumGate):
            name, (angles, _) = node.name.name, self._shape(node)
            if len(node.arguments) != angles:
                reason = f"{name} takes {_counted(angles, 'angle')}, and {_given(len(node.arguments))}"
                raise GateFault(node, reason, f"give it {_counted(angles, 'angle')}")
        else:
            name = "gphase"
        qubits = self.width(node)
        given = len(node.qubits)
        if given != qubits and (qubits or isinstance(node, ast.QuantumGate)):
            reason = f"{name} acts on {_counted(qubits, 'qubit')}, controls included, and {_given(given)}"
            raise GateFault(node, reason, f"name {_counted(qubits, 'qubit')}")
        for argument in _expressions(node):
            try:
                angle_of(argument, names)
            except ValueRefused:
                continue  # the value that a call gives may have one
            except ExpressionRefused as error:
                raise GateFault(node, error.reason, error.remedy) from error

    def _check_inner(self, inner: ast.QuantumStatement, of: Definition) -> None:
        if not isinstance(inner, ast.QuantumGate | ast.QuantumPhase | ast.QuantumBarrier):
            return  # refused at admission
        operands = [_operand(inner, each, of) for each in inner.qubits]
        if len(set(operands)) < len(operands):
            raise GateFault(inner, "one qubit is named twice", "name different qubits")
        if not isinstance(inner, ast.QuantumBarrier):
            self.check_call(inner, dict.fromkeys(of.angles, 1.0))

    def _unmodified(self, node: ast.QuantumGate | ast.QuantumPhase, names: Mapping[str, float]) -> Expansion:
        if isinstance(node, ast.QuantumPhase):
            return Expansion(0, (), angle_of(node.argument, names, "the phase"))
        name = node.name.name
        angles = tuple(
            angle_of(
                argument, names, f"the angle of {name}" if len(node.arguments) == 1 else f"angle {place} of {name}"
            )
            for place, argument in enumerate(node.arguments, 1)
        )
        if name not in self._own:
            return standard(name, angles)
        if (name, angles) not in self._made:
            self._made[name, angles] = self._expanded(self._own[name], angles)
        return self._made[name, angles]

    def _expanded(self, of: Definition, angles: Sequence[float]) -> Expansion:
        names = dict(zip(of.angles, angles, strict=True))
        place = {name: index for index, name in enumerate(of.qubits)}
        parts: list[tuple[Expansion, Sequence[int]]] = []
        for inner in of.body:
            on = [place[_operand(inner, each, of)] for each in inner.qubits] if hasattr(inner, "qubits") else []
            if isinstance(inner, ast.QuantumBarrier):
                fenced = on or list(place.values())
                parts.append((_barrier(fenced), fenced))
            elif isinstance(inner, ast.QuantumGate | ast.QuantumPhase):
                parts.append((self.call(inner, names), on))
        return composed(len(of.qubits), parts)


def _barrier(on: Sequence[int]) -> Expansion:
    return Expansion(len(on), ((Barrier(len(on)), tuple(range(len(on)))),))


def _operand(
    node: ast.QuantumStatement, operand: ast.IndexedIdentifier | ast.Identifier | ast.Expression, of: Definition
) -> str:
    if isinstance(operand, ast.Identifier) and operand.name in of.qubits:
        return operand.name
    if isinstance(operand, ast.IndexedIdentifier):
        raise GateFault(node, "a qubit of a gate has no index", "name the gate's qubits as its first line does")
    said = operand.name if isinstance(operand, ast.Identifier) else "this"
    raise GateFault(node, f"{said} is no qubit of the gate", f"name one of {', '.join(of.qubits)}")


def _expressions(node: ast.QuantumGate | ast.QuantumPhase) -> list[ast.Expression]:
    powers = [
        modifier.argument
        for modifier in node.modifiers
        if modifier.modifier is ast.GateModifierName.pow and modifier.argument is not None
    ]
    return [*(node.arguments if isinstance(node, ast.QuantumGate) else [node.argument]), *powers]


def _controls(modifier: ast.QuantumGateModifier, node: ast.QASMNode) -> int:
    if modifier.argument is None:
        return 1
    try:
        count = number_of(modifier.argument, _NO_NAMES)
    except ExpressionRefused as error:
        raise GateFault(node, f"the number of controls is none: {error.reason}", "write ctrl(2) @") from error
    if not isinstance(count, int) or count < 1:
        raise GateFault(node, f"{count} is no number of controls", "write ctrl(2) @")
    return count


def _modified(made: Expansion, modifier: ast.QuantumGateModifier, names: Mapping[str, float]) -> Expansion:
    if modifier.modifier is ast.GateModifierName.inv:
        return inverse(made)
    if modifier.modifier is ast.GateModifierName.pow:
        assert modifier.argument is not None  # the grammar's
        return power(made, checked_angle(number_of(modifier.argument, names), "the exponent"))
    on_zero = modifier.modifier is ast.GateModifierName.negctrl
    return controlled(made, _controls(modifier, modifier), on_zero=on_zero)


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _given(count: int) -> str:
    return f"{count or 'none'} {'is' if count in (0, 1) else 'are'} given"
