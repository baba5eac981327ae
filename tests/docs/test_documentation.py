"""What the documentation promises: links lead somewhere, commands exist, the layers drawn are the layers held."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from router.console.main import cli

ROOT = Path(__file__).parents[2]


@cache
def tracked() -> tuple[str, ...]:
    """Every file that belongs to the repository, committed or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(sorted({name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}))


PAGES = tuple(name for name in tracked() if name.endswith(".md"))


def prose(page: str) -> str:
    return (ROOT / page).read_text()


def commands(page: str) -> list[str]:
    """Lines of shell blocks and inline code, without comments."""
    text = prose(page)
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    return [line.split(" #")[0].strip() for line in lines]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", prose(page), flags=re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page} links to {link}, which is not there"
        if anchor:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.M)
            anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in anchors, f"{page} links to {link}, and there is no such heading"


NAMED = re.compile(
    r"\b(?:contracts|docs|oracle|requirements|router|scripts|tests)/[\w./-]+\.(?:json|md|py|sh|sol|txt|yaml)\b"
)


@pytest.mark.parametrize(
    "page", [name for name in tracked() if name.endswith((".md", ".py", ".sh", ".toml", "Makefile"))]
)
def test_files_that_are_named_are_there(page: str) -> None:
    if page == "CHANGELOG.md":  # it says where things were
        return
    here = (ROOT, (ROOT / page).parent)
    missing = {name for name in NAMED.findall(prose(page)) if not any((folder / name).exists() for folder in here)}
    assert missing == set()


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", prose("Makefile"), re.M))
    for line in commands(page):
        if line.startswith("make "):
            named = [word for word in shlex.split(line)[1:] if "=" not in word and word != "…"]
            assert set(named) <= targets, f"{page} names `{line}`"


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_their_options_exist(page: str) -> None:
    for line in commands(page):
        words = line.removeprefix(".venv/bin/").split()
        if len(words) < 2 or words[0] != "compute" or "…" in line:
            continue
        command: click.Command = cli
        rest = words[1:]
        while rest and isinstance(command, click.Group) and not rest[0].startswith("-"):
            found = command.get_command(click.Context(command), rest[0])
            assert found is not None, f"{page} names `{line}`, and there is no `{rest[0]}`"
            command, rest = found, rest[1:]
        known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
        used = {word.split("=")[0] for word in rest if word.startswith("--")}
        assert used <= known | {"--help"}, f"{page} names `{line}`, and {used - known} is no option of it"


def test_every_make_target_is_explained() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", prose("Makefile"), re.M)) - {"help", "setup"}
    explained = set(re.findall(r"\| `make ([a-z-]+)` \|", prose("CONTRIBUTING.md")))
    assert explained == targets


