"""Reading OpenQASM 2 from strangers, as published results come with: Qiskit's own loader, behind checks of the text.

The loader has no syntax tree to look at, so what bounds a program is looked at statement by statement before it runs:
registers, broadcasts, files, gates defined by gates, and whatever is not a gate or a measurement.
"""

from __future__ import annotations

import re
from typing import NoReturn

from qiskit import QuantumCircuit, qasm2
from qiskit.exceptions import QiskitError

from oracle.circuits.facts import remember_source
from oracle.circuits.reading.admission import LARGEST_REGISTER
from oracle.circuits.reading.angles import ExpressionRefused, checked_angle
from oracle.circuits.reading.expansion import MOST_OPERATIONS, expanded
from oracle.circuits.reading.nesting import DEEPEST, nesting_fault
from oracle.circuits.reading.qasm import LARGEST_TEXT, load_qasm3
from oracle.encoding import Finding, InputRejected, collapsed

EXAMPLE = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;'
_COMMENT = re.compile(r"//[^\n]*")
_STATEMENT = re.compile(r"([^;{}]*)([;{}]|\Z)")
_VERSION = re.compile(r"(?:\s|//[^\n]*\n)*OPENQASM\s+(\d+)")
_CALL = re.compile(r"\s*\w+\s*(?:\(.*\))?", re.DOTALL)
_REGISTER = re.compile(r"([qc])reg\s+([A-Za-z_]\w*)\s*\[\s*(\d+)\s*\]")
_ELEMENT = re.compile(r"\s*\w+\s*\[\s*\d+\s*\]\s*")
_REFUSED = {
    "if": "write a circuit that measures only at its end, without if",
    "opaque": "define the gate by gates: gate name a { … }",
    "reset": "write a circuit that measures only at its end, without reset",
}
_GATE = re.compile(r"\bgate\s+(\w+)")
_AT = re.compile(r"<input>:(\d+),\d+: (.*)", re.DOTALL)


def load_qasm(text: str) -> QuantumCircuit:
    """The circuit that `text` describes, in OpenQASM 2 or 3 as its first line says (3 if it does not say).

    Raises InputRejected as load_qasm2 and load_qasm3.
    """
    return load_qasm2(text) if is_qasm2(text) else load_qasm3(text)


def is_qasm2(text: str) -> bool:
    """Whether the first statement of `text` says that it is OpenQASM 2."""
    version = _VERSION.match(text)
    return version is not None and version[1] == "2"


def load_qasm2(text: str) -> QuantumCircuit:
    """The circuit that `text` describes: OpenQASM 2 with `qelib1.inc` (and what Qiskit adds to it) and no other file,
    registers, gates, gate definitions, barriers and measurements.

    The circuit remembers the digest of its text, for circuit_facts. Raises InputRejected with every finding that the
    text's statements give, else with the one at which Qiskit's loader stops.
    """
    size = len(text.encode(errors="surrogatepass"))
    if size > LARGEST_TEXT:
        _reject(None, f"{size:,} bytes of OpenQASM 2", f"write at most {LARGEST_TEXT:,} bytes")
    if (fault := nesting_fault(text)) is not None:
        raise InputRejected("circuit", [fault])
    if findings := _examine(text):
        raise InputRejected("circuit", collapsed(findings))
    try:
        circuit = expanded(_loaded(text))
    except ExpressionRefused as error:
        _reject(None, error.reason, error.remedy)
    if (refused := _angle_fault(circuit)) is not None:
        _reject(_line_of_angle(text), refused.reason, refused.remedy)
    remember_source(circuit, text)
    return circuit


def _loaded(text: str) -> QuantumCircuit:
    # The loader takes its own gate for one of that name that the text defines, so it may not know that name.
    own = set(_GATE.findall(_COMMENT.sub("", text)))
    try:
        return qasm2.loads(
            text,
            include_path=(),
            custom_instructions=[each for each in qasm2.LEGACY_CUSTOM_INSTRUCTIONS if each.name not in own],
            custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
        )
    except (QiskitError, ArithmeticError, TypeError, ValueError) as error:
        located = _AT.fullmatch(getattr(error, "message", str(error)))
        line, reason = (int(located[1]), located[2]) if located else (None, f"this cannot be read ({error})")
        _reject(line, reason, f"correct it; a whole circuit reads {EXAMPLE}")


def _angle_fault(circuit: QuantumCircuit) -> ExpressionRefused | None:
    for item in circuit.data:
        for angle in item.operation.params:
            try:
                checked_angle(float(angle), f"the angle of {item.operation.name}")
            except ExpressionRefused as error:
                return error
    return None


