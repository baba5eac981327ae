"""``compute-oracle`` as a person meets it: instant help, errors on one line that say what to do, stable exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from oracle.chain.deployment import Deployment
from oracle.chain.transactions import keystore
from oracle.cli import main


def invoke(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_help_imports_nothing_heavy():
    script = (
        "import sys, oracle.cli; oracle.cli.main(['--help'], standalone_mode=False); "
        "print(sorted({'web3', 'qiskit', 'numpy', 'eth_account', 'pydantic'} & set(sys.modules)), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"


REGISTRY = ("status", "deposit", "join", "leave", "request-exit", "exit", "slash", "withdraw")


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("init",),
        ("run",),
        ("judge",),
        ("registry",),
        *(("registry", name) for name in REGISTRY),
        ("arbiter",),
        ("arbiter", "show"),
        ("arbiter", "rule"),
    ],
    ids=lambda command: " ".join(command) or "alone",
)
def test_every_help_has_an_example(command):
    told = invoke(*command, "--help")
    assert told.exit_code == 0
    assert "Example" in told.output
    assert f"compute-oracle {' '.join(command)}".strip() in told.output


def test_init_makes_a_key_and_prints_its_address(tmp_path):
    told = invoke("init", "--keystore", tmp_path / "k.json", "--password-file", tmp_path / "p", "--json")
    assert told.exit_code == 0
    address = json.loads(told.stdout)["address"]
    assert keystore.load(tmp_path / "k.json", tmp_path / "p").address == address


def test_init_overwrites_nothing(tmp_path):
    arguments = ("init", "--keystore", tmp_path / "k.json", "--password-file", tmp_path / "p")
    assert invoke(*arguments).exit_code == 0
    before = (tmp_path / "k.json").read_bytes()
    told = invoke(*arguments)
    assert told.exit_code == 2
    assert told.stderr.startswith("error: ")
    assert "exists already" in told.stderr
    assert (tmp_path / "k.json").read_bytes() == before


@pytest.fixture
def options(tmp_path):
    keystore.create(tmp_path / "k.json", tmp_path / "p")
    Deployment(1, "0x5FbDB2315678afecb367f032d93F642f64180aa3", "0x" + "00" * 20, "ETH", 18, 0).dump(
        tmp_path / "d.json"
    )
    return {
        "--rpc": "http://127.0.0.1:1",
        "--deployment": tmp_path / "d.json",
        "--keystore": tmp_path / "k.json",
        "--password-file": tmp_path / "p",
        "--artifacts": (tmp_path / "artifacts").as_uri(),
        "--attestations": (tmp_path / "board").as_uri(),
        "--state": tmp_path / "state",
    }


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--deployment", "none.json", "cannot be read"),
        ("--keystore", "none.json", "does not exist"),
        ("--password-file", "none", "does not exist"),
        ("--artifacts", "ftp://host/x", "ftp://host/x"),
        ("--attestations", "/no/url", "file:///"),
        ("--confirmations", "0", "0"),
        ("--poll-s", "0", "poll-s"),
    ],
)
def test_run_refuses_bad_input_with_code_2(options, option, value, told):
    arguments = [part for pair in (options | {option: value}).items() for part in pair]
    ended = subprocess.run(
        [sys.executable, "-m", "oracle.cli", "run", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_run_waits_for_a_chain_that_is_down_and_stops_when_told(options):
    arguments = [part for pair in options.items() for part in pair]
    with subprocess.Popen(
        [sys.executable, "-m", "oracle.cli", "run", *map(str, arguments)], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = json.loads(process.stderr.readline())
        assert (line["event"], line["level"]) == ("waiting", "warning")
        assert "does not answer" in line["reason"]
        process.terminate()
        assert process.wait(timeout=30) == 0
