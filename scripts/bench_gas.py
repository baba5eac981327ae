"""Gas of the escrow's verbs: whole transactions, from the receipts of a real Anvil under Prague rules.

    .venv/bin/python scripts/bench_gas.py [--json]

Prints operation, token, gas and ceiling; exits with 1 above a ceiling. The job is the one the ceilings are stated
for: five validators, three of them sign, no fee, one recipient who holds some of the token already, and an escrow that
holds another job's budget. Rows without a ceiling are outside those terms: `fund, first` is the very first budget of
a token, which also pays for the escrow's balance slot.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from oracle.terms import (
    ZERO_ADDRESS,
    JobTerms,
    Outcome,
    Verdict,
    job_id_of,
    pack_brief,
    pack_terms,
    verdict_digest,
)
from router.stack.anvil import find_anvil, free_port

ROOT = Path(__file__).resolve().parent.parent
NATIVE, ERC20 = "native", "ERC-20"
DAY_S = 86_400

CEILINGS = {
    ("fund", NATIVE): 60_000,
    ("fund", ERC20): 82_000,
    ("submit", NATIVE): 36_000,
    ("settle at once, 3 signatures", NATIVE): 66_000,
    ("settle at once, 3 signatures", ERC20): 73_000,
    ("propose, 3 signatures", NATIVE): 56_000,
    ("propose, 3 signatures", ERC20): 56_000,
    ("finalize", NATIVE): 48_000,
    ("finalize", ERC20): 56_000,
    ("refund", NATIVE): 48_000,
    ("refund", ERC20): 55_000,
}
"""Gas of a whole transaction, (operation, token) -> ceiling. A submission moves no money, and its one ceiling is for
the plainest terms: a token's address in the calldata adds some 230."""


@dataclass(frozen=True)
class Row:
    """One measured transaction."""

    operation: str
    token: str
    gas: int
    ceiling: int | None

    @property
    def within(self) -> bool:
        return self.ceiling is None or self.gas <= self.ceiling


class Chain:
    """An Anvil that mines each transaction as it comes, and the accounts and contracts of the benchmark."""

    def __init__(self, url: str) -> None:
        self.web3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 10}))
        self._until_it_answers()
        self.people = {name: account(name) for name in ("payer", "worker", "arbiter", "anyone")}
        self.validators = sorted(
            (account(f"validator {i}") for i in range(5)), key=lambda found: int(found.address, 16)
        )
        for person in self.people.values():
            self._rpc("anvil_setBalance", person.address, hex(10**20))
        self.token = self._deploy("LocalUSD", self.people["payer"].address, 10**15)
        self.escrow = self._deploy("JobEscrow")
        payer = self.people["payer"]
        self.send(payer, self.token.functions.approve(self.escrow.address, 2**256 - 1))
        for name in ("worker", "arbiter"):
            self.send(payer, self.token.functions.transfer(self.people[name].address, 10**6))

    def _until_it_answers(self) -> None:
        for _ in range(200):
            if self.web3.is_connected():
                return
            time.sleep(0.05)
        raise RuntimeError("anvil did not answer within ten seconds")

    def _rpc(self, method: str, *params: object) -> Any:
        answer = self.web3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _deploy(self, name: str, *arguments: object) -> Any:
        found = json.loads((ROOT / "oracle" / "chain" / "abi" / f"{name}.json").read_text())
        factory = self.web3.eth.contract(abi=found["abi"], bytecode=found["bytecode"])
        receipt = self.send(self.people["anyone"], factory.constructor(*arguments))
        return self.web3.eth.contract(address=receipt["contractAddress"], abi=found["abi"])

    def send(self, sender: LocalAccount, call: Any, value: int = 0) -> Any:
        """Sign, send and wait; raises RuntimeError for a reverted transaction."""
        draft = call.build_transaction(
            {"from": sender.address, "value": value, "nonce": self.web3.eth.get_transaction_count(sender.address)}
        )
        sent = self.web3.eth.send_raw_transaction(sender.sign_transaction(draft).raw_transaction)
        receipt = self.web3.eth.wait_for_transaction_receipt(sent, timeout=10, poll_latency=0.02)
        if receipt["status"] != 1:
            raise RuntimeError(f"reverted: {draft}")
        return receipt

    def warp(self, seconds: int) -> None:
        self._rpc("evm_increaseTime", seconds)
        self._rpc("evm_mine")

    def terms(self, label: str, token: str, *, window: int = 0) -> JobTerms:
        """A job of the kind that the ceilings are stated for; with a window it names an arbiter, as it must."""
        now = int(self.web3.eth.get_block("latest")["timestamp"])
        payer = self.people["payer"].address
        return JobTerms(
            payer=payer,
            requester=payer,
            worker=self.people["worker"].address,
            arbiter=self.people["arbiter"].address if window else ZERO_ADDRESS,
            token=self.token.address if token == ERC20 else ZERO_ADDRESS,
            fee_to=ZERO_ADDRESS,
            fee_bps=0,
            budget=25_000_000 if token == ERC20 else 5 * 10**16,
            claim_by=0,
            deliver_window=0,
            submit_by=now + DAY_S,
            verdict_by=now + 2 * DAY_S,
            challenge_window=window,
            ruling_window=window,
            silence_bps=5000,
            inconclusive_bps=5000,
            dispute_bond_bps=500 if window else 0,
            claim_bond_bps=0,
            max_rounds=1,
            quorum=3,
            spec_hash=word(f"{label} spec"),
            salt=int(word(f"{label} salt"), 16),
            validators=tuple(validator.address for validator in self.validators),
        )

    def fund(self, terms: JobTerms) -> int:
        value = terms.budget if terms.token == ZERO_ADDRESS else 0
        return self._gas("payer", self.escrow.functions.fund(pack_terms(terms)), value)

    def submit(self, terms: JobTerms) -> int:
        call = self.escrow.functions.submit(pack_brief(terms), result_of(terms), word("multiset"))
        return self._gas("worker", call)

    def propose(self, terms: JobTerms) -> int:
        """Accept the whole budget, signed by validators 0, 2 and 4."""
        chain_id = self.web3.eth.chain_id
        job = job_id_of(terms, chain_id, self.escrow.address)
        verdict = Verdict(job, 0, result_of(terms), Outcome.ACCEPT, terms.budget, word("evidence"))
        digest = verdict_digest(verdict, chain_id, self.escrow.address)
        signatures = b"".join(
            bytes(self.validators[i].unsafe_sign_hash(bytes.fromhex(digest[2:])).signature) for i in (0, 2, 4)
        )
        signed = (ZERO_ADDRESS, verdict.result_hash, 1, terms.budget, verdict.evidence_hash, 0b10101)
        return self._gas("anyone", self.escrow.functions.propose(pack_terms(terms), signed, signatures))

    def finalize(self, terms: JobTerms) -> int:
        proposal = (terms.worker, result_of(terms), 1, terms.budget, 0b10101)
        return self._gas("anyone", self.escrow.functions.finalize(pack_brief(terms), proposal))

    def refund(self, terms: JobTerms) -> int:
        return self._gas("anyone", self.escrow.functions.refund(pack_brief(terms)))

    def _gas(self, sender: str, call: Any, value: int = 0) -> int:
        return int(self.send(self.people[sender], call, value)["gasUsed"])


