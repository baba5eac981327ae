"""The types of a job spec's fields: each reads what people write and keeps one normal form.

Numbers that decide money are kept as text ("1/100", "25"): a float would be another number. A type's JSON Schema admits
every way to write the value, its validator says what is wrong and, under `remedy`, what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Annotated, Any

from eth_utils.address import is_checksum_address, to_checksum_address
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StrictBool,
)
from pydantic_core import PydanticCustomError, core_schema

from oracle.encoding import format_rational, is_digest, parse_rational
from oracle.encoding.times import time_text

ZERO_ADDRESS = "0x" + "00" * 20
LONGEST_TEXT = 512
LARGEST_USD = 10**9
MOST_DECIMALS = 30


class Section(BaseModel):
    """A frozen part of a job spec in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def documented(
    description: str, *, example: object, default: Any = ..., default_factory: Callable[[], Any] | None = None
) -> Any:
    """A field with its description and one right example, which the JSON Schema and the remedies both show."""
    if default_factory is not None:
        return Field(default_factory=default_factory, description=description, examples=[example])
    return Field(default, description=description, examples=[example])


def fault(kind: str, reason: str, remedy: str) -> PydanticCustomError:
    """A field's error with its own remedy; both texts are shown as they are."""
    return PydanticCustomError(kind, "{reason}", {"reason": reason, "remedy": remedy})


def shown(value: object) -> str:
    """`value` as an error quotes it, cut to a line's length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _text(value: object) -> str:
    # A number in the place of a text (version: 2026) is the text of that number.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise fault("text", f"{shown(value)} is not a text", "write a short text on one line")
    if reason := _text_fault(text):
        raise fault("text", reason, "write a short text on one line")
    return text


def _text_fault(text: str) -> str | None:
    """What is wrong with `text` as one line for people, in a sentence about just that."""
    if not text or len(text) > LONGEST_TEXT:
        return f"{shown(text)} has {len(text)} characters, and 1 to {LONGEST_TEXT} are allowed"
    if text != text.strip():
        return f"{shown(text)} begins or ends with a blank"
    hidden = next((character for character in text if not character.isprintable()), None)
    return None if hidden is None else f"{shown(text)} has a character that does not show (U+{ord(hidden):04X})"


@dataclass(frozen=True, eq=False)  # typing hashes annotations, and a schema cannot be hashed
class Reading:
    """How a field reads what was written: to its normal form, or a PydanticCustomError with a remedy."""

    read: Callable[[object], object]
    schema: Mapping[str, object]
    """Every way to write the value, as JSON Schema."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        return dict(self.schema)


@dataclass(frozen=True)
class OneOf:
    """One of the ids that there are."""

    ids: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.literal_schema(list(self.ids))


