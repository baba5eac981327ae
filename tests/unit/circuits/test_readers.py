"""What Qiskit's primitives return, to packed shots: every register, in the bit order of Qiskit's own bitstrings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter
from qiskit.primitives import BitArray, PrimitiveResult, SamplerPubResult, StatevectorSampler
from qiskit.primitives.containers import DataBin

from oracle.artifacts import Register, RegisterMap
from oracle.circuits.readers import registers_of, shots_of_bit_array, shots_of_counts, shots_of_result
from oracle.encoding import InputRejected

REGISTERS = RegisterMap((Register("m", 1), Register("c", 3)))


@pytest.fixture(scope="module")
def circuit() -> QuantumCircuit:
    made = QuantumCircuit(QuantumRegister(4, "q"), ClassicalRegister(1, "m"), ClassicalRegister(3, "c"))
    made.h(0)
    made.x(1)
    made.cx(0, 3)
    made.measure([0, 1, 3], [0, 1, 3])
    return made


def test_a_samplers_result_reads_as_its_bitstrings_do(circuit: QuantumCircuit) -> None:
    result = StatevectorSampler(seed=7).run([circuit], shots=200).result()
    registers = registers_of(circuit)
    assert registers == REGISTERS
    shots = shots_of_result(result, registers)
    # Qiskit's own way to lay registers side by side, in the same order.
    joined = result[0].join_data(["m", "c"]).get_bitstrings()
    assert [f"{value:04b}" for value in shots.values().tolist()] == joined
    assert set(shots.counts()) == {0b0010, 0b1011}
    assert shots.ordered


@given(
    st.integers(1, 70).flatmap(lambda bits: st.lists(st.integers(0, 2**bits - 1), min_size=1).map(lambda v: (bits, v)))
)
def test_a_bit_array_of_any_width_keeps_every_bit(bits_and_values: tuple[int, list[int]]) -> None:
    bits, values = bits_and_values
    array = BitArray.from_samples(values, num_bits=bits)
    shots = shots_of_bit_array(array)
    words = shots.words().tolist()
    assert [sum(word << (32 * place) for place, word in enumerate(row)) for row in words] == values


def result_of(**arrays: BitArray) -> PrimitiveResult[SamplerPubResult]:
    return PrimitiveResult([SamplerPubResult(DataBin(**arrays))])


def array(bits: int, *values: int) -> BitArray:
    return BitArray.from_samples(list(values), num_bits=bits)


def told(result: PrimitiveResult[SamplerPubResult], pub: int = 0) -> set[str]:
    with pytest.raises(InputRejected) as rejected:
        shots_of_result(result, REGISTERS, pub)
    return {f"{finding.path}: {finding.reason}" for finding in rejected.value.findings}


def test_a_result_of_another_circuit_is_refused_with_every_difference() -> None:
    assert told(result_of(c=array(2, 1), meas=array(3, 1))) == {
        "m: the result has no such register",
        "c: the result has 2 bits, the circuit 3",
        "meas: the circuit has no such register",
    }
    assert told(result_of(m=array(1, 1), c=array(3, 1, 2))) == {": registers have different numbers of shots"}
    assert told(result_of(m=array(1, 1), c=array(3, 1)), pub=1) == {": there is no PUB 1 in a result of 1"}


def test_a_result_over_parameters_has_to_be_indexed() -> None:
    made = QuantumCircuit(1, 1)
    made.rx(Parameter("a"), 0)
    made.measure(0, 0)
    result = StatevectorSampler(seed=1).run([(made, [[0.0], [np.pi]])], shots=5).result()
    with pytest.raises(InputRejected, match=r"shape \(2,\)"):
        shots_of_result(result, registers_of(made))
    assert shots_of_bit_array(result[0].data.c[1]).values().tolist() == [1] * 5


def test_an_empty_array_is_no_result() -> None:
    with pytest.raises(InputRejected, match="no shots"):
        shots_of_bit_array(BitArray(np.zeros((0, 1), dtype=np.uint8), 3))


def test_counts_of_qiskit_lose_their_order(circuit: QuantumCircuit) -> None:
    result = StatevectorSampler(seed=7).run([circuit], shots=200).result()
    counts = result[0].join_data(["m", "c"]).get_counts()
    shots = shots_of_counts(counts, REGISTERS)
    assert not shots.ordered
    assert shots.multiset_hash == shots_of_result(result, REGISTERS).multiset_hash
    assert shots_of_counts({"0x3": 2, "101 1": 1}, REGISTERS).counts() == {3: 2, 11: 1}


def test_counts_that_are_none_are_refused_with_every_fault() -> None:
    with pytest.raises(InputRejected) as rejected:
        shots_of_counts({"0011": 0, "001": 1, "0x3": 4}, REGISTERS)
    assert {finding.path for finding in rejected.value.findings} == {"['0011']", "['001']"}
    with pytest.raises(InputRejected, match="no shot"):
        shots_of_counts({}, REGISTERS)


def test_a_loose_bit_has_no_place_in_a_result() -> None:
    loose = QuantumCircuit([Clbit()])
    with pytest.raises(InputRejected, match="no register"):
        registers_of(loose)