def test_the_layers_drawn_are_the_layers_held() -> None:
    drawn = re.findall(r"^(oracle|router): (.+)$", prose("CONTRIBUTING.md"), re.M)
    contracts = tomllib.loads(prose("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    held = {c["name"].removeprefix("Layers of "): c["layers"] for c in contracts if c["type"] == "layers"}
    assert len(drawn) == 2
    for package, line in drawn:
        assert line.split(" > ") == [layer.replace(f"{package}.", "") for layer in held[package]]


def test_every_folder_of_the_packages_is_a_layer() -> None:
    contracts = tomllib.loads(prose("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layered = {
        name.strip()
        for c in contracts
        if c["type"] == "layers"
        for row in c["layers"]
        for name in re.split("[|:]", row)
    }
    folders = {name.split("/")[1] for name in tracked() if re.match(r"(oracle|router)/\w+/.+\.py$", name)}
    assert folders <= layered


def folders_of(folder: str) -> set[str]:
    return {path.parent.name for path in Path(ROOT, folder).glob("*/__init__.py")}


def test_the_house_drawn_is_the_folders_there_are() -> None:
    boxes = dict(re.findall(r"─ (oracle|router) ─+┐.*?\n(.+?)└", prose("README.md"), re.S))
    lines = {name: [row[3:61].strip() for row in box.splitlines()] for name, box in boxes.items()}
    rooms = re.findall(r"\b(\w+):", "\n".join(lines["router"]))
    assert sorted(rooms) == sorted(folders_of("router"))
    (control,) = (row.removeprefix("control: ") for row in lines["router"] if row.startswith("control: "))
    assert set(control.split(" ─ ")) == folders_of("router/control")
    chain = [name for row in lines["oracle"] if "─" in row for name in row.split(" ─ ")]
    assert sorted(chain) == sorted(folders_of("oracle"))
    contracts = tomllib.loads(prose("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["name"] == "Layers of oracle")
    height = {name: -place for place, row in enumerate(layers) for name in row.split(" | ")}
    drawn = [height[name] for name in chain]
    assert drawn == sorted(drawn), "from the lowest layer to the highest"


def needed(project: dict[str, Any]) -> list[str]:
    """What the package and all its extras require, but for the extra that names the others."""
    extras = project["project"]["optional-dependencies"]
    brought = [requirement for name, requirements in extras.items() if name != "all" for requirement in requirements]
    return list(dict.fromkeys(project["project"]["dependencies"] + brought))


def test_every_dependency_is_in_the_lock_that_installs_it() -> None:
    project = tomllib.loads(prose("pyproject.toml"))
    groups = project["dependency-groups"]
    runtime = needed(project) + project["build-system"]["requires"]
    wanted = {
        "requirements/runtime.txt": runtime + groups["test"] + groups["check"],
        "requirements/floors.txt": runtime + groups["test"],
        "requirements/ape.txt": groups["ape"],
        "requirements/node.txt": prose("requirements/node.in").split(),
        "requirements/numpy1.txt": prose("requirements/numpy1.in").split(),
        "requirements/uv.txt": prose("requirements/uv.in").split(),
    }
    for lock, requirements in wanted.items():
        locked = set(re.findall(r"^([a-z0-9.-]+)==", prose(lock), re.M))
        named = {re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower() for requirement in requirements}
        names = {re.sub(r"[._-]+", "-", name) for name in named}
        assert names <= locked, f"{lock} lacks {', '.join(sorted(names - locked))}; run make lock"


def test_the_newest_section_of_the_changelog_is_of_the_package_s_version() -> None:
    newest = re.findall(r"^## \[([0-9.]+)\] - \d{4}-\d{2}-\d{2}$", prose("CHANGELOG.md"), re.M)[0]
    assert newest == tomllib.loads(prose("pyproject.toml"))["project"]["version"]


def test_every_folder_of_code_has_a_readme() -> None:
    folders = {str(Path(name).parent) for name in tracked() if name.endswith((".py", ".sol", ".sh", ".js"))}
    wanted = {folder for folder in folders if re.fullmatch(r"(oracle|router)/\w+|contracts|scripts", folder)}
    missing = sorted(folder for folder in wanted if f"{folder}/README.md" not in tracked())
    assert missing == [], f"without a README: {', '.join(missing)}"


def test_every_folder_of_tests_is_explained() -> None:
    folders = {name.split("/")[1] for name in tracked() if name.startswith("tests/") and name.count("/") > 1}
    explained = set(re.findall(r"\| `tests/(\w+)/` \|", prose("CONTRIBUTING.md")))
    assert folders <= explained


def test_folders_of_unit_tests_are_folders_of_the_packages() -> None:
    """A test is looked for where its module is."""
    folders = {Path(*Path(name).parts[2:-1]) for name in tracked() if re.fullmatch(r"tests/unit/.+/\w+\.py", name)}
    astray = {str(each) for each in folders if not any((ROOT / top / each).is_dir() for top in ("oracle", "router"))}
    assert astray == set()


def test_no_page_names_a_path_of_one_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(^|[\s`(])/(root|home/\w+|Users)/", prose(page)), page


def test_every_floor_is_a_version_that_the_tests_run_with() -> None:
    """`make test-floors` installs what this lock pins; a lower floor would promise what nobody tried."""
    project = tomllib.loads(prose("pyproject.toml"))
    locked = dict(re.findall(r"^([a-z0-9.-]+)==([^ ;]+)", prose("requirements/floors.txt"), re.M))
    named = needed(project) + project["dependency-groups"]["test"]
    for requirement in named:
        name, floor = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[.*\])?>=([0-9.]+)", requirement).groups()  # type: ignore[union-attr]
        tried = locked[re.sub(r"[._]+", "-", name.lower())].split(".")
        wanted = floor.split(".")
        assert tried[: len(wanted)] == wanted, f"{requirement}: tried with {'.'.join(tried)}"
        assert set(tried[len(wanted) :]) <= {"0"}, f"{requirement}: tried with {'.'.join(tried)}"


@pytest.mark.parametrize("lock", [name for name in tracked() if re.fullmatch(r"requirements/.*\.txt", name)])
def test_a_lock_names_versions_and_digests_and_no_registry(lock: str) -> None:
    for line in prose(lock).splitlines():
        assert re.fullmatch(
            r"([A-Za-z0-9._\[\],-]+==[^ ]+( ; [^\\]+)? \\)|(    --hash=sha256:[0-9a-f]{64}( \\)?)", line
        ), line
