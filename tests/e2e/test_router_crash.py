"""`kill -9` of the router at a random moment, and it is started again: nothing is lost and nothing happens twice.

Every other time nobody lifts a hand: the stack's supervisor starts it, and says so.

COMPUTE_TEST_CRASHES sets how often it is tried; `make crash` tries twenty times. The moments are drawn from a seed
that the failure names.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CRASHES = int(os.environ.get("COMPUTE_TEST_CRASHES", "3"))
LONGEST_S = 6.0
"""A job takes about as long from its funding to its settlement."""


def events_of(stack: Any, escrow_id: str) -> list[Any]:
    """Every log of the escrow about one job, straight from the node."""
    record = stack.stack()["chain"]
    deployment = json.loads(Path(record["deployment"]).read_text())
    query = {"address": deployment["escrow"], "fromBlock": "0x0", "topics": [None, escrow_id]}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [query]}).encode()
    request = urllib.request.Request(record["rpc_url"], body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return list(json.load(answer)["result"])


@pytest.mark.parametrize("attempt", range(CRASHES))
def test_a_router_killed_in_the_middle_of_a_job_submits_once_and_pays_once(stack: Any, attempt: int) -> None:
    seed = random.SystemRandom().randrange(2**32)
    moment = random.Random(seed).uniform(0.0, LONGEST_S)
    if not (stack.folder / "demo").exists():
        stack("quantum", "init", "demo")
    job = stack("quantum", "simulate", "./demo/job.yaml", "--json").json["job"]
    stack("quantum", "promote", job, "--target", "ibm", "--max-budget", "25")
    time.sleep(moment)
    before = stack("quantum", "inspect", job, "--json").json["record"]["state"]
    os.kill(stack.pid("router"), signal.SIGKILL)
    if attempt % 2:
        stack("up")
    stack("quantum", "watch", job, "--timeout", "150")
    ended = stack("quantum", "inspect", job, "--json").json["record"]
    if not attempt % 2:
        checks = {check["name"]: check for check in stack("doctor", "--json").json["checks"]}
        assert "started again" in checks["process router"]["said"]
        assert "the router ended and was started again" in stack("jobs").err
    told = f"killed after {moment:.2f} s (seed {seed}) while {before}"
    print(told)
    assert (ended["state"], ended["escrow"]) == ("settled", "released"), told
    runs = [path for path in (stack.folder / ".compute" / "devices").glob("**/jobs/*") if path.name.startswith(job)]
    assert len(runs) == 1, f"{told}: {len(runs)} submissions to the device"
    logs = events_of(stack, ended["escrow_id"])
    kinds = [log["topics"][0] for log in logs]
    assert len(kinds) == len(set(kinds)) == 4, f"{told}: funded, submitted, proposed and settled, once each"
