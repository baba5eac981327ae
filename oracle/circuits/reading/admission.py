"""What an OpenQASM 3 program may contain, checked on its syntax tree before a circuit is built from it.

A short text can stand for a huge circuit: gates defined by gates double with every line, and registers, controls and
powers are numbers. All of that is bounded here, and everything that is wrong is found at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from openqasm3 import ast

from oracle.circuits.reading.angles import ExpressionRefused, number_of
from oracle.circuits.reading.definitions import DEEPEST, MOST_CONTROLS
from oracle.circuits.reading.expansion import BUILT_IN, MOST_OPERATIONS, STANDARD_GATES
from oracle.encoding import Finding, collapsed

LARGEST_REGISTER = 4096
"""Qubits or bits of one register, and the highest physical qubit."""
STANDARD_INCLUDE = "stdgates.inc"
_STATEMENTS = (
    ast.Include,
    ast.QubitDeclaration,
    ast.ClassicalDeclaration,
    ast.QuantumGateDefinition,
    ast.QuantumGate,
    ast.QuantumPhase,
    ast.QuantumBarrier,
    ast.QuantumMeasurementStatement,
    ast.QuantumReset,
    ast.DelayInstruction,
    ast.AliasStatement,
)
_ONLY = "write gates, barriers, delays and measurements only"
_LINEAR = "write a circuit that measures only at its end, without"
_WORDS: dict[type[ast.QASMNode], tuple[str, str]] = {
    ast.IODeclaration: ("an input or output", "bind every parameter to a number before writing the circuit out"),
    ast.BranchingStatement: ("an if", f"{_LINEAR} if"),
    ast.SwitchStatement: ("a switch", f"{_LINEAR} switch"),
    ast.WhileLoop: ("a while loop", f"{_LINEAR} while"),
    ast.ForInLoop: ("a for loop", "write the loop's gates out"),
    ast.BreakStatement: ("a break", _ONLY),
    ast.ContinueStatement: ("a continue", _ONLY),
    ast.EndStatement: ("an end", "leave it out"),
    ast.ReturnStatement: ("a return", _ONLY),
    ast.ConstantDeclaration: ("a const", "write the number where it is used"),
    ast.ClassicalAssignment: ("an assignment", "write c = measure q; for what is measured, and no other assignment"),
    ast.ExpressionStatement: ("an expression by itself", _ONLY),
    ast.SubroutineDefinition: ("a subroutine (def)", "define it as a gate: gate name a { … }"),
    ast.ExternDeclaration: ("an extern", _ONLY),
    ast.Box: ("a box", "write what is in it without box"),
    ast.Pragma: ("a pragma", "leave it out"),
    ast.CalibrationDefinition: ("a defcal", "leave calibrations out"),
    ast.CalibrationStatement: ("a cal block", "leave calibrations out"),
    ast.CalibrationGrammarDeclaration: ("a defcalgrammar", "leave calibrations out"),
    ast.QuantumReset: ("a reset", _ONLY),
    ast.DelayInstruction: ("a delay", "write it outside the gate"),
    ast.QuantumMeasurementStatement: ("a measurement", _ONLY),
}


def in_words(node: ast.QASMNode) -> tuple[str, str]:
    """What the user calls a statement such as `node`, and what to write instead."""
    return _WORDS.get(type(node), ("this statement", _ONLY))


class _Admission:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.registers: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.depths: dict[str, int] = {}
        """For each gate that the text defines: how many definitions lie inside one another, itself included."""
        self.known: set[str] = {BUILT_IN}
        self.operations = 0

    def refuse(self, node: ast.QASMNode, reason: str, remedy: str) -> None:
        line = None if node.span is None else node.span.start_line
        self.findings.append(Finding("", line, reason, remedy))

    def statement(self, node: ast.QASMNode) -> None:
        if not isinstance(node, _STATEMENTS):
            words, remedy = in_words(node)
            self.refuse(node, f"{words} is not read here", remedy)
        elif isinstance(node, ast.Include):
            self.include(node)
        elif isinstance(node, ast.QubitDeclaration):
            self.register(node, node.qubit.name, node.size, f"qubit[5] {node.qubit.name};")
        elif isinstance(node, ast.ClassicalDeclaration):
            self.classical(node)
        elif isinstance(node, ast.QuantumGateDefinition):
            self.definition(node)
        elif isinstance(node, ast.QuantumGate):
            self.operations += self.gate(node) * self.broadcast(node.qubits)
        else:
            self.operations += LARGEST_REGISTER if isinstance(node, ast.AliasStatement) else 1
        self.physical_qubits(node)

    def include(self, node: ast.Include) -> None:
        if node.filename == STANDARD_INCLUDE:
            self.known |= STANDARD_GATES
        else:
            self.refuse(node, f"{node.filename} is not included here", f'write include "{STANDARD_INCLUDE}";')

    def register(self, node: ast.QASMNode, name: str, size: ast.Expression | None, example: str) -> None:
        if size is None:
            self.registers[name] = 1
        elif not isinstance(size, ast.IntegerLiteral):
            self.refuse(node, f"the size of {name} is no plain number", f"write {example}")
        elif not 1 <= size.value <= LARGEST_REGISTER:
            self.refuse(node, f"{name} has {size.value} elements", f"write a size from 1 to {LARGEST_REGISTER}")
        else:
            self.registers[name] = size.value

    def classical(self, node: ast.ClassicalDeclaration) -> None:
        name = node.identifier.name
        if not isinstance(node.type, ast.BitType):
            self.refuse(node, f"{name} is no register of bits", f"write bit[5] {name};")
        elif node.type.size is None:
            # A bit outside a register has no place in Qiskit's results, so neither in the order of packed shots.
            self.refuse(node, f"{name} is a bit without a register", f"write bit[1] {name};")
        else:
            self.register(node, name, node.type.size, f"bit[5] {name};")

    def definition(self, node: ast.QuantumGateDefinition) -> None:
        size, depth = 1, 1
        for inner in node.body:
            if isinstance(inner, ast.QuantumGate):
                size += self.gate(inner)
                depth = max(depth, 1 + self.depths.get(inner.name.name, 0))
            elif not isinstance(inner, ast.QuantumPhase | ast.QuantumBarrier):
                words, _ = in_words(inner)
                self.refuse(inner, f"{words} in a gate is not read here", "write gates only")
        if depth == DEEPEST + 1:
            self.refuse(node, "gates are defined by gates too deeply", "write the gates out")
        self.known.add(node.name.name)
        self.depths[node.name.name] = depth
        # Kept bounded, for sizes double with every definition and need not stay machine-sized.
        self.sizes[node.name.name] = min(size, MOST_OPERATIONS + 1)

    def gate(self, node: ast.QuantumGate) -> int:
        """How many operations it expands to, on one set of qubits."""
        name = node.name.name
        if name not in self.known:
            remedy = f'write include "{STANDARD_INCLUDE}"; before it' if name in STANDARD_GATES else "define it first"
            self.refuse(node, f"gate {name} is not defined", remedy)
        controls, times = 0, 1
        for modifier in node.modifiers:
            if modifier.modifier in (ast.GateModifierName.ctrl, ast.GateModifierName.negctrl):
                controls += _controls(modifier.argument)
            elif modifier.modifier is ast.GateModifierName.pow:
                times *= _repetitions(modifier.argument)
        if controls > MOST_CONTROLS:
            self.refuse(node, f"{name} has {controls} more controls", f"add at most {MOST_CONTROLS}")
        # Kept bounded, for exponents are any numbers.
        times = min(times, MOST_OPERATIONS + 1)
        return max(1, times * self.sizes.get(name, 1)) * (1 if not controls else 40 * controls)

    def broadcast(self, operands: list[ast.IndexedIdentifier | ast.Identifier]) -> int:
        """On how many sets of qubits a statement acts; slices and aliases are taken for the largest register."""
        sizes = [
            self.registers.get(operand.name, 1 if operand.name.startswith("$") else LARGEST_REGISTER)
            if isinstance(operand, ast.Identifier)
            else 1
            if all(isinstance(index, list) and isinstance(index[0], ast.IntegerLiteral) for index in operand.indices)
            else LARGEST_REGISTER
            for operand in operands
        ]
        return max(sizes, default=1)

    def physical_qubits(self, node: ast.QASMNode) -> None:
        for name in _identifiers(node):
            digits = name.removeprefix("$")
            if digits != name and (len(digits) > 5 or int(digits) >= LARGEST_REGISTER):
                self.refuse(node, f"there is no physical qubit {name[:20]}", f"write $0 to ${LARGEST_REGISTER - 1}")


def _identifiers(node: object) -> Iterator[str]:
    pending = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.Identifier):
            yield item.name
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, ast.QASMNode):
            pending.extend(value for name, value in vars(item).items() if name != "span")


def _controls(count: ast.Expression | None) -> int:
    """How many controls a modifier adds; a count that is none is refused where the call is read."""
    try:
        return max(1, int(1 if count is None else number_of(count, {})))
    except (ExpressionRefused, OverflowError, ValueError):
        return 1


def _repetitions(exponent: ast.Expression | None) -> int:
    """How often a power repeats its gate; an exponent that a call's angles decide is looked at when it is expanded."""
    try:
        return abs(round(0 if exponent is None else number_of(exponent, {}))) or 1
    except (ExpressionRefused, OverflowError, ValueError):
        return 1


def examine(program: ast.Program) -> list[Finding]:
    """Everything in `program` that is not admitted, in the order of the text; empty if all of it is."""
    admission = _Admission()
    for node in program.statements:
        admission.statement(node)
    if admission.operations > MOST_OPERATIONS and not admission.findings:
        reason = f"the circuit has more than {MOST_OPERATIONS:,} operations once its gates are expanded"
        admission.findings.append(Finding("", None, reason, "write a shorter circuit"))
    return collapsed(admission.findings)
