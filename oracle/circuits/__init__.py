"""Circuits: OpenQASM 3 from strangers, facts about it, and its exact outcome probabilities."""

from oracle.circuits.facts import CircuitFacts, circuit_facts
from oracle.circuits.probabilities import exact_probabilities
from oracle.circuits.qasm import load_qasm3

__all__ = ["CircuitFacts", "circuit_facts", "exact_probabilities", "load_qasm3"]
