"""Which bits of a shot belong to which classical register: packed shots have no header, so this says what they mean.

The registers stand in the order of their declaration, the first in the lowest bits. A bitstring, as Qiskit writes it,
reads the other way: the register declared last is leftmost, and within a register the highest bit is. For the
registers m[2] and c[3], the shot with only c[0] set is the number 4, and the bitstring ``001 00``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from oracle.artifacts.shots import SCHEMA, WIDEST_BITS, PackedShots, words_per_shot

LONGEST_TEXT = 2 * WIDEST_BITS
"""Characters of a bitstring: the widest shot, with a space between any two bits."""
_BITSTRING = re.compile(r"[01]+(?: [01]+)*")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Register:
    """A classical register."""

    name: str
    bits: int


@dataclass(frozen=True)
class RegisterMap:
    """The classical registers of a circuit, in the order of their declaration."""

    registers: tuple[Register, ...]

    @property
    def bits(self) -> int:
        """Classical bits over all registers: the width of a shot."""
        return sum(register.bits for register in self.registers)

    def first_bits(self) -> tuple[int, ...]:
        """For each register, which bit of a shot is its bit 0."""
        return tuple(sum(before.bits for before in self.registers[:index]) for index in range(len(self.registers)))

    def in_words(self) -> str:
        """How a bitstring of this circuit reads, for errors: ``5 characters, c (2) then m (3), such as "00 000"``."""
        leftmost_first = self.registers[::-1]
        example = " ".join("0" * register.bits for register in leftmost_first)
        named = " then ".join(f"{register.name} ({register.bits})" for register in leftmost_first)
        return f'{self.bits} characters, {named}, such as "{example}"'

    def outcome_of(self, text: str) -> int:
        """The outcome that `text` names: a bitstring, with one space between registers or none at all, or ``0x`` and
        hexadecimal digits.

        Raises ValueError, with the reason, for anything else.
        """
        outcome = number_of(text)
        if text.startswith("0x"):
            if outcome >> self.bits:
                raise ValueError(f"sets a bit above the circuit's {self.bits}")
            return outcome
        parts = text.split(" ")
        if len(parts) == 1:
            if len(text) != self.bits:
                raise ValueError(f"has {len(text)} bits, the circuit {self.bits}")
        elif [len(part) for part in parts] != [register.bits for register in self.registers[::-1]]:
            raise ValueError("is not divided as the circuit's registers are")
        return outcome

    def record(self, shots: PackedShots) -> dict[str, object]:
        """What the headerless bytes of `shots` are, as JSON values. Raises ValueError if the widths differ."""
        if shots.bits != self.bits:
            raise ValueError(f"shots of {shots.bits} bits are not of registers with {self.bits}")
        return {
            "schema": SCHEMA,
            "result_hash": shots.result_hash,
            "shots": shots.count,
            "bits": shots.bits,
            "words_per_shot": words_per_shot(shots.bits),
            "word": "uint32, little-endian",
            "bit_0": "least significant bit of the first word",
            "order": "as measured" if shots.ordered else "ascending, made of counts",
            "registers": [
                {"name": register.name, "first_bit": first, "bits": register.bits}
                for register, first in zip(self.registers, self.first_bits(), strict=True)
            ],
        }


def number_of(text: str) -> int:
    """The number that a bitstring or ``0x`` and hexadecimal digits write, whatever the circuit.

    Raises ValueError, with the reason, for anything else.
    """
    if len(text) <= LONGEST_TEXT and _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if len(text) <= LONGEST_TEXT and _BITSTRING.fullmatch(text):
        return int(text.replace(" ", ""), 2)
    raise ValueError("is no bitstring of 0 and 1")
