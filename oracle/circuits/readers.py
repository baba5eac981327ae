"""From what Qiskit's primitives return to packed shots: every register, in one fixed bit order.

A `BitArray` holds bytes, the highest bit first; a `PrimitiveResult` has one for each classical register. Packed shots
have the register that the circuit declares first in their lowest bits, which is what a bitstring of Aer reads without
its spaces, right to left. Counts have no order, and what is made of them says so.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.primitives import BitArray, PrimitiveResult

from oracle.artifacts import PackedShots, Register, RegisterMap, ShotsRejected, pack
from oracle.artifacts.bitstrings import counted
from oracle.artifacts.shots import WIDEST_BITS, words_per_shot
from oracle.encoding import Finding, InputRejected

_SOURCE = "result"
_WIDER = f"measure 1 to {WIDEST_BITS} bits"


def registers_of(circuit: QuantumCircuit) -> RegisterMap:
    """The classical registers of `circuit` in the order of their declaration.

    Raises InputRejected if a classical bit belongs to no register or to two: it has no place in Qiskit's results.
    """
    registers = RegisterMap(tuple(Register(register.name, register.size) for register in circuit.cregs))
    if any(len(circuit.find_bit(bit).registers) != 1 for bit in circuit.clbits):
        reason = "a classical bit belongs to no register, or to two"
        raise InputRejected("circuit", [Finding("", None, reason, "declare registers that share no bit")])
    return registers


def shots_of_bit_array(bits: BitArray) -> PackedShots:
    """The shots of one register, in their order. `bits` has shape (): one circuit with its parameters bound.

    Raises InputRejected for an array of several, or of no shots.
    """
    return _packed(_bits_of(bits, ""), bits.num_bits)


def shots_of_result(result: PrimitiveResult[object], registers: RegisterMap, pub: int = 0) -> PackedShots:
    """The shots of the PUB number `pub` of a Sampler's `result`, over all `registers` of its circuit.

    Raises InputRejected with every fault: a PUB that is not there, a register that is missing, too many or of another
    width, registers with different numbers of shots, or an array over parameters.
    """
    if not 0 <= pub < len(result):
        raise _rejected("", f"there is no PUB {pub} in a result of {len(result)}", "count PUBs from 0")
    data = result[pub].data
    arrays = {name: value for name, value in data.items() if isinstance(value, BitArray)}
    findings = [
        Finding(
            name, None, "the circuit has no such register", f"name the circuit that was run: {registers.in_words()}"
        )
        for name in arrays
        if name not in {register.name for register in registers.registers}
    ]
    columns: list[npt.NDArray[np.uint8]] = []
    for register in registers.registers:
        found = arrays.get(register.name)
        if found is None:
            remedy = "name the circuit that was run, and take the result of a Sampler"
            findings.append(Finding(register.name, None, "the result has no such register", remedy))
        elif found.num_bits != register.bits:
            reason = f"the result has {found.num_bits} bits, the circuit {register.bits}"
            findings.append(Finding(register.name, None, reason, "name the circuit that was run"))
        else:
            try:
                columns.append(_bits_of(found, register.name))
            except InputRejected as error:
                findings += error.findings
    if len({column.shape[0] for column in columns}) > 1:
        reason = "registers have different numbers of shots"
        findings.append(Finding("", None, reason, "take all registers of one and the same run"))
    if findings:
        raise InputRejected(_SOURCE, findings)
    return _packed(np.hstack(columns) if columns else np.zeros((0, 0), dtype=np.uint8), registers.bits)


def shots_of_counts(counts: Mapping[str, int], registers: RegisterMap) -> PackedShots:
    """The result of which only Qiskit's `counts` are known, bitstring (or ``0x…``) to number of shots; not `ordered`.

    Raises InputRejected with every fault: no outcome of these registers, one written in two ways, a count below one.
    """
    shots = counted(counts, registers, _SOURCE)
    assert shots is not None  # there are registers to read them by
    return shots


def _bits_of(bits: BitArray, path: str) -> npt.NDArray[np.uint8]:
    """uint8[shots, bits] of zeros and ones, column 0 the register's bit 0."""
    if bits.shape != ():
        raise _rejected(path, f"an array of shape {bits.shape}", "index it down to one set of parameters: bits[0]")
    # uint8[shots, bytes], the most significant byte first; the padding is above the highest bit.
    unpacked = np.unpackbits(np.asarray(bits.array, dtype=np.uint8), axis=-1)[:, ::-1]
    return unpacked[:, : bits.num_bits]


def _packed(columns: npt.NDArray[np.uint8], bits: int) -> PackedShots:
    try:
        padded = np.zeros((columns.shape[0], 32 * words_per_shot(bits)), dtype=np.uint8)
        padded[:, :bits] = columns
        return pack(np.packbits(padded, axis=-1, bitorder="little").view("<u4").astype(np.uint32), bits)
    except ShotsRejected as error:
        raise _rejected("", error.reason, "run it with one shot at least") from error
    except ValueError as error:
        raise _rejected("", str(error), _WIDER) from error


def _rejected(path: str, reason: str, remedy: str) -> InputRejected:
    return InputRejected(_SOURCE, [Finding(path, None, reason, remedy)])
