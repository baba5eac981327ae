"""What one field of a job spec demands of another. Every fault is found, not the first."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from oracle.encoding import format_rational, parse_rational
from oracle.spec.faults import Fault
from oracle.spec.quote import amount_of
from oracle.spec.rounds import rounds_disagree
from oracle.spec.sections import SpecBody
from oracle.spec.validation.hull import hull_faults
from oracle.spec.validation.methods import (
    BEST_VALUE,
    CEILING,
    EXPECTATION,
    HUBER,
    JOB_CLASSES,
    REPRODUCE,
    WIDEST_TVD,
    WITNESSES,
    alone,
)

SECTION_OF = {
    "quantum_experiment": "quantum",
    "media_transcode": "media",
    "inference": "inference",
    "script": "script",
}
METHOD_OF = {
    "quantum_experiment": "distribution_threshold",
    "media_transcode": "media_checks",
    "inference": "label_agreement",
    "script": "output_digest",
}


def cross_field_faults(spec: SpecBody) -> tuple[Fault, ...]:
    """Every contradiction in `spec`, in the order of its sections."""
    return (
        *_job_class(spec),
        *_quantum(spec),
        *_budget(spec),
        *_timeouts(spec),
        *_validation(spec),
        *_settlement(spec),
        *rounds_disagree(spec),
        *_records(spec),
    )


def _job_class(spec: SpecBody) -> Iterator[Fault]:
    own = SECTION_OF[spec.job_type]
    for job_type, section in SECTION_OF.items():
        present = getattr(spec, section) is not None
        if section == own and not present:
            yield Fault(
                section,
                ("job_type",),
                f"a {spec.job_type} has a {section} section",
                f"add the section; for example {EXAMPLE_SECTIONS[section]}",
            )
        if section != own and present:
            yield Fault(
                section,
                ("job_type",),
                f"a {spec.job_type} has no {section} section",
                f"take the section out, or write job_type: {job_type}",
            )
    method = METHOD_OF[spec.job_type]
    if spec.validation.method != method:
        yield Fault(
            "validation.method",
            ("job_type",),
            f"{spec.validation.method} does not judge a {spec.job_type}",
            f"write method: {method}",
        )
    forms = ("packed-shots/1", "run-manifest/1") if own == "quantum" else ("file/1",)
    if spec.result.schema_id not in forms:
        yield Fault(
            "result.schema_id",
            ("job_type",),
            f"a {spec.job_type} does not deliver {spec.result.schema_id}",
            f"write schema_id: {forms[0]}",
        )


EXAMPLE_SECTIONS = {
    "quantum": "quantum: {circuit_ref: ./circuits/optimizer.py, shots: 4000}",
    "media": "media: {input: ./talk.mov, profile: h264-1080p}",
    "inference": "inference: {model: ./models/classifier.onnx, input: ./batch.json}",
    "script": "script: {image: registry.local/reports:2.1, command: [python, report.py]}",
}


def _quantum(spec: SpecBody) -> Iterator[Fault]:
    quantum = spec.quantum
    if quantum is None:
        return
    if quantum.circuit_ref is None and quantum.circuit_hash is None:
        yield Fault(
            "quantum.circuit_ref",
            ("quantum.circuit_hash",),
            "the spec names no circuit",
            "write circuit_ref: ./circuits/optimizer.py",
        )
    if spec.simulation is not None and quantum.max_qubits is not None and spec.simulation.qubits > quantum.max_qubits:
        yield Fault(
            "quantum.max_qubits",
            ("simulation.qubits",),
            f"the simulated circuit has {spec.simulation.qubits} qubits, the spec allows {quantum.max_qubits}",
            f"write max_qubits: {spec.simulation.qubits}, or a smaller circuit",
        )


def _budget(spec: SpecBody) -> Iterator[Fault]:
    budget, metering = spec.budget, spec.budget.metering
    if metering.unit == "shot" and metering.price_usd is None and spec.promotion is not None:
        yield Fault(
            "budget.metering.price_usd",
            ("budget.metering.unit", "promotion"),
            "a promoted spec that meters by shot carries its price",
            "write price_usd: 0.005, or take the promotion section out and simulate again",
        )
    if metering.unit == "job" and metering.price_usd is not None:
        yield Fault(
            "budget.metering.price_usd",
            ("budget.metering.unit",),
            "a price has no effect when the whole job is the unit",
            "write unit: shot, or leave price_usd out",
        )
    if (budget.quote is None) != (budget.amount is None):
        missing, there = ("amount", "quote") if budget.amount is None else ("quote", "amount")
        yield Fault(
            f"budget.{missing}",
            (f"budget.{there}",),
            f"{there} is there and {missing} is not",
            "leave out both: promote fills them in",
        )
    if budget.quote is None or budget.amount is None:
        return
    if budget.token is not None and budget.token != budget.quote.token:
        yield Fault(
            "budget.quote.token",
            ("budget.token",),
            f"the quote is for {budget.quote.token}, the budget in {budget.token}",
            f"write token: {budget.token}, or leave quote and amount out: promote fills them in",
        )
    right = amount_of(parse_rational(budget.max_usd_equivalent), budget.quote)
    if int(budget.amount) != right:
        yield Fault(
            "budget.amount",
            ("budget.quote", "budget.max_usd_equivalent"),
            f"{budget.max_usd_equivalent} US dollars at this quote are {right} base units, not {budget.amount}",
            f'write amount: "{right}", or leave quote and amount out: promote fills them in',
        )


def _timeouts(spec: SpecBody) -> Iterator[Fault]:
    timeouts = spec.timeouts
    queue_s = queue_seconds(spec)
    needed = queue_s + timeouts.execution_s + timeouts.result_s + timeouts.verdict_s
    stages = ("timeouts.queue_s", "timeouts.execution_s", "timeouts.result_s", "timeouts.verdict_s")
    if timeouts.total_s is not None and timeouts.total_s < needed:
        yield Fault(
            "timeouts.total_s",
            (*stages, "quantum.max_queue_minutes"),
            f"the stages take up to {needed} seconds, more than {timeouts.total_s}",
            f"write total_s: {needed}, or leave it out",
        )
    if spec.quantum is not None and queue_s > 60 * spec.quantum.max_queue_minutes:
        minutes = -(-queue_s // 60)
        yield Fault(
            "timeouts.queue_s",
            ("quantum.max_queue_minutes",),
            f"{queue_s} seconds are longer than max_queue_minutes: {spec.quantum.max_queue_minutes}",
            f"leave queue_s out, or write max_queue_minutes: {minutes}",
        )
    if needed > LONGEST_TOTAL_S:
        yield Fault(
            "timeouts",
            (*stages, "quantum.max_queue_minutes"),
            f"the stages take up to {needed} seconds; the escrow holds a job for at most a year",
            f"lower them to {LONGEST_TOTAL_S} in all, for example execution_s: 3600",
        )


LONGEST_TOTAL_S = 365 * 86_400 - 86_400
"""The contract's year, less a day between writing the terms and funding them."""


