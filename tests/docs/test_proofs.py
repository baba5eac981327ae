"""What contracts/MUTANTS.md and the table of attacks promise: each survivor has a reason, each attack a test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rows(page: str, heading: str) -> list[list[str]]:
    """Cells of the table that starts with this row."""
    lines = (ROOT / page).read_text().splitlines()
    table = lines[lines.index(heading) + 2 :]
    ends = next((i for i, line in enumerate(table) if not line.startswith("|")), len(table))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[:ends]]


def test_every_surviving_mutant_has_a_reason() -> None:
    survivors = rows("contracts/MUTANTS.md", "| survivor | why |")
    unexplained = [cells[0] for cells in survivors if len(cells) != 2 or len(cells[1]) < 10]
    assert not unexplained, "write in contracts/MUTANTS.md why no test can kill these, or a test that does"


def test_the_figures_of_mutants_add_up() -> None:
    *files, total = rows("contracts/MUTANTS.md", "| file | mutants | killed | survived |")
    sums = [sum(int(cells[i]) for cells in files) for i in (1, 2, 3)]
    assert [int(cell) for cell in total[1:]] == sums
    assert all(int(cells[1]) == int(cells[2]) + int(cells[3]) for cells in files)
    assert sums[2] == len(rows("contracts/MUTANTS.md", "| survivor | why |"))


def test_every_attack_has_the_test_that_is_named() -> None:
    attacks = rows("tests/contracts/README.md", "| attack | file | test |")
    assert len(attacks) >= 30
    for attack, file, tests in attacks:
        source = (ROOT / "tests/contracts" / f"{file.strip('`')}.t.sol").read_text()
        for test in re.findall(r"`(\w+)`", tests):
            assert re.search(rf"function {test}\(", source), f"{attack}: {file} has no {test}"
        assert "`" in tests, f"{attack}: no test is named"
