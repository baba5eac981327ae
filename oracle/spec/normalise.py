"""Filling in every default, and the two steps that freeze a spec: `simulated` and `promoted`.

Each returns a new spec, read through the model again, so that no step can make an inconsistent one. Normalising twice
changes nothing: what is filled in is a function of what is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fractions import Fraction

from oracle.encoding import Finding, InputRejected, parse_rational
from oracle.spec.fields import decimal_text
from oracle.spec.model import JobSpec
from oracle.spec.reading.canonical import read_spec, spec_hash
from oracle.spec.reading.source import SourceSpec, is_remote
from oracle.spec.sections.budget import Quote, amount_of, least_usd
from oracle.spec.sections.inputs import Inputs
from oracle.spec.sections.methods import resolve_certificates, resolve_guards
from oracle.spec.sections.observables import Observable, check_widths
from oracle.spec.sections.promotion_policy import PromotionPolicy
from oracle.spec.sections.records import SimulationRecord
from oracle.spec.validation.rounds import resolve_rounds
from oracle.spec.validation.timeouts import queue_seconds

_PINNED_IMAGE = re.compile(r".+@sha256:[0-9a-f]{64}")


def normalise(
    source: SourceSpec | JobSpec, *, operator_policy: PromotionPolicy, bits: int | None, usd_per_shot: str | None = None
) -> JobSpec:
    """The spec with every default that is known by now filled in.

    `bits`: how many bits the circuit measures, None before it was generated; certificates and guards stay open until
    then.
    The operator's promotion policy is written into it, tightened by what the spec itself asks; and `usd_per_shot`, the
    operator's price, where the spec meters by shot and names none.
    Raises InputRejected as policy_of does.
    """
    spec = source.spec if isinstance(source, SourceSpec) else source
    timeouts = spec.timeouts
    queue_s = queue_seconds(timeouts, spec.quantum)
    stages_s = queue_s + timeouts.execution_s + timeouts.result_s + timeouts.verdict_s
    certificates, guards = spec.validation.certificates, spec.validation.guards
    observable, objective = spec.validation.observable, spec.validation.objective
    if bits is not None and spec.quantum is not None:
        check_widths(observable, objective, bits)
        certificates = resolve_certificates(certificates, bits, spec.validation.job_class)
        guards = resolve_guards(guards, certificates, fields=spec.validation.set_fields)
    rounds = resolve_rounds(spec)
    metering = spec.budget.metering
    price = usd_per_shot if metering.unit == "shot" and metering.price_usd is None else metering.price_usd
    return _changed(
        spec,
        {
            "budget": {"metering": {"unit": metering.unit, "price_usd": price}},
            "inputs": {"unresolved": _unresolved(spec.inputs)},
            "timeouts": {
                "queue_s": queue_s,
                "total_s": timeouts.total_s if timeouts.total_s is not None else stages_s,
            },
            "validation": {
                "certificates": certificates,
                "guards": guards,
                "rounds": None if rounds is None else [each.model_dump(mode="json") for each in rounds],
            }
            | _honest_delta(observable),
            "promotion_policy": operator_policy.tightened_by(spec.promotion_policy).model_dump(mode="json"),
        },
    )


def _honest_delta(observable: Observable | None) -> dict[str, object]:
    if observable is None or observable.honest_delta is not None:
        return {}
    return {"observable": observable.model_dump(mode="json") | {"honest_delta": observable.delta}}


def _unresolved(inputs: Inputs) -> tuple[str, ...]:
    """The references whose content nobody here has seen: URIs, files without a digest, images named by a tag."""
    found = []
    if inputs.dataset_ref is not None and (is_remote(inputs.dataset_ref) or inputs.input_hash is None):
        found.append(inputs.dataset_ref)
    if inputs.preprocessing_image is not None and not _PINNED_IMAGE.fullmatch(inputs.preprocessing_image):
        found.append(inputs.preprocessing_image)
    return tuple(found)


def with_vertices(spec: JobSpec, roots: tuple[str, ...]) -> JobSpec:
    """The spec whose hull is committed to `roots`, one for each vertex in its order; a file that is named stays so."""
    hull = spec.validation.hull
    if hull is None or len(hull.vertices) != len(roots):
        raise ValueError(f"{len(roots)} roots are not one for each vertex")
    committed = hull.model_dump(mode="json")
    for vertex, root in zip(committed["vertices"], roots, strict=True):
        vertex["root"] = root
    return _changed(spec, {"validation": {"hull": committed}})


def simulated(spec: JobSpec, record: SimulationRecord) -> JobSpec:
    """The spec with circuit and baseline frozen to those of `record`."""
    return _changed(
        spec,
        {
            "simulation": record.model_dump(mode="json"),
            "quantum": {"circuit_hash": record.circuit_hash},
            "validation": {"baseline_root": record.baseline_root},
        },
    )


def promoted(spec: JobSpec, target: str, max_usd: Fraction | str | int, quote: Quote) -> JobSpec:
    """The child of the simulated `spec` that may run on `target` for at most `max_usd` US dollars at `quote`.

    Raises InputRejected, with every reason at once, if the spec was not simulated, was promoted already, allows less
    than `max_usd`, names another token than the quote's, or if the amount is below one base unit.
    """
    findings = []
    if spec.quantum is not None and spec.simulation is None:
        remedy = "run `compute quantum simulate JOB.yaml`, then promote the job it prints"
        findings.append(Finding("simulation", None, "the spec was not simulated", remedy))
    if spec.promotion is not None:
        remedy = f"promote its parent {spec.promotion.parent}, or simulate again"
        findings.append(Finding("promotion", None, "the spec is a promoted child already", remedy))
    allowed = parse_rational(spec.budget.max_usd_equivalent)
    budget, usd = spec.budget.max_usd_equivalent, allowed
    try:
        usd = max_usd if isinstance(max_usd, Fraction) else parse_rational(max_usd)
        budget = decimal_text(usd)
    except ValueError:
        reason = f"{max_usd!r} is not an amount of US dollars"
        findings.append(Finding("promotion.max_usd_equivalent", None, reason, "write digits; for example 25 or 12.50"))
    if usd <= 0:
        reason = f"{budget} US dollars buy nothing"
        findings.append(Finding("promotion.max_usd_equivalent", None, reason, f"name at most {decimal_text(allowed)}"))
    elif usd > allowed:
        reason = f"{budget} US dollars are more than the {spec.budget.max_usd_equivalent} that the spec allows"
        remedy = f"name at most {spec.budget.max_usd_equivalent}, or raise budget.max_usd_equivalent and simulate again"
        findings.append(Finding("promotion.max_usd_equivalent", None, reason, remedy))
    elif not 0 < amount_of(usd, quote) < 2**128:
        findings.append(
            Finding("promotion.max_usd_equivalent", None, *_no_amount(budget, amount_of(usd, quote), quote))
        )
    if spec.budget.token not in (None, quote.token):
        reason = f"the quote is for {quote.token}, the spec asks for {spec.budget.token}"
        findings.append(Finding("budget.token", None, reason, f"write token: {quote.token}, or leave it out"))
    if findings:
        raise InputRejected("promotion", findings)
    return _changed(
        spec,
        {
            "budget": {
                "max_usd_equivalent": budget,
                "token": quote.token,
                "quote": quote.model_dump(mode="json"),
                "amount": str(amount_of(usd, quote)),
            },
            "promotion": {"parent": spec_hash(spec), "target": target, "max_usd_equivalent": budget},
        },
    )


def _no_amount(budget: str, amount: int, quote: Quote) -> tuple[str, str]:
    """Why `budget` US dollars, which are `amount` base units, cannot be locked, and what can."""
    if amount:
        return f"{budget} US dollars are {amount} base units of {quote.symbol}", "name an amount below 2^128 of them"
    least = least_usd(quote)
    return f"{budget} US dollars are less than the smallest unit of {quote.symbol}", f"name at least {least}"


def _changed(spec: JobSpec, changes: Mapping[str, Mapping[str, object]]) -> JobSpec:
    """`spec` with `changes` laid over its sections, read through the model again. Raises InputRejected."""
    data = spec.model_dump(mode="json")
    for section, values in changes.items():
        data[section] = {**(data[section] or {}), **values}
    return read_spec(json.loads(json.dumps(data)), "job spec")
