"""Workers that the verdict must not pay, and honest ones that it must not fail, as samplers of shots.

Each takes the baseline's probabilities (float64[2**bits]), a number of shots and a generator, and returns the shots in
the order in which they would be delivered (int64[shots]).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]
Sequence = npt.NDArray[np.int64]
Inside = npt.NDArray[np.bool_]
"""bool[2**bits]: the outcomes of a set."""
Worker = Callable[[Probabilities, int, np.random.Generator], Sequence]


def drawn(law: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
    """Independent shots from `law`."""
    heap = np.cumsum(law)
    places = np.searchsorted(heap, rng.random(shots) * heap[-1], side="right")
    return np.minimum(places, law.size - 1).astype(np.int64)


def at_fidelity(fidelity: float) -> Worker:
    """The circuit's law mixed with uniform."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        return drawn(fidelity * p + (1 - fidelity) / p.size, shots, rng)

    return worker


def heavy_only(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
    """The circuit's law, but only outcomes above the median: each score is a good one."""
    return drawn(np.where(p > np.median(p), p, 0), shots, rng)


def heavy_uniform(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
    """Any outcome above the median, all alike."""
    return drawn(np.where(p > np.median(p), 1.0, 0), shots, rng)


def xeb_spoof(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
    """The mode among noise, just as often as makes the linear cross-entropy that of a fidelity of 0.9."""
    mode = np.zeros(p.size)
    mode[int(p.argmax())] = 1
    share = 0.9 * (p.size * float(p @ p) - 1) / (p.size * float(p.max()) - 1)
    return drawn(share * mode + (1 - share) / p.size, shots, rng)


def mode_only(p: Probabilities, shots: int, _rng: np.random.Generator) -> Sequence:
    return np.full(shots, int(p.argmax()), dtype=np.int64)


def quota(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
    """round(N p) shots of each outcome by largest remainder, shuffled: computed, not sampled."""
    counts = np.floor(p * shots).astype(np.int64)
    counts[np.argsort(counts - p * shots, kind="stable")[: shots - int(counts.sum())]] += 1
    return rng.permutation(np.repeat(np.arange(p.size), counts))


def repeated(times: int) -> Worker:
    """An ideal run of a part of the shots, each delivered `times` times, shuffled."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        return rng.permutation(np.repeat(drawn(p, shots // times, rng), times))

    return worker


def stretched(run: int, fidelity: float) -> Worker:
    """A run of `run` shots, each delivered as often as chance has it, which makes up the number; shuffled."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        return at_fidelity(fidelity)(p, run, rng)[rng.integers(0, run, shots)]

    return worker


def in_sorted_order(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
    """Good shots whose order is lost: written out from a dictionary of counts."""
    return np.sort(drawn(p, shots, rng))


def each_twice(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
    """Half of the shots were run, and each was written down twice in a row."""
    return np.repeat(drawn(p, shots // 2, rng), 2)


def padded(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
    """Five eighths of the shots were run; noise fills up the rest."""
    run = shots * 5 // 8
    return np.concatenate((drawn(p, run, rng), rng.integers(0, p.size, shots - run)))


def drifting(start: float, end: float) -> Worker:
    """An honest device whose fidelity slides from `start` to `end` during the run."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        good = rng.random(shots) < np.linspace(start, end, shots)
        return np.where(good, drawn(p, shots, rng), rng.integers(0, p.size, shots))

    return worker


def with_readout_errors(rate: float, fidelity: float = 1.0) -> Worker:
    """An honest device of which each bit is read wrongly at `rate`, twice as often 1 for 0 as 0 for 1."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        bits = p.size.bit_length() - 1
        sequence = at_fidelity(fidelity)(p, shots, rng)
        for bit in range(bits):
            one = (sequence >> bit) & 1
            flipped = rng.random(shots) < np.where(one == 1, rate * 4 / 3, rate * 2 / 3)
            sequence = sequence ^ (flipped.astype(np.int64) << bit)
        return sequence

    return worker


def resetting_badly(carried: float) -> Worker:
    """An honest device that starts a shot where the last one ended, that often: its outcome repeats."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        fresh = at_fidelity(0.9)(p, shots, rng)
        starts = rng.random(shots) >= carried
        starts[0] = True
        return fresh[np.maximum.accumulate(np.where(starts, np.arange(shots), 0))]

    return worker


def just_above(inside: Inside, hits: int) -> Worker:
    """The circuit's outcomes, in a set and outside it, with as many shots in the set as are asked for."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        parts = (drawn(np.where(inside, p, 0), hits, rng), drawn(np.where(inside, 0, p), shots - hits, rng))
        return rng.permutation(np.concatenate(parts))

    return worker


def flipped(rate: float) -> Worker:
    """An ideal run of which each bit is then flipped at `rate`: other bytes, and hardly another result."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        sequence = drawn(p, shots, rng)
        for bit in range(p.size.bit_length() - 1):
            sequence = sequence ^ ((rng.random(shots) < rate).astype(np.int64) << bit)
        return sequence

    return worker


def truncated(state_fidelity: float) -> Worker:
    """A simulation whose state has that fidelity: what it lacks points in any direction."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        state = np.sqrt(p / p.sum()).astype(complex)
        other = rng.normal(size=p.size) + 1j * rng.normal(size=p.size)
        other -= (state.conj() @ other) * state
        other /= np.linalg.norm(other)
        wrong = np.sqrt(state_fidelity) * state + np.sqrt(1 - state_fidelity) * other
        return drawn(np.abs(wrong) ** 2, shots, rng)

    return worker


def without_the_worst(share: float, fidelity: float) -> Worker:
    """More shots were run, and the `share` of the lowest scores was left out."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        sequence = at_fidelity(fidelity)(p, round(shots / (1 - share)), rng)
        return rng.permutation(sequence[np.argsort(-p[sequence], kind="stable")[:shots]])

    return worker


def best_of(runs: int, fidelity: float, inside: Inside) -> Worker:
    """Of so many runs the one with the most shots in a set."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        found = [at_fidelity(fidelity)(p, shots, rng) for _ in range(runs)]
        return max(found, key=lambda sequence: int(inside[sequence].sum()))

    return worker


def mitigated(zero_to_one: float, one_to_zero: float, fidelity: float) -> Worker:
    """Counts of a device with readout errors, with these undone by the inverse of their matrix, as if raw."""

    def worker(p: Probabilities, shots: int, rng: np.random.Generator) -> Sequence:
        error = np.array([[1 - zero_to_one, one_to_zero], [zero_to_one, 1 - one_to_zero]])
        law, undo = fidelity * p + (1 - fidelity) / p.size, np.linalg.inv(error)
        law = _by_bit(error, law)
        counts = np.bincount(drawn(law, shots, rng), minlength=p.size)
        corrected = np.maximum(_by_bit(undo, counts / shots), 0)
        return quota(corrected / corrected.sum(), shots, rng)

    return worker


def _by_bit(matrix: npt.NDArray[np.float64], law: Probabilities) -> Probabilities:
    """`matrix` on every bit of `law`."""
    for bit in range(law.size.bit_length() - 1):
        law = np.einsum("ij,ajb->aib", matrix, law.reshape(-1, 2, 1 << bit)).reshape(-1)
    return law


@dataclass(frozen=True)
class Attacker:
    """A worker, and whether the chain shows that it delivered the same result before."""

    worker: Worker
    replayed: bool = False
    least_bits: int = 1
    """Below this width a result may be that of an honest device's law, and no test can tell."""


ATTACKERS = {
    "uniform": Attacker(at_fidelity(0.0)),
    "a mixture at F = 0.73": Attacker(at_fidelity(0.73)),
    "heavy outcomes only": Attacker(heavy_only),
    "heavy outcomes, all alike": Attacker(heavy_uniform),
    "a spoof that matches XEB": Attacker(xeb_spoof),
    "the mode only": Attacker(mode_only),
    "quota counts round(N p)": Attacker(quota),
    "400 shots ten times, shuffled": Attacker(repeated(10)),
    "1,000 shots of F = 0.8 to 4,000, unevenly": Attacker(stretched(1000, 0.8), least_bits=9),
    "an old result replayed": Attacker(at_fidelity(1.0), replayed=True),
}
"""Workers that may be paid at most alpha often, where the least fidelity is 4/5."""
