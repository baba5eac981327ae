"""What a job costs in requests to the node, with few jobs on the chain and with a thousand.

    .venv/bin/python scripts/bench_rpc.py [--jobs 1000] [--json]

A router and a validator serve one job after the other, from its funding to its settlement, on a real Anvil with
a block every quarter of a second: three first, and three more after `--jobs` jobs of other parties were settled by the
same escrow. Prints the median of requests, a batch as one, by who made them; exits with 1 if the later jobs took more
than a tenth more.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from eth_account import Account
from eth_typing import Hash32
from hexbytes import HexBytes

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from live_market import Market, running_market  # noqa: E402  (tests are no package)

from oracle.attestations.attestation import Attestation  # noqa: E402
from oracle.chain.calls import Call  # noqa: E402
from oracle.terms import ZERO_ADDRESS, JobTerms, Outcome, Verdict, job_id_of, verdict_digest  # noqa: E402

EACH = 3
MOST = 1.10
GAS = 600_000
BATCH = 40
RESULT, EVIDENCE = "0x" + "ab" * 32, "0x" + "ef" * 32


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1_000, help="settled jobs of others between the two measurements")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_market(Path(folder)) as market:
        market.settled(market.funded())  # the imports of judges, and the first look of everybody
        first = [measured(market) for _ in range(EACH)]
        settle(market, options.jobs)
        later = [measured(market) for _ in range(EACH)]
    rows = {who: (median(first, who), median(later, who)) for who in ("router", "validator", "both", "seconds")}
    share = rows["both"][1] / rows["both"][0]
    if options.json:
        print(json.dumps({"jobs": options.jobs, "rows": rows, "ratio": share}))
    else:
        print(f"{'':12}{'first':>10}{f'after {options.jobs:,}':>14}")
        for who, (before, after) in rows.items():
            print(f"{who:12}{before:>10.1f}{after:>14.1f}")
        print(f"{'ratio':12}{share:>24.3f}   at most {MOST}")
    return 0 if share <= MOST else 1


def measured(market: Market) -> dict[str, float]:
    """Requests of one job from its funding to its settlement."""
    market.counts.clear()
    began = time.monotonic()
    market.settled(market.funded())
    router, validator = market.counts["router"], market.counts["validator"]
    return {"router": router, "validator": validator, "both": router + validator, "seconds": time.monotonic() - began}


def median(found: list[dict[str, float]], who: str) -> float:
    return statistics.median(each[who] for each in found)


def settle(market: Market, count: int) -> None:
    """Have `count` jobs of other parties funded, delivered and settled, in native coin and a batch a block."""
    client, anvil = market.client, market.anvil
    payer, worker, judge = (Account.create() for _ in range(3))
    for account in (payer, worker, judge):
        anvil.call("anvil_setBalance", account.address, hex(10**24))
    now, escrow = anvil.now(), client.deployment.escrow
    sent = {account.address: 0 for account in (payer, worker, judge)}

    def send(account: object, call: Call) -> None:
        signed = account.sign_transaction({  # type: ignore[attr-defined]
            "type": 2, "chainId": 31337, "nonce": sent[account.address], "to": call.to,  # type: ignore[attr-defined]
            "data": HexBytes(call.data), "value": call.value, "gas": GAS,
            "maxFeePerGas": 10**12, "maxPriorityFeePerGas": 10**9,
        })  # fmt: skip
        sent[account.address] += 1  # type: ignore[attr-defined]
        anvil.web3.eth.send_raw_transaction(signed.raw_transaction)

    for start in range(0, count, BATCH):
        batch = [terms_of(payer.address, worker.address, judge.address, now, salt)
                 for salt in range(start, min(start + BATCH, count))]  # fmt: skip
        for step in ("fund", "submit", "propose"):
            for terms in batch:
                match step:
                    case "fund":
                        send(payer, client.fund(terms))
                    case "submit":
                        send(worker, client.submit(terms, RESULT, EVIDENCE))
                    case _:
                        verdict = Verdict(job_id_of(terms, 31337, escrow), 0, RESULT, Outcome.ACCEPT, 1_000, EVIDENCE)
                        digest = Hash32(HexBytes(verdict_digest(verdict, 31337, escrow)))
                        signature = "0x" + bytes(judge.unsafe_sign_hash(digest).signature).hex()
                        shown = Attestation(judge.address, verdict, EVIDENCE, signature)
                        send(judge, client.propose(terms, verdict, [shown], claimer=worker.address))
            with market.mining:
                anvil.mine()
    with market.mining:
        anvil.mine(3)
    events = client.events(client.deployment.block, client.head().number)
    settled = sum(event.name == "Settled" for event in events)
    if settled < count:
        raise RuntimeError(f"{settled} of {count} jobs were settled")
    time.sleep(10)  # the validator has read them by then, and found that they are others' to judge


def terms_of(payer: str, worker: str, judge: str, now: int, salt: int) -> JobTerms:
    return JobTerms(
        payer=payer, requester=payer, worker=worker, arbiter=ZERO_ADDRESS, token=ZERO_ADDRESS, fee_to=ZERO_ADDRESS,
        fee_bps=0, budget=1_000, claim_by=0, deliver_window=0, submit_by=now + 3_600, verdict_by=now + 4 * 3_600,
        challenge_window=0, ruling_window=0, silence_bps=5_000, inconclusive_bps=5_000, dispute_bond_bps=0,
        claim_bond_bps=0, max_rounds=1, quorum=1, spec_hash="0x" + "5e" * 32, salt=salt, validators=(judge,),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
