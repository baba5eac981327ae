"""A device's properties at the time of a run, as canonical JSON: floats are texts, so the bytes can be digested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from oracle.encoding import Json, canonical_bytes

SCHEMA = "calibration/1"


def snapshot(properties: Any, qubits: Iterable[int], *, device: str, simulated: bool) -> bytes:
    """The `properties` (Qiskit's BackendProperties) of the physical `qubits` and of the gates among them.

    `simulated`: the properties shaped a noise model; no hardware ran.
    """
    wanted = sorted(set(qubits))
    raw: Mapping[str, Any] = properties.to_dict()
    gates = [gate for gate in raw["gates"] if set(gate["qubits"]) <= set(wanted)]
    return canonical_bytes(
        {
            "backend_version": str(raw["backend_version"]),
            "device": device,
            "gates": [
                {"gate": gate["gate"], "parameters": _plain(gate["parameters"]), "qubits": list(gate["qubits"])}
                for gate in sorted(gates, key=lambda gate: (gate["gate"], list(gate["qubits"])))
            ],
            "last_update": _plain(raw["last_update_date"]),
            "qubits": {str(qubit): _plain(raw["qubits"][qubit]) for qubit in wanted},
            "schema": SCHEMA,
            "simulated": simulated,
        }
    )


def _plain(value: Any) -> Json:
    """`value` with floats as their shortest exact decimal texts and times as RFC 3339."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
