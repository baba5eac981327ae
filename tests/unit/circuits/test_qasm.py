"""OpenQASM 3 from strangers: what is read, and how everything else is refused."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest
from qiskit import QuantumCircuit, qasm3
from qiskit_qasm3_import.converter import _STDGATES

from oracle.circuits import load_qasm3
from oracle.circuits.reading.definitions import DEEPEST
from oracle.circuits.reading.expansion import MOST_OPERATIONS, STANDARD_GATES
from oracle.circuits.reading.qasm import LARGEST_TEXT
from oracle.encoding import Finding, InputRejected

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def refused(text: str) -> tuple[Finding, ...]:
    with pytest.raises(InputRejected) as rejection:
        load_qasm3(text)
    assert all(finding.reason and finding.remedy for finding in rejection.value.findings)
    return rejection.value.findings


def test_what_qiskit_writes_is_read() -> None:
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.rzz(0.3, 1, 2)
    circuit.ecr(0, 2)
    circuit.barrier()
    circuit.measure(range(3), range(3))
    again = load_qasm3(qasm3.dumps(circuit))
    assert (again.num_qubits, again.num_clbits) == (3, 3)
    assert [item.operation.name for item in again.data][-3:] == ["measure"] * 3


def test_the_standard_gates_are_the_readers() -> None:
    assert set(_STDGATES) == STANDARD_GATES


def test_every_fault_is_found_at_once_with_its_line() -> None:
    findings = refused(
        HEAD
        + "qubit[2] q;\nbit[2] c;\nfoo q[0];\nif (c == 1) { x q[0]; }\nfor int i in [0:9] { h q[0]; }\n"
        + "input float a;\nbit loose;\nctrl(9) @ x q[0], q[1];\nh $99999;"
    )
    assert [(finding.line, finding.reason.split()[0]) for finding in findings] == [
        (5, "gate"),
        (6, "an"),
        (7, "a"),
        (8, "an"),
        (9, "loose"),
        (10, "x"),
        (11, "there"),
    ]
    assert "if is not read here" in findings[1].reason


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", None, "there is no circuit"),
        ("  \n ", None, "there is no circuit"),
        ("hello world", 1, "syntax"),
        ("\0\1\2", 1, "token recognition"),
        ('{"a": 1}', 1, ""),
        ("OPENQASM 2.0;\nqreg q[2];", 1, "OPENQASM 2.0"),
        (HEAD + "qubit[2] q;\ncx q[0] q[1];", 4, "syntax"),
        (HEAD + "qubit[2] q;\n\nh q[2];", 5, "out of range"),
        (HEAD + "qubit[2] q;\nrx(1/0) q[0];", 4, "zero"),
        (HEAD + "qubit[2] q;\nqubit[2] q;", 4, "twice"),
        (HEAD + "qubit[2] q;\nh(0.5) q[0];", 4, ""),
        (HEAD + "qubit[2] q;\ncx q[0];", 4, ""),
        (HEAD + "qubit[2] q;\ncx q[0], q[0];", 4, ""),
        (HEAD + "qubit[2] q; bit[1] c;\nc = measure q;", 4, ""),
        (HEAD + "qubit[2] q;\nmeasure q;", 4, "goes into no bit"),
        ("OPENQASM 3.0;\nqubit q;\nh q;", 3, "gate h is not defined"),
        ('OPENQASM 3.0;\ninclude "/etc/passwd";', 2, "/etc/passwd is not included"),
        (HEAD + "qubit[1000000000] q;", 3, "1000000000 elements"),
        (HEAD + "qubit[0] q;", 3, "0 elements"),
        (HEAD + "qubit[2*2] q;", 3, "no plain number"),
        (HEAD + "h $1000000000;", 3, "no physical qubit"),
        (HEAD + "bit[2] c;\nlet d = c[0:1];", None, "two registers"),
        (HEAD + "int[32] n;", 3, "no register of bits"),
        (HEAD + "const int n = 5;", 3, "not read here"),
        (HEAD + "gate g a { foo a; }", 3, "gate foo is not defined"),
        (HEAD + "gate g a { g a; }", 3, "gate g is not defined"),
    ],
)
def test_a_faulty_text_is_refused_where_it_is_faulty(text: str, line: int | None, reason: str, capfd) -> None:
    (finding,) = refused(text)
    assert finding.line == line
    assert reason in finding.reason
    assert capfd.readouterr() == ("", "")


def test_text_that_is_too_long_is_refused_before_it_is_read() -> None:
    start = time.perf_counter()
    (finding,) = refused(HEAD + "// " + "x" * LARGEST_TEXT)
    assert "bytes" in finding.reason
    assert time.perf_counter() - start < 1


def test_text_that_is_no_unicode_is_refused() -> None:
    assert refused("OPENQASM 3.0;\n\ud800")


@pytest.fixture(params=[1_000, 100_000])
def recursion_limit(request: pytest.FixtureRequest) -> Iterator[int]:
    """Python's own, and what a library of ours raises it to: the same text must be refused under both."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(request.param)
    yield request.param
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("recursion_limit")
@pytest.mark.parametrize(
    "expression",
    [
        "(" * 2000 + "1" + ")" * 2000,
        "-" * 2000 + "1",
        "1" + "+1" * 2000,
        "2" + "**1" * 2000,
        "sin(" * 50 + "1" + ")" * 50,
    ],
)
def test_deep_nesting_is_refused_whatever_the_interpreters_own_limit(expression: str) -> None:
    (finding,) = refused(HEAD + f"qubit q;\nrx({expression}) q;")
    assert "nested" in finding.reason
    assert finding.line is not None


