"""The published JSON Schema: current, valid, and of one mind with the model about single fields."""

from __future__ import annotations

import copy
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from oracle.spec import JobSpec, PromotionPolicy, json_schema, normalise
from oracle.spec.schema import schema_text

REFRESH = "write oracle.spec.schema.schema_text() to oracle/spec/job-spec.schema.json"


def _as_an_editor_reads(text: str) -> Any:
    """Ordinary YAML 1.2, floats and all: what an editor hands to the schema."""
    return YAML(typ="safe", pure=True).load(text)


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


def test_the_committed_schema_is_that_of_the_model() -> None:
    committed = files("oracle.spec").joinpath("job-spec.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), REFRESH


def test_the_seed_workflows_spec_is_valid(validator: jsonschema.Draft202012Validator, article: str) -> None:
    validator.validate(_as_an_editor_reads(article))


def test_a_normalised_spec_is_valid(validator: jsonschema.Draft202012Validator, article: str) -> None:
    spec = JobSpec.model_validate(_as_an_editor_reads(article))
    validator.validate(normalise(spec, operator_policy=PromotionPolicy(), bits=5).model_dump(mode="json"))


def test_the_examples_and_defaults_of_the_schema_are_valid(validator: jsonschema.Draft202012Validator) -> None:
    schema = json_schema()
    seen = 0
    for model in (schema, *schema["$defs"].values()):
        for name, field in model["properties"].items():
            alone = {"$defs": schema["$defs"], **{key: value for key, value in field.items() if key != "description"}}
            # The schema as a whole was checked where the validator was made; checking it again takes half a second.
            one = jsonschema.Draft202012Validator(alone)
            for example in field["examples"]:
                one.validate(example)
                seen += 1
            if "default" in field:
                one.validate(field["default"])
            assert field["description"], name
    assert seen > 70


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("quantum", "shots"), 0),
        (("quantum", "shots"), "4000"),
        (("quantum", "shots"), 10**7 + 1),
        (("quantum", "framework"), "cirq"),
        (("quantum", "backend_polcy"), "ibm_only"),
        (("budget",), "twenty"),
        (("budget", "max_usd_equivalent"), "twenty"),
        (("budget", "max_usd_equivalent"), 0),
        (("validation", "alpha"), 2),
        (("validation", "alpha"), 0),
        (("validation", "certificates"), ["tvd.certified/9"]),
        (("settlement", "fee_bps"), 1001),
        (("settlement", "quorum"), 17),
        (("requester",), "buyer123"),
        (("timeouts",), None),
        (("job_type",), "mining"),
    ],
)
def test_schema_and_model_refuse_the_same_single_values(
    validator: jsonschema.Draft202012Validator, article: str, path: tuple[str, ...], value: object
) -> None:
    data = _as_an_editor_reads(article)
    here = data
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(copy.deepcopy(data))
    with pytest.raises(ValueError, match="validation error"):
        JobSpec.model_validate(data)