def word(label: str) -> str:
    return "0x" + hashlib.sha256(label.encode()).hexdigest()


def account(label: str) -> LocalAccount:
    return Account.from_key(hashlib.sha256(f"benchmark: {label}".encode()).digest())


def result_of(terms: JobTerms) -> str:
    return word(f"result {terms.salt}")


@contextmanager
def chain() -> Iterator[Chain]:
    """A fresh Anvil on a free port of loopback; it ends with the block."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [str(find_anvil()), "--host", "127.0.0.1", "--port", str(port), "--hardfork", "prague", "--quiet"]
        process = subprocess.Popen(command, cwd=folder)
        try:
            yield Chain(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=10)


def measure() -> list[Row]:
    """Every operation on both tokens, in the order of CEILINGS, then the rows without one."""
    gas: dict[tuple[str, str], int] = {}
    with chain() as local:
        for token in (NATIVE, ERC20):
            gas["fund, first", token] = local.fund(local.terms("first", token))
            at_once = local.terms("at once", token)
            gas["fund", token] = local.fund(at_once)
            gas["submit", token] = local.submit(at_once)
            gas["settle at once, 3 signatures", token] = local.propose(at_once)

            windowed = local.terms("windowed", token, window=3600)
            local.fund(windowed)
            local.submit(windowed)
            gas["propose, 3 signatures", token] = local.propose(windowed)
            local.warp(3601)
            gas["finalize", token] = local.finalize(windowed)

            silent = local.terms("silent", token)
            local.fund(silent)
            local.warp(DAY_S + 1)
            gas["refund", token] = local.refund(silent)
    order = [*CEILINGS, *(key for key in gas if key not in CEILINGS)]
    return [Row(*key, gas[key], CEILINGS.get(key)) for key in order]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="a list of operation, token, gas, ceiling")
    as_json = parser.parse_args().json
    rows = measure()
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print(f"{'operation':<30} {'token':<7} {'gas':>8} {'ceiling':>8}")
        for row in rows:
            mark = "" if row.within else "  ABOVE"
            print(f"{row.operation:<30} {row.token:<7} {row.gas:>8,} {row.ceiling or '-':>8}{mark}")
    return 0 if all(row.within for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
