"""The certificates on observables and papers by a second implementation: the standard library alone, exact throughout.

Written from the formulas in `oracle/statistics/observables`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any

UNIT = 1 << 40
GRID = 1 << 16
FACTORS = {"I": (1, 1), "Z": (1, -1), "0": (1, 0), "1": (0, 1)}
Counts = dict[int, int]


def digest(data: bytes) -> str:
    return "0x" + hashlib.sha256(data).hexdigest()


def value(terms: dict[str, str], bits: int, outcome: int) -> Fraction:
    total = Fraction(0)
    for letters, coefficient in terms.items():
        product = Fraction(coefficient)
        for letter, bit in zip(letters, f"{outcome:0{bits}b}", strict=True):
            product *= FACTORS[letter][int(bit)]
        total += product
    return total


def parity(mask: int, outcome: int) -> int:
    return -1 if bin(mask & outcome).count("1") % 2 else 1


def spectrum(values: list[Fraction]) -> dict[int, Fraction]:
    """Coefficients by mask, from the values alone."""
    size = len(values)
    means = {m: sum((parity(m, x) * v for x, v in enumerate(values)), Fraction(0)) / size for m in range(size)}
    return {mask: mean for mask, mean in means.items() if mean}


def upper_share(hits: int, shots: int, level: Fraction) -> int:
    def excluded(share: int) -> bool:
        # GRID^shots times the probability of j hits; each follows exactly from the one before.
        term = total = (GRID - share) ** shots
        for j in range(hits):
            term = term * (shots - j) * share // ((j + 1) * (GRID - share))
            total += term
        return total <= level * GRID**shots

    if hits == shots:
        return GRID
    low, high = 0, GRID
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if excluded(middle) else (middle, high)
    return high


def hoeffding(
    shots: int, width: Fraction, level: Fraction, log: Callable[[Fraction], Fraction], root: Callable[[Fraction], int]
) -> int:
    return root(width**2 * shots * log(1 / level) * UNIT**2 / 2)


def by_expectation(
    weights: list[int],
    bits: int,
    policy: dict[str, Any],
    counts: Counts,
    level: Fraction,
    log: Callable[[Fraction], Fraction],
    root: Callable[[Fraction], int],
) -> dict[str, Any]:
    rule, n = policy["observable"], sum(counts.values())
    values = [value(rule["terms"], bits, outcome) for outcome in range(1 << bits)]
    found = spectrum(values)
    scale = lcm(*(c.denominator for c in found.values()))
    total = int(sum(count * values[outcome] for outcome, count in counts.items()) * scale)
    mean = int(sum(weight * each for weight, each in zip(weights, values, strict=True)) * scale)
    radii = []
    for at in (Fraction(policy["alpha"]), level / 2):
        if rule["bound"] == "mixed":
            radii.append(hoeffding(n, (max(values) - min(values)) * scale, at, log, root))
            continue
        radius = Fraction(0)
        masks = [mask for mask in found if mask]
        for mask in masks:
            evens = sum(count for outcome, count in counts.items() if parity(mask, outcome) == 1)
            share = at / len(masks)
            up = upper_share(evens, n, share) * n - evens * GRID
            down = upper_share(n - evens, n, share) * n - (n - evens) * GRID
            radius += 2 * abs(found[mask]) * scale * max(up, down) * UNIT / GRID
        radii.append(int(radius))
    accept = ceil(Fraction(rule["delta"]) * scale * n * UNIT) - 1 - radii[0]
    reject = floor(Fraction(rule["honest_delta"]) * scale * n * UNIT) + 1 + radii[1]
    return {
        "statistic": abs(total * UNIT - n * mean),
        "accept": {"at_most": accept} if accept >= 0 else None,
        "reject": {"at_least": reject},
        "constants": {
            "accept_radius": radii[0],
            "baseline": mean,
            "denominator": scale,
            "reject_radius": radii[1],
            "sum": total,
        },
    }


def by_best_value(
    weights: list[int],
    bits: int,
    policy: dict[str, Any],
    counts: Counts,
    level: Fraction,
    log: Callable[[Fraction], Fraction],
    root: Callable[[Fraction], int],
) -> list[dict[str, Any]] | None:
    """The two parts, undecided; None if the circuit's mean is no better than chance."""
    rule, n = policy["objective"], sum(counts.values())
    sign = 1 if rule["direction"] == "minimise" else -1
    values = [sign * value(rule["terms"], bits, outcome) for outcome in range(1 << bits)]
    scale = lcm(*(c.denominator for c in spectrum(values).values()))
    values = [each * scale for each in values]
    target = floor(sign * Fraction(rule["target"]) * scale)
    chance = sum(values) / len(values)
    step = sum(weight * each for weight, each in zip(weights, values, strict=True)) / UNIT - chance
    if step >= 0:
        return None
    good = [outcome for outcome, each in enumerate(values) if each <= target]
    by_chance = Fraction(len(good), len(values))
    reached = Fraction(sum(weights[outcome] for outcome in good), UNIT)
    share = by_chance + Fraction(policy["honest_f"]) * (reached - by_chance)
    radii = [hoeffding(n, max(values) - min(values), at, log, root) for at in (Fraction(policy["alpha"]), level / 2)]
    accept = n * (chance + Fraction(policy["f_min"]) * step) - Fraction(radii[0], UNIT)
    reject = n * (chance + Fraction(policy["honest_f"]) * step) + Fraction(radii[1], UNIT)
    return [
        {
            "method": "best",
            "statistic": int(min(values[outcome] for outcome in counts)),
            "accept": {"at_most": target},
            "reject": {"at_least": target + 1} if (1 - share) ** n <= level / 2 else None,
            "constants": {
                "denominator": scale,
                "reaching": sum(count for outcome, count in counts.items() if outcome in good),
            },
        },
        {
            "method": "mean",
            "statistic": int(sum(count * values[outcome] for outcome, count in counts.items())),
            "accept": {"at_most": ceil(accept) - 1},
            "reject": {"at_least": floor(reject) + 1},
            "constants": {"accept_radius": radii[0], "reject_radius": radii[1]},
        },
    ]