def _line_of_angle(text: str) -> int | None:
    """The line of the first statement with an angle that is refused: the loader keeps none, so texts that end sooner
    are read, by bisection."""
    ends = [found.end() for found in re.finditer(r"[;}]", _blanked(text))]

    def faulty(count: int) -> bool:
        try:
            return _angle_fault(expanded(_loaded(text[: ends[count]]))) is not None
        except InputRejected:  # it ends inside a definition, before the statement
            return False

    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if faulty(middle) else (middle + 1, high)
    start = ends[low - 1] if low else 0
    return 1 + text[:start].count("\n") + len(re.match(r"\s*", text[start:])[0].split("\n")) - 1  # type: ignore[index]


def _blanked(text: str) -> str:
    """`text`, every character of its comments a blank, so that places stay."""
    return _COMMENT.sub(lambda found: " " * len(found[0]), text)


class _TextAdmission:
    """What the statements of a program show by themselves."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.largest = 1
        self.operations = 0
        self.sizes: dict[str, int] = {}
        """For each gate that the text defines: the operations it expands to, kept bounded."""
        self.depths: dict[str, int] = {}
        """For each such gate: how many definitions lie inside one another in it, itself included."""
        self.defining: str | None = None

    def refuse(self, line: int, reason: str, remedy: str) -> None:
        self.findings.append(Finding("", line, reason, remedy))

    def statement(self, text: str, end: str, line: int) -> None:
        """One statement without its `end`, which is ``;``, ``{``, ``}`` or nothing at the end of the text."""
        words = text.split()
        keyword = re.split(r"\W", words[0], maxsplit=1)[0] if words else ""
        if end == "{":
            self.defining = words[1].partition("(")[0] if keyword == "gate" and len(words) > 1 else ""
            self.sizes[self.defining], self.depths[self.defining] = 1, 1
        elif words:
            self._plain(text, words, keyword, line)
        if end == "}":
            self.defining = None

    def _plain(self, text: str, words: list[str], keyword: str, line: int) -> None:
        if keyword in _REFUSED:
            self.refuse(line, f"{keyword} is not read here", _REFUSED[keyword])
        elif keyword == "include":
            if words[1:] != ['"qelib1.inc"']:
                named = " ".join(words[1:])[:60] or "nothing"
                self.refuse(line, f"{named} is not included here", 'write include "qelib1.inc";')
        elif keyword in ("qreg", "creg"):
            register = _REGISTER.fullmatch(" ".join(words))
            # Whatever else may be wrong with a declaration, the loader says.
            if register is not None and (len(register[3]) > 9 or not 1 <= int(register[3]) <= LARGEST_REGISTER):
                remedy = f"write a size from 1 to {LARGEST_REGISTER}"
                self.refuse(line, f"{register[2][:60]} has {register[3][:20]} elements", remedy)
            elif register is not None:
                self.largest = max(self.largest, int(register[3]))
        elif self.defining is not None:
            size = self.sizes[self.defining] + self.sizes.get(keyword, 1)
            self.sizes[self.defining] = min(size, MOST_OPERATIONS + 1)
            depth = 1 + self.depths.get(keyword, 0)
            if depth == DEEPEST + 1:
                self.refuse(line, "gates are defined by gates too deeply", "write the gates out")
            self.depths[self.defining] = max(self.depths[self.defining], depth)
        else:
            operands = re.split(r"->|,", _CALL.sub("", text, count=1))
            single = all(_ELEMENT.fullmatch(operand) for operand in operands)
            self.operations += self.sizes.get(keyword, 1) * (1 if single else self.largest)


def _examine(text: str) -> list[Finding]:
    admission, line = _TextAdmission(), 1
    # A comment leaves its line's end behind, so that the lines still count.
    for found in _STATEMENT.finditer(_COMMENT.sub("", text)):
        statement, end = found[1], found[2]
        first = line + statement[: len(statement) - len(statement.lstrip())].count("\n")
        line += statement.count("\n")
        admission.statement(statement, end, first)
    if admission.operations > MOST_OPERATIONS and not admission.findings:
        reason = f"the circuit has more than {MOST_OPERATIONS:,} operations once its gates are expanded"
        admission.findings.append(Finding("", None, reason, "write a shorter circuit"))
    return admission.findings


def _reject(line: int | None, reason: str, remedy: str) -> NoReturn:
    raise InputRejected("circuit", [Finding("", line, reason, remedy)])
