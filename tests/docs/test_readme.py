"""The README does what it says: every command in it is run here, or found in the test that runs it."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
from pathlib import Path

import click
import pytest
from terminal import terminal_in

from oracle.cli import main as oracle_cli
from router.console.main import cli
from router.console.stack.endings import Ending

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = [block.strip().splitlines() for block in re.findall(r"```sh\n(.*?)```", README, re.S)]
DEMO = ".venv/bin/compute demo"
UNSEEN = {"queued", "running"}
"""A provider is polled, so a short queue or a short run may pass unseen."""
MAKES = {"make demo", "make test"}
ON_PATH = 'export PATH="$PWD/.venv/bin:$PATH"'


def first_job() -> list[str]:
    """The block of the first job, from `compute up` to `compute down`."""
    (found,) = (block for block in BLOCKS if block[0] == "compute up")
    return found


def endings() -> set[str]:
    """The endings that the README names."""
    prefix = f"{DEMO} --ending "
    return {line.removeprefix(prefix) for block in BLOCKS for line in block if line.startswith(prefix)}


def test_every_command_of_the_readme_is_run_here_or_in_the_test_of_the_endings() -> None:
    run = MAKES | {ON_PATH} | set(first_job()) | {f"{DEMO} --ending {ending}" for ending in endings()}
    assert {line for block in BLOCKS for line in block} == run


def test_compute_is_on_the_path_before_it_is_typed_without_one() -> None:
    done = subprocess.run(["sh", "-c", f"{ON_PATH}; command -v compute"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == str(ROOT / ".venv" / "bin" / "compute")
    lines = [line for block in BLOCKS for line in block]
    assert lines.index(ON_PATH) < min(index for index, line in enumerate(lines) if line.startswith("compute "))


def made(target: str) -> str:
    """What `make` would run for `target`."""
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_make_demo_runs_the_demonstration_and_asks_for_nothing() -> None:
    lines = [line for line in made("demo").splitlines() if DEMO in line]
    assert len(lines) == 1
    assert lines[0].rstrip().endswith(DEMO)


def test_make_test_runs_the_contracts_tests_and_all_of_ours() -> None:
    lines = made("test").splitlines()
    # The promises are invariants of their own; `make fuzz` asks all of them at once.
    assert any(line.endswith("scripts/forge.sh test --no-match-contract '^AllPromises$'") for line in lines)
    (ours,) = (line for line in lines if "-m pytest" in line)
    # A browser is not brought along, and installations by pip take minutes: each has a target of its own.
    left_out = [
        word for word in ours.split("-m pytest")[1].split() if word.startswith(("--ignore", "--deselect", "-k", "-m"))
    ]
    assert left_out == ["--ignore=tests/browser", "--ignore=tests/install"]


def test_the_browsers_tests_find_the_sample_that_they_share_though_make_test_leaves_them_out() -> None:
    browser = runpy.run_path(str(ROOT / "tests" / "browser" / "conftest.py"))
    assert browser["SAMPLE"].is_file()


def test_the_endings_it_names_are_all_there_are_and_each_is_tested() -> None:
    assert endings() == {ending.value for ending in Ending} - {Ending.ACCEPTED.value}
    tree = ast.parse((ROOT / "tests" / "e2e" / "test_endings.py").read_text())
    tested = {
        call.args[1].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "demo"
        if isinstance(call.args[1], ast.Constant)
    }
    assert endings() | {Ending.ACCEPTED.value} <= tested


@pytest.mark.e2e
@pytest.mark.slow
def test_the_demonstration_shows_what_the_readme_says_was_seen(tmp_path: Path) -> None:
    said = terminal_in(tmp_path)("demo")
    (seen,) = re.findall(r"## What you just saw\n(.*?)\n## ", README, re.S)
    steps = re.findall(r"^\d\. \*\*(.+?)\*\*", seen, re.M)
    words = [word for step in steps for word in step.split(", ")]
    assert words[0] == "created"
    assert words[-1] == "settled"
    places = {word: said.out.find(word) for word in words}
    shown = [place for place in places.values() if place >= 0]
    assert {word for word, place in places.items() if place < 0} <= UNSEEN
    assert shown == sorted(shown), "in another order"
    (report,) = re.findall(r"a page to look at, `(.+?)`", seen)
    assert (tmp_path / report).is_file()
    assert "25.00 lUSD" in said.err, "the budget, in tokens"
    assert "20.00 lUSD to the worker, 5.00 lUSD back to the payer" in said.out


# Every README


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize(
    "page", [page for page in pages() if page.name == "README.md"], ids=lambda p: str(p.parent.name)
)
def test_relative_links_of_every_readme_resolve(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    relative = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not (page.parent / link).exists()] == []


EXPLAINED_BY_THEIR_PARENT = {"router/control/store/migrations", "router/control/store/migrations/versions"}
"""Folders that a tool wants as they are."""


def test_every_folder_with_code_of_ours_says_what_it_is() -> None:
    folders = {
        path.parent
        for package in ("oracle", "router")
        for path in (ROOT / package).rglob("*.py")
        if "templates" not in path.parts
    }
    missing = {str(folder.relative_to(ROOT)) for folder in folders if not (folder / "README.md").is_file()}
    assert missing == EXPLAINED_BY_THEIR_PARENT


def test_every_folders_page_names_its_modules_and_none_that_is_gone() -> None:
    for package in ("oracle", "router"):
        for page in sorted((ROOT / package).rglob("README.md")):
            modules = {path.stem for path in page.parent.glob("*.py")} - {"__init__", "__main__"}
            folders = {path.name for path in page.parent.iterdir() if path.is_dir() and path.name != "__pycache__"}
            known = folders | {path.stem for path in page.parent.rglob("*.py")}
            text = page.read_text()
            where = page.relative_to(ROOT)
            unnamed = {name for name in modules | folders if not re.search(rf"\b{name}\b", text)}
            assert unnamed == set(), f"{where} does not name them"
            for rows in re.findall(r"^\| (?:file|module|folder, module) \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", text, re.M):
                cells = [row.split("|")[1] for row in rows.splitlines()]
                named = {name for cell in cells for name in re.findall(r"`([a-z_0-9]+)(?:\.py)?`", cell)}
                assert named <= known, f"{where} names what is gone"


PROGRAMS: dict[str, click.Command] = {"compute": cli, "compute-oracle": oracle_cli}


def test_every_command_that_a_page_names_exists() -> None:
    named = 0
    for page in pages():
        for program, rest in re.findall(r"(?:^|`|/)(compute(?:-oracle)?)((?: [a-z][a-z-]*)+)", page.read_text(), re.M):
            command = PROGRAMS[program]
            for word in rest.split():
                if not isinstance(command, click.Group):
                    break
                found = command.get_command(click.Context(command), word)
                assert found is not None, f"{page.relative_to(ROOT)}: {program}{rest}: there is no `{word}`"
                command = found
                named += 1
    assert named > 20
