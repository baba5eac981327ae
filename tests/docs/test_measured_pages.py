"""The pages of measured figures: each names the command, seed and runs that reproduce it, and its figures say what it
claims."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from attackers import ATTACKERS
from calibration import limits, report
from calibration.measure import LEAST_RUNS, MARGIN, title, upper_limit
from calibration.spaces import SPACES
from calibration.workers import (
    ATTACKED_BITS,
    HONEST_BITS,
    HONEST_NAME,
    LEAST_ACCEPTED,
    LEAST_REJECTED,
    RATE,
    WEAK_NAME,
    holds,
)

ROOT = Path(__file__).parents[2]
HOME = ROOT / "oracle" / "statistics"
CALIBRATION, DEVICES = HOME / "CALIBRATION.md", HOME / "DEVICES.md"


def rows(page: Path, title: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = page.read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|") and not line.startswith(("| ---", "|---"))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def of(text: str) -> tuple[int, int]:
    """The two numbers of ``3 / 1,000``."""
    part, whole = (int(number.replace(",", "")) for number in text.split("/"))
    return part, whole


@pytest.mark.parametrize(("page", "target"), [(CALIBRATION, "calibrate"), (DEVICES, "devices")])
def test_a_page_names_its_command_seed_and_runs(page: Path, target: str) -> None:
    arguments, *_ = re.findall(rf"`make {target} {target.upper()}_ARGS='([^']*)'`", page.read_text())
    options = dict(re.findall(r"--(seed|runs) (\d+)", arguments))
    assert set(options) == {"seed", "runs"}
    assert f"seed {options['seed']}" in page.read_text()
    assert f"{int(options['runs']):,} runs" in page.read_text()
    known = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "measures" / f"{target}.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(option in known for option in re.findall(r"--[a-z]+", arguments))


def test_every_boundary_is_measured_and_its_limit_holds() -> None:
    found = rows(CALIBRATION, "Error rates at the worst boundaries")
    # A new method may wait for its turn, but the page says so.
    waiting = set(re.findall(r"^- (\S+ false .+)$", CALIBRATION.read_text(), re.M))
    there = [space for space in SPACES if title(space) not in waiting]
    assert waiting <= {title(space) for space in SPACES}
    assert [(row[0].strip("`"), row[1]) for row in found] == [
        (space.method, f"false {space.error.value}") for space in there
    ]
    for row, space in zip(found, there, strict=True):
        errors, runs = of(row[5])
        assert runs >= LEAST_RUNS
        assert upper_limit(errors, runs) <= MARGIN * space.stated
        assert row[-1] == "yes"


def test_every_attacker_is_measured_at_every_width() -> None:
    found = rows(CALIBRATION, "Attackers")
    assert [(row[0], int(row[1])) for row in found] == [
        (name, bits) for name, each in ATTACKERS.items() for bits in ATTACKED_BITS if bits >= each.least_bits
    ]
    for row in found:
        accepted, runs = of(row[2])
        assert upper_limit(accepted, runs) <= RATE
        assert row[-1] == "yes"


def test_what_the_shots_do_not_tell_is_measured_and_the_guard_holds_where_it_is_named() -> None:
    found = rows(CALIBRATION, "What the shots do not tell")
    assert [(row[0], row[1]) for row in found] == [(each.attacker, each.circuit) for each in limits.attempts()]
    kept = report.Calibration.from_json(json.loads((ROOT / "tests" / "calibration" / "figures.json").read_text()))
    assert all(each.holds for each in kept.limits)
    assert sum(row[5] == limits.COPIES for row in found) > 10


def test_honest_and_weak_workers_are_measured_at_every_width_and_marked_as_they_are() -> None:
    found = rows(CALIBRATION, "Honest and weak workers")
    assert [int(row[0]) for row in found] == list(HONEST_BITS)
    for row in found:
        (accepted, runs), (rejected, weak_runs) = of(row[1]), of(row[4])
        reached = accepted >= LEAST_ACCEPTED * runs and rejected >= LEAST_REJECTED * weak_runs
        assert (row[-1] == "yes") == reached


def test_the_page_and_the_plot_say_what_was_measured() -> None:
    figures = json.loads((ROOT / "tests" / "calibration" / "figures.json").read_text())
    found = report.Calibration.from_json(figures)
    assert CALIBRATION.read_text() == report.page(found)
    assert (HOME / report.PLOT).read_text() == report.plot(found.rates)
    assert found.tails.violations == 0
    assert found.tails.cases >= 1_000_000


def test_the_readme_gives_the_worst_figures_of_the_page() -> None:
    said = {row[0]: row[2] for row in rows(HOME / "README.md", "Measured")}
    found = report.Calibration.from_json(json.loads((ROOT / "tests" / "calibration" / "figures.json").read_text()))
    accepts, rejects = (
        max(each.limit for each in found.rates if each.error == error) for error in ("false accept", "false reject")
    )
    assert said["false accepts at the worst boundary found, 99% limit"].startswith(report.percent(accepts))
    assert said["false rejects, likewise"] == report.percent(rejects)
    paid = max(each.accepted_at_most for each in found.attackers)
    attackers = said[
        f"{len(ATTACKERS)} attackers at {ATTACKED_BITS[0]}, {ATTACKED_BITS[1]}, {ATTACKED_BITS[2]} bits, paid"
    ]
    assert attackers.startswith(f"0 of 1,000 each, limit {report.percent(paid)}")
    honest = min(each.accepted for each in found.workers if each.worker == HONEST_NAME)
    weak = min(each.rejected for each in found.workers if each.worker == WEAK_NAME)
    at = f"{HONEST_BITS[0]} to {HONEST_BITS[-1]} bits"
    assert said[f"honest at F = 0.9, {at}, accepted"].startswith(f"at least {honest:,} of 2,000 at every width")
    assert said[f"weak at F = 0.7, {at}, rejected"] == f"at least {weak:,} of 2,000 at every width"
    assert all(map(holds, found.workers))
    tails = said["binomial tails against exact integers"]
    assert tails == f"{found.tails.violations} of {found.tails.cases:,}"


def test_the_plot_is_there_and_shows_every_boundary() -> None:
    plot = (HOME / "calibration.svg").read_text()
    measured = rows(CALIBRATION, "Error rates at the worst boundaries")
    assert all(f"{row[0].strip('`')}, {row[1]}<" in plot for row in measured)


def test_devices_below_the_mark_are_explained() -> None:
    text = DEVICES.read_text()
    lines = [line for line in text.split("\n## ")[0].splitlines() if line.startswith("| fake_")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    below = {row[0] for row in table if of(row[2])[0] < 0.95 * of(row[2])[1]}
    assert len(table) > 60
    assert set(re.findall(r"^- \*\*(fake_\w+)\*\*: [TF] = ", text, re.M)) == below


@pytest.mark.slow
def test_a_device_that_is_measured_again_has_the_errors_of_the_page() -> None:
    command = [
        sys.executable,
        str(ROOT / "scripts" / "measures" / "devices.py"),
        "--only",
        "manila",
        "--runs",
        "2",
        "--json",
    ]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    [found] = json.loads(told)["devices"]
    text = DEVICES.read_text()
    [row] = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith(f"| {found['device']} ")]
    # What its snapshot says is the same each time; two runs say roughly what a hundred do.
    assert row[1] == str(found["qubits"])
    assert row[6:10] == [
        str(found["pairs"]),
        f"{100 * found['pair_error']:.2f}%",
        f"{100 * found['readout_error']:.2f}%",
        f"{100 * found['clean']:.0f}%",
    ]
    assert found["runs"] == 2
    assert found["accepted"] + found["rejected"] <= 2
    assert abs(float(row[4]) - found["distance"]) < 0.05
    assert abs(float(row[5]) - found["fidelity"]) < 0.05
    assert abs(float(row[10]) - found["reach"]) < 0.01
