"""The verdict documents again, by a second implementation: no NumPy, no gmpy2, nothing of the package.

Written from the formulas alone, with exact fractions where the package encloses, so that agreement on the bytes means
that the rules are stated well enough for a stranger to follow.
"""

from __future__ import annotations

import hashlib
import json
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from functools import cache
from math import ceil, floor, isqrt
from pathlib import Path
from typing import Any

import pytest
from independent_observables import by_best_value, by_expectation, paper_faults

_FILES = [
    json.loads((Path(__file__).parents[2] / "golden" / name).read_text())
    for name in ("verdict_documents.json", "verdict_observables.json")
]
GOLDEN = {
    "baselines": {name: text for file in _FILES for name, text in file["baselines"].items()},
    "cases": [case for file in _FILES for case in file["cases"]],
}
UNIT = 1 << 40
REFUSED = {"decision": "refused", "statistic": None, "accept": None, "reject": None, "constants": {}}


def digest(data: bytes) -> str:
    return "0x" + hashlib.sha256(data).hexdigest()


def canonical(value: object) -> bytes:
    # For ASCII keys, strings and integers this is RFC 8785.
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def logarithm(value: Fraction) -> Fraction:
    """ln rounded up to a multiple of 2^-64."""
    with localcontext() as context:
        context.prec = 80
        exact = (Decimal(value.numerator) / Decimal(value.denominator)).ln() * Decimal(2**64)
        return Fraction(int(exact.to_integral_value(ROUND_CEILING)), 2**64)


def root(value: Fraction) -> int:
    """The least integer whose square reaches `value`."""
    r = isqrt(ceil(value))
    return r if r * r >= value else r + 1


@cache
def least_count(n: int, p: Fraction, level: Fraction) -> int | None:
    """The least k with P(X >= k) <= level, by summing exact terms from n downward."""
    a, b = p.numerator, p.denominator
    limit, total, term, best = level.numerator * b**n // level.denominator, 0, a**n, None
    for j in range(n, -1, -1):
        total += term
        if total > limit:
            return best
        best = j
        if j:
            term = term * j * (b - a) // ((n - j + 1) * a)
    return best


def witness_floor(weights: list[int], bits: int, f_min: Fraction) -> int | None:
    best: tuple[Fraction, int] | None = None
    for octave in range(-6, bits - 2):
        for m in (4, 5, 6, 7):
            edge = floor(Fraction(m) * Fraction(2) ** octave * UNIT / 2**bits)
            inside = [weight for weight in weights if weight > edge]
            chance, mass = Fraction(len(inside), 2**bits), Fraction(sum(inside), UNIT)
            if mass - chance < Fraction(1, 10):
                continue
            share = chance + f_min * (mass - chance)
            cost = share * (1 - share) / (mass - chance) ** 2
            if best is None or cost < best[0]:
                best = (cost, edge)
    return None if best is None else best[1]


def by_distance(weights: list[int], policy: dict[str, Any], counts: dict[int, int], level: Fraction) -> dict[str, Any]:
    n = sum(counts.values())
    statistic = sum(abs(counts.get(x, 0) * UNIT - n * weight) for x, weight in enumerate(weights))
    radius = root(logarithm(1 / Fraction(policy["alpha"])) * UNIT**2 / (2 * n))
    other = root(logarithm(1 / level) * UNIT**2 / (2 * n))
    bias = root(Fraction((len(weights) - 1) * UNIT**2, 4 * n))
    accept = ceil((Fraction(policy["eps"]) - Fraction(radius, UNIT)) * 2 * n * UNIT) - 1
    reject = floor((Fraction(policy["honest_eps"]) + Fraction(bias + other, UNIT)) * 2 * n * UNIT) + 1
    return {
        "statistic": statistic,
        "accept": {"at_most": accept} if accept >= 0 else None,
        "reject": {"at_least": reject} if reject <= 2 * n * UNIT else None,
        "constants": {"accept_radius": radius, "bias": bias, "reject_radius": other},
    }


def by_share(
    weights: list[int],
    edge: int,
    accept: Fraction,
    reject: Fraction,
    alpha: Fraction,
    level: Fraction,
    counts: dict[int, int],
) -> dict[str, Any]:
    n = sum(counts.values())
    inside = [x for x, weight in enumerate(weights) if weight > edge]
    at_least, mirrored = least_count(n, accept, alpha), least_count(n, 1 - reject, level)
    return {
        "statistic": sum(counts.get(x, 0) for x in inside),
        "accept": None if at_least is None else {"at_least": at_least},
        "reject": None if mirrored is None else {"at_most": n - mirrored},
        "constants": {"floor": edge, "size": len(inside), "weight": sum(weights[x] for x in inside)},
    }


def share_of_beta(policy: dict[str, Any]) -> Fraction:
    sampled = [method for method in policy["certificates"] if method != "reproduce/1"]
    return Fraction(policy["beta"]) / (len(sampled) + len(policy.get("guards", [])))


