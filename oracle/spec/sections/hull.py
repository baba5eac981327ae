"""The declared noise: which laws are as good as the ideal one, committed before anyone runs anything."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from oracle.encoding import Finding, InputRejected, format_rational, parse_rational
from oracle.spec.fields import Digest, Distance, Proportion, RelativePath, Section, documented
from oracle.statistics.baseline import Baseline
from oracle.statistics.laws.hull import misread
from oracle.statistics.policy import HullBounds
from oracle.statistics.registry import GUARD_OF, METHOD_OF

MOST_VERTICES = 6


class Vertex(Section):
    """One kind of noise, and how much of it is honest."""

    kind: Literal["uniform", "readout", "file"] = documented(
        "uniform: all outcomes alike; readout: the ideal law with bits read wrongly; file: a law of the requester's, "
        "such as a simulation with a device's calibration snapshot.",
        example="uniform",
    )
    most: Proportion = documented("The most that this kind may weigh in the mixture.", example="1/5")
    zero_to_one: Distance | None = documented(
        "For readout: how often a 0 is read as 1, the same for every bit.", default=None, example=0.01
    )
    one_to_zero: Distance | None = documented(
        "For readout: how often a 1 is read as 0, the same for every bit.", default=None, example=0.03
    )
    ref: RelativePath | None = documented(
        "For file: a table of outcomes as baseline_ref names one, relative to the spec.",
        default=None,
        example="./baselines/torino.json",
    )
    root: Digest | None = documented(
        "Digest of this vertex as a baseline; filled in by simulate.", default=None, example="0x" + "7e" * 32
    )


class Hull(Section):
    """The mixtures of the ideal law with some noises: what lies in it is as good as ideal."""

    reach: Proportion = documented(
        "No mixture lies further than this from the ideal law, in total variation; simulate checks it.", example="1/5"
    )
    vertices: tuple[Vertex, ...] = documented(
        "The noises, beside the ideal law, which takes the rest of the weight.",
        example=[{"kind": "uniform", "most": "1/5"}, {"kind": "readout", "most": "1/2", "one_to_zero": "3/100"}],
    )

    @property
    def unresolved(self) -> bool:
        """Whether a vertex is not committed yet."""
        return any(vertex.root is None for vertex in self.vertices)


def hull_bounds(hull: Hull) -> HullBounds:
    """The bounds of `hull`. Raises InputRejected if a vertex has no root yet."""
    if hull.unresolved:
        reason, remedy = "a vertex is not committed", "run `compute quantum simulate JOB.yaml`, which computes it"
        raise InputRejected("job spec", [Finding("validation.hull.vertices", None, reason, remedy)])
    vertices = ((vertex.root or "", parse_rational(vertex.most)) for vertex in hull.vertices)
    return HullBounds(parse_rational(hull.reach), tuple(vertices))


def vertex_law(vertex: Vertex, ideal: Baseline) -> Baseline | None:
    """The law that a vertex of a spec's hull stands for; None for one that only a file says."""
    if vertex.kind == "uniform":
        return Baseline.uniform(ideal.bits)
    if vertex.kind == "readout":
        return misread(ideal, parse_rational(vertex.zero_to_one or 0), parse_rational(vertex.one_to_zero or 0))
    return None


def hull_faults(
    hull: Hull, certificates: tuple[str, ...] | None, guards: tuple[str, ...] | None
) -> Iterator[tuple[str, str, str]]:
    """(path below the hull, reason, remedy) of each contradiction in `hull` or with what would use it."""
    if not 1 <= len(hull.vertices) <= MOST_VERTICES:
        yield (
            "vertices",
            f"{len(hull.vertices)} vertices beside the ideal law; there are 1 to {MOST_VERTICES}",
            "write vertices: [{kind: uniform, most: 0.2}]",
        )
        return
    total = sum((parse_rational(vertex.most) for vertex in hull.vertices), Fraction(0))
    if total > 1:
        shares = ", ".join(vertex.most for vertex in hull.vertices)
        yield (
            "vertices",
            f"the most of {shares} are {format_rational(total)} together, more than one",
            "lower them: what the noises leave is the ideal law's",
        )
    for vertex in hull.vertices:
        yield from _vertex_faults(vertex)
    certifying = [name for name, method in METHOD_OF.items() if method.uses_hull]
    looking = [*certifying, *(name for name, guard in GUARD_OF.items() if guard.uses_hull)]
    if certificates is not None and not {*certificates, *(guards or ())}.intersection(looking):
        yield (
            "",
            f"neither {' nor '.join(looking)} is named, and nothing else looks at a hull",
            f"name certificates: [{certifying[0]}], or leave the hull out",
        )


def _vertex_faults(vertex: Vertex) -> Iterator[tuple[str, str, str]]:
    flips = [name for name in ("zero_to_one", "one_to_zero") if getattr(vertex, name) is not None]
    if vertex.kind == "readout" and not flips:
        yield "vertices", "a readout vertex says how often bits are read wrongly", "add one_to_zero: 0.03 to it"
    if vertex.kind != "readout" and flips:
        yield "vertices", f"a {vertex.kind} vertex has no {flips[0]}", "take it out, or write kind: readout"
    if vertex.kind == "file" and vertex.ref is None:
        yield "vertices", "a file vertex names its file", "add ref: ./baselines/torino.json to it"
    if vertex.kind != "file" and vertex.ref is not None:
        yield "vertices", f"a {vertex.kind} vertex has no ref", "take it out, or write kind: file"
