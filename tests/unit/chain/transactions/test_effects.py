"""At most one effective transaction per intent, whatever is cut off and whoever else uses the key."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_account import Account
from job_stories import Story
from paper_chain import PaperChain

from oracle.chain.calls import Call
from oracle.chain.errors import CallReverted, NotConfirmed
from oracle.chain.transactions import effects, sender
from oracle.chain.transactions.effects import EffectUncertain, ensure
from oracle.chain.transactions.intents import Intent, IntentStatus
from oracle.chain.transactions.sender import SignedTransaction, TransactionReceipt
from router.control.store import Store
from router.protocol.lifecycle import State

KEY = Account.from_key(b"\x31" * 32)
NAME = "tx:fund"


class PowerCut(BaseException):
    """The process ends here."""


@dataclass
class Bench:
    """A store, a chain, and a call whose effect is there once a transaction of it was mined with success."""

    store: Store
    job: str
    chain: PaperChain = field(default_factory=PaperChain)
    foreign: str | None = None
    """A transaction of somebody else's that made the effect."""
    before_call: Callable[[], None] | None = None
    calls: int = 0

    def effect(self) -> str | None:
        mine = [digest for digest, (_, status) in self.chain.node.mined.items() if status == 1]
        return self.foreign or (mine[0] if mine else None)

    def call(self) -> Call:
        self.calls += 1
        if self.before_call is not None:
            self.before_call()
        return Call(self.chain.deployment.escrow, "0x", doing="fund")

    def ensure(self, name: str = NAME, effect: Callable[[], str | None] | None = None) -> TransactionReceipt:
        client: Any = self.chain
        return ensure(self.store, client, self.job, name, KEY, self.call, effect or self.effect)

    @property
    def attempts(self) -> list[Intent]:
        return [intent for intent in self.store.intents(self.job) if intent.name == NAME]

    def statuses(self) -> list[IntentStatus]:
        return [intent.status for intent in self.attempts]

    def nonces(self) -> list[int]:
        return [json.loads(intent.request)["nonce"] for intent in self.attempts]


@pytest.fixture
def bench(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sender, "LOOK_AGAIN_S", 0.01)  # here a receipt is there as soon as its count
    story = Story().to(State.SIMULATED)
    with Store.open(f"sqlite:///{tmp_path}/router.sqlite") as store:
        store.append_many(story.events)
        yield Bench(store, story.job)


def test_a_call_is_sent_once_and_the_next_asking_finds_its_effect(bench: Bench) -> None:
    receipt = bench.ensure()
    assert bench.ensure() == receipt
    assert bench.chain.node.sent == [receipt.hash]
    assert bench.statuses() == [IntentStatus.DONE]
    assert json.loads(str(bench.attempts[0].outcome))["hash"] == receipt.hash
    assert bench.calls == 1


def test_what_was_written_down_and_not_sent_is_sent_byte_for_byte(bench: Bench) -> None:
    bench.chain.node.cut = PowerCut()
    with pytest.raises(PowerCut):
        bench.ensure()
    assert bench.chain.node.sent == []
    assert bench.statuses() == [IntentStatus.PLANNED]
    written = SignedTransaction.of_raw(json.loads(bench.attempts[0].request)["raw"])
    bench.chain.node.cut = None
    assert bench.ensure().hash == written.hash
    assert bench.chain.node.sent == [written.hash]
    assert bench.calls == 1, "nothing was signed anew"


def test_nothing_is_sent_before_it_is_written_down(bench: Bench) -> None:
    node = bench.chain.node
    before = node.send
    seen: list[list[IntentStatus]] = []

    def sending(raw: str) -> Any:
        seen.append(bench.statuses())
        return before(raw)

    node.send = sending  # type: ignore[method-assign]
    bench.ensure()
    assert seen == [[IntentStatus.PLANNED]]