def greatest_count(n: int, p: Fraction, level: Fraction) -> int | None:
    mirrored = least_count(n, 1 - p, level)
    return None if mirrored is None else n - mirrored


def by_windows(weights: list[int], counts: dict[int, int], n: int, level: Fraction) -> dict[str, Any]:
    windows = inside = 0
    for x, weight in enumerate(weights):
        middle = floor(Fraction(n * weight, UNIT) + Fraction(1, 2))
        if middle:
            half = 0
            while (2 * half + 3) ** 2 <= middle - half - 1:
                half += 1
            windows += 1
            inside += middle - half <= counts.get(x, 0) <= middle + half
    at_least = least_count(windows, Fraction(2, 5), level / (3 * (isqrt(n) + 1)))
    return {
        "statistic": inside,
        "reject": None if at_least is None else {"at_least": at_least},
        "constants": {"windows": windows},
    }


def by_divisors(counts: dict[int, int], n: int, level: Fraction) -> dict[str, Any]:
    best: tuple[int, int, int, int | None] | None = None
    for i, d in enumerate((2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31), 1):
        share = Fraction(1, {2: 2, 3: 3}.get(d, 4))
        undivided = sum(count % d > 0 for count in counts.values())
        bound = greatest_count(len(counts), 1 - share, level / (3 * (isqrt(n) + 1)) / 2**i)
        room = undivided - (-1 if bound is None else bound)
        if best is None or room < best[0]:
            best = (room, d, undivided, bound)
    assert best is not None
    return {
        "statistic": best[2],
        "reject": None if best[3] is None else {"at_most": best[3]},
        "constants": {"distinct": len(counts), "divisor": best[1]},
    }


