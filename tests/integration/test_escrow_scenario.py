"""One scenario of every verb, over JSON-RPC, on two nodes that share no line of code: Anvil and Hardhat's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gas.permit2 import published_runtime
from live_chain import Anvil, deploy_on, running_anvil, running_hardhat
from scenario_player import Player, empty, read_scenario

from oracle.chain.calls import EscrowCalls
from oracle.chain.events import Args, Status

HERE = Path(__file__).resolve().parent
JOBS, STEPS = read_scenario(HERE / "escrow_scenario.yaml")
NODES = {"anvil": running_anvil, "hardhat": running_hardhat}
ASIDE = {"allow", "allow_permit2", "checked", "contract"}
"""What EscrowCalls has beside the escrow's verbs."""


@contextmanager
def node(name: str) -> Iterator[Anvil]:
    with NODES[name]() as running:
        yield running


@pytest.mark.parametrize("name", NODES)
def test_the_scenario_goes_the_same_way_on_every_node(name: str) -> None:
    with node(name) as running:
        player = Player(deploy_on(running), published_runtime())
        for number, step in enumerate(STEPS, start=1):
            try:
                player.play(JOBS, step)
            except Exception as error:
                error.add_note(f"step {number} of {len(STEPS)}, on {name}: {step}")
                raise
        over = {player.client.status(job.id).status for job in player.jobs.values()}
        assert over <= {Status.SETTLED, Status.REFUNDED, Status.NONE}
        assert empty(player)


def test_the_scenario_has_every_verb_and_sees_every_event() -> None:
    done = {step["do"] for step in STEPS if "refused" not in step}
    verbs = {name for name in vars(EscrowCalls) if not name.startswith("_")} - ASIDE
    assert verbs <= done
    seen = {
        entry if isinstance(entry, str) else next(iter(entry)) for step in STEPS for entry in step.get("events", [])
    }
    assert {kind.__name__ for kind in Args.__args__} == seen  # type: ignore[attr-defined]  # of a union
    assert set(JOBS) == {step["job"] for step in STEPS if "job" in step}