def test_what_was_sent_and_not_mined_is_sent_again_and_mined_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "WAIT_S", 0.01)
    bench.chain.node.mines = False
    with pytest.raises(NotConfirmed):
        bench.ensure()
    with pytest.raises(NotConfirmed):
        bench.ensure()
    first, second = bench.chain.node.sent
    assert first == second
    bench.chain.node.mine(first)
    assert bench.ensure().hash == first
    assert bench.nonces() == [0]


def test_a_nonce_that_another_transaction_took_leads_to_a_new_one(bench: Bench) -> None:
    bench.chain.node.cut = PowerCut()
    with pytest.raises(PowerCut):
        bench.ensure()
    bench.chain.node.cut = None
    bench.chain.node.taken.add((KEY.address, 0))
    receipt = bench.ensure()
    assert bench.statuses() == [IntentStatus.ABANDONED, IntentStatus.DONE]
    assert bench.nonces() == [0, 1]
    assert list(bench.chain.node.mined) == [receipt.hash]


def test_when_the_nonce_is_taken_the_effect_is_looked_for_before_anything_new_is_signed(bench: Bench) -> None:
    bench.chain.node.cut = PowerCut()
    with pytest.raises(PowerCut):
        bench.ensure()
    bench.chain.node.cut = None
    # Another process with the same key made the very effect, and took the nonce with it.
    foreign = "0x" + "f0" * 32
    bench.chain.node.mined[foreign] = (bench.chain.node.block_number, 1)
    bench.chain.node.taken.add((KEY.address, 0))
    looks = iter([None, foreign, foreign])
    receipt = bench.ensure(effect=lambda: next(looks))
    assert receipt.hash == foreign
    assert bench.calls == 1
    assert bench.statuses() == [IntentStatus.ABANDONED]


def test_an_effect_that_somebody_else_made_is_taken_and_nothing_is_sent(bench: Bench) -> None:
    bench.foreign = "0x" + "f1" * 32
    bench.chain.node.mined[bench.foreign] = (bench.chain.node.block_number, 1)
    assert bench.ensure().hash == bench.foreign
    assert bench.chain.node.sent == []
    assert bench.calls == 0


def test_a_call_that_reverts_when_mined_is_given_up_and_simulated_again(bench: Bench) -> None:
    node = bench.chain.node
    node.status = 0

    def reverts_now() -> None:
        if bench.calls == 2:
            node.refusal = CallReverted("JobEscrow_TooLate", {"deadline": 7}, "fund")

    bench.before_call = reverts_now
    with pytest.raises(CallReverted, match="JobEscrow_TooLate"):
        bench.ensure()
    assert len(node.sent) == 1, "the simulation said no, so nothing more was sent"
    assert bench.statuses() == [IntentStatus.ABANDONED]
    assert node.sent[0] in str(bench.attempts[0].outcome)


def test_a_call_that_reverted_once_may_take_effect_the_next_time(bench: Bench) -> None:
    node = bench.chain.node
    node.status = 0

    def works_now() -> None:
        node.status = 0 if bench.calls == 1 else 1

    bench.before_call = works_now
    receipt = bench.ensure()
    assert receipt.status == 1
    assert node.sent[-1] == receipt.hash
    assert bench.statuses() == [IntentStatus.ABANDONED, IntentStatus.DONE]
    assert bench.nonces() == [0, 1]


def test_a_call_that_the_simulation_refuses_leaves_nothing_written(bench: Bench) -> None:
    bench.chain.node.refusal = CallReverted("JobEscrow_Status", {}, "fund")
    with pytest.raises(CallReverted):
        bench.ensure()
    assert bench.attempts == []
    assert bench.chain.node.sent == []


def test_a_finished_effect_that_a_reorg_undid_is_sent_again_byte_for_byte(bench: Bench) -> None:
    node = bench.chain.node
    first = bench.ensure()
    node.mined.clear()
    node.taken.clear()
    node.forget(first.hash)
    assert bench.ensure().hash == first.hash
    assert bench.nonces() == [0]