def by_repeats(shots: list[int], bits: int, level: Fraction) -> dict[str, Any]:
    classes = [shot // 2 ** max(0, bits - 4) for shot in shots]
    third, near, far = len(shots) // 3, 0, 0
    for i in range(third):
        a, b, c = classes[2 * i], classes[2 * i + 1], classes[2 * third + i]
        near += a == b != c
        far += a == c != b
    at_least = least_count(near + far, Fraction(2, 3), level / 2) if near + far else None
    return {
        "statistic": max(near, far),
        "reject": None if at_least is None else {"at_least": at_least},
        "constants": {"distant": far, "neighbours": near},
    }


def by_blocks(shots: list[int], weights: list[int], edge: int, level: Fraction) -> dict[str, Any]:
    block = len(shots) // 8
    hits = [sum(weights[shot] > edge for shot in shots[i * block : (i + 1) * block]) for i in range(8)]
    radius = root(block * logarithm(56 / level) * UNIT**2)
    bound = floor(Fraction(block, 10) + Fraction(radius, UNIT)) + 1
    return {
        "statistic": max(hits) - min(hits),
        "reject": {"at_least": bound} if bound <= block else None,
        "constants": {"block": block, "floor": edge, "radius": radius},
    }


def guard(method: str, weights: list[int], bits: int, policy: dict[str, Any], shots: list[int]) -> dict[str, Any]:
    level, counts = share_of_beta(policy), {x: shots.count(x) for x in set(shots)}
    if method == "dispersion.window/1":
        return by_windows(weights, counts, len(shots), level)
    if method == "duplicates.divisor/1":
        return by_divisors(counts, len(shots), level)
    if method == "repeats.lag1/1":
        return by_repeats(shots, bits, level)
    edge = witness_floor(weights, bits, Fraction(policy["f_min"]))
    return {"decision": "refused"} if edge is None else by_blocks(shots, weights, edge, level)


def certificate(
    method: str, weights: list[int], bits: int, policy: dict[str, Any], counts: dict[int, int]
) -> dict[str, Any]:
    level = share_of_beta(policy)
    alpha, f_min, honest_f = (Fraction(policy[name]) for name in ("alpha", "f_min", "honest_f"))
    if method == "tvd.certified/1":
        return by_distance(weights, policy, counts, level)
    if method == "expectation.ci/1":
        return by_expectation(weights, bits, policy, counts, level, logarithm, root)
    if method == "best_value.exact/1":
        undecided = by_best_value(weights, bits, policy, counts, level, logarithm, root)
        if undecided is None:
            return REFUSED
        parts = [decided(part) for part in undecided]
        whole = decided(
            {
                "statistic": sum(part["decision"] == "accept" for part in parts),
                "accept": {"at_least": 2},
                "reject": None,
                "constants": {},
                "parts": parts,
            }
        )
        return whole | ({"decision": "reject"} if any(part["decision"] == "reject" for part in parts) else {})
    if method == "binomial.exact/1":
        return by_share(weights, 1 << 10, f_min, honest_f, alpha, level, counts)
    edge = witness_floor(weights, bits, f_min)
    if edge is None:
        return REFUSED
    inside = [weight for weight in weights if weight > edge]
    chance, contrast = Fraction(len(inside), 2**bits), Fraction(sum(inside), UNIT) - Fraction(len(inside), 2**bits)
    return by_share(weights, edge, chance + f_min * contrast, chance + honest_f * contrast, alpha, level, counts)


def holds(bound: dict[str, int] | None, statistic: int) -> bool:
    if bound is None:
        return False
    ((side, value),) = bound.items()
    return statistic >= value if side == "at_least" else statistic <= value


def decided(found: dict[str, Any]) -> dict[str, Any]:
    if found.get("decision") in ("refused", "reject"):
        return found
    if holds(found["reject"], found["statistic"]):
        return found | {"decision": "reject"}
    return found | {"decision": "accept" if holds(found["accept"], found["statistic"]) else "neither"}


def written(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [written(item) for item in value]
    return str(value) if isinstance(value, int) else value


def judge(case: dict[str, Any]) -> bytes:
    baseline_text = GOLDEN["baselines"][case["baseline"]].encode()
    baseline = json.loads(baseline_text)
    weights, bits, required = baseline["weights"], baseline["bits"], case["shots_required"]
    artifact = None if case["artifact_hex"] is None else bytes.fromhex(case["artifact_hex"])
    if case["counts"] is not None:
        records = [int(x).to_bytes(4, "little") for x, count in case["counts"].items() for _ in range(count)]
        if case.get("shuffled"):
            places = sorted(range(len(records)), key=lambda i: hashlib.sha256(str(i).encode()).digest())
            records = [records[i] for i in places]
        artifact = b"".join(records)
    result_hash = case["result_hash"] or digest(artifact or b"")
    shots: list[int] | None = None
    reasons: list[str] = []
    if artifact is None:
        reasons = ["artifact_unavailable"]
    elif digest(artifact) != result_hash:
        reasons = ["artifact_hash_mismatch"]
    elif not artifact:
        reasons = ["artifact_empty"]
    elif len(artifact) % 4:
        reasons = ["artifact_wrong_size"]
    else:
        shots = [int.from_bytes(artifact[i : i + 4], "little") for i in range(0, len(artifact), 4)]
        if max(shots) >= 2**bits:
            shots, reasons = None, ["bits_above_register"]
        elif len(shots) != required:
            reasons = ["wrong_shot_count"]
    same = Fraction(sum(weight**2 for weight in weights), UNIT**2)
    if case["replayed"] and required * logarithm(1 / same) >= logarithm(Fraction(2**128)):
        reasons.append("replayed_result")
    certificates = []
    guards = []
    outcome = "reject"
    if shots is not None and not reasons:
        counts = {x: shots.count(x) for x in set(shots)}
        faults = []
        if "papers" in case:
            faults = paper_faults(case["papers"], case["policy"], digest(b"spec"), artifact or b"", bits, shots)
        for method in case["policy"]["certificates"]:
            if method == "reproduce/1":
                found = {"statistic": len(faults), "accept": {"at_most": 0}, "reject": {"at_least": 1}, "constants": {}}
            else:
                found = certificate(method, weights, bits, case["policy"], counts)
            certificates.append(written(decided(found)) | {"method": method})
        for method in case["policy"].get("guards", []):
            found = {"decision": "neither", "statistic": None, "accept": None, "reject": None, "constants": {}}
            found |= guard(method, weights, bits, case["policy"], shots)
            if holds(found["reject"], found["statistic"]):
                found["decision"] = "reject"
            guards.append(written(found) | {"method": method})
        reasons = [f"rejected_by:{c['method']}" for c in (*certificates, *guards) if c["decision"] == "reject"]
        reasons += faults
        if not reasons:
            words = {"neither": "undecided_by", "refused": "refused_by"}
            reasons = [f"{words[c['decision']]}:{c['method']}" for c in certificates if c["decision"] != "accept"]
            outcome = "inconclusive" if reasons else "accept"
            reasons = reasons or ["certified"]
    return canonical(
        {
            "schema": "verdict/1",
            "engine": "compute-escrow/verdict/1",
            "job": digest(case["name"].encode()),
            "round": case["round"],
            "spec_hash": digest(b"spec"),
            "policy": case["policy"],
            "policy_hash": digest(canonical(case["policy"])),
            "baseline_root": digest(baseline_text),
            "result_hash": result_hash,
            **({"manifest_hash": case["papers"]["manifest_hash"]} if "papers" in case else {}),
            "bits": bits,
            "shots": {"required": required, "received": None if shots is None else len(shots)},
            "seed": None,
            "worker_amount": case["worker_amount"] if outcome == "accept" else "0",
            "certificates": certificates,
            **({"guards": guards} if "guards" in case["policy"] else {}),
            "outcome": outcome,
            "reason_codes": reasons,
            "notes": ["selection_unprotected"],
        }
    )


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_a_second_implementation_writes_the_same_bytes(case: dict[str, Any]) -> None:
    document = judge(case)
    assert document.decode() == case["document"]
    assert digest(document) == case["digest"]
