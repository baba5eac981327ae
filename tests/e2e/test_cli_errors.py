"""What a user reads when something is wrong: one clear line, what to do next, the exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DEPENDENCY, INPUT, UNKNOWN = 5, 2, 4
SOMEWHERE = "0x000000000000000000000000000000000000dEaD"


def fails(terminal: Any, *words: str, code: int, says: str, then: str) -> None:
    """`compute` with `words` fails with `code`, says `says` in one line and `then` as what to do, in text and JSON."""
    with ThreadPoolExecutor(2) as pool:
        text, as_json = pool.map(lambda more: terminal(*words, *more, code=code), ([], ["--json"]))
    says_in_text(text, says, then)
    says_in_json(as_json, says, then)


def says_in_text(answer: Any, says: str, then: str) -> None:
    assert "Traceback" not in answer.err + answer.out
    assert answer.out == "", "what failed has no answer"
    lines = answer.err.splitlines()
    (error,) = (line for line in lines if line.startswith("error "))
    (remedy,) = (line for line in lines if line.lstrip().startswith("→ "))
    assert lines[-2:] == [error, remedy], "the error comes last"
    assert says in error
    assert then in remedy


def says_in_json(answer: Any, says: str, then: str) -> None:
    assert "Traceback" not in answer.err + answer.out
    (found,) = json.loads(answer.out)["errors"]
    assert says in found["path"] + found["reason"]
    assert then in found["remedy"]


def simulated(terminal: Any) -> str:
    """A simulated job of the template in `terminal`'s folder."""
    if not (terminal.folder / "demo").exists():
        terminal("quantum", "init", "demo")
    return str(terminal("quantum", "simulate", "./demo/job.yaml", "--json").json["job"])


def promote(job: str) -> tuple[str, ...]:
    return ("quantum", "promote", job, "--target", "ibm", "--max-budget", "25")


