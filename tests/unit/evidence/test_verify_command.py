"""`compute-oracle verify` and `compute verify`: what is printed, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from forgeries import sealed

from oracle.cli import main as oracle_command
from oracle.evidence.packing.bundle import Bundle
from oracle.evidence.packing.manifest import Missing
from router.console.main import run


def typed(*words: str, code: int = 0) -> Result:
    """What `compute-oracle verify` prints."""
    done = CliRunner().invoke(oracle_command, ["verify", *words])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def file(tmp_path: Path, accepted: bytes) -> Path:
    path = tmp_path / "evidence.zip"
    path.write_bytes(accepted)
    return path


def test_a_validators_own_command_verifies_all_but_the_routers_log(file: Path) -> None:
    shown = typed(str(file)).output
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.splitlines()[-1] == "All that is checked here holds; events: not checked."
    checks = {check["check"]: check["result"] for check in json.loads(typed(str(file), "--json").output)["checks"]}
    assert checks.pop("events") == "elsewhere"
    assert set(checks.values()) == {"holds"}


def test_compute_verifies_the_log_as_well(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["holds"] is True
    assert {check["check"] for check in found["checks"]} >= {"events", "record", "causes"}
    assert run(["verify", str(file)]) == 0
    assert "All of it holds." in capsys.readouterr().out


def test_a_changed_byte_ends_with_6_and_says_where(file: Path, bundle: Bundle) -> None:
    (path,) = bundle.of("raw_result")
    data = bytearray(file.read_bytes())
    at = bytes(data).index(bundle.members[path])
    data[at] ^= 1
    file.write_bytes(bytes(data))
    shown = typed(str(file), code=6).output
    assert "fails     container" in shown
    assert f"at artifacts/{path.removeprefix('artifacts/')[:10]}…, byte" in shown
    assert run(["verify", str(file)]) == 6


def test_what_cannot_be_derived_ends_with_5(file: Path, bundle: Bundle) -> None:
    (path,) = bundle.of("raw_result")
    told = (Missing("raw_result", f"0x{path.removeprefix('artifacts/')}", "it is not in the artifact store"),)
    file.write_bytes(sealed(bundle, {path: None}, told))
    assert "open      verdict" in typed(str(file), code=5).output
    assert run(["verify", str(file)]) == 5


def test_a_file_that_is_not_there_is_input(tmp_path: Path) -> None:
    assert "nothing.zip" in typed(str(tmp_path / "nothing.zip"), code=2).output
    assert run(["verify", str(tmp_path / "nothing.zip")]) == 2


def test_a_node_that_does_not_answer_leaves_the_chain_open(file: Path) -> None:
    found = json.loads(typed(str(file), "--rpc", "http://127.0.0.1:9", "--json", code=5).output)
    assert found["failed"] == []
    assert found["open"] == ["chain"]


def test_no_control_character_of_a_file_reaches_the_terminal(file: Path, bundle: Bundle) -> None:
    (path,) = bundle.of("raw_result")
    told = (Missing("raw_result", f"0x{path.removeprefix('artifacts/')}", "\x1b[31mall is well\x1b[0m\n\n"),)
    file.write_bytes(sealed(bundle, {path: None}, told))
    assert "\x1b" not in typed(str(file), code=5).output
