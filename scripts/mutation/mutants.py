"""What `mutate.py` changes: the mutants of a Solidity file, and a source that holds many at once.

A source with mutants holds every change beside the original, behind a question: is this mutant's number the one that
the code ends with? So one compilation serves hundreds of mutants, and the last two bytes of the bytecode choose one.
After Untch, Offutt and Harrold, "Mutation analysis using mutant schemata" (ISSTA 1993).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]

FIRST = 0x1000  # above every length that the compiler itself ends code with

_OPERATORS = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "&&": ("||",),
    "||": ("&&",),
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "%": ("/",),
    "<<": (">>",),
    ">>": ("<<",),
    "&": ("|",),
    "|": ("&",),
}
_YUL = {
    "lt": "gt",
    "gt": "lt",
    "add": "sub",
    "sub": "add",
    "shl": "shr",
    "shr": "shl",
    "or": "and",
    "and": "or",
    "xor": "or",
}

_SOLIDITY_QUESTION = """
function isMutant(uint256 id) pure returns (bool on) {
    assembly ("memory-safe") {
        let at := mload(0x40)
        codecopy(at, sub(codesize(), 2), 2)
        on := eq(shr(240, mload(at)), id)
    }
}
"""
# Inside a block the memory behind the free pointer is in use.
_YUL_QUESTION = """
function isMutant(id) -> on {
    let at := add(mload(0x40), 0x4000)
    codecopy(at, sub(codesize(), 2), 2)
    on := eq(shr(240, mload(at)), id)
}
function pick(one, a, b) -> c { c := b if one { c := a } }
"""


@dataclass(frozen=True)
class Mutant:
    """One change. `start` and `end` are bytes of the file; `form` says how the change stands beside the original."""

    file: str
    line: int
    function: str
    start: int
    end: int
    form: str  # expression, statement, yul, yul statement
    original: str
    changed: str
    nth: int  # of the same change in the same function

    @property
    def name(self) -> str:
        """Names the change by what it is and not by where it lies, so that a line added above does not rename it."""
        place = f"{self.file.removeprefix('contracts/')} {self.function}"
        changed = self.changed or "(dropped)"
        return f"{place}: `{_short(self.original)}` -> `{_short(changed)}`" + (f" #{self.nth}" if self.nth else "")


def _short(text: str) -> str:
    return " ".join(text.split()).replace("|", "∣")


def find(file: str, source: bytes, tree: Node) -> list[Mutant]:
    """All mutants of a file, by place. `tree` is the compiler's syntax tree of it."""
    constants, enums = _declared(tree)
    found: list[Mutant] = []
    seen: dict[tuple[str, str, str], int] = {}

    def text(node: Node) -> str:
        start, end = _span(node)
        return source[start:end].decode()

    def add(node: Node, form: str, changed: str, function: str) -> None:
        start, end = _span(node)
        if form == "statement" and source[end : end + 1] == b";":
            end += 1
        original = source[start:end].decode()
        key = (function, original, changed)
        nth = seen[key] = seen.get(key, -1) + 1
        line = source.count(b"\n", 0, start) + 1
        found.append(Mutant(file, line, function, start, end, form, original, changed, nth))

    for node, function, parent in _walk(tree, "", {}):
        for form, changed in _changes(node, parent, text, constants, enums):
            add(node, form, changed, function)
    return sorted(found, key=lambda mutant: (mutant.start, -mutant.end, mutant.changed))


def _declared(tree: Node) -> tuple[set[str], dict[str, list[str]]]:
    """Names of constants, and members of enums: of this file, and of those that `mutate.py` joins to the tree."""
    constants, enums = set(), {}
    for each in [tree, *tree.get("joined", [])]:
        for node, _, _ in _walk(each, "", {}):
            if node["nodeType"] == "VariableDeclaration" and node.get("constant"):
                constants.add(node["name"])
            if node["nodeType"] == "EnumDefinition":
                enums[node["name"]] = [member["name"] for member in node["members"]]
    return constants, enums