def queue_seconds(spec: SpecBody) -> int:
    """Seconds a job may wait in a provider's queue: as written, else quantum.max_queue_minutes, else none."""
    if spec.timeouts.queue_s is not None:
        return spec.timeouts.queue_s
    return 60 * spec.quantum.max_queue_minutes if spec.quantum is not None else 0


def _at_least(text: str, bound: Fraction) -> bool:
    return parse_rational(text) >= bound


def _validation(spec: SpecBody) -> Iterator[Fault]:
    validation = spec.validation
    eps, f_min = parse_rational(validation.eps), parse_rational(validation.f_min)
    if not _at_least(validation.honest_eps, eps):
        yield Fault(
            "validation.honest_eps",
            ("validation.eps",),
            f"the reject bound {validation.honest_eps} lies below the accept bound {validation.eps}: "
            "one result could be both",
            f"write honest_eps: {format_rational(eps)} or more",
        )
    if parse_rational(validation.honest_f) > f_min:
        yield Fault(
            "validation.honest_f",
            ("validation.f_min",),
            f"the reject bound {validation.honest_f} lies above the accept bound {validation.f_min}: "
            "one result could be both",
            f"write honest_f: {format_rational(f_min)} or less",
        )
    if validation.f_max is not None and parse_rational(validation.f_max) <= f_min:
        yield Fault(
            "validation.f_max",
            ("validation.f_min",),
            f"the upper bound {validation.f_max} does not lie above the accept bound {validation.f_min}: "
            "one result could be both",
            f"write f_max: {format_rational((1 + f_min) / 2)}, or leave it out",
        )
    if validation.hull is not None:
        for below, reason, remedy in hull_faults(validation.hull, validation.certificates, validation.guards):
            path = f"validation.hull.{below}" if below else "validation.hull"
            yield Fault(path, ("validation.certificates", "validation.guards"), reason, remedy)
    yield from _ceiling(spec)
    yield from _companions(spec)
    yield from _declared(spec)
    yield from _papers(spec)


