"""What every command promises: an example, documented options, instant help, JSON errors, no tracebacks."""

from __future__ import annotations

import importlib
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from oracle.encoding import Finding, InputRejected
from router.console.main import cli, run
from router.console.screen import failures
from router.console.screen.commands import Command
from router.console.screen.failures import Exit, describe
from router.protocol.desks import keys
from router.protocol.stack import Roles, StackRecord
from router.settings import RoleHome

HEAVY = (
    "web3", "eth_account", "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "numpy", "scipy", "sqlalchemy", "dbos",
    "pydantic", "ruamel", "jinja2",
)  # fmt: skip


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(_commands(cli))


def test_the_commands_are_the_ones_that_the_documentation_names() -> None:
    quantum = {("quantum", name) for name in ("init", "simulate", "inspect", "promote", "watch", "validate", "vertex")}
    money = {"fund", "credits", "withdraw"}
    evidence = {"bundle", "verify"}
    people = {"jobs", "approve", "deny", "cancel", "dispute", "repair"}
    others = {
        (name,) for name in money | people | evidence | {"deploy", "demo", "up", "down", "doctor", "route", "plan"}
    }
    assert set(ALL) == quantum | others


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_has_an_example_that_parses(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    command = ALL[path]
    assert isinstance(command, Command)
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    for example in command.examples:
        assert f"  {example}\n" in shown
        words = shlex.split(example.split(" | ")[0])
        assert words[0] == "compute"
        own = words[words.index(path[-1]) + 1 :]
        if "--json" not in own and "--home" not in words:
            with click.Context(command) as ctx:
                command.parse_args(ctx, list(own))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_says_what_it_does(path: tuple[str, ...]) -> None:
    options = [option for option in ALL[path].params if isinstance(option, click.Option)]
    assert {"--json", "--home"} <= {name for option in options for name in option.opts}
    assert [option.name for option in options if not option.help] == []


def test_help_lists_commands_in_the_order_of_use(capsys: pytest.CaptureFixture[str]) -> None:
    run(["quantum", "--help"])
    listed = [line.split()[0] for line in capsys.readouterr().out.split("Commands:")[1].strip().splitlines()]
    assert listed == ["init", "vertex", "simulate", "inspect", "promote", "watch", "validate"]


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from router.console.main import run; code = run(['--help']);"
        f"heavy = sorted(set({HEAVY!r}) & set(sys.modules));"
        "print(heavy, file=sys.stderr); sys.exit(code or bool(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["jobs", "down", "quantum inspect job_7gq4hx2m9k"])
def test_a_command_that_signs_nothing_imports_nothing_that_signs(command: str, tmp_path: Path) -> None:
    script = (
        f"import sys; from router.console.main import run; run({command.split()!r} + ['--home', {str(tmp_path)!r}]);"
        "print(sorted({'eth_account', 'web3', 'qiskit', 'dbos'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_version_is_the_distribution_s(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"compute {version('compute-escrow')}\n"


def test_no_command_at_all_shows_help_and_is_an_input_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "compute demo" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["jobs", "--jsn"], "--json"),
        (["quantum", "promot", "x"], "promote"),
        (["quantum", "simulate"], "SPEC"),
        (["demo", "--ending", "happy"], "accepted"),
    ],
)
def test_a_mistyped_command_line_says_what_to_type(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert "--help` has an example" in said.err
    assert "Traceback" not in said.err


def test_with_json_usage_errors_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["quantum", "simulate", "--json"]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert set(error) == {"path", "line", "reason", "remedy"}


@pytest.mark.parametrize("name", failures.RULES)
def test_every_rule_names_an_exception_that_exists(name: str) -> None:
    module, _, cls = name.rpartition(".")
    found = getattr(importlib.import_module(module), cls)
    assert issubclass(found, Exception)
    assert found.__module__ == module, "the rule must name the module that defines it"


def test_the_nearest_rule_wins() -> None:
    from oracle.chain.errors import CallReverted, ChainDown

    down = describe(ChainDown("http://127.0.0.1:1", "refused"))
    assert down is not None
    assert down.exit_code is Exit.DEPENDENCY
    assert "compute up" in down.findings[0].remedy
    reverted = describe(CallReverted("JobEscrow_Late", {"now": 5}))
    assert reverted is not None
    assert reverted.exit_code is Exit.DENIED


def test_input_errors_keep_every_finding_in_order() -> None:
    findings = [Finding("b", 9, "r", "m"), Finding("a", 2, "r", "m")]
    failure = describe(InputRejected("job.yaml", findings))
    assert failure is not None
    assert failure.exit_code is Exit.INPUT
    assert [finding.line for finding in failure.findings] == [2, 9]


def test_an_unexpected_error_is_not_dressed_up() -> None:
    assert describe(ZeroDivisionError()) is None


def test_a_missing_file_names_the_file() -> None:
    try:
        Path("/nowhere/at/all").read_bytes()
    except OSError as error:
        failure = describe(error)
    assert failure is not None
    assert failure.exit_code is Exit.INPUT
    assert "/nowhere/at/all" in failure.findings[0].reason


def test_an_internal_error_ends_with_code_one_and_a_plea(tmp_path: Path) -> None:
    script = (
        "import sys; from router.console import main; from router.console.quantum import scaffold;"
        "scaffold.write_job = lambda folder: 1 / 0;"
        f"sys.argv = ['compute', 'quantum', 'init', {str(tmp_path / 'x')!r}, '--json']; main.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "internal error: ZeroDivisionError" in json.loads(done.stdout)["errors"][0]["reason"]


def test_a_reader_that_goes_away_causes_no_traceback() -> None:
    command = [sys.executable, "-m", "router.console.main", "doctor", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=60)
    assert said == ""
    assert process.returncode in (1, 141)


def test_the_endings_of_demo_are_those_of_the_stack() -> None:
    from router.console.running import ENDINGS
    from router.console.stack.endings import Ending

    assert set(ENDINGS) == {ending.value for ending in Ending}


def test_a_command_that_finds_nothing_makes_no_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    for arguments, code in (
        (["jobs"], 0),
        (["quantum", "inspect", "job_0000000000"], 4),
        (["quantum", "watch", "0000"], 4),
        (["fund", "0000"], 4),
        (["doctor"], 0),
        (["down"], 0),
    ):
        assert run([*arguments, "--home", str(home)]) == code, capsys.readouterr()
        assert not home.exists()
    assert "`compute jobs` lists them" in capsys.readouterr().err


def test_home_may_stand_on_either_side_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["--home", str(tmp_path / "a"), "doctor", "--json"],
        ["doctor", "--json", "--home", str(tmp_path / "a")],
    ):
        run(arguments)
        checks = json.loads(capsys.readouterr().out)["checks"]
        (home,) = [check for check in checks if check["name"] == "home"]
        assert str(tmp_path / "a") in home["said"]


def test_doctor_names_the_file_that_others_can_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "requester" / "key.json"
    key.parent.mkdir(mode=0o700)
    key.write_text("{}")
    key.chmod(0o644)
    password = key.with_name("key.password")
    password.touch(0o600)
    assert run(["doctor", "--json", "--home", str(tmp_path)]) == 5
    answer = json.loads(capsys.readouterr().out)
    problems = [check for check in answer["checks"] if check["status"] == "problem"]
    assert [problem["remedy"] for problem in problems] == [f"chmod 0600 {key}"]
    assert answer["healthy"] is False


def test_doctor_sees_a_password_that_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys.make(RoleHome(tmp_path / "requester"))
    (tmp_path / "requester" / "key.password").unlink()
    assert run(["doctor", "--json", "--home", str(tmp_path)]) == 5
    (problem,) = [each for each in json.loads(capsys.readouterr().out)["checks"] if each["status"] == "problem"]
    assert problem["said"] == f"{tmp_path / 'requester' / 'key.password'} is not there"
    assert problem["remedy"] == "put it back from a backup: no other password opens its key"


def test_doctor_sees_keys_that_were_exchanged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = {role: keys.make(RoleHome(tmp_path / role)) for role in ("requester", "operator", "worker")}
    roles = Roles(**made, payer=made["requester"], validators=(made["operator"],), quorum=1)
    stack = StackRecord("http://127.0.0.1:1", str(tmp_path / "31337.json"), roles, 2)
    (tmp_path / "stack.json").write_text(json.dumps({"chain": stack.to_json(), "processes": []}))
    (tmp_path / "requester").rename(tmp_path / "aside")
    (tmp_path / "worker").rename(tmp_path / "requester")
    (tmp_path / "aside").rename(tmp_path / "worker")
    run(["doctor", "--json", "--home", str(tmp_path)])
    said = [each["said"] for each in json.loads(capsys.readouterr().out)["checks"] if each["name"] == "keys"]
    assert said == [
        f"{tmp_path / role} holds the key of {made[other]}, and the {role} of this stack is {made[role]}"
        for role, other in (("requester", "worker"), ("worker", "requester"))
    ]


@pytest.mark.parametrize("arguments", [["up"], ["jobs"], ["quantum", "simulate", "job.yaml"], ["doctor"]])
def test_a_home_whose_roles_share_a_folder_of_keys_is_refused_by_name_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """So it was before each role had a folder of its own."""
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "router.sqlite").touch()
    before = sorted(tmp_path.rglob("*"))
    assert run([*arguments, "--json", "--home", str(tmp_path)]) == 5
    told = capsys.readouterr()
    answer = json.loads(told.out)
    (finding,) = answer.get("errors") or [check for check in answer["checks"] if check["status"] == "problem"]
    assert f"{tmp_path / 'keys'} holds the keys of all roles" in finding.get("reason", finding.get("said"))
    assert "begin anew with `compute up`" in finding["remedy"]
    assert sorted(tmp_path.rglob("*")) == before


def test_doctor_goes_on_after_a_check_that_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.yaml").write_text("limits: {max_qubits: -1}\n")
    assert run(["doctor", "--json", "--home", str(tmp_path)]) == 5
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["policy"]["status"] == "problem"
    assert "max_qubits" in checks["policy"]["said"]
    assert checks["providers"]["status"] == "ok"