def convergence(rule: dict[str, Any], bits: int, shots: list[int]) -> bytes:
    values = [value(rule["terms"], bits, outcome) for outcome in range(1 << bits)]
    scale = lcm(*(c.denominator for c in spectrum(values).values()))
    better = min if rule["direction"] == "minimise" else max
    first = next(i for i, shot in enumerate(shots) if values[shot] == better(values[s] for s in shots))
    ends = sorted({-(-len(shots) * eighth // 8) for eighth in range(1, 9)})
    document = {
        "schema": "convergence/1",
        "direction": rule["direction"],
        "denominator": str(scale),
        "best_outcome": f"{shots[first]:0{bits}b}",
        "best_shot": first,
        "checkpoints": [
            {
                "shots": end,
                "best": str(better(values[shot] for shot in shots[:end]) * scale),
                "sum": str(sum(values[shot] for shot in shots[:end]) * scale),
            }
            for end in ends
        ],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def paper_faults(
    papers: dict[str, Any], policy: dict[str, Any], spec_hash: str, artifact: bytes, bits: int, shots: list[int]
) -> list[str]:
    contents = {name: text and text.encode() for name, text in papers["contents"].items()}

    def there(name: str) -> bool:
        return contents.get(name) is not None and digest(contents[name]) == name

    if not there(papers["manifest_hash"]):
        return ["paper_unavailable:manifest"]
    members = {"backend", "calibration", "circuit", "convergence", "multiset", "receipt", "schema", "shots", "spec"}
    manifest = json.loads(contents[papers["manifest_hash"]])
    if not isinstance(manifest, dict) or manifest.keys() != members or manifest["schema"] != "run-manifest/1":
        return ["paper_malformed:manifest"]
    found = {"spec": None if manifest["spec"] == spec_hash else "paper_mismatch"}
    found["circuit"] = None if manifest["circuit"] == papers["circuit"] else "paper_mismatch"
    ordered = b"".join(shot.to_bytes(4, "little") for shot in sorted(shots))
    same = manifest["shots"] == digest(artifact) and manifest["multiset"] == digest(ordered)
    found["shots"] = None if same else "paper_mismatch"
    receipt = json.loads(contents[manifest["receipt"]]) if there(manifest["receipt"]) else None
    found["receipt"] = "paper_unavailable"
    if receipt is not None:
        same = receipt["shots"] == len(shots) and receipt["target"] == manifest["backend"]
        found["receipt"] = None if same else "paper_mismatch"
    found["calibration"] = None
    if manifest["calibration"] is None:
        if papers["calibration_required"] or (receipt or {}).get("method") == "hardware":
            found["calibration"] = "paper_missing"
    elif not there(manifest["calibration"]):
        found["calibration"] = "paper_unavailable"
    else:
        snapshot = json.loads(contents[manifest["calibration"]])
        same = snapshot["schema"] == "calibration/1" and snapshot["device"] == manifest["backend"]
        found["calibration"] = None if same else "paper_mismatch"
    objective = policy.get("objective")
    found["convergence"] = None
    if objective is None or not objective["convergence"]:
        found["convergence"] = None if manifest["convergence"] is None else "paper_mismatch"
    elif manifest["convergence"] is None:
        found["convergence"] = "paper_missing"
    elif manifest["convergence"] != digest(convergence(objective, bits, shots)):
        found["convergence"] = "paper_mismatch"
    elif not there(manifest["convergence"]):
        found["convergence"] = "paper_unavailable"
    return [f"{fault}:{name}" for name, fault in found.items() if fault is not None]
