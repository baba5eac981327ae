"""Canonical JSON: the one byte form in which anything here is digested.

RFC 8785 (JSON Canonicalization Scheme), restricted: floats are refused, since two machines may print them
differently after arithmetic, and so are integers from 2^53 on, which JSON readers lose; write both as strings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

import rfc8785

from oracle.encoding.errors import OracleError

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

LARGEST_INTEGER = 2**53 - 1
"""Beyond it a JSON reader that keeps numbers as doubles may read another integer (RFC 8785 and I-JSON, RFC 7493)."""
DEEPEST = 64
"""Levels of nesting that a document may have; ours have fewer than ten."""

_BRACKET_OR_STRING = re.compile(r'[\[\]{}]|"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)


class CanonicalError(OracleError, ValueError):
    """A value has no canonical form; `where` is its path inside the document, for example ``a.b[2]``."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where or 'document'}: {reason}")
        self.where = where
        self.reason = reason


def _check(value: object, where: str) -> None:
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise CanonicalError(where, "integers from 2^53 on are written as strings")
        return
    if isinstance(value, float):
        raise CanonicalError(where, "floats have no canonical form; write an integer, or a rational such as '4/5'")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise CanonicalError(where, f"key {key!r} is not a string")
            _check(item, f"{where}.{key}" if where else key)
        return
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for index, item in enumerate(value):
            _check(item, f"{where}[{index}]")
        return
    raise CanonicalError(where, f"a {type(value).__name__} is not JSON")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def canonical_bytes(value: object) -> bytes:
    """The RFC 8785 bytes of `value`, built of None, bool, int, str, mappings with string keys, and sequences.

    Raises CanonicalError for floats, integers from 2^53 on and anything that is not JSON.
    """
    _check(value, "")
    return rfc8785.dumps(_plain(value))  # type: ignore[arg-type]  # _check has just proved the shape


def parse_json(
    data: bytes | str, *, parse_float: Callable[[str], object] | None = None, keys_once: bool = False
) -> object:
    """The JSON value of `data`, which may come from anybody. Raises CanonicalError if it is not JSON or nests deeply,
    and, asked to see that an object has its `keys_once`, if a key is repeated: Python would keep the last.

    The depth is looked at first: Python's parser recurses in C and is held only by the interpreter's recursion limit,
    which a library raises on import (py_ecc, under eth-account, to 100,000), so that brackets alone would end the
    process.
    """
    try:
        text = data if isinstance(data, str) else data.decode()
        if _depth(text) > DEEPEST:
            raise CanonicalError("", f"nested deeper than {DEEPEST} levels")
        value: object = json.loads(text, parse_float=parse_float, object_pairs_hook=_keyed_once if keys_once else None)
    except CanonicalError:
        raise
    except ValueError as error:
        raise CanonicalError("", f"not JSON: {error}") from error
    return value


def _keyed_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if any(key == other for other, _ in pairs[:index]))
        raise CanonicalError("", f"the key {twice[:60]!r} stands in one object twice")
    return members


def _depth(text: str) -> int:
    """How deep brackets nest outside strings, counted no further than one beyond DEEPEST."""
    depth = deepest = 0
    for token in _BRACKET_OR_STRING.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > DEEPEST:
                break
        elif first in "]}":
            depth -= 1
    return deepest


def parse_canonical(data: bytes) -> object:
    """The value whose canonical form is exactly `data`.

    Raises CanonicalError if `data` is not JSON or is JSON in another form (other spacing, key order, floats):
    a digest must have one preimage.
    """
    value = parse_json(data)
    if canonical_bytes(value) != data:
        raise CanonicalError("", "JSON, but not in its canonical form (RFC 8785)")
    return value
