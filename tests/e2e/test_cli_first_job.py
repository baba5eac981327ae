"""The six commands of the first job, as the documentation has them, on a stack that `compute up` starts."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from web3 import HTTPProvider, Web3

from oracle.encoding import sha256_hex

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@dataclass(frozen=True)
class Shell:
    """A folder in which `compute` is typed."""

    folder: Path

    def run(self, line: str, *, expect: int = 0, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "router.console.main", *line.split()[1:]]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPUTE_")}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        assert done.returncode == expect, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, line: str, *, expect: int = 0) -> dict[str, object]:
        value = json.loads(self.run(f"{line} --json", expect=expect).stdout)
        assert isinstance(value, dict)
        return value


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in a folder whose stack runs."""
    shell = Shell(tmp_path_factory.mktemp("first-job"))
    try:
        shell.run("compute up")
        yield shell
    finally:
        shell.run("compute down")


@pytest.fixture(scope="module")
def settled(shell: Shell) -> str:
    """The job of the six commands, run to its end."""
    shell.run("compute quantum init optimizer-demo")
    said = shell.run("compute quantum simulate ./optimizer-demo/job.yaml").stdout
    match = re.search(r"job_[0-9a-z]{10}", said)
    assert match is not None
    job = match[0]
    shell.run(f"compute quantum inspect {job} --artifacts")
    shell.run(f"compute quantum promote {job} --target ibm --max-budget 25")
    shell.run(f"compute quantum watch {job}")
    shell.run(f"compute quantum validate {job}")
    return job


def test_the_first_job_is_accepted_and_paid(shell: Shell, settled: str) -> None:
    record = shell.json(f"compute quantum inspect {settled}")["record"]
    assert isinstance(record, dict)
    assert (record["state"], record["escrow"], record["outcome"]) == ("settled", "released", "accept")
    assert record["target"] == "fake_torino"
    assert record["worker_paid"] == "20000000"