def test_brackets_and_operators_in_comments_are_no_nesting() -> None:
    circuit = load_qasm3(HEAD + "// " + "(" * 100 + "\n/* " + "-" * 100 + " */\nqubit q;\nrx(-3*pi/4) q;\n")
    assert circuit.num_qubits == 1


@pytest.mark.parametrize("call", ["{0} q;", "inv @ {0} q;"])
def test_gates_that_double_forty_times_are_refused_in_no_time(call: str) -> None:
    doubling = "".join(f"gate g{i}(a) x {{ g{i - 1}(a) x; g{i - 1}(a) x; }}\n" for i in range(1, 40))
    start = time.perf_counter()
    (finding,) = refused(HEAD + "gate g0(a) x { rx(a) x; }\n" + doubling + "qubit q;\n" + call.format("g39(0.1)"))
    assert f"{MOST_OPERATIONS:,} operations" in finding.reason
    assert time.perf_counter() - start < 5


def test_broadcasts_count_once_for_every_qubit() -> None:
    layers = "h q;\n" * 300
    (finding,) = refused(HEAD + "qubit[4096] q;\n" + layers)
    assert "operations" in finding.reason
    (finding,) = refused(HEAD + "qubit[4096] q;\nlet r = q[0:4095];\n" + "h r;\n" * 300)
    assert "operations" in finding.reason


def test_powers_are_repetitions_and_roots_are_of_narrow_gates() -> None:
    own = HEAD + "gate g a, b, c { t a; h b; }\nqubit[3] q; bit[3] c;\n"
    squared = load_qasm3(own + "pow(2) @ g q[0], q[1], q[2]; pow(-2) @ g q[0], q[1], q[2];")
    assert [item.operation.name for item in squared.data] == ["t", "h", "t", "h", "h", "tdg", "h", "tdg"]
    (finding,) = refused(own + "pow(0.5) @ g q[0], q[1], q[2];")
    assert (finding.line, finding.reason) == (5, "a power of 0.5 of a gate on 3 qubits is not computed here")
    (finding,) = refused(own + "pow(1000000) @ g q[0], q[1], q[2];")
    assert "operations" in finding.reason
    (finding,) = refused(own + "pow(10**400) @ x q[0];")
    assert "finite" in finding.reason