def test_a_key_that_somebody_else_keeps_using_is_said_to_be_so(bench: Bench) -> None:
    node = bench.chain.node
    before = node.send

    def overtaken(raw: str) -> Any:
        node.taken.add((KEY.address, int(json.loads(bench.attempts[-1].request)["nonce"])))
        return before(raw)

    node.send = overtaken  # type: ignore[method-assign]
    with pytest.raises(EffectUncertain, match="a key of its own for each router"):
        bench.ensure()
    assert set(bench.statuses()) == {IntentStatus.ABANDONED}
    assert node.mined == {}


def test_intents_of_one_key_side_by_side_do_not_share_a_nonce(bench: Bench) -> None:
    def one(number: int) -> TransactionReceipt:
        mined: list[str] = []
        receipt = bench.ensure(f"tx:act-{number}", lambda: mined[0] if mined else None)
        mined.append(receipt.hash)
        return receipt

    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(one, range(6)))
    assert len({receipt.hash for receipt in receipts}) == 6
    intents = bench.store.intents(bench.job)
    assert sorted(json.loads(intent.request)["nonce"] for intent in intents) == list(range(6))
    assert {intent.status for intent in intents} == {IntentStatus.DONE}


SPIKE = 10**6


def test_a_fee_spike_before_it_was_sent_is_outbid_under_the_same_nonce(bench: Bench) -> None:
    node = bench.chain.node
    node.cut = PowerCut()
    with pytest.raises(PowerCut):
        bench.ensure()
    node.cut, node.base_fee = None, SPIKE
    receipt = bench.ensure()
    assert bench.nonces() == [0, 0]
    assert bench.statuses() == [IntentStatus.ABANDONED, IntentStatus.DONE]
    assert list(node.mined) == node.sent[1:] == [receipt.hash]
    assert bench.calls == 1, "the same call at another price"


def test_a_fee_spike_while_it_waits_is_outbid_under_the_same_nonce(bench: Bench) -> None:
    node = bench.chain.node
    node.mines = False
    looked = node.receipt

    def look(transaction: str) -> Any:
        node.base_fee, node.mines = SPIKE, True
        return looked(transaction)

    node.receipt = look  # type: ignore[method-assign]
    receipt = bench.ensure()
    assert bench.nonces() == [0, 0]
    assert list(node.mined) == [receipt.hash] == node.sent[1:]


def test_a_replacement_is_written_down_before_it_is_sent_and_found_after_a_crash(bench: Bench) -> None:
    node = bench.chain.node
    node.cut = PowerCut()
    with pytest.raises(PowerCut):
        bench.ensure()
    node.cut, node.base_fee = None, SPIKE
    plan = bench.store.plan_intent

    def cut_off(*_arguments: Any) -> Any:
        raise PowerCut

    bench.store.plan_intent = cut_off  # type: ignore[method-assign]
    with pytest.raises(PowerCut):
        bench.ensure()
    bench.store.plan_intent = plan  # type: ignore[method-assign]
    replaced = json.loads(json.loads(str(bench.attempts[0].outcome))["replaced_by"])
    assert bench.ensure().hash == replaced["hash"]
    assert bench.nonces() == [0, 0]
    assert bench.calls == 1


def test_what_was_replaced_and_mined_after_all_is_the_effect(bench: Bench) -> None:
    node = bench.chain.node
    node.mines = False
    looked, looks = node.receipt, []

    def look(transaction: str) -> Any:
        looks.append(transaction)
        if len(looks) == 1:
            node.base_fee = SPIKE
        elif len(node.sent) == 2 and not node.mined:
            node.mine(node.sent[0])  # the spike is over, and the first was mined before the second
        return looked(transaction)

    node.receipt = look  # type: ignore[method-assign]
    receipt = bench.ensure(effect=lambda: None)
    assert receipt.hash == node.sent[0] != node.sent[1]
    assert bench.ensure(effect=lambda: None).hash == receipt.hash
    assert bench.calls == 1