def _asked(spec: SpecBody) -> frozenset[str]:
    """The certificates that the spec names, or that its job class adds."""
    validation = spec.validation
    if validation.certificates is not None:
        return frozenset(validation.certificates)
    return frozenset() if validation.job_class is None else frozenset(JOB_CLASSES[validation.job_class].certificates)


def _declared(spec: SpecBody) -> Iterator[Fault]:
    """A certificate has what it judges, and what is declared is judged."""
    validation, asked = spec.validation, _asked(spec)
    where = ("validation.certificates", "validation.job_class")
    for certificate, name, section, example in (
        (EXPECTATION, "observable", validation.observable, "{terms: [{letters: ZZ, coefficient: 0.5}], delta: 0.5}"),
        (
            BEST_VALUE,
            "objective",
            validation.objective,
            "{direction: minimise, terms: [{letters: ZZ, coefficient: 0.5}], target: -0.5}",
        ),
    ):
        if certificate in asked and section is None:
            reason = f"{certificate} judges an {name}, and the spec has none"
            remedy = f"write {name}: {example}, with one letter for each measured bit"
            yield Fault(f"validation.{name}", where, reason, remedy)
        if certificate not in asked and section is not None:
            named = ", ".join(sorted({*asked, certificate}))
            reason = f"no certificate of the spec judges the {name}"
            yield Fault("validation.certificates", (f"validation.{name}",), reason, f"write certificates: [{named}]")
    observable = validation.observable
    honest = None if observable is None else observable.honest_delta
    if observable is not None and honest is not None and not _at_least(honest, parse_rational(observable.delta)):
        yield Fault(
            "validation.observable.honest_delta",
            ("validation.observable.delta",),
            f"the reject bound {honest} lies below the accept bound {observable.delta}: one result could be both",
            f"write honest_delta: {observable.delta} or more, or leave it out",
        )


def _papers(spec: SpecBody) -> Iterator[Fault]:
    """Who looks at the run's papers orders them, and who orders them looks at them."""
    objective, ordered = spec.validation.objective, spec.result.schema_id == "run-manifest/1"
    convergence = objective is not None and objective.convergence
    if (REPRODUCE in _asked(spec) or convergence) and not ordered:
        what = REPRODUCE if REPRODUCE in _asked(spec) else "objective.convergence"
        yield Fault(
            "result.schema_id",
            ("validation.certificates", "validation.job_class", "validation.objective"),
            f"{what} looks at the papers of the run, which {spec.result.schema_id} does not deliver",
            "write result: {schema_id: run-manifest/1}",
        )
    if ordered and spec.quantum is not None and REPRODUCE not in _asked(spec) and not convergence:
        yield Fault(
            "result.schema_id",
            ("validation.certificates", "validation.job_class", "validation.objective"),
            "nothing in the spec looks at the papers of the run",
            f"write schema_id: packed-shots/1, or add {REPRODUCE} to the certificates",
        )