def test_the_faults_of_calls_are_told_at_once_in_the_users_words() -> None:
    findings = refused(
        HEAD
        + "gate two(t) a, b { rx(t) a; cx a, a; }\ngate three a { h b; }\nqubit[2] q;\nh(0.5) q[0];\ncx q[0];\n"
        + "cx q[0], q[0];\nrx(sin(1)) q[0];\nrx(k) q[0];\nrx(1/2) q[0];\ndelay[-5ns] q[0];\ndelay[1e999ns] q[0];\n"
        + "two(1) q[0];\nctrl @ h q[0];\nh[100ns] q[0];\nrx(1/0) q[0];"
    )
    assert [(finding.line, finding.reason) for finding in findings] == [
        (3, "one qubit is named twice (and on line 8)"),
        (4, "b is no qubit of the gate"),
        (6, "h takes no angles, and 1 is given"),
        (7, "cx acts on 2 qubits, controls included, and 1 is given"),
        (9, "the function sin is not evaluated here"),
        (10, "k is no number that is known here"),
        (11, "1/2 divides whole numbers, which OpenQASM 3 rounds and other tools do not"),
        (12, "the delay is negative"),
        (13, "the delay is not a finite duration"),
        (14, "two acts on 2 qubits, controls included, and 1 is given"),
        (15, "h acts on 2 qubits, controls included, and 1 is given"),
        (16, "a gate with a duration is not read here"),
        (17, "the expression divides by zero"),
    ]


def test_one_fault_on_sixteen_lines_is_one_finding() -> None:
    (finding,) = refused(HEAD + "qubit[2] q; bit[2] c;\n" + "if (c == 1) { x q[0]; }\n" * 16)
    assert finding.line == 4
    assert finding.reason == "an if is not read here (and on lines 5, 6, 7, 8, 9, 10, 11, 12 and 7 more)"


def test_gates_defined_by_gates_in_a_long_chain_are_refused_whatever_the_recursion_limit() -> None:
    def chain(length: int) -> str:
        links = "".join(f"gate g{i} a {{ g{i - 1} a; }}\n" for i in range(1, length))
        return HEAD + "gate g0 a { h a; }\n" + links + f"qubit q; bit[1] c; g{length - 1} q; c[0] = measure q;"

    assert [item.operation.name for item in load_qasm3(chain(DEEPEST)).data] == ["h", "measure"]
    (finding,) = refused(chain(300))
    assert "too deeply" in finding.reason


def test_a_name_that_is_taken_is_not_defined_again() -> None:
    (finding,) = refused(HEAD + "gate h a { x a; }")
    assert (finding.line, "already defined" in finding.reason) == (3, True)
    (finding,) = refused("gate U(a, b, c) q { }")
    assert "built in" in finding.reason


def test_parameters_of_a_gate_hide_what_has_their_name_outside() -> None:
    text = HEAD + "gate g(pi) q { rx(pi) q; }\nqubit[2] q; bit[2] c; g(0.3) q; c = measure q;"
    assert [item.operation.params for item in load_qasm3(text).data[:2]] == [[0.3], [0.3]]


def test_a_reset_of_a_qubit_that_nothing_happened_to_is_nothing() -> None:
    circuit = load_qasm3(HEAD + "qubit[2] q; bit[2] c; reset q; x q[0]; reset q[1]; c = measure q;")
    assert [item.operation.name for item in circuit.data] == ["x", "measure", "measure"]
    circuit = load_qasm3(HEAD + "qubit[2] q; bit[2] c; x q[0]; reset q[0]; c = measure q;")
    assert [item.operation.name for item in circuit.data] == ["x", "reset", "measure", "measure"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("qubit[2] q; c = measure q;", "nothing is called c here"),
        ("qubit[2] q; bit[2] q;", "q is declared twice"),
        ("qubit[2] q; qubit[1] h;", "h is declared twice"),
        ("qubit[2] q; bit[2] c; h c;", "a qubit, or a register of them, is needed here"),
        ("qubit[2] q; bit[1] c; c = measure q;", "as many bits as qubits are needed"),
        ("qubit[2] q; measure q;", "a measurement goes into no bit"),
        ("qubit[2] q; rx(true) q[0];", "this is no number"),
        ("qubit[2] q; ctrl(0) @ x q[0];", "0 is no number of controls"),
        ("gate f(a, a) q { }", "two parameters of f have one name"),
    ],
)
def test_what_the_librarys_converter_says_is_told_in_the_users_words(text: str, reason: str) -> None:
    (finding,) = refused(HEAD + text)
    assert (finding.line, finding.reason) == (3, reason)
