"""Circuits: OpenQASM from strangers, facts about it, its exact outcome probabilities, and results of it."""

from oracle.circuits.facts import CircuitFacts, circuit_facts
from oracle.circuits.probabilities import check_simulable, exact_probabilities
from oracle.circuits.qasm import load_qasm3
from oracle.circuits.qasm2 import load_qasm

__all__ = ["CircuitFacts", "check_simulable", "circuit_facts", "exact_probabilities", "load_qasm", "load_qasm3"]
