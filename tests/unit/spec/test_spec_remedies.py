"""What an error says to write is right: the example of every field, and what each remedy proposes."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from oracle.encoding import Finding
from oracle.spec import JobSpec
from oracle.spec.fields import Section
from oracle.spec.reading.diagnosis import example_of, field_at, flow, model_at, section_type
from oracle.spec.reading.document import read_document

FindingsIn = Callable[[str], dict[str, Finding]]


def every_field(model: type[Section], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        yield (*above, name)
        below = section_type(info.annotation)
        if below is not None:
            yield from every_field(below, (*above, name))


FIELDS = [pytest.param(path, id=".".join(path)) for path in every_field(JobSpec)]


def test_the_walk_over_the_fields_reaches_all_of_them() -> None:
    assert len(FIELDS) > 80
    assert ("budget", "quote", "usd_per_token") in list(every_field(JobSpec))


@pytest.mark.parametrize("path", FIELDS)
def test_the_example_of_a_field_is_accepted_as_it_is_shown(path: tuple[str, ...]) -> None:
    info = field_at(JobSpec, path)
    parent = model_at(JobSpec, path[:-1])
    assert info is not None
    assert parent is not None
    assert info.description
    shown = read_document(f"{path[-1]}: {flow(example_of(info))}\n".encode())
    assert shown.findings == []
    assert isinstance(shown.data, dict)
    try:
        parent.model_validate(shown.data)
    except ValidationError as error:
        faults = [details for details in error.errors() if details["loc"][:1] == (path[-1],)]
        assert faults == [], "the example is refused"


# One line of the article's spec each, or an addition to one of its sections, that a single `key: value` puts right.
FAULTS = {
    "unknown-key": ("  shots: 4000", "  shots: 4000\n  backend_polcy: x"),
    "shots-zero": ("  shots: 4000", "  shots: 0"),
    "no-shots": ("  shots: 4000\n", ""),
    "no-circuit": ("  circuit_ref: ./circuits/optimizer.py\n", ""),
    "escape": ("circuit_ref: ./circuits/optimizer.py", "circuit_ref: ../../x.py"),
    "missing-generator": ("circuit_ref: ./circuits/optimizer.py", "circuit_ref: ./circuits/other.py"),
    "binary-circuit": ("circuit_ref: ./circuits/optimizer.py", "circuit_ref: ./circuits/x.qpy"),
    "words": ("max_usd_equivalent: 25", "max_usd_equivalent: twenty"),
    "budget-in-words": ("budget:\n  max_usd_equivalent: 25", "budget: twenty"),
    "no-budget": ("budget:\n  max_usd_equivalent: 25\n", ""),
    "did": ("did:example:buyer123", "buyer123"),
    "method": ("method: distribution_threshold", "method: naive_distance"),
    "alpha-two": ("validation:", "validation:\n  alpha: 2"),
    "reject-below-accept": ("validation:", "validation:\n  eps: 0.3"),
    "reject-above-accept": ("validation:", "validation:\n  f_min: 0.6"),
    "certificate": ("validation:", "validation:\n  certificates: [tvd.certified/9]"),
    "no-certificate": ("validation:", "validation:\n  certificates: []"),
    "witness-alone": ("validation:", "validation:\n  certificates: [witness.levelset/1]"),
    "fee": ("settlement:", 'settlement:\n  fee_bps: 1001\n  fee_to: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"'),
    "fee-to": ("settlement:", "settlement:\n  fee_bps: 10"),
    "window": ("settlement:", "settlement:\n  ruling_window_s: 60\n  challenge_window_s: 60"),
    "ruling": ("settlement:", 'settlement:\n  arbiter: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"'),
    "fee-of-the-arbiter": (
        "settlement:",
        "settlement:\n  ruling_window_s: 60\n"
        + "".join(
            f'  {role}: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"\n' for role in ("arbiter", "fee_to")
        ).rstrip(),
    ),
    "quorum": ("settlement:", "settlement:\n  quorum: 0"),
    "total": ("settlement:", "timeouts:\n  total_s: 7200\nsettlement:"),
    "verdict": ("settlement:", "timeouts:\n  verdict_s: 60\nsettlement:"),
    "metering": ("  max_usd_equivalent: 25", "  max_usd_equivalent: 25\n  metering: {unit: job, price_usd: 1}"),
    "digest": ("  framework: qiskit", "  framework: qiskit\n  circuit_hash: 0xC1"),
    "boolean": ("settlement:", "promotion_policy:\n  require_simulation: yes\nsettlement:"),
    "approval": ("settlement:", "promotion_policy:\n  require_manual_approval_for: [fifty]\nsettlement:"),
    "section-in-words": ("settlement:", "timeouts: soon\nsettlement:"),
    "data": ("ipfs://example-input-hash", "./no-such-file"),
}
_PROPOSAL = re.compile(r"([a-z_]+): (\{.*?\}(?=$|,| )|\[.*?\]|\"[^\"]*\"|[^ ,;]+)")


def _parts(path: str) -> list[str]:
    return re.sub(r"\[\d+\]", "", path).split(".")


def _applied(data: Any, finding: Finding) -> dict[str, Any]:
    """`data` with the first `key: value` of the remedy put where the finding is."""
    proposal = _PROPOSAL.search(finding.remedy)
    assert proposal is not None, f"{finding} proposes nothing to write"
    value = read_document(f"{proposal[1]}: {proposal[2]}\n".encode())
    assert value.findings == [], finding
    assert isinstance(value.data, dict)
    *above, key = _parts(finding.path)
    fixed = copy.deepcopy(data)
    here = fixed
    for part in above:
        here = here.setdefault(part, {})
    if key != proposal[1]:
        here.pop(key, None)
    here[proposal[1]] = value.data[proposal[1]]
    return fixed


@pytest.mark.parametrize("name", FAULTS)
def test_doing_what_the_remedy_says_puts_the_fault_right(findings_in: FindingsIn, article: str, name: str) -> None:
    old, new = FAULTS[name]
    if name == "witness-alone":
        article = article.replace("  shots: 4000", "  shots: 4000\n  max_qubits: 5")
    text = article.replace(old, new, 1)
    assert text != article
    found = findings_in(text)
    assert len(found) == 1, found
    (finding,) = found.values()
    fixed = _applied(read_document(text.encode()).data, finding)
    assert findings_in(flow(fixed)) == {}, finding