def whole(low: int, high: int) -> Reading:
    """Whole numbers from `low` to `high`."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise fault(
                "whole", f"{shown(value)} is not a whole number", f"write it in the digits 0 to 9, from {low} to {high}"
            )
        if not low <= value <= high:
            raise fault("range", f"{value} is outside {low} to {high}", f"write a whole number from {low} to {high}")
        return value

    return Reading(read, {"type": "integer", "minimum": low, "maximum": high})


def _proportion(value: object) -> str:
    try:
        number = parse_rational(value)  # type: ignore[arg-type]  # it refuses every other type itself
    except ValueError:
        raise fault("rational", f"{shown(value)} is not an exact number", "write 0.01 or 1/100") from None
    if not 0 < number < 1:
        raise fault("rational", f"{value} does not lie between 0 and 1", "write 0.01 or 1/100")
    return format_rational(number)


def _distance(value: object) -> str:
    try:
        number = parse_rational(value)  # type: ignore[arg-type]  # it refuses every other type itself
    except ValueError:
        raise fault("rational", f"{shown(value)} is not an exact number", "write 0, 0.02 or 1/50") from None
    if not 0 <= number <= 1:
        raise fault("rational", f"{value} does not lie from 0 to 1", "write 0, 0.02 or 1/50")
    return format_rational(number)


def decimal_text(number: Fraction) -> str:
    """The shortest decimal text of `number`, whose denominator divides a power of ten."""
    digits = 0
    while (number * 10**digits).denominator != 1:
        digits += 1
        if digits > MOST_DECIMALS:
            raise ValueError(f"{number} has no short decimal form")
    scaled = str((number * 10**digits).numerator).rjust(digits + 1, "0")
    return f"{scaled[:-digits]}.{scaled[-digits:]}" if digits else scaled


def _usd(value: object) -> str:
    try:
        number = parse_rational(value)  # type: ignore[arg-type]  # it refuses every other type itself
        text = decimal_text(number)
    except ValueError:
        reason = f"{shown(value)} is not an amount of US dollars"
        raise fault(
            "usd", reason, "write it in the digits 0 to 9, such as 25 or 12.50, without words, signs or separators"
        ) from None
    if not 0 < number <= LARGEST_USD:
        raise fault("usd", f"{value} is not above 0 and at most {LARGEST_USD}", "write an amount such as 25 or 12.50")
    return text


def _positive_rational(value: object) -> str:
    try:
        number = parse_rational(value)  # type: ignore[arg-type]  # it refuses every other type itself
    except ValueError:
        raise fault("rational", f"{shown(value)} is not an exact number", "write 3150.25 or 12601/4") from None
    if number <= 0:
        raise fault("rational", f"{value} is not above 0", "write 3150.25 or 12601/4")
    return format_rational(number)


def _base_units(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]{0,38}", value) or int(value) >= 2**128:
        reason = f"{shown(value)} is not a whole number of base units, as text, above 0 and below 2^128"
        raise fault("amount", reason, 'write "25000000", or leave it out: promote computes it')
    return value


def _address(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        raise fault("address", f"{shown(value)} is not an address", "write 0x and 40 hexadecimal digits, in quotes")
    digits = value[2:]
    # All-lower and all-upper spellings carry no checksum; a mixed one does, and a wrong one is a typing error.
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(value):
        right = to_checksum_address(value.lower())
        raise fault(
            "address", f"{value} fails its checksum (EIP-55)", f"check each digit; as typed it would be {right}"
        )
    address = str(to_checksum_address(value.lower()))
    if address == ZERO_ADDRESS:
        raise fault("address", "the zero address belongs to nobody", "write an address, or leave the field out")
    return address


def _token(value: object) -> str:
    if value == "native" or value == ZERO_ADDRESS:
        return "native"
    try:
        return _address(value)
    except PydanticCustomError:
        raise fault("token", f"{shown(value)} is no token", "write native, or a token's address in quotes") from None


_DID = re.compile(r"did:[a-z0-9]+:(?:[A-Za-z0-9._%-]*:)*[A-Za-z0-9._%-]+")
_PKH = re.compile(r"did:pkh:eip155:([1-9][0-9]{0,31}):(0x[0-9a-fA-F]{40})")
_DID_REMEDY = "write did:pkh:eip155:1:0x and 40 hexadecimal digits, or another DID such as did:example:buyer123"


def _did_fault(value: object) -> tuple[str, str]:
    """Why `value` is not a DID, and what to write; the character at fault where there is one."""
    if not isinstance(value, str) or not value.startswith("did:"):
        return f"{shown(value)} is not a DID", _DID_REMEDY
    if len(value) > LONGEST_TEXT:
        return f"a DID of {len(value)} characters, and {LONGEST_TEXT} are the most", _DID_REMEDY
    odd = next((character for character in value if not re.fullmatch(r"[A-Za-z0-9._%:-]", character)), None)
    if odd is None:
        return f"{shown(value)} is not a DID", _DID_REMEDY
    encoded = "".join(f"%{byte:02X}" for byte in odd.encode())
    reason = f"{shown(value)} has the character {odd!r} (U+{ord(odd):04X}), which no DID has"
    return reason, f"write {encoded} in its place, or leave it out"


def _did(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not _DID.fullmatch(value):
        raise fault("did", *_did_fault(value))
    if value.startswith("did:pkh:eip155"):
        match = _PKH.fullmatch(value)
        if match is None:
            raise fault("did", f"{shown(value)} names no chain and account", _DID_REMEDY)
        return f"did:pkh:eip155:{match[1]}:{_address(match[2])}"
    return value


def _digest(value: object) -> str:
    if not isinstance(value, str) or not is_digest(value):
        raise fault("digest", f"{shown(value)} is not a SHA-256", "write 0x and 64 lower-case hexadecimal digits")
    return value


def _inside(value: object) -> str:
    text = _text(value)
    remedy = "write a path below the spec's own folder, with / between its parts, such as ./circuits/optimizer.py"
    if "\\" in text or ":" in text or text.startswith(("/", "~")):
        raise fault("path", f"{shown(text)} is not a path relative to the spec", remedy)
    if ".." in text.split("/"):
        raise fault("path", f"{shown(text)} leaves the spec's folder", remedy)
    if text.endswith("/") or text == ".":
        raise fault("path", f"{shown(text)} is a folder", remedy)
    return text


def _moment(value: object) -> datetime:
    remedy = "write 2026-06-01T12:00:00Z"
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise fault("moment", f"{shown(value)} is not a time", remedy) from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise fault("moment", f"{shown(value)} is not a time with its zone", remedy)
    return value.astimezone(UTC).replace(microsecond=0)


_DECIMAL = r"^[0-9]{1,30}(\.[0-9]{1,30})?$"
_RATIONAL = r"^[0-9]{1,30}(\.[0-9]{1,30}|/[0-9]{1,30})?$"
_ADDRESS = r"^0x[0-9a-fA-F]{40}$"

Flag = StrictBool
Text = Annotated[
    str,
    Reading(_text, {"anyOf": [{"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}, {"type": "integer"}]}),
]
PositiveInt = Annotated[int, whole(1, 2**31 - 1)]
Count = Annotated[int, whole(0, 2**31 - 1)]
Seconds = Annotated[int, whole(0, 366 * 86_400)]
WindowSeconds = Annotated[int, whole(0, 30 * 86_400)]
Bps = Annotated[int, whole(0, 10_000)]
Proportion = Annotated[
    str,
    Reading(
        _proportion,
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                {"type": "string", "pattern": _RATIONAL},
            ]
        },
    ),
]
"""A rational strictly between 0 and 1, in lowest terms."""
Distance = Annotated[
    str,
    Reading(
        _distance,
        {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": _RATIONAL}]},
    ),
]
"""A rational from 0 to 1, both included, in lowest terms."""
Usd = Annotated[
    str,
    Reading(
        _usd,
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_USD},
                {"type": "string", "pattern": _DECIMAL},
            ]
        },
    ),
]
"""US dollars, in the shortest decimal form."""
PositiveRational = Annotated[
    str,
    Reading(
        _positive_rational,
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": _RATIONAL}]},
    ),
]
"""A rational above 0, in lowest terms."""
BaseUnits = Annotated[str, Reading(_base_units, {"type": "string", "pattern": "^[1-9][0-9]{0,38}$"})]
"""An amount in the token's smallest unit, as text, since JSON loses integers beyond 2^53."""
Address = Annotated[str, Reading(_address, {"type": "string", "pattern": _ADDRESS})]
"""An address with its EIP-55 checksum; never the zero address."""
Token = Annotated[str, Reading(_token, {"anyOf": [{"const": "native"}, {"type": "string", "pattern": _ADDRESS}]})]
"""``native`` (the chain's coin) or a token's checksum address."""
Did = Annotated[str, Reading(_did, {"type": "string", "pattern": "^did:[a-z0-9]+:.+$"})]
Digest = Annotated[str, Reading(_digest, {"type": "string", "pattern": "^0x[0-9a-f]{64}$"})]
RelativePath = Annotated[str, Reading(_inside, {"type": "string", "minLength": 1})]
"""A path below the spec's folder; what is there is for the reader of files to say."""
Moment = Annotated[
    datetime,
    Reading(_moment, {"type": "string", "format": "date-time"}),
    PlainSerializer(time_text, return_type=str),
]
"""A time in UTC, in whole seconds, written with a Z."""
