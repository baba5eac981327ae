"""Reading policy.yaml: numbers from their source text, every fault at once with its line.

YAML is composed, not constructed: 0.08 stays the text "0.08" and becomes 2/25, never a float.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from oracle.encoding import Finding, InputRejected

LARGEST_BYTES = 65_536
DEEPEST = 8

Path = tuple[str | int, ...]
Lines = dict[Path, int]
"""1-based line of each value."""

_INT = "tag:yaml.org,2002:int"
_BOOL = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"


def dotted(path: Path) -> str:
    """``limits.max_qubits``, ``requesters.known[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_mapping(data: bytes, source: str) -> tuple[Mapping[str, Any], Lines]:
    """The mapping that `data` holds, and the line of each of its values; an empty document is an empty mapping.

    Raises InputRejected for text that is not YAML, is too large, or is not a mapping of texts with one value each.
    """
    if len(data) > LARGEST_BYTES:
        raise _rejected(source, None, f"{len(data)} bytes is too large for a policy", f"keep it under {LARGEST_BYTES}")
    try:
        root = YAML(typ="safe", pure=True).compose(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _rejected(source, None, f"not UTF-8 at byte {error.start}", "save the file as UTF-8") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _rejected(
            source, line, f"not YAML: {error.problem}", "write `name: value` lines, indented by two"
        ) from error
    except YAMLError as error:
        raise _rejected(source, None, f"not YAML: {error}", "write `name: value` lines, indented by two") from error
    if root is None:
        return {}, {}
    findings: list[Finding] = []
    lines: Lines = {}
    value = _value(root, (), lines, findings)
    if not findings and not isinstance(value, dict):
        findings.append(Finding("", 1, "a policy is a mapping", "write `limits:` and such at the left margin"))
    if findings:
        raise InputRejected(source, findings)
    return value, lines


def _rejected(source: str, line: int | None, reason: str, remedy: str) -> InputRejected:
    return InputRejected(source, [Finding("", line, reason, remedy)])


def _value(node: Node, path: Path, lines: Lines, findings: list[Finding]) -> Any:
    line = node.start_mark.line + 1
    lines[path] = line
    if len(path) > DEEPEST:
        findings.append(Finding(dotted(path), line, "nested too deeply", "a policy has two levels"))
        return None
    match node:
        case ScalarNode():
            return _scalar(node)
        case SequenceNode():
            return [_value(item, (*path, index), lines, findings) for index, item in enumerate(node.value)]
        case MappingNode():
            found: dict[str, Any] = {}
            for key, item in node.value:
                at = key.start_mark.line + 1
                if not isinstance(key, ScalarNode):
                    findings.append(Finding(dotted(path), at, "a name is not a text", "write `name: value`"))
                    continue
                if key.value in found:
                    where = dotted((*path, key.value))
                    findings.append(Finding(where, at, "said twice", "keep one of the two lines"))
                    continue
                found[key.value] = _value(item, (*path, key.value), lines, findings)
            return found
    raise AssertionError(f"a YAML node of class {type(node).__name__}")


def _scalar(node: ScalarNode) -> object:
    text: str = node.value
    tag = str(node.tag)
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return text.lower() in ("true", "yes", "on")
    if tag == _INT and text.lstrip("+-").isdigit():
        return int(text)
    return text
