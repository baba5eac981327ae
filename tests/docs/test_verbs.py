"""The pages in contracts/verbs/ say all that the ABI has, nothing that it has not, and the gas that was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "contracts" / "verbs"
FOLDERS = {"JobEscrow": PAGES, "ValidatorRegistry": PAGES / "registry"}
OF_CONSTRUCTORS = {"ValidatorRegistry_Bond", "ValidatorRegistry_ExitDelay", "ValidatorRegistry_NotToken"}
UNREACHABLE = {
    "MerkleRoot_NoLeaves",  # an empty batch is refused as JobEscrow_BatchLength before
    "FnSelectorNotRecognized",
}


def abi(contract: str, kind: str) -> dict[str, Any]:
    """The members of the contract's ABI of one kind, by name."""
    found = json.loads((ROOT / "oracle" / "chain" / "abi" / f"{contract}.json").read_text())["abi"]
    return {member["name"]: member for member in found if member["type"] == kind}


def verbs(contract: str) -> dict[str, Any]:
    """The functions that change something."""
    functions = abi(contract, "function")
    return {name: member for name, member in functions.items() if member["stateMutability"] not in ("view", "pure")}


def pages(contract: str) -> dict[str, str]:
    """The text of each page, by its verb."""
    return {page.stem: page.read_text() for page in FOLDERS[contract].glob("*.md") if page.stem != "README"}


EVERY_PAGE = [(contract, verb) for contract in FOLDERS for verb in sorted(pages(contract))]


@pytest.mark.parametrize("contract", FOLDERS)
def test_every_verb_has_its_page_and_no_page_is_about_a_verb_that_is_gone(contract: str) -> None:
    assert set(pages(contract)) == set(verbs(contract))


@pytest.mark.parametrize("contract", FOLDERS)
def test_every_view_is_named_in_the_index(contract: str) -> None:
    views = set(abi(contract, "function")) - set(verbs(contract))
    index = (PAGES / "README.md").read_text()
    assert [name for name in sorted(views) if f"`{name}`" not in index] == []


@pytest.mark.parametrize(("contract", "verb"), EVERY_PAGE)
def test_a_page_gives_the_signature_of_the_abi(contract: str, verb: str) -> None:
    found = verbs(contract)[verb]
    typed = [f"{each['internalType'].split(' ')[-1]} {each['name']}" for each in found["inputs"]]
    payable = " payable" if found["stateMutability"] == "payable" else ""
    assert f"`{verb}({', '.join(typed)}){payable}`" in pages(contract)[verb]


@pytest.mark.parametrize("contract", FOLDERS)
def test_every_error_and_event_stands_on_some_page_and_none_that_does_not_exist(contract: str) -> None:
    text = "\n".join(pages(contract).values())
    errors, events = set(abi(contract, "error")), set(abi(contract, "event"))
    named = set(re.findall(r"^\| `(\w+_\w+)` \|", text, re.M))
    told = {name for line in re.findall(r"^Events: (.*)\.$", text, re.M) for name in re.findall(r"`(\w+)`", line)}
    assert named == errors - UNREACHABLE - OF_CONSTRUCTORS
    assert told == events - {"EIP712DomainChanged"}


@pytest.mark.parametrize(("contract", "verb"), EVERY_PAGE)
def test_the_gas_on_a_page_is_the_gas_that_was_measured(contract: str, verb: str) -> None:
    measured = json.loads((ROOT / "tests" / "golden" / "gas.json").read_text())
    _, _, table = pages(contract)[verb].partition("| gas | native | ERC-20 |\n|---|---|---|\n")
    for operation, native, token in re.findall(r"^\| ([^|]+) \| ([\d,]*) \| ([\d,]*) \|$", table, re.M):
        shown = {"native": native, "ERC-20": token}
        assert {key: int(gas.replace(",", "")) for key, gas in shown.items() if gas} == measured[operation], operation


def test_every_measured_operation_stands_on_some_page() -> None:
    text = "\n".join(pages("JobEscrow").values())
    measured = json.loads((ROOT / "tests" / "golden" / "gas.json").read_text())
    per_job = {"batch job of 100 runs, fund + settle, per run"}  # two verbs' figures, divided: see contracts/README.md
    assert [name for name in measured if f"| {name} |" not in text and name not in per_job] == []
