"""Deliveries to compare implementations on: the golden ones, and as many more as are asked for, drawn from SHAKE-256.

No library's random stream is used, so that every implementation and version is asked the same.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate
from math import floor
from pathlib import Path
from typing import Any

from independent.arithmetic import UNIT
from independent.documents import Delivery
from independent.guards import GUARDS
from independent.mixtures import reach
from independent.results import Baseline, Hull, canonical, digest

FOLDER = Path(__file__).parents[1] / "golden"
GOLDEN = FOLDER / "verdict_documents.json"
FILES = (GOLDEN, *(FOLDER / f"verdict_{name}.json" for name in ("noises", "observables", "collisions")))
DRAWN = ("binomial.exact/1", "huber.certified/1", "tvd.certified/1", "witness.levelset/1")
"""The methods of generated deliveries; those on observables and papers have golden ones."""


def golden() -> list[tuple[Delivery, str]]:
    """The golden deliveries, each with its document."""
    found = []
    for path in FILES:
        kept = json.loads(path.read_text())
        baselines = {name: text.encode() for name, text in kept["baselines"].items()}
        found += [(_of_golden(case, baselines), case["document"]) for case in kept["cases"]]
    return found


def _of_golden(case: dict[str, Any], baselines: dict[str, bytes]) -> Delivery:
    by_root = {digest(artifact): artifact for artifact in baselines.values()}
    vertices = case["policy"].get("hull", {}).get("vertices", [])
    artifact = None if case["artifact_hex"] is None else bytes.fromhex(case["artifact_hex"])
    if case["counts"] is not None:
        records = [int(x).to_bytes(4, "little") for x, count in case["counts"].items() for _ in range(count)]
        if case.get("shuffled"):
            places = sorted(range(len(records)), key=lambda i: hashlib.sha256(str(i).encode()).digest())
            records = [records[i] for i in places]
        artifact = b"".join(records)
    return Delivery(
        name=case["name"],
        job=digest(case["name"].encode()),
        round=case["round"],
        spec_hash=digest(b"spec"),
        policy=canonical(case["policy"]),
        shots_required=case["shots_required"],
        baseline=baselines[case["baseline"]],
        result_hash=case["result_hash"] or digest(artifact or b""),
        artifact=artifact,
        replayed=case["replayed"],
        worker_amount=case["worker_amount"],
        vertices=tuple(by_root[vertex["root"]] for vertex in vertices),
        papers=case.get("papers"),
    )


class Dice:
    """Integers from SHAKE-256, without bias."""

    def __init__(self, seed: str) -> None:
        self._seed, self._drawn = seed, 0

    def below(self, limit: int) -> int:
        """One of 0..limit - 1."""
        size = (limit.bit_length() + 7) // 8 + 8
        while True:
            self._drawn += 1
            found = int.from_bytes(hashlib.shake_256(f"{self._seed}/{self._drawn}".encode()).digest(size), "big")
            if found < 256**size // limit * limit:
                return found % limit

    def pick(self, values: list[Any]) -> Any:
        return values[self.below(len(values))]


def generated(count: int, seed: str = "generated") -> list[Delivery]:
    """Deliveries of all kinds: peaked to flat baselines, honest to hopeless workers, every method and guard."""
    return [_drawn(i, Dice(f"{seed}/{i}")) for i in range(count)]


def _drawn(place: int, dice: Dice) -> Delivery:
    bits = 1 + dice.below(7)
    weights = _weights(1 << bits, dice)
    vertices = [_weights(1 << bits, dice) for _ in range(1 + dice.below(2))] if bits < 5 and dice.below(3) == 0 else []
    shots = _shots(weights, 1 + dice.below(dice.pick([40, 400, 800])), dice)
    artifact: bytes | None = b"".join(shot.to_bytes(4, "little") for shot in shots)
    kind = dice.below(20)
    if kind == 0:
        artifact = None
    elif kind == 1:
        artifact = (artifact or b"")[:-1]
    elif kind == 2:
        artifact = (artifact or b"") + (1 << bits).to_bytes(4, "little")
    name = f"generated {place}"
    return Delivery(
        name=name,
        job=digest(name.encode()),
        round=dice.below(4),
        spec_hash=digest(name[::-1].encode()),
        policy=canonical(_policy(dice) | _hull(bits, weights, vertices, dice)),
        shots_required=len(shots) + (kind == 3),
        baseline=_artifact(bits, weights),
        result_hash=digest(artifact or b"") if kind != 4 else digest(b"other"),
        artifact=artifact,
        replayed=dice.below(8) == 0,
        worker_amount=str(dice.below(10**20)),
        vertices=tuple(_artifact(bits, vertex) for vertex in vertices),
    )


def _artifact(bits: int, weights: list[int]) -> bytes:
    return canonical({"bits": bits, "schema": "baseline/1", "weights": weights})


def _hull(bits: int, weights: list[int], vertices: list[list[int]], dice: Dice) -> dict[str, dict[str, Any]]:
    """The policy's member about the vertices, with the reach that they have, rounded up; none without vertices."""
    if not vertices:
        return {}
    most = tuple(Fraction(1 + dice.below(40), 100) for _ in vertices)
    hull = Hull(tuple(Baseline(bits, tuple(vertex)) for vertex in vertices), most)
    reached = Fraction(floor(100 * reach(Baseline(bits, tuple(weights)), hull)) + 1, 100)
    members = [
        {"most": str(bound), "root": digest(_artifact(bits, vertex))}
        for bound, vertex in zip(most, vertices, strict=True)
    ]
    return {"hull": {"reach": str(reached), "vertices": members}}


