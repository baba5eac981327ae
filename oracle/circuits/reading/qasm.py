"""Reading OpenQASM 3 from strangers: bounded, without files, with every failure a finding."""

from __future__ import annotations

import contextlib
import io
import re
from typing import NoReturn

import openqasm3
import qiskit_qasm3_import
from openqasm3 import ast
from openqasm3.parser import QASM3ParsingError
from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Delay, Qubit
from qiskit.exceptions import QiskitError
from qiskit_qasm3_import.converter import ConvertVisitor
from qiskit_qasm3_import.state import State

from oracle.circuits.facts import remember_source
from oracle.circuits.reading.admission import examine
from oracle.circuits.reading.angles import ExpressionRefused, duration_of
from oracle.circuits.reading.definitions import Definitions, GateFault
from oracle.circuits.reading.expansion import BUILT_IN
from oracle.circuits.reading.nesting import nesting_fault
from oracle.encoding import Finding, InputRejected, collapsed

LARGEST_TEXT = 512 * 1024
"""Bytes of OpenQASM 3; about 20,000 lines, which take some 7 s to read."""
EXAMPLE = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'
_AT = re.compile(r"L?(\d+)[:,]\s*C?\d+:\s*(.*)", re.DOTALL)
# Both libraries let whatever they stumble over escape; on text from strangers each of these is a fault of the text.
_STUMBLES = (
    QiskitError,
    qiskit_qasm3_import.ConversionError,
    QASM3ParsingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
# What the library says, in the words of whoever wrote the text; what is not here has no name of the library's in it.
_IN_WORDS = (
    (re.compile(r"Undefined symbol '(.+)'\."), r"nothing is called \1 here"),
    (re.compile(r"Symbol '(.+)' already inserted .*"), r"\1 is declared twice"),
    (re.compile(r"register name \"(.+)\" already exists"), r"\1 is declared twice"),
    (re.compile(r"Register bits must not be duplicated\."), "an alias names one element twice"),
    (re.compile(r"(?:list |tuple )?index out of range"), "the index is out of range: the register has fewer elements"),
    (re.compile(r"register size error"), "as many bits as qubits are needed"),
    (re.compile(r"required a (qubit|bit) or .*"), r"a \1, or a register of them, is needed here"),
    (re.compile(r"measurements must save their result in Qiskit"), "a measurement goes into no bit"),
    (re.compile(r"(?:node of type \w+ is not supported|'\w+' cannot be resolved .*)"), "this is not read here"),
    (re.compile(r"(.*) not currently supported\.?"), r"\1 is not read here"),
)


class _Reading(ConvertVisitor):  # type: ignore[misc]  # the library is untyped
    """The library's converter for registers, measurements and the like; gates are expanded by Definitions.

    Faults of single statements are gathered, so that all of them are told; whatever else stops the reading is an
    error of the library, of which `line` says where.
    """

    def __init__(self) -> None:
        super().__init__()
        self.line: int | None = None
        self.findings: list[Finding] = []
        self.lines: list[int] = []
        """For each operation of the circuit, the line of its statement."""
        self._definitions = Definitions()
        self._used: set[Qubit] = set()
        self._looked_at = 0

    def visit(self, node: ast.QASMNode, context: object = None) -> object:
        if node.span is not None and isinstance(node, ast.Statement):
            self.line = node.span.start_line
        try:
            return super().visit(node, context)
        except GateFault as fault:
            self.findings.append(Finding("", fault.line, fault.reason, fault.remedy))
            return context

    def visit_Program(self, node: ast.Program, context: State) -> State:  # noqa: N802  # the library calls it so
        for statement in node.statements:
            context = self.visit(statement, context)
            self.lines += [self.line or 0] * (len(context.circuit.data) - len(self.lines))
        return context

    def visit_Include(self, node: ast.Include, context: State) -> State:  # noqa: N802  # the library calls it so
        self._definitions.include_standard()
        return super().visit_Include(node, context)

    def visit_QuantumGateDefinition(self, node: ast.QuantumGateDefinition, context: State) -> State:  # noqa: N802  # the library calls it so
        name = node.name.name
        if name == BUILT_IN:
            raise GateFault(node, f"{name} is built in and cannot be defined", "give the gate another name")
        # The library's table of names refuses a name that is taken.
        self._define_gate(name, None, len(node.arguments), len(node.qubits), node, context)
        self._definitions.define(node)
        return context

    def visit_QuantumGate(self, node: ast.QuantumGate, context: State) -> State:  # noqa: N802  # the library calls it so
        if node.duration is not None:
            raise GateFault(node, "a gate with a duration is not read here", "write the gate without [ ]")
        return self._called(node, context)

    def visit_QuantumPhase(self, node: ast.QuantumPhase, context: State) -> State:  # noqa: N802  # the library calls it so
        return self._called(node, context)

    def _called(self, node: ast.QuantumGate | ast.QuantumPhase, context: State) -> State:
        self._definitions.check_call(node)
        made = self._definitions.call(node)
        operands = [self._resolve_qarg(operand, context) for operand in node.qubits]
        for qubits in self._broadcast_gate(operands, node) if operands else [()]:
            if len(set(qubits)) < len(qubits):
                raise GateFault(node, "one qubit is named twice", "name different qubits")
            for operation, on in made.steps:
                context.circuit.append(operation, [qubits[qubit] for qubit in on], [])
            context.circuit.global_phase += made.phase
        return context

    def visit_QuantumReset(self, node: ast.QuantumReset, context: State) -> State:  # noqa: N802  # the library calls it so
        qubits = self._resolve_qarg(node.qubits, context)
        for item in context.circuit.data[self._looked_at :]:
            if not isinstance(item.operation, Barrier | Delay):
                self._used.update(item.qubits)
        self._looked_at = len(context.circuit.data)
        # A qubit that nothing has happened to is in its first state; others are refused once the circuit is simulated.
        used = [qubit for qubit in ([qubits] if isinstance(qubits, Qubit) else qubits) if qubit in self._used]
        if used:
            context.circuit.reset(used)
        return context

    def visit_DelayInstruction(self, node: ast.DelayInstruction, context: State) -> State:  # noqa: N802  # the library calls it so
        try:
            duration, unit = duration_of(node.duration)
        except ExpressionRefused as error:
            raise GateFault(node, error.reason, error.remedy) from error
        for qubits in [self._resolve_qarg(operand, context) for operand in node.qubits] or [None]:
            context.circuit.delay(duration, qubits, unit=unit)
        return context


def load_qasm3(text: str) -> QuantumCircuit:
    """The circuit that `text` describes: OpenQASM 3 with `stdgates.inc` and no other file, registers of bits and
    qubits, gates, gate definitions, barriers, delays, resets and measurements.

    The circuit remembers the digest of its text, for circuit_facts. Raises InputRejected with every finding if the
    text is larger than LARGEST_TEXT, does not parse, or uses anything else.
    """
    size = len(text.encode(errors="surrogatepass"))
    if size > LARGEST_TEXT:
        _reject(None, f"{size:,} bytes of OpenQASM 3", f"write at most {LARGEST_TEXT:,} bytes")
    if not text.strip():
        _reject(None, "there is no circuit", f"write OpenQASM 3, such as {EXAMPLE}")
    if (fault := nesting_fault(text)) is not None:
        raise InputRejected("circuit", [fault])
    program = _parse(text)
    if program.version is not None and not program.version.startswith("3"):
        _reject(1, f"OPENQASM {program.version} is not read here", "write OpenQASM 3, as Qiskit's qasm3.dumps does")
    if findings := examine(program):
        raise InputRejected("circuit", findings)
    visitor = _Reading()
    try:
        circuit: QuantumCircuit = visitor.convert(program).circuit
    except _STUMBLES as error:
        if not visitor.findings:
            _reject_error(error, visitor.line)
    if visitor.findings:
        raise InputRejected("circuit", collapsed(visitor.findings))
    if any(len(circuit.find_bit(bit).registers) != 1 for bit in circuit.clbits):
        _reject(None, "a classical bit belongs to two registers", "write no `let` of classical bits")
    remember_source(circuit, text, visitor.lines)
    return circuit


def _parse(text: str) -> ast.Program:
    try:
        # The lexer also prints what it does not recognise; here that text is in the finding.
        with contextlib.redirect_stderr(io.StringIO()):
            return openqasm3.parse(text)
    except _STUMBLES as error:
        _reject_error(error)


def _reject_error(error: BaseException, at: int | None = None) -> NoReturn:
    if isinstance(error, RecursionError):
        _reject(at, "expressions are nested too deeply", "write angles as plain numbers")
    located = _AT.fullmatch(str(error).strip("\"'"))
    if located:
        _reject(int(located[1]), _worded(located[2]), f"correct it; a whole circuit reads {EXAMPLE}")
    line = _offending_line(error)
    if line is not None:
        _reject(line, "the syntax breaks here", f"correct it; a whole circuit reads {EXAMPLE}")
    said = str(error).strip("\"'") or type(error).__name__
    worded = _worded(said)
    _reject(at, f"this cannot be read ({said})" if worded == said else worded, f"a whole circuit reads {EXAMPLE}")


def _worded(said: str) -> str:
    for pattern, words in _IN_WORDS:
        if pattern.fullmatch(said):
            return pattern.sub(words, said)
    return said


def _offending_line(error: BaseException | None) -> int | None:
    """Where ANTLR stopped: the recognition error travels as the argument of its causes."""
    while error is not None:
        for carrier in (error, *error.args):
            line = getattr(getattr(carrier, "offendingToken", None), "line", None)
            if isinstance(line, int):
                return line
        error = error.__cause__
    return None


def _reject(line: int | None, reason: str, remedy: str) -> NoReturn:
    raise InputRejected("circuit", [Finding("", line, reason, remedy)])
