"""What the steps that freeze a spec write into it."""

from __future__ import annotations

from oracle.spec.fields import Count, Digest, Distance, PositiveInt, Section, Text, Usd, documented


class SimulationRecord(Section):
    """What `simulate` froze into the spec."""

    circuit_hash: Digest = documented("SHA-256 of the circuit's OpenQASM 3.", example="0x" + "c1" * 32)
    baseline_root: Digest = documented("Digest of the baseline.", example="0x" + "ba" * 32)
    simulation_digest: Digest = documented("Digest of the stored simulation output.", example="0x" + "51" * 32)
    baseline_distance: Distance = documented(
        "Total variation between our simulation and the requester's baseline; 0 if it gave none.", example="1/50"
    )
    qubits: PositiveInt = documented("Width of the circuit.", example=5)
    depth: Count = documented("Longest path through the circuit's gates.", example=11)
    two_qubit_gates: Count = documented("Gates on two qubits.", example=20)


class Promotion(Section):
    """What `promote` added: this spec is the child of a simulated one."""

    parent: Digest = documented("Digest of the simulated spec.", example="0x" + "a1" * 32)
    target: Text = documented("Where the requester wants it to run.", example="ibm")
    max_usd_equivalent: Usd = documented("The most this run may cost, in US dollars.", example=25)