def call(terminal: Any, method: str, *params: object) -> Any:
    """One request to the stack's chain."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(terminal.stack()["chain"]["rpc_url"], body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["result"]


def deployment(terminal: Any) -> Any:
    return json.loads(Path(terminal.stack()["chain"]["deployment"]).read_text())


# Without a stack


ABOUT_A_JOB = ("inspect", "promote", "watch", "validate", "fund", "approve", "deny", "cancel")


@pytest.mark.parametrize("verb", ABOUT_A_JOB)
def test_an_unknown_job_is_said_to_be_unknown_with_and_without_a_stack(terminal: Any, stack: Any, verb: str) -> None:
    words = ["quantum", verb] if verb in ABOUT_A_JOB[:4] else [verb]
    words += ["job_nothere000"]
    words += ["--target", "ibm", "--max-budget", "25"] if verb == "promote" else []
    says_in_text(terminal(*words, code=UNKNOWN), "there is no job job_nothere000", "`compute jobs`")
    says_in_json(stack(*words, "--json", code=UNKNOWN), "there is no job job_nothere000", "`compute jobs`")
    assert not (terminal.folder / ".compute").exists(), "asking makes no home"


def test_without_a_stack_what_needs_one_names_compute_up(terminal: Any) -> None:
    job = simulated(terminal)
    for words in (promote(job), ("fund", job), ("quantum", "validate", job)):
        fails(terminal, *words, code=DEPENDENCY, says="needs a running stack", then="`compute up`")


@pytest.mark.parametrize("named", ["/nonexistent", "/tmp"])
def test_a_missing_anvil_is_named_before_anything_is_made(terminal: Any, named: str) -> None:
    without = terminal.having(COMPUTE_ANVIL=named)
    fails(without, "up", code=DEPENDENCY, says=f"COMPUTE_ANVIL names {named}", then="`make demo`")
    assert not (terminal.folder / ".compute" / "keys").exists()


GENERATORS = {
    "socket": (
        "import socket\ndef build():\n    socket.create_connection(('127.0.0.1', 9))\n",
        "socket",
        "generate the circuit from the file alone",
    ),
    "environment": (
        "import os\ndef build():\n    return os.environ['HOME']\n",
        "environment",
        "write the setting into the generator",
    ),
    # Asleep rather than busy: a minute that other tests can use.
    "asleep": ("import time\ndef build():\n    time.sleep(600)\n", "60 s", "make build() faster"),
}


@pytest.mark.parametrize("what", GENERATORS)
def test_a_generator_that_must_be_stopped_is_told_why_and_leaves_nothing(terminal: Any, what: str) -> None:
    source, says, then = GENERATORS[what]
    terminal("quantum", "init", "demo")
    (terminal.folder / "demo" / "circuits" / "optimizer.py").write_text(source)
    fails(terminal, "quantum", "simulate", "./demo/job.yaml", code=INPUT, says=says, then=then)
    assert not (terminal.folder / ".compute").exists()
    mine = str(terminal.folder / "demo")
    own = {process.pid for process in psutil.process_iter() if mine in " ".join(_command(process))}
    assert own == set(), "and nothing runs on"


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


# With a stack


@pytest.fixture(scope="module")
def job(stack: Any) -> str:
    """A promoted and funded job, accepted in the end."""
    made = simulated(stack)
    stack(*promote(made))
    stack("quantum", "watch", made, "--timeout", "120")
    return made


@pytest.fixture
def elsewhere(stack: Any, tmp_path: Path) -> tuple[str, str, Any]:
    """(unpromoted, unfunded, terminal): two jobs, in a copy of the home that expects another chain."""
    unpromoted, unfunded = simulated(stack), simulated(stack)
    stack(*promote(unfunded), "--no-fund")
    copy = tmp_path / ".compute"
    shutil.copytree(stack.folder / ".compute", copy, ignore=shutil.ignore_patterns("logs", "*.lock", "chain-state*"))
    record = json.loads((copy / "stack.json").read_text())
    file = copy / "deployments" / "31337.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"chain_id": 1}))
    record["chain"]["deployment"] = str(file)
    (copy / "stack.json").write_text(json.dumps(record))
    return unpromoted, unfunded, replace(stack, folder=tmp_path)


def test_another_network_is_noticed_before_anything_is_signed_or_sent(
    stack: Any, job: str, elsewhere: tuple[str, str, Any]
) -> None:
    unpromoted, unfunded, there = elsewhere
    sent = call(stack, "eth_getTransactionCount", _payer(stack), "pending")
    says = "it is chain 31337, the deployment is on 1"
    for words in (promote(unpromoted), ("fund", unfunded), ("quantum", "validate", job)):
        fails(there, *words, code=DEPENDENCY, says=says, then="`compute doctor`")
    assert call(stack, "eth_getTransactionCount", _payer(stack), "pending") == sent
    assert there("quantum", "inspect", unpromoted, "--json").json["record"]["escrow_id"] is None


def _payer(stack: Any) -> str:
    return str(stack.stack()["chain"]["roles"]["payer"])


def test_a_payer_without_the_tokens_signs_nothing_and_is_told_how_to_go_on(stack: Any, job: str) -> None:
    token, payer = deployment(stack)["token"], _payer(stack)
    held = int(call(stack, "eth_call", {"to": token, "data": "0x70a08231" + payer[2:].rjust(64, "0")}, "latest"), 16)
    transfer = "0xa9059cbb" + SOMEWHERE[2:].rjust(64, "0") + f"{held:064x}"
    call(stack, "anvil_impersonateAccount", payer)
    sent = call(stack, "eth_sendTransaction", {"from": payer, "to": token, "data": transfer})
    call(stack, "anvil_stopImpersonatingAccount", payer)
    end = time.monotonic() + 20
    while call(stack, "eth_getTransactionReceipt", sent) is None:
        assert time.monotonic() < end
        time.sleep(0.1)

    unsigned = simulated(stack)
    command = " ".join(("compute", *promote(unsigned)))
    fails(stack, *promote(unsigned), code=DEPENDENCY, says="has 0.00 lUSD", then="`compute up` gives")
    assert stack("quantum", "inspect", unsigned, "--json").json["record"]["escrow_id"] is None
    answer = stack(*promote(unsigned), code=DEPENDENCY)
    assert f"then `{command}`" in answer.err

    signed = simulated(stack)
    stack(*promote(signed), "--no-fund")
    fails(stack, "fund", signed, code=DEPENDENCY, says="has 0.00 lUSD", then=f"then `compute fund {signed}`")
    waits = stack("quantum", "inspect", signed, "--json").json["waiting_for"]
    assert waits in (None, f"its budget: `compute fund {signed}` locks it")
    # What it says helps.
    stack("up")
    stack("fund", signed)
    stack("quantum", "watch", signed, "--timeout", "120")


def test_a_chain_that_is_down_is_one_line_that_names_compute_up(stack: Any, job: str) -> None:
    """Last of those with a stack: it kills the chain, and starts it again."""
    unpromoted, unfunded = simulated(stack), simulated(stack)
    stack(*promote(unfunded), "--no-fund")
    anvil = psutil.Process(stack.pid("anvil"))
    os.kill(anvil.pid, signal.SIGTERM)
    psutil.wait_procs([anvil], timeout=10)
    for words in (promote(unpromoted), ("fund", unfunded), ("quantum", "validate", job)):
        fails(stack, *words, code=DEPENDENCY, says="does not answer", then="`compute up`")
    fails_to_watch = stack("quantum", "watch", unfunded, code=DEPENDENCY)
    assert "anvil of this home does not run" in fails_to_watch.err
    assert "Traceback" not in fails_to_watch.err
    checks = {check["name"]: check for check in stack("doctor", "--json", code=DEPENDENCY).json["checks"]}
    assert checks["process anvil"]["status"] == checks["chain"]["status"] == "problem"
    assert stack("jobs").err == "", "reading the record needs no chain"
    # What it says helps.
    stack("up")
    stack("fund", unfunded)
    stack("quantum", "watch", unfunded, "--timeout", "120")
    assert stack("quantum", "validate", job, "--json").json["agree"] is True
