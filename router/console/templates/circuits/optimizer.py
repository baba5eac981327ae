"""The circuit of this job: QAOA of depth 2 for a weighted maximum cut of a ring of five nodes.

`compute quantum simulate` runs this file in a sandbox (no network, no environment, files of this folder only), calls
build(), and keeps the circuit as OpenQASM 3: those bytes are what is digested, reviewed, paid for and executed.
"""

from qiskit import QuantumCircuit

WEIGHTS = (4, 1, 3, 2, 3)
"""Weight of the edge between node i and node i + 1; the last edge closes the ring.

Five edges in a ring cannot all be cut. The best cut leaves out the edge of weight 1 and has weight 12. It shows as
01001 or 10110 (node 0 on the right, as Qiskit writes bits).
"""

GAMMAS = (0.2234, 0.4389)
BETAS = (1.0390, 1.3119)
"""Angles of the two layers, in radians.

Found by minimising the exact mean of the cost (Nelder-Mead on a statevector, 40 random starts, best kept), rounded to
four decimals. The mean cut is 0.92 of the best one, and 42 shots in 100 show the best cut.
"""


def build() -> QuantumCircuit:
    """Five qubits, five measured bits: bit i says on which side of the cut node i is."""
    nodes = len(WEIGHTS)
    circuit = QuantumCircuit(nodes, nodes)
    circuit.h(range(nodes))
    for gamma, beta in zip(GAMMAS, BETAS, strict=True):
        for node, weight in enumerate(WEIGHTS):
            neighbour = (node + 1) % nodes
            # exp(-i gamma weight Z Z / 2): the phase of an edge, written in gates that OpenQASM 3 has by name.
            circuit.cx(node, neighbour)
            circuit.rz(gamma * weight, neighbour)
            circuit.cx(node, neighbour)
        circuit.rx(2 * beta, range(nodes))
    circuit.measure(range(nodes), range(nodes))
    return circuit
