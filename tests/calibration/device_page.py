"""What was measured of devices as a page: a table, and why the weak ones are not accepted."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.devices import HULL_EPS, Judged, NotLaidOut
from oracle.spec import ValidationPolicy

UNEXPLAINED = 0.1
"""A fidelity this far below the share of clean shots has another cause than the errors of gates and readouts."""
ENOUGH = 0.95
"""Devices that are accepted less often than this are explained."""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *rows))


def devices_table(rows: Sequence[Judged]) -> str:
    head = (
        "device",
        "qubits",
        "accepted",
        "rejected",
        "T",
        "F",
        "two-qubit gates",
        "their error",
        "readout",
        "clean",
        "reach",
        "accepted from the hull",
    )
    return _table(
        head,
        [
            (
                each.device,
                str(each.qubits),
                f"{each.accepted} / {each.runs}",
                str(each.rejected),
                f"{each.distance:.3f}",
                f"{each.fidelity:.3f}",
                str(each.pairs),
                f"{100 * each.pair_error:.2f}%",
                f"{100 * each.readout_error:.2f}%",
                f"{100 * each.clean:.0f}%",
                f"{each.reach:.3f}",
                f"{each.near} / {each.runs}",
            )
            for each in rows
        ],
    )


def explained(row: Judged, policy: ValidationPolicy) -> str:
    """Why honest runs on a device are not accepted: what falls short, and what its snapshot leaves to expect."""
    short = []
    if row.distance > policy.eps:
        short.append(f"T = {row.distance:.3f} is above eps = {float(policy.eps):g}")
    if row.fidelity < policy.f_min:
        short.append(f"F = {row.fidelity:.3f} is below f_min = {float(policy.f_min):g}")
    if not short:
        short.append(
            f"T = {row.distance:.3f} and F = {row.fidelity:.3f} lie within the thresholds, but by less than 4,000 "
            "shots can certify"
        )
    if row.pair_error == 1:
        why = "Its snapshot gives the two-qubit gates an error of 100%: nothing runs there"
    else:
        why = (
            f"{row.pairs} two-qubit gates at {100 * row.pair_error:.2f}% and readout at {100 * row.readout_error:.2f}% "
            f"leave {100 * row.clean:.0f}% of the shots without an error"
        )
    if row.fidelity < row.clean - UNEXPLAINED:
        why += (
            f"; its snapshot lets a two-qubit gate last {row.pair_us:.1f} µs, with a T2 of {row.t2_us:.0f} µs, so that "
            "the qubits relax while the circuit runs"
        )
    remark = f" {row.remark}" if row.remark else ""
    codes = ", ".join(f"`{reason}`" for reason in row.reasons)
    return f"- **{row.device}**: {' and '.join(short)}. {why} ({codes}).{remark}"


def page(rows: Sequence[Judged], missing: Sequence[NotLaidOut], policy: ValidationPolicy, runs: int, seed: int) -> str:
    short = [each for each in rows if each.acceptance < ENOUGH]
    near = [each for each in rows if each.near >= ENOUGH * each.runs]
    reasons = "\n".join(explained(each, policy) for each in short) or "None."
    enough = f"{100 * ENOUGH:.0f}%"
    left_out = "\n".join(f"- **{each.device}**: {each.reason}" for each in missing) or "None."
    return f"""# Devices

Written by `make devices DEVICES_ARGS='--seed {seed} --runs {runs} --write'`: seed {seed}, {runs} runs a device.

Honest runs of the circuit of `compute quantum init` (QAOA of depth 2 on a ring of five), 4,000 shots each, on every
device of five qubits or more whose noise Qiskit publishes (`fake_*`: simulated noise, not hardware). Each is judged
whole, at the defaults: eps {policy.eps}, f_min {policy.f_min}, alpha {policy.alpha}, beta {policy.beta},
{len(policy.guards)} guards.

{len(rows) - len(short)} of {len(rows)} devices are accepted in at least {enough} of their runs. T and F are means over
the runs. «Clean» is the product of one minus each published error, of gates and readouts: the share of shots that
should come out untouched.

«From the hull»: the same runs under a policy for a requester who knows the device: the distance from the nearest
mixture of the ideal law with what a simulation with the device's snapshot shows (400,000 shots, weight up to 99/100),
eps {HULL_EPS} in place of {policy.eps}, no witness. {len(near)} of {len(rows)} devices are accepted so in at least
{enough} of their runs. How far from ideal that lets a result be is the hull's «reach», which such a spec states: the
snapshot of a device that computes nothing is honest too.

{devices_table(rows)}

## Below {enough}

What falls short, and what the published errors leave to expect. Such a device is not good enough for this circuit at
these thresholds; a spec for it states others.

{reasons}

## Not run

Devices that Qiskit's own transpiler cannot lay the circuit out on.

{left_out}
"""
