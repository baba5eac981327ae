"""Results that no job spec ordered: published bitstrings or counts, the circuit they came from, and a policy."""

from __future__ import annotations

from pathlib import Path

from oracle.artifacts import PackedShots, RegisterMap
from oracle.artifacts.bitstrings import LARGEST_RESULT, read_counts, read_shots
from oracle.circuits import load_qasm
from oracle.circuits.readers import registers_of
from oracle.cli.endings import Gathering
from oracle.cli.judging.files import (
    baseline_of,
    check_circuit,
    computed_notice,
    confirmed,
    read_baseline,
    read_circuit,
    read_file,
    read_qasm,
)
from oracle.cli.judging.submission import Options, ResultCase
from oracle.encoding import ZERO_DIGEST
from oracle.judging.recompute import DeliveryFacts, Ground
from oracle.spec import load_policy, resolve_policy


def read_foreign(options: Options) -> ResultCase:
    """The published result of `options`, which check_options passed. Raises InputsRejected with all faults."""
    assert options.qasm is not None  # check_options
    path, source, gathering = options.qasm, str(options.qasm), Gathering()
    data = gathering.read(lambda: read_qasm(path))
    circuit = None if data is None else gathering.read(lambda: read_circuit(data, source, load_qasm))
    if circuit is not None:
        gathering.read(lambda: check_circuit(circuit, source))
    registers = None if circuit is None else registers_of(circuit)
    shots = gathering.read(lambda: _result(options, registers))
    validation = gathering.read(lambda: load_policy(options.policy))
    policy = None
    if validation is not None and registers is not None:
        named = "the default policy" if options.policy is None else str(options.policy)
        policy = gathering.read(lambda: resolve_policy(validation, registers.bits, named))
    given = gathering.read(lambda: read_baseline(options.baseline))
    gathering.settle()
    # Nothing was refused, so that all of it is there; what takes long comes last.
    assert circuit is not None
    assert registers is not None
    assert shots is not None
    assert policy is not None
    baseline = gathering.read(lambda: baseline_of(circuit, source))
    if baseline is not None and given is not None:
        ours = baseline
        baseline = gathering.read(lambda: confirmed(ours, given, str(options.baseline)))
    gathering.settle()
    assert baseline is not None
    return ResultCase(
        ground=Ground(ZERO_DIGEST, policy, shots.count, baseline, committed=False),
        delivery=DeliveryFacts(),
        result_hash=shots.result_hash,
        artifact=shots.data,
        registers=registers,
        shots=shots,
        notices=() if given is not None else (computed_notice(baseline, source),),
    )


def _result(options: Options, registers: RegisterMap | None) -> PackedShots | None:
    if options.shots_json is not None:
        remedy = 'name a file with a JSON list of bitstrings, ["00", "11", …]'
        return read_shots(_bounded(options.shots_json, remedy), registers, str(options.shots_json))
    assert options.counts_json is not None  # check_options
    remedy = 'name a file with a JSON object of counts, {"00": 507, "11": 493}'
    return read_counts(_bounded(options.counts_json, remedy), registers, str(options.counts_json))


def _bounded(path: Path, remedy: str) -> bytes:
    return read_file(path, remedy, LARGEST_RESULT)
