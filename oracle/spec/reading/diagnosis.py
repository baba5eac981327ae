"""From what pydantic says about a document to findings: where, on which line, what, and what to write instead."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from types import UnionType
from typing import Generic, TypeVar, Union, cast, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from oracle.encoding import Finding
from oracle.spec.faults import Fault
from oracle.spec.fields import Section, shown
from oracle.spec.reading.document import Document, Path, path_text, text_path

Model = TypeVar("Model", bound=Section)


def flow(value: object) -> str:
    """`value` as YAML on one line, as the examples of errors show it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    text = str(value)
    plain = isinstance(value, int | float) or re.fullmatch(r"[A-Za-z./][A-Za-z0-9_./:-]*", text)
    return text if plain else f'"{text}"'


def section_type(annotation: object) -> type[Section] | None:
    """The Section that a field of type `annotation` holds, or holds a list of, if it does."""
    if get_origin(annotation) in (Union, UnionType, tuple):
        return next((found for part in get_args(annotation) if (found := section_type(part))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def model_at(model: type[Section], path: Path) -> type[Section] | None:
    """The Section at `path` below `model`, or None."""
    here: type[Section] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        info = here.model_fields.get(str(part)) if here is not None else None
        here = section_type(info.annotation) if info is not None else None
    return here


def field_at(model: type[Section], path: Path) -> FieldInfo | None:
    """The field at `path` below `model`; that of the list, for a position in one."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    parent = model_at(model, path[:-1]) if path else None
    return parent.model_fields.get(str(path[-1])) if parent is not None else None


def example_of(info: FieldInfo) -> object:
    """The right example that every field carries."""
    if not info.examples:
        raise AssertionError("every field of a spec carries an example")
    return info.examples[0]


def _example_line(model: type[Section], path: Path) -> str:
    info = field_at(model, path)
    if info is None:
        return "write key: value"
    key = next(str(part) for part in reversed(path) if not isinstance(part, int))
    return f"write {key}: {flow(example_of(info))}"


def _suggestion(model: type[Section], path: Path) -> str | None:
    parent = model_at(model, path[:-1])
    known = list(parent.model_fields) if parent is not None else []
    close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    return close[0] if close else None


def _unknown(model: type[Section], path: Path) -> tuple[str, str]:
    parent = model_at(model, path[:-1])
    known = sorted(parent.model_fields) if parent is not None else []
    suggestion = _suggestion(model, path)
    keys = "known here: " + ", ".join(known)
    reason = f"there is no key {path[-1]}"
    if suggestion is not None:
        return reason, f"did you mean {suggestion}? {_example_line(model, (*path[:-1], suggestion))} ({keys})"
    return reason, f"take it out ({keys})"


def _told(model: type[Section], error: ErrorDetails) -> tuple[str, str]:
    """Reason and remedy for one of pydantic's errors."""
    path = error["loc"]
    context = error.get("ctx", {})
    value = error["input"]
    if "remedy" in context:
        example = _example_line(model, path)
        return cast("str", context["reason"]), f"{context['remedy']}; for example {example.removeprefix('write ')}"
    if error["type"] == "extra_forbidden":
        return _unknown(model, path)
    if error["type"] == "missing":
        return "it is missing", _example_line(model, path)
    if error["type"] == "literal_error":
        choices = str(context["expected"]).replace("'", "")
        match = difflib.get_close_matches(str(value), re.split(r", | or ", choices), n=1, cutoff=0.6)
        hint = f" (did you mean {match[0]}?)" if match else ""
        return f"{shown(value)} is none of: {choices}{hint}", _example_line(model, path)
    if error["type"] == "bool_type":
        return f"{shown(value)} is neither true nor false", _example_line(model, path)
    if error["type"] in ("model_type", "model_attributes_type"):
        what = "empty" if value is None else shown(value)
        return f"a section with keys of its own stands here, not {what}", _example_line(model, path)
    if error["type"] == "tuple_type":
        return f"{shown(value)} is not a list", _example_line(model, path)
    return error["msg"], _example_line(model, path)


def _touches(path: str, faulty: Iterable[Path]) -> bool:
    for other in map(path_text, faulty):
        longer, shorter = (path, other) if len(path) >= len(other) else (other, path)
        if longer == shorter or longer.startswith((shorter + ".", shorter + "[")):
            return True
    return False


def _repair(model: type[Section], data: object, path: Path) -> None:
    """Put what is right, or nothing, in the place of what is wrong, so that the rest can be looked at."""
    # A list with a wrong item is replaced as a whole.
    path = tuple(takewhile(lambda part: not isinstance(part, int), path))
    info = field_at(model, path)
    here = data
    for part in path[:-1]:
        if not isinstance(here, dict) or part not in here:
            return
        here = here[part]
    if not isinstance(here, dict) or not path:
        return
    if info is not None and info.is_required():
        here[path[-1]] = copy.deepcopy(example_of(info))
    else:
        here.pop(path[-1], None)


@dataclass(frozen=True)
class Diagnosis(Generic[Model]):
    """A document read as a model, with every fault of it."""

    model: Model | None
    """None if there are findings."""
    findings: tuple[Finding, ...]
    faulty: frozenset[Path]
    """Where the findings are; other fields are sound and may be checked further."""

    def sound(self, path: Path, document: Document) -> object:
        """The value written at `path`, or None if it is faulty or not there."""
        if _touches(path_text(path), self.faulty):
            return None
        here = document.data
        for part in path:
            if not isinstance(here, dict):
                return None
            here = here.get(part)
        return here


def diagnose(model: type[Model], document: Document) -> Diagnosis[Model]:
    """Read `document` as `model` and find every fault of it, contradictions between its sound fields included."""
    findings = list(document.findings)
    faulty = set(document.unreadable)
    data = copy.deepcopy(document.data)
    if not isinstance(data, dict):
        if not findings:
            reason = f"a document of key: value lines is expected, not {shown(data)}"
            first = _example_line(model, (next(iter(model.model_fields)),))
            findings.append(Finding("", document.line_of(()), reason, f"{first}, and so on, a key to a line"))
        return Diagnosis(None, tuple(findings), frozenset({()}))
    for path in document.unreadable:
        _repair(model, data, path)
    # Right examples stand in for what is wrong before the second look, which can only find contradictions.
    for _ in range(2):
        try:
            read = model.model_validate(data)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                if details["type"] == "inconsistent":
                    findings += _contradictions(details, document, faulty)
                    return Diagnosis(None, tuple(findings), frozenset(faulty))
                path = details["loc"]
                if not _touches(path_text(path), document.unreadable):
                    reason, remedy = _told(model, details)
                    findings.append(Finding(path_text(path), document.line_of(path), reason, remedy))
                faulty.add(path)
                if details["type"] == "extra_forbidden" and (meant := _suggestion(model, path)) is not None:
                    faulty.add((*path[:-1], meant))
            for path in faulty:
                _repair(model, data, path)
        else:
            return Diagnosis(None if findings else read, tuple(findings), frozenset(faulty))
    raise AssertionError(f"the examples of {model.__name__} are not right: {findings}")


def _contradictions(details: ErrorDetails, document: Document, faulty: set[Path]) -> list[Finding]:
    faults = cast("tuple[Fault, ...]", details["ctx"]["faults"])
    sound = [fault for fault in faults if not any(_touches(path, faulty) for path in (fault.path, *fault.others))]
    return [Finding(fault.path, document.line_of(text_path(fault.path)), fault.reason, fault.remedy) for fault in sound]
