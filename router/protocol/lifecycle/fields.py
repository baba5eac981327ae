"""How a field of a payload is checked, written to canonical JSON and read back.

A field's type says it: ``source: Digest``. The aliases below are ordinary types to a type checker (str, int) and carry
their codec as an annotation, which `Checked` looks up once per class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from types import NoneType
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

from oracle.encoding import is_digest, parse_rational
from router.errors import RouterError

_HEX = re.compile(r"0x([0-9a-f]{2})+")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")
_LARGEST_COUNT = 2**53


class PayloadInvalid(RouterError, ValueError):
    """An event's payload has a malformed field; `where` names it as ``Submitted.tag``."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


@dataclass(frozen=True)
class Codec:
    """Check, write and read one field. `check` says what is wrong, or None."""

    check: Callable[[object], str | None]
    write: Callable[[Any], object]
    read: Callable[[object], object]
    elidable: bool = False
    """Whether a None is left out of the JSON: a field that older events, whose digests are signed, do not have."""


def _same(value: object) -> object:
    return value


def _digest_fault(value: object) -> str | None:
    return None if isinstance(value, str) and is_digest(value) else f"{value!r} is not 0x + 64 lower-case hex digits"


def _digests_fault(value: object) -> str | None:
    if not isinstance(value, tuple) or not value or len(set(value)) != len(value):
        return f"{value!r} is not one or more digests, none of them twice"
    return next(filter(None, map(_digest_fault, value)), None)


def _read_digests(value: object) -> object:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list of digests")
    return tuple(value)


def _text_fault(value: object) -> str | None:
    return None if isinstance(value, str) and value.strip() else f"{value!r} is not text; say it in words"


def _hex_fault(value: object) -> str | None:
    return None if isinstance(value, str) and _HEX.fullmatch(value) else "not 0x + pairs of lower-case hex digits"


def _count_fault(value: object) -> str | None:
    fine = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST_COUNT
    return None if fine else f"{value!r} is not a whole number from 0"


def _amount_fault(value: object) -> str | None:
    fine = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**256
    return None if fine else f"{value!r} is not an amount in base units"


def _rational_fault(value: object) -> str | None:
    if not isinstance(value, str):
        return f"{value!r} is not text; write '1/100'"
    try:
        parse_rational(value)
    except ValueError as error:
        return str(error)
    return None


def _read_amount(value: object) -> object:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise ValueError(f"{value!r} is not a decimal amount")
    return int(value)


def one_of(kind: type[Enum], *, but: frozenset[Enum] = frozenset()) -> Codec:
    """The codec of an enum's members, written by value, those in `but` refused."""
    allowed = [member for member in kind if member not in but]
    names = ", ".join(member.value for member in allowed)
    return Codec(lambda value: None if value in allowed else f"{value} is not one of {names}", lambda v: v.value, kind)


def nested(kind: type[Checked], *, elidable: bool = False) -> Codec:
    """The codec of a value that is itself Checked; with `elidable`, of a field that may be left out."""
    return Codec(
        lambda value: None if isinstance(value, kind) else f"a {type(value).__name__} is not a {kind.__name__}",
        lambda value: value.to_json(),
        kind.from_json,
        elidable,
    )


Digest = Annotated[str, Codec(_digest_fault, _same, _same)]
"""A 32-byte digest or hash: ``0x`` + 64 lower-case hexadecimal digits."""
Text = Annotated[str, Codec(_text_fault, _same, _same)]
"""Words; not blank."""
Hex = Annotated[str, Codec(_hex_fault, _same, _same)]
"""Bytes, at least one."""
Count = Annotated[int, Codec(_count_fault, _same, _same)]
"""A whole number from 0, small enough for JSON."""
Amount = Annotated[int, Codec(_amount_fault, str, _read_amount)]
"""Money in base units of the token; decimal text in JSON."""
Digests = Annotated[tuple[str, ...], Codec(_digests_fault, list, _read_digests)]
"""One or more digests, none of them twice; a list in JSON."""
Rational = Annotated[str, Codec(_rational_fault, _same, _same)]
"""An exact number in text, as ``2/25`` or ``0.08``."""


def _codec_of(hint: Any) -> Codec:
    if get_origin(hint) is Annotated:
        return cast(Codec, hint.__metadata__[0])
    options = get_args(hint)
    if NoneType in options:
        (inner,) = (_codec_of(option) for option in options if option is not NoneType)
        return Codec(
            lambda value: None if value is None else inner.check(value),
            lambda value: None if value is None else inner.write(value),
            lambda value: None if value is None else inner.read(value),
            inner.elidable,
        )
    raise TypeError(f"{hint} carries no codec")


_KNOWN: dict[type, Mapping[str, Codec]] = {}


def _codecs(kind: type[Checked]) -> Mapping[str, Codec]:
    """The codec of each field of `kind`, read from its type hints once."""
    if kind in _KNOWN:
        return _KNOWN[kind]
    hints = get_type_hints(kind, include_extras=True)
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]  # every subclass is a dataclass
    _KNOWN[kind] = {name: _codec_of(hints[name]) for name in names}
    return _KNOWN[kind]


_Self = TypeVar("_Self", bound="Checked")


class Checked:
    """A frozen dataclass that checks its fields when made and has one JSON form."""

    def __post_init__(self) -> None:
        for name, codec in _codecs(type(self)).items():
            if fault := codec.check(getattr(self, name)):
                raise PayloadInvalid(f"{type(self).__name__}.{name}", fault)

    def to_json(self) -> dict[str, object]:
        """The JSON form: None, int, str, lists of str and nested objects."""
        values = ((name, getattr(self, name), codec) for name, codec in _codecs(type(self)).items())
        return {name: codec.write(value) for name, value, codec in values if value is not None or not codec.elidable}

    @classmethod
    def from_json(cls: type[_Self], value: object) -> _Self:
        """The value whose `to_json` is `value`; raises PayloadInvalid for missing, extra or malformed fields."""
        if not isinstance(value, Mapping):
            raise PayloadInvalid(cls.__name__, f"a {type(value).__name__} is not an object")
        codecs = _codecs(cls)
        odd = {name for name in set(value) ^ set(codecs) if name in value or not codecs[name].elidable}
        if odd:
            raise PayloadInvalid(cls.__name__, f"missing or unknown fields: {', '.join(sorted(map(str, odd)))}")
        read: dict[str, object] = {}
        for name, codec in codecs.items():
            if name not in value:
                continue
            if codec.elidable and value[name] is None:
                raise PayloadInvalid(f"{cls.__name__}.{name}", "is left out where there is none")
            try:
                read[name] = codec.read(value[name])
            except PayloadInvalid:
                raise
            except (ValueError, TypeError) as error:
                raise PayloadInvalid(f"{cls.__name__}.{name}", str(error)) from error
        return cls(**read)
