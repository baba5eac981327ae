"""OpenQASM 2 from strangers: what is read, and what is refused before Qiskit's loader sees it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.qasm2 import LEGACY_CUSTOM_INSTRUCTIONS

from oracle.circuits import circuit_facts, exact_probabilities, load_qasm
from oracle.circuits.reading.nesting import DEEPEST
from oracle.circuits.reading.qasm import LARGEST_TEXT
from oracle.encoding import Finding, InputRejected, sha256_hex

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
ENDS = "qreg q[2];\ncreg c[2];\n"


def refused(text: str) -> tuple[Finding, ...]:
    with pytest.raises(InputRejected) as rejection:
        load_qasm(text)
    assert all(finding.reason and finding.remedy for finding in rejection.value.findings)
    return rejection.value.findings


def test_both_versions_of_a_circuit_are_the_same_circuit() -> None:
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.rzz(0.3, 1, 2)
    circuit.sx(2)
    circuit.barrier()
    circuit.measure([0, 1, 2], [2, 0, 1])
    text = qasm2.dumps(circuit)
    second, third = load_qasm(text), load_qasm(qasm3.dumps(circuit))
    assert np.allclose(exact_probabilities(second), exact_probabilities(third), atol=1e-12, rtol=0)
    assert circuit_facts(second).hash == sha256_hex(text.encode())


def test_a_text_without_a_version_is_openqasm_3() -> None:
    assert load_qasm("qubit[2] q; bit[2] c; c = measure q;").num_clbits == 2
    assert load_qasm("// 2019\n\nOPENQASM 2.0;\nqreg q[2];\ncreg c[1];\nmeasure q[1] -> c[0];").num_clbits == 1


def test_every_refused_statement_is_told_at_once_with_its_line() -> None:
    findings = refused(
        HEAD
        + "qreg q[99999];\n\ncreg c[0]; // creg d[0];\nif(c==1) x q[0]; opaque f a;\n"
        + 'include "other.inc";\nreset q[0];\nqreg huge[12345678901234567890];'
    )
    assert [(finding.line, finding.reason.split()[0]) for finding in findings] == [
        (3, "q"),
        (5, "c"),
        (6, "if"),
        (6, "opaque"),
        (7, '"other.inc"'),
        (8, "reset"),
        (9, "huge"),
    ]


def test_what_the_loader_says_comes_with_its_line() -> None:
    (finding,) = refused(HEAD + ENDS + "foo q[0];")
    assert (finding.line, finding.reason) == (5, "'foo' is not defined in this scope")
    (finding,) = refused(HEAD + "qreg q[2")
    assert finding.line == 3


@pytest.mark.parametrize("name", ["/etc/hostname", "other.inc", "../qelib1.inc"])
def test_no_file_is_read_but_the_standard_one(name: str) -> None:
    (finding,) = refused(f'OPENQASM 2.0;\ninclude "{name}";\nqreg q[1];')
    assert finding.line == 2


def test_gates_that_double_are_counted_and_not_expanded() -> None:
    doubling = "gate g0 a { h a; h a; }" + "".join(f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}\n" for i in range(1, 30))
    began = time.monotonic()
    (finding,) = refused(HEAD + ENDS + doubling + "g29 q[0];")
    assert "1,000,000 operations" in finding.reason
    assert time.monotonic() - began < 2


def test_gates_that_are_defined_by_gates_in_a_long_chain_are_refused() -> None:
    def chain(length: int) -> str:
        links = "".join(f"gate g{i} a {{ g{i - 1} a; }}\n" for i in range(1, length))
        return HEAD + ENDS + "gate g0 a { h a; }\n" + links + f"g{length - 1} q[0]; measure q -> c;"

    exact_probabilities(load_qasm(chain(DEEPEST)))
    (finding,) = refused(chain(5000))
    assert "too deeply" in finding.reason


def test_broadcasts_are_counted_before_they_are_made() -> None:
    (finding,) = refused(HEAD + "qreg q[4096];\ncreg c[1];\n" + "h q;" * 300)
    assert "1,000,000 operations" in finding.reason
    # One qubit each, of a wide device: that is few.
    wide = load_qasm(HEAD + "qreg q[133];\ncreg c[1];\n" + "sx q[130]; rz(pi*(1+2)) q[7]; cz q[5],q[6];" * 3000)
    assert len(wide.data) == 9000


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ENDS + "rx(" + "(" * 5000 + "1" + ")" * 5000 + ") q[0];",
        HEAD + ENDS + "rx(" + "-" * 5000 + "1) q[0];",
        HEAD + ENDS + "rx(1/0) q[0];",
        HEAD + ENDS + "gate { }",
        HEAD + ENDS + "h q[0]; }",
        HEAD + ENDS + "\x00",
        HEAD + "//" + "x" * LARGEST_TEXT,
        "OPENQASM 2.0",
    ],
)
def test_hostile_text_is_a_finding(text: str) -> None:
    refused(text)


LOADERS_GATES = sorted({each.name for each in LEGACY_CUSTOM_INSTRUCTIONS} - {"delay"})


@pytest.mark.parametrize("name", LOADERS_GATES)
def test_a_gate_of_the_texts_own_is_not_the_loaders_of_that_name(name: str) -> None:
    text = f"OPENQASM 2.0;\ngate {name} a {{ U(pi,0,pi) a; }}\n{ENDS}{name} q[1]; measure q -> c;"
    assert exact_probabilities(load_qasm(text)) == pytest.approx([0, 0, 1, 0])