def _walk(node: Any, function: str, parent: Node) -> Iterator[tuple[Node, str, Node]]:
    if isinstance(node, list):
        for each in node:
            yield from _walk(each, function, parent)
    elif isinstance(node, dict):
        if "nodeType" in node:
            if node["nodeType"] == "FunctionDefinition":
                function = node["name"] or node["kind"]
            yield node, function, parent
            if node.get("constant"):
                return  # its value must stay one that the compiler can compute
            parent = node
        for key, each in node.items():
            if key not in ("joined", "typeDescriptions", "typeName", "documentation", "nativeSrc"):
                yield from _walk(each, function, parent)


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length


def _type(node: Node) -> str:
    return str(node.get("typeDescriptions", {}).get("typeString", ""))


def _changes(
    node: Node, parent: Node, text: Any, constants: set[str], enums: dict[str, list[str]]
) -> Iterator[tuple[str, str]]:
    kind = node["nodeType"]
    if kind == "BinaryOperation" and not _type(node).startswith("int_const"):
        left, right = text(node["leftExpression"]), text(node["rightExpression"])
        for operator in _OPERATORS.get(node["operator"], ()):
            yield "expression", f"{left} {operator} {right}"
        if node["operator"] in ("&&", "||"):
            yield "expression", left
            yield "expression", right
    elif kind == "IfStatement":
        # A check that is dropped; a branch that is never or always taken.
        yield "condition", "false"
        body = node["trueBody"]
        inner = body.get("statements", [body])[-1:]
        if not (inner and inner[0]["nodeType"] == "RevertStatement"):
            yield "condition", "true"
    elif kind == "UnaryOperation" and node["operator"] == "!":
        yield "expression", text(node["subExpression"])
    elif kind == "Conditional":
        condition, yes, no = (text(node[part]) for part in ("condition", "trueExpression", "falseExpression"))
        yield "expression", f"{condition} ? {no} : {yes}"
    elif kind in ("ExpressionStatement", "EmitStatement") and parent.get("loopExpression") is not node:
        yield "statement", ""
        inner_node = node.get("expression", node.get("eventCall", {}))
        if inner_node.get("nodeType") == "Assignment" and inner_node["operator"] in ("+=", "-="):
            sign = "-=" if inner_node["operator"] == "+=" else "+="
            yield "statement", f"{text(inner_node['leftHandSide'])} {sign} {text(inner_node['rightHandSide'])};"
        if kind == "EmitStatement":
            for call in _swapped(inner_node, text):
                yield "statement", f"emit {call};"
        elif inner_node.get("kind") == "functionCall":
            for call in _swapped(inner_node, text):
                yield "statement", f"{call};"
    elif kind == "FunctionCall" and node.get("kind") == "functionCall" and parent["nodeType"] not in (
        "EmitStatement", "RevertStatement", "ExpressionStatement",
    ):  # fmt: skip
        for call in _swapped(node, text):
            yield "expression", call
    elif kind == "Return" and (node.get("expression") or {}).get("nodeType") == "TupleExpression":
        parts = [text(part) for part in node["expression"]["components"]]
        for i in range(len(parts) - 1):
            if _type(node["expression"]["components"][i]) == _type(node["expression"]["components"][i + 1]):
                yield "statement", f"return ({', '.join([*parts[:i], parts[i + 1], parts[i], *parts[i + 2 :]])});"
    elif kind == "Literal" and node.get("kind") == "number" and not node.get("subdenomination"):
        value = int(node["value"].replace("_", ""), 0)
        yield "number", str(value + 1)
    elif kind == "Identifier" and node["name"] in constants and _type(node) == "uint256":
        yield "expression", f"{node['name']} + 1"
        yield "expression", f"{node['name']} - 1"
    elif kind == "MemberAccess" and _type(node["expression"]).startswith("type(enum"):
        name = _type(node["expression"]).split()[-1].rstrip(")").split(".")[-1]
        members = enums.get(name, [])
        if node["memberName"] in members:
            after = members[(members.index(node["memberName"]) + 1) % len(members)]
            yield "expression", f"{text(node['expression'])}.{after}"
    elif kind == "YulFunctionCall":
        name = node["functionName"]["name"]
        arguments = ", ".join(text(argument) for argument in node["arguments"])
        if name in _YUL:
            yield "yul", f"{_YUL[name]}({arguments})"
        if name == "iszero":
            yield "yul", arguments
        if name == "eq":
            yield "yul", f"iszero(eq({arguments}))"
    elif kind == "YulLiteral" and node.get("kind") == "number" and parent["nodeType"] != "YulCase":
        yield "yul", str(int(node["value"], 0) + 1)
    elif kind in ("YulExpressionStatement", "YulAssignment"):
        yield "yul statement", ""