def _weights(outcomes: int, dice: Dice) -> list[int]:
    """Masses to a power, so that some are peaked and some flat, many of them zero in some, brought to a sum of 2^40."""
    power, zeros = dice.below(8), dice.below(9)
    masses = [(1 + dice.below(1000)) ** power if dice.below(9) >= zeros else 0 for _ in range(outcomes)]
    masses[dice.below(outcomes)] += 1
    weights = [mass * UNIT // sum(masses) for mass in masses]
    weights[dice.below(outcomes)] += UNIT - sum(weights)
    return weights


def _shots(weights: list[int], count: int, dice: Dice) -> list[int]:
    """Of a worker who mixes the circuit with noise; some sort their shots, some deliver each several times, some
    compute how often each outcome is expected."""
    if dice.below(5) == 0:
        return [x for x, weight in enumerate(weights) for _ in range(-(-weight * count // UNIT))]
    good, heap = dice.below(11), list(accumulate(weights))
    times = dice.pick([1, 1, 1, 2, 5])
    shots = [
        bisect_right(heap, dice.below(UNIT)) if dice.below(10) < good else dice.below(len(weights))
        for _ in range(-(-count // times))
    ]
    delivered = [shot for shot in shots for _ in range(times)]
    if dice.below(6) == 0:
        return sorted(delivered)
    # A run that breaks off: the rest is its first outcome, again and again.
    end = len(delivered) // 2 if dice.below(6) == 0 else len(delivered)
    return delivered[:end] + [delivered[0]] * (len(delivered) - end)


def _policy(dice: Dice) -> dict[str, Any]:
    def hundredths(least: int, most: int) -> Fraction:
        return Fraction(least + dice.below(most - least + 1), 100)

    eps, honest_f = hundredths(2, 50), hundredths(5, 90)
    honest_eps, f_min = eps + hundredths(0, 10), honest_f + hundredths(0, 9)
    rates = {
        "alpha": hundredths(1, 50),
        "beta": hundredths(1, 50),
        "eps": eps,
        "honest_eps": honest_eps,
        "f_min": f_min,
        "honest_f": honest_f,
    }
    certificates = [name for name in DRAWN if dice.below(2)] or [dice.pick(list(DRAWN))]
    if "huber.certified/1" in certificates and "witness.levelset/1" not in certificates:
        certificates.append("witness.levelset/1")
    guards = [name for name in GUARDS if dice.below(2)]
    if "ceiling.levelset/1" in guards:
        rates["f_max"] = (f_min + 1) / 2
    return {
        **{name: str(rate) for name, rate in rates.items()},
        "certificates": certificates,
        **({"guards": guards} if guards else {}),
    }
