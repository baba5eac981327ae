"""YAML (and JSON, which is YAML) as plain data with the line of every key, and nothing of YAML that can surprise.

The parser's events are read directly, so that a scalar keeps its source text: ``0.01`` arrives as the text "0.01" and
``2026-06`` as "2026-06", never as a float or a date. Refused, each with its line: anchors and aliases (a page of them
can expand to gigabytes), tags, duplicate keys, several documents, more than LARGEST_BYTES or DEEPEST levels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from ruamel.yaml import YAML
from ruamel.yaml import events as yaml_events
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from oracle.encoding import Finding
from oracle.encoding.errors import OracleError

if TYPE_CHECKING:
    from ruamel.yaml.events import Event

LARGEST_BYTES = 65_536
DEEPEST = 12

Path = tuple[str | int, ...]
"""Where a value is: mapping keys and 0-based list positions, from the top."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_POSITION = re.compile(r"[0-9]{1,9}")
_SPACED_COLON = "write key: value, with a space after the colon and two spaces per level; for example shots: 4000"


@dataclass
class Document:
    """What was read, and what was wrong with it as YAML. `data` is usable even if there are findings."""

    data: object = None
    """None, bool, int, str, list and dict with text keys."""
    lines: dict[Path, int] = field(default_factory=dict)
    """1-based line of each key (or list item); () is the first line of the document."""
    findings: list[Finding] = field(default_factory=list)
    unreadable: set[Path] = field(default_factory=set)
    """Paths whose value was refused here, so that nobody complains about what stands in its place."""

    def line_of(self, path: Path) -> int | None:
        """The line of `path`, or of the nearest thing around it that is there."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def path_text(path: Path) -> str:
    """``quantum.shots``, ``validation.certificates[0]``; empty for the document."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def text_path(text: str) -> Path:
    """The path that path_text writes as `text`."""
    return tuple(int(part) if _POSITION.fullmatch(part) else part for part in re.findall(r"[^.\[\]]+", text))


class _Stop(OracleError):
    """The rest of the document cannot be read; the finding that says why is already there."""


class _Reader:
    def __init__(self, events: Iterator[Event]) -> None:
        self.events = events
        self.document = Document()

    def fault(self, path: Path, event: Event, reason: str, remedy: str) -> None:
        self.document.findings.append(Finding(path_text(path), _line(event), reason, remedy))

    def read(self) -> None:
        for event in self.events:
            if isinstance(event, yaml_events.StreamStartEvent | yaml_events.DocumentStartEvent):
                continue
            if isinstance(event, yaml_events.StreamEndEvent):
                self.document.lines[()] = 1
                self.fault((), event, "the document is empty", "`compute quantum init NAME` writes one to start from")
                return
            self.document.lines[()] = _line(event)
            self.document.data = self.value(event, (), 0)
            break
        for event in self.events:
            if isinstance(event, yaml_events.DocumentStartEvent):
                self.fault((), event, "a second document begins here", "write one document to a file; take out the ---")
                return

    def value(self, event: Event, path: Path, depth: int) -> object:
        if depth > DEEPEST:
            self.fault(path, event, f"nested deeper than {DEEPEST} levels", "write at most sections of sections")
            raise _Stop
        if isinstance(event, yaml_events.AliasEvent) or getattr(event, "anchor", None) is not None:
            self.fault(path, event, "anchors and aliases are not read", "write the value out where it is used")
            self.document.unreadable.add(path)
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.fault(path, event, f"the tag {tag} is not read", "write the plain value, without a tag")
            self.document.unreadable.add(path)
        if isinstance(event, yaml_events.MappingStartEvent):
            return self.mapping(path, depth)
        if isinstance(event, yaml_events.SequenceStartEvent):
            return self.sequence(path, depth)
        if isinstance(event, yaml_events.ScalarEvent):
            return self.scalar(event, path)
        return None

    def mapping(self, path: Path, depth: int) -> dict[str, object]:
        result: dict[str, object] = {}
        for event in self.events:
            if isinstance(event, yaml_events.MappingEndEvent):
                break
            if not isinstance(event, yaml_events.ScalarEvent):
                self.fault(path, event, "a key is not a text", "write key: value; for example shots: 4000")
                raise _Stop
            key = self.text(event, path)
            here = (*path, key)
            value_event = next(self.events)
            if key in result:
                first = self.document.lines[here]
                self.fault(here, event, f"the key stands here and on line {first}", "keep one of the two")
                self.value(value_event, here, depth + 1)
                self.document.lines[here] = first
                continue
            self.document.lines[here] = _line(event)
            result[key] = self.value(value_event, here, depth + 1)
        return result

    def sequence(self, path: Path, depth: int) -> list[object]:
        result: list[object] = []
        for event in self.events:
            if isinstance(event, yaml_events.SequenceEndEvent):
                break
            here = (*path, len(result))
            self.document.lines[here] = _line(event)
            result.append(self.value(event, here, depth + 1))
        return result

    def scalar(self, event: yaml_events.ScalarEvent, path: Path) -> object:
        text = self.text(event, path)
        # event.implicit[0]: written without quotes, so that YAML's core schema gives it a type.
        if not event.implicit[0]:
            return text
        if text in ("", "~", "null", "Null", "NULL"):
            return None
        if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
            return text.lower() == "true"
        return int(text) if _INTEGER.fullmatch(text) else text

    def text(self, event: yaml_events.ScalarEvent, path: Path) -> str:
        text = cast("str", event.value)
        try:
            # JSON escapes characters beyond the 16-bit plane as a pair, which YAML reads as two.
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self.fault(path, event, "half of an escaped character", "write the character itself, in UTF-8")
            self.document.unreadable.add(path)
            return "?"


def _line(event: Event) -> int:
    return cast("int", event.start_mark.line) + 1


def read_document(raw: bytes) -> Document:
    """Read YAML or JSON. Never raises for what the bytes say: see Document.findings."""
    document = Document()
    document.lines[()] = 1
    if len(raw) > LARGEST_BYTES:
        reason = f"more than {LARGEST_BYTES} bytes"
        document.findings.append(Finding("", None, reason, "keep data in files and name them, as circuit_ref does"))
        return document
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        document.findings.append(Finding("", line, "not UTF-8 text", "save the file as UTF-8"))
        return document
    reader = _Reader(iter(YAML(typ="safe", pure=True).parse(text)))
    try:
        reader.read()
    except _Stop:
        # What was read so far is a torso: no use to complain about what it lacks.
        reader.document.data = None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = mark.line + 1 if mark is not None else None
        reason = "not YAML: " + " ".join(str(part) for part in (error.context, error.problem) if part)
        reader.document.findings.append(Finding("", at, reason, _SPACED_COLON))
        reader.document.data = None
    except YAMLError as error:
        reason = f"not YAML: {str(error).splitlines()[0]}"
        reader.document.findings.append(Finding("", None, reason, _SPACED_COLON))
        reader.document.data = None
    return reader.document