def test_a_finished_effect_that_a_reorg_undid_and_whose_nonce_was_used_is_signed_anew(bench: Bench) -> None:
    node = bench.chain.node
    first = bench.ensure()
    node.mined.clear()
    node.forget(first.hash)  # its nonce stays taken, by somebody else's transaction
    second = bench.ensure()
    assert second.hash != first.hash
    assert bench.nonces() == [0, 1]
    assert bench.statuses()[-1] is IntentStatus.DONE


# What a reorg took from the chain


def finished(bench: Bench, *names: str) -> dict[str, TransactionReceipt]:
    """Intents that took effect, one after the other, under their names."""
    return {name: bench.ensure(name, lambda: None) for name in names}


def lose(bench: Bench, *receipts: TransactionReceipt) -> None:
    """The chain was replaced, and the node has forgotten what was in it."""
    for receipt in receipts:
        bench.chain.node.taken.discard((KEY.address, _nonce(bench, receipt)))
        del bench.chain.node.mined[receipt.hash]
        bench.chain.node.forget(receipt.hash)


def _nonce(bench: Bench, receipt: TransactionReceipt) -> int:
    requests = (json.loads(intent.request) for intent in bench.store.intents(bench.job))
    return int(next(request["nonce"] for request in requests if request["hash"] == receipt.hash))


def test_what_vanished_is_sent_again_byte_for_byte_in_its_order_and_one_at_a_time(bench: Bench) -> None:
    client: Any = bench.chain
    made = finished(bench, "tx:approve", "tx:fund", "tx:submit")
    known = {made["tx:fund"].hash, made["tx:submit"].hash}
    before = list(bench.chain.node.sent)
    assert not effects.send_again(bench.store, client, bench.job, known), "an allowance alone leaves no event"
    lose(bench, *made.values())
    assert [effects.send_again(bench.store, client, bench.job, set()) for _ in range(4)] == [True] * 3 + [False]
    assert bench.chain.node.sent[len(before) :] == [receipt.hash for receipt in made.values()]
    assert bench.calls == 3, "nothing was signed anew"


def test_a_new_transaction_does_not_take_the_nonce_of_one_that_vanished(bench: Bench) -> None:
    made = finished(bench, "tx:approve", "tx:fund")
    lose(bench, *made.values())
    before = list(bench.chain.node.sent)
    another = bench.ensure("tx:dispute", lambda: None)
    assert bench.chain.node.sent[len(before) :] == [*(each.hash for each in made.values()), another.hash]
    assert _nonce(bench, another) == 2


def test_a_new_transaction_is_simulated_only_when_what_vanished_is_mined_again(bench: Bench) -> None:
    node = bench.chain.node
    made = finished(bench, "tx:approve", "tx:fund")
    lose(bench, *made.values())
    node.mines = False
    looked, asked, missing = node.receipt, node.estimate_gas, []

    def look(transaction: str) -> Any:
        if transaction in node.sent and transaction not in node.mined:
            node.mine(transaction)  # a block later
        return looked(transaction)

    def estimate(request: Any, doing: str) -> int:
        missing.extend(each.hash for each in made.values() if each.hash not in node.mined)
        return asked(request, doing)

    node.receipt, node.estimate_gas = look, estimate  # type: ignore[method-assign]
    bench.ensure("tx:dispute", lambda: None)
    assert missing == []


def test_the_calls_of_a_deadline_are_not_sent_again_as_they_were(bench: Bench) -> None:
    client: Any = bench.chain
    made = finished(bench, "tx:refund", "tx:silence", "tx:finalize")
    lose(bench, *made.values())
    assert not effects.send_again(bench.store, client, bench.job, set())


def test_what_vanished_and_lost_its_nonce_is_left_to_its_maker(bench: Bench) -> None:
    client: Any = bench.chain
    made = finished(bench, "tx:fund")
    lose(bench, *made.values())
    bench.chain.node.taken.add((KEY.address, 0))
    assert not effects.send_again(bench.store, client, bench.job, set())
    assert bench.statuses() == [IntentStatus.ABANDONED]
    assert bench.ensure().hash != made["tx:fund"].hash
    assert bench.nonces() == [0, 1]
