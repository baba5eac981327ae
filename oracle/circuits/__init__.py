"""Circuits: OpenQASM from strangers, facts about it, its exact outcome probabilities, and results of it."""

from oracle.circuits.facts import CircuitFacts, circuit_facts
from oracle.circuits.probabilities import check_simulable, exact_probabilities, unmeasured
from oracle.circuits.reading.qasm import load_qasm3
from oracle.circuits.reading.qasm2 import is_qasm2, load_qasm, load_qasm2

__all__ = [
    "CircuitFacts",
    "check_simulable",
    "circuit_facts",
    "exact_probabilities",
    "is_qasm2",
    "load_qasm",
    "load_qasm2",
    "load_qasm3",
    "unmeasured",
]