def _ceiling(spec: SpecBody) -> Iterator[Fault]:
    guards, f_max = spec.validation.guards, spec.validation.f_max
    if guards is not None and (CEILING in guards) != (f_max is not None):
        yield Fault(
            "validation.guards",
            ("validation.f_max",),
            f"{CEILING} and f_max go together: the guard looks at that bound",
            f"write guards: [{', '.join(sorted({*guards} ^ {CEILING}))}]"
            + (", or write f_max: 0.97" if f_max is None else ""),
        )


def _companions(spec: SpecBody) -> Iterator[Fault]:
    named, quantum = spec.validation.certificates, spec.quantum
    if named is None:
        return
    path = "validation.certificates"
    if HUBER in named and not WITNESSES.intersection(named):
        yield Fault(path, (), *alone(HUBER))
    narrow = quantum is not None and quantum.max_qubits is not None and quantum.max_qubits <= WIDEST_TVD
    if narrow and WITNESSES.issuperset(named):
        yield Fault(path, ("quantum.max_qubits",), *alone(named[0]))


def _settlement(spec: SpecBody) -> Iterator[Fault]:
    settlement = spec.settlement
    if settlement.challenge_window_s > 0 and settlement.arbiter is None:
        yield Fault(
            "settlement.arbiter",
            ("settlement.challenge_window_s",),
            "a challenge window needs an arbiter to rule on what is disputed in it",
            'write arbiter: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC" (its address), or challenge_window_s: 0',
        )
    if (settlement.challenge_window_s > 0 or settlement.arbiter is not None) and settlement.ruling_window_s == 0:
        yield Fault(
            "settlement.ruling_window_s",
            ("settlement.challenge_window_s", "settlement.arbiter"),
            "an arbiter without a ruling window has no time to rule on a dispute",
            "write ruling_window_s: 86400, or name no arbiter and write challenge_window_s: 0",
        )
    if settlement.fee_bps > 0 and settlement.fee_to is None:
        yield Fault(
            "settlement.fee_to",
            ("settlement.fee_bps",),
            "a fee needs a receiver",
            'write fee_to: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8" (its address), or fee_bps: 0',
        )
    if settlement.arbiter is not None and settlement.arbiter == settlement.fee_to:
        yield Fault(
            "settlement.fee_to",
            ("settlement.arbiter",),
            f"{settlement.fee_to} is the arbiter too, who would earn by not ruling: a ruling takes no fee",
            'write fee_to: "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65" (the address of somebody else)',
        )


def _records(spec: SpecBody) -> Iterator[Fault]:
    if spec.simulation is not None:
        if spec.quantum is not None and spec.quantum.circuit_hash != spec.simulation.circuit_hash:
            yield Fault(
                "quantum.circuit_hash",
                ("simulation.circuit_hash",),
                "this is not the circuit that was simulated",
                "take the simulation section out and simulate again",
            )
        if spec.validation.baseline_root != spec.simulation.baseline_root:
            yield Fault(
                "validation.baseline_root",
                ("simulation.baseline_root",),
                "this is not the baseline that was simulated",
                "take the simulation section out and simulate again",
            )
    if spec.promotion is not None:
        if spec.promotion.max_usd_equivalent != spec.budget.max_usd_equivalent:
            yield Fault(
                "promotion.max_usd_equivalent",
                ("budget.max_usd_equivalent",),
                "the promotion is for another budget",
                "take the promotion section out and promote the simulated job",
            )
        if spec.budget.amount is None:
            yield Fault(
                "budget.amount",
                ("promotion",),
                "a promoted spec carries its amount",
                "take the promotion section out and promote the simulated job",
            )