def test_a_disputed_proposal_is_ruled_on_and_the_record_follows_the_chain(shell: Shell, settled: str) -> None:
    """For some seconds the proposal stands, and the router looks at the chain again and again."""
    oracle = [sys.executable, "-m", "oracle.cli"]
    key = ["--keystore", "arbiter.json", "--password-file", "arbiter.password"]

    def typed(*words: str) -> dict[str, object]:
        done = subprocess.run(
            [*oracle, *words, "--json"], cwd=shell.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    arbiter = str(typed("init", *key)["address"])
    draft = (shell.folder / "optimizer-demo" / "job.yaml").read_text()
    windows = "  challenge_window_s: 3600\n  ruling_window_s: 86400\n"
    (shell.folder / "optimizer-demo" / "disputable.yaml").write_text(
        draft.replace("  release_on: validated\n", f"  release_on: validated\n  arbiter: '{arbiter}'\n{windows}")
    )
    job = str(shell.json("compute quantum simulate ./optimizer-demo/disputable.yaml")["job"])
    shell.run(f"compute quantum promote {job} --target ibm --max-budget 25")
    proposal = f"compute dispute {job}"
    for _ in range(20):
        shell.run(f"compute quantum watch {job} --timeout 8", expect=5)  # the router goes on looking
        if already := proposal in shell.run(f"compute quantum inspect {job}").stdout:
            break
    assert already
    shell.run(f"compute quantum watch {job} --timeout 8", expect=5)
    assert proposal in shell.run(f"compute quantum inspect {job}").stdout, "the record forgot the proposal"

    made = shell.json(f"compute dispute {job}")
    stack = json.loads((shell.folder / ".compute" / "stack.json").read_text())["chain"]
    chain = ["--rpc", str(stack["rpc_url"]), "--deployment", str(stack["deployment"])]
    Web3(HTTPProvider(stack["rpc_url"])).provider.make_request("anvil_setBalance", [arbiter, hex(10**18)])
    shown = typed("arbiter", "show", str(made["escrow_id"]), *chain)
    assert shown["status"] == "disputed"
    typed("arbiter", "rule", str(made["escrow_id"]), "--worker-amount", "5000000", "--bond", "returned", *chain, *key)

    shell.run(f"compute quantum watch {job}", expect=6)
    found = shell.json(f"compute quantum inspect {job}")
    record, events = found["record"], found["events"]
    assert isinstance(record, dict)
    assert isinstance(events, list)
    assert (record["state"], record["escrow"], record["outcome"]) == ("settled", "split", "ruling")
    assert (record["worker_paid"], record["payer_paid"]) == ("5000000", "20000000")
    moved = [event["payload"]["escrow"] for event in events if event["kind"] == "escrow"]
    assert moved == ["locked", "proposed", "disputed", "split"]
    shell.run(f"compute bundle {job} --out ruled.zip")
    assert shell.json("compute verify ruled.zip")["holds"], "the evidence of a ruling does not hold"


def test_the_evidence_of_a_settled_job_holds_alone_and_against_its_chain(shell: Shell, settled: str) -> None:
    made = shell.json(f"compute bundle {settled}")
    assert made["missing"] == []
    shell.run(f"compute bundle {settled} --out again.zip")
    file = shell.folder / f"{settled}.evidence.zip"
    assert file.read_bytes() == (shell.folder / "again.zip").read_bytes(), "the same record gave other bytes"
    shell.run(f"compute bundle {settled} --out optimizer-demo/job.yaml", expect=2)
    rpc = json.loads((shell.folder / ".compute" / "stack.json").read_text())["chain"]["rpc_url"]
    found = shell.json(f"compute verify {file.name} --rpc {rpc}")
    checks = found["checks"]
    assert isinstance(checks, list)
    assert {check["check"]: check["result"] for check in checks if check["result"] != "holds"} == {}
    assert {check["check"] for check in checks} >= {"chain: code", "chain: blocks", "chain: logs", "chain: status"}
    own = [sys.executable, "-m", "oracle.cli", "verify", file.name]
    done = subprocess.run(own, cwd=shell.folder, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_command_names_the_next_one(shell: Shell, settled: str) -> None:
    """Copying what is printed after `Next:` leads from the first command to the last."""
    simulated = shell.run("compute quantum simulate ./optimizer-demo/job.yaml").stdout
    following = simulated.split("Next: ")[1].strip()
    assert re.fullmatch(r"compute quantum inspect job_[0-9a-z]{10} --artifacts", following)
    following = shell.run(following).stdout.split("Next: ")[1].strip()
    assert re.fullmatch(r"compute quantum promote job_[0-9a-z]{10} --target ibm --max-budget 25", following)
    assert settled not in following


def test_every_artifact_of_a_settled_job_is_there_and_hashes(shell: Shell, settled: str) -> None:
    rows = shell.json(f"compute quantum inspect {settled} --artifacts")["artifacts"]
    assert isinstance(rows, list)
    assert {row["kind"] for row in rows} >= {
        "original_spec", "normalised_spec", "code_version", "circuit", "baseline", "simulation_output",
        "routing_decision", "gate_report", "provider_job", "calibration_snapshot", "raw_result", "verdict_document",
        "attestations", "settlement_receipt",
    }  # fmt: skip
    for row in rows:
        assert row["size"] == Path(row["path"]).stat().st_size > 0
        assert sha256_hex(Path(row["path"]).read_bytes()) == row["digest"]


def test_the_settlement_receipt_is_what_the_last_event_carries(shell: Shell, settled: str) -> None:
    shown = shell.json(f"compute quantum inspect {settled} --artifacts")
    rows, events = shown["artifacts"], shown["events"]
    assert isinstance(rows, list)
    assert isinstance(events, list)
    (receipt,) = (row for row in rows if row["kind"] == "settlement_receipt")
    assert receipt["digest"] == events[-1]["payload_digest"]
    assert json.loads(Path(receipt["path"]).read_bytes()) == events[-1]["payload"]
    assert events[-1]["payload"]["worker_paid"] == "20000000"


def test_watch_streams_one_json_object_a_line_in_the_order_of_the_record(shell: Shell, settled: str) -> None:
    lines = [json.loads(line) for line in shell.run(f"compute quantum watch {settled} --json").stdout.splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    kinds = [line["kind"] for line in lines if line["kind"] != "escrow"]
    assert kinds[:3] == ["created", "simulated", "promoted"]
    assert kinds[-3:] == ["completed", "validated", "settled"]
    assert (lines[-1]["state"], lines[-1]["escrow"]) == ("settled", "released")


def test_validate_recomputes_the_digest_that_the_validators_signed(shell: Shell, settled: str) -> None:
    answer = shell.json(f"compute quantum validate {settled}")
    assert answer["agree"] is True
    assert answer["outcome"] == "accept"
    assert answer["ours"] == answer["on_chain"]
    figures = answer["descriptive_figures"]
    assert isinstance(figures, dict)
    assert set(figures) == {"tvd", "hellinger_fidelity", "linear_xeb", "heavy_outputs", "fidelity"}
    assert figures["tvd"]["low"] <= figures["tvd"]["value"] <= figures["tvd"]["high"] < 0.25
    assert "Hellinger fidelity" in shell.run(f"compute quantum validate {settled}").stdout


def test_inspect_draws_the_settled_result_with_the_thresholds_of_its_verdict(shell: Shell, settled: str) -> None:
    assert shell.json(f"compute quantum inspect {settled} --figure result.svg")["figure"] == "result.svg"
    drawn = (shell.folder / "result.svg").read_text()
    for words in (f"{settled} on fake_torino: verdict accept", "accept below 0.25", "Hellinger fidelity"):
        assert words in drawn


def test_funding_again_locks_nothing_more(shell: Shell, settled: str) -> None:
    answer = shell.json(f"compute fund {settled}")
    assert answer["already"] is True


def test_a_promoted_job_is_not_promoted_again(shell: Shell, settled: str) -> None:
    (error,) = shell.json(f"compute quantum promote {settled} --target ibm --max-budget 25", expect=2)["errors"]  # type: ignore[misc]
    assert "promoted already" in error["reason"]


def test_a_new_circuit_family_waits_for_a_person(shell: Shell, settled: str) -> None:
    spec = shell.folder / "optimizer-demo/other.yaml"
    spec.write_text((shell.folder / "optimizer-demo/job.yaml").read_text().replace("ring-maxcut-qaoa", "my-own"))
    job = shell.json(f"compute quantum simulate {spec}")["job"]
    before = shell.json(f"compute quantum inspect {job}")["record"]
    errors = shell.json(f"compute quantum promote {job} --target ibm --max-budget 25", expect=3)["errors"]
    assert isinstance(errors, list)
    assert [error["path"] for error in errors] == ["approvals"]
    assert "simulation" in errors[0]["remedy"]
    assert shell.json(f"compute quantum inspect {job}")["record"] == before
    shell.run(f"compute approve {job} --note reviewed")
    answer = shell.json(f"compute quantum promote {job} --target ibm --max-budget 25 --no-fund")
    assert answer["funding"] is None
    assert answer["next"] == f"compute fund {job}"
    shell.run(f"compute cancel {job}")
    record = shell.json(f"compute quantum inspect {job}")["record"]
    assert isinstance(record, dict)
    assert (record["state"], record["escrow"]) == ("cancelled", "none")
    shell.run(f"compute quantum watch {job}", expect=6)


def test_a_target_that_nobody_has_is_denied_with_every_reason(shell: Shell, settled: str) -> None:
    job = shell.json("compute quantum simulate ./optimizer-demo/job.yaml")["job"]
    done = shell.run(f"compute quantum promote {job} --target nowhere --max-budget 25", expect=3)
    assert done.stdout == ""
    assert "asked for nowhere" in done.stderr
    assert "nothing can run it on nowhere" in done.stderr


def test_the_operator_can_deny_a_job_for_good(shell: Shell, settled: str) -> None:
    job = shell.json("compute quantum simulate ./optimizer-demo/job.yaml")["job"]
    shell.run(f"compute deny {job} --note unwanted")
    record = shell.json(f"compute quantum inspect {job}")["record"]
    assert isinstance(record, dict)
    assert record["state"] == "rejected"
    assert "unwanted" in str(record["reason"])
    shell.run(f"compute quantum promote {job} --target ibm --max-budget 25", expect=2)


def test_jobs_lists_what_there_is_and_filters_by_state(shell: Shell, settled: str) -> None:
    listed = shell.json("compute jobs --state settled")["jobs"]
    assert isinstance(listed, list)
    assert settled in [job["job"] for job in listed]
    assert {job["state"] for job in listed} == {"settled"}
    everything = shell.json("compute jobs")["jobs"]
    assert isinstance(everything, list)
    assert {"settled", "simulated"} <= {job["state"] for job in everything}
    assert settled in shell.run("compute jobs").stdout


def test_route_says_where_it_would_run_and_why_not_elsewhere(shell: Shell, settled: str) -> None:
    said = shell.run("compute route ./optimizer-demo/job.yaml --target ibm").stdout
    assert "Would run on fake_torino" in said
    assert "not hardware" in said
    assert "asked for ibm, this is a simulator" in said


def test_doctor_finds_nothing_wrong_with_a_running_stack(shell: Shell, settled: str) -> None:
    answer = shell.json("compute doctor")
    assert answer["healthy"] is True
    checks = answer["checks"]
    assert isinstance(checks, list)
    assert {"process router", "process anvil", "chain", "providers"} <= {check["name"] for check in checks}


def test_an_unknown_job_names_the_list(shell: Shell, settled: str) -> None:
    (error,) = shell.json("compute quantum inspect job_0000000000", expect=4)["errors"]  # type: ignore[misc]
    assert "compute jobs" in error["remedy"]


def test_up_again_starts_nothing_new(shell: Shell, settled: str) -> None:
    def pids() -> set[int]:
        processes = shell.json("compute up")["processes"]
        assert isinstance(processes, list)
        assert all(process["alive"] for process in processes)
        return {process["pid"] for process in processes}

    assert pids() == pids()


def test_on_a_terminal_there_is_colour_and_with_no_color_none(shell: Shell, settled: str) -> None:
    def typed(**environment: str) -> str:
        said = bytearray()

        def read(descriptor: int) -> bytes:
            data = os.read(descriptor, 4096)
            said.extend(data)
            return data

        command = ["/usr/bin/env", *(f"{name}={value}" for name, value in environment.items()), "TERM=xterm-256color"]
        script = f"cd {shell.folder} && exec {sys.executable} -m router.console.main quantum inspect {settled}"
        status = pty.spawn([*command, "/bin/sh", "-c", script], read)
        assert os.waitstatus_to_exitcode(status) == 0
        return said.decode()

    colour = re.compile(r"\x1b\[(\d+;)*3\dm")
    assert colour.search(typed())
    assert not colour.search(typed(NO_COLOR="1"))


def test_without_a_stack_every_command_that_needs_one_names_compute_up(shell: Shell, settled: str) -> None:
    """Last in the file: it stops the stack and starts it again."""
    job = shell.json("compute quantum simulate ./optimizer-demo/job.yaml")["job"]
    shell.run("compute down")
    for line in (f"compute quantum promote {job} --target ibm --max-budget 25", f"compute fund {settled}"):
        (error,) = shell.json(line, expect=5)["errors"]  # type: ignore[misc]
        assert "compute up" in error["remedy"]
    assert shell.json("compute jobs")["jobs"]
    assert shell.json("compute doctor")["healthy"] is True
    shell.run("compute up")
    assert shell.json(f"compute quantum validate {settled}")["agree"] is True
