"""What an OpenQASM 3 program may contain, checked on its syntax tree before a circuit is built from it.

A short text can stand for a huge circuit: gates defined by gates double with every line, and registers, controls and
powers are numbers. All of that is bounded here, and everything that is wrong is found at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from openqasm3 import ast

from oracle.encoding import Finding

LARGEST_REGISTER = 4096
"""Qubits or bits of one register, and the highest physical qubit."""
MOST_OPERATIONS = 1_000_000
"""Operations, every defined gate expanded and every broadcast counted."""
MOST_CONTROLS = 3
"""Controls that modifiers may add to one gate: synthesis grows exponentially with them."""
STANDARD_INCLUDE = "stdgates.inc"

# fmt: off
STANDARD_GATES = frozenset({
    "p", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "rx", "ry", "rz", "phase", "id", "u1", "u2", "u3",
    "cx", "cy", "cz", "cp", "crx", "cry", "crz", "ch", "swap", "cu", "CX", "cphase", "ccx", "cswap",
})
# fmt: on
_BUILT_IN = frozenset({"U"})
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
_REMEDIES: dict[type[ast.QASMNode], str] = {
    ast.IODeclaration: "bind every parameter to a number before writing the circuit out",
    ast.BranchingStatement: "write a circuit that measures only at its end, without if",
    ast.WhileLoop: "write a circuit that measures only at its end, without while",
    ast.ForInLoop: "write the loop's gates out",
    ast.ConstantDeclaration: "write the number where it is used",
}


class _Admission:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.registers: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.known: set[str] = set(_BUILT_IN)
        self.operations = 0

    def refuse(self, node: ast.QASMNode, reason: str, remedy: str) -> None:
        line = None if node.span is None else node.span.start_line
        self.findings.append(Finding("circuit", line, reason, remedy))

    def statement(self, node: ast.QASMNode) -> None:
        if not isinstance(node, _STATEMENTS):
            remedy = _REMEDIES.get(type(node), "write gates, barriers, delays and measurements only")
            self.refuse(node, f"a {type(node).__name__} is not read here", remedy)
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
        size = 1
        for inner in node.body:
            if isinstance(inner, ast.QuantumGate):
                size += self.gate(inner)
            elif not isinstance(inner, ast.QuantumPhase | ast.QuantumBarrier):
                self.refuse(inner, f"a {type(inner).__name__} in a gate is not read here", "write gates only")
        self.known.add(node.name.name)
        # Kept bounded, for sizes double with every definition and need not stay machine-sized.
        self.sizes[node.name.name] = min(size, MOST_OPERATIONS + 1)

    def gate(self, node: ast.QuantumGate) -> int:
        """How many operations it expands to, on one set of qubits."""
        name = node.name.name
        if name not in self.known:
            remedy = f'write include "{STANDARD_INCLUDE}"; before it' if name in STANDARD_GATES else "define it first"
            self.refuse(node, f"gate {name} is not defined", remedy)
        controls = 0
        for modifier in node.modifiers:
            if modifier.modifier in (ast.GateModifierName.ctrl, ast.GateModifierName.negctrl):
                count = modifier.argument
                controls += count.value if isinstance(count, ast.IntegerLiteral) else 1 if count is None else 99
            elif modifier.modifier is ast.GateModifierName.pow and (len(node.qubits) > 2 or name in self.sizes):
                self.refuse(node, f"a power of {name} is not read here", "write the gates out")
        if controls > MOST_CONTROLS:
            self.refuse(node, f"{name} has {controls} more controls", f"add at most {MOST_CONTROLS}")
        return self.sizes.get(name, 1) * (1 if not controls else 40 * controls)

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


def examine(program: ast.Program) -> list[Finding]:
    """Everything in `program` that is not admitted, in the order of the text; empty if all of it is."""
    admission = _Admission()
    for node in program.statements:
        admission.statement(node)
    if admission.operations > MOST_OPERATIONS and not admission.findings:
        reason = f"the circuit has more than {MOST_OPERATIONS:,} operations once its gates are expanded"
        admission.findings.append(Finding("circuit", None, reason, "write a shorter circuit"))
    return admission.findings