def _swapped(call: Node, text: Any) -> Iterator[str]:
    """The call with two neighbouring arguments of one type in each other's place."""
    arguments = call.get("arguments", [])
    parts = [text(argument) for argument in arguments]
    for i in range(len(parts) - 1):
        if _type(arguments[i]) == _type(arguments[i + 1]) and parts[i] != parts[i + 1]:
            yield f"{text(call['expression'])}({', '.join([*parts[:i], parts[i + 1], parts[i], *parts[i + 2 :]])})"


def conditions(tree: Node) -> dict[tuple[int, int], tuple[int, int]]:
    """Where the condition of each `if` lies, by where the `if` does."""
    return {
        _span(node): _span(node["condition"]) for node, _, _ in _walk(tree, "", {}) if node["nodeType"] == "IfStatement"
    }


def blocks(tree: Node) -> list[int]:
    """The last byte of each assembly block."""
    return [
        _span(node["AST"])[1] - 1
        for node, _, _ in _walk(tree, "", {})
        if node["nodeType"] == "InlineAssembly" and "AST" in node
    ]


def schema(source: bytes, tree: Node, numbered: dict[int, Mutant]) -> tuple[bytes, list[tuple[int, int, int]]]:
    """The source with these mutants beside what they change.

    Returns:
        The source, and where each mutant lies in it: (first byte, last byte, number), for the compiler's complaints.
    """
    ifs = conditions(tree)
    points: dict[tuple[int, int, str], list[tuple[int, str]]] = {}
    for number, mutant in numbered.items():
        start, end, form = mutant.start, mutant.end, mutant.form
        if form == "condition":
            (start, end), form = ifs[(start, end)], "expression"
        points.setdefault((start, end, "number" if form == "number" else form), []).append((number, mutant.changed))
    order = sorted(points, key=lambda point: (point[0], -point[1], "statement" not in point[2]))
    ends = sorted(blocks(tree)) if any("yul" in form for _, _, form in order) else []
    out = bytearray()
    marks: list[tuple[int, int, int]] = []

    def copy(start: int, end: int) -> None:
        nonlocal ends
        for at in [at for at in ends if start <= at < end]:
            out.extend(source[start:at])
            out.extend(_YUL_QUESTION.encode())
            start, ends = at, [other for other in ends if other != at]
        out.extend(source[start:end])

    def put(text: str) -> None:
        out.extend(text.encode())

    def change(number: int, text: str) -> None:
        begin = len(out)
        put(text)
        marks.append((begin, len(out), number))

    def render(start: int, end: int, inner: list[tuple[int, int, str]]) -> None:
        while inner:
            first, last, form = point = inner[0]
            within = [other for other in inner[1:] if other[0] < last]
            copy(start, first)
            start, inner = last, [other for other in inner[1:] if other[0] >= last]
            changes = points[point]
            if form in ("expression", "number"):
                put("(")
                for number, text in changes:
                    wrapped = f"uint256({text})" if form == "number" else f"({text})"
                    put(f"isMutant({number}) ? ")
                    change(number, wrapped)
                    put(" : ")
                put("uint256(" if form == "number" else "(")
                begin = len(out)
                render(first, last, within)
                if form == "number":
                    marks.append((begin - 8, len(out) + 1, changes[0][0]))
                put("))")
            elif form == "statement":
                for number, text in changes:
                    put(f"if (isMutant({number})) {{ ")
                    change(number, text)
                    put(" } else ")
                put("{ ")
                render(first, last, within)
                put(" }")
            elif form == "yul":
                for number, text in changes:
                    put(f"pick(isMutant({number}), ")
                    change(number, text)
                    put(", ")
                render(first, last, within)
                put(")" * len(changes))
            else:
                put(f"if iszero(isMutant({changes[0][0]})) {{ ")
                render(first, last, within)
                put(" }")
        copy(start, end)

    render(0, len(source), order)
    put(_SOLIDITY_QUESTION)
    return bytes(out), marks
