"""How deep the expressions of a circuit's text nest, looked at before anything recurses over them.

Whether a circuit is read must not depend on an interpreter's recursion limit: libraries raise it on import, and two
validators would then disagree about the same bytes. So the bounds are ours, far below any limit, and textual.
"""

from __future__ import annotations

import re

from oracle.encoding import Finding

DEEPEST = 32
"""Brackets inside brackets."""
MOST_OPERATORS = 64
"""Operator characters in one statement: a chain of operators nests one level for each."""

_TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"[^\"]*\"|\n|[;{}()\[\]]|[-+*/%&|^!~<>=]", re.DOTALL)


def nesting_fault(text: str) -> Finding | None:
    """The first place of `text`, OpenQASM 3, that nests deeper than a circuit does; None if there is none."""
    line, depth, operators = 1, 0, 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        line += token.count("\n")
        if token[0] in '"\n' or token.startswith(("//", "/*")):
            continue
        if token in "([{":
            depth += 1
            if depth > DEEPEST:
                return Finding("", line, "expressions are nested too deeply", "write angles as plain numbers")
        elif token in ")]}":
            depth -= 1
        if token in ";{}":
            operators = 0
        elif token not in "()[]":
            operators += 1
            if operators > MOST_OPERATORS:
                reason = f"a statement has more than {MOST_OPERATORS} operators, nested too deeply"
                return Finding("", line, reason, "write angles as plain numbers")
    return None
