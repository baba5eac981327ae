"""Write tests/golden/typed_data.json: terms and everything signed about them, with the digests.

    .venv/bin/python scripts/golden_vectors.py [--check]

An implementation of its own, on purpose: it takes the digests from eth-account's EIP-712 encoder and imports neither
the contract nor `oracle.terms`. Golden.t.sol and the Python tests each compare theirs with the same file. Every value
is derived from the label of its vector, so that the file reproduces to the byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

TARGET = Path(__file__).resolve().parent.parent / "tests" / "golden" / "typed_data.json"

DOMAIN = {
    "name": "ComputeEscrow",
    "version": "1",
    "chainId": 31337,
    "verifyingContract": to_checksum_address("0x" + keccak(text="the escrow of the golden vectors")[12:].hex()),
}

# The documents that readers see. Kept as one text each so that they can be compared with CONTRACTS by eye.
TYPES = {
    "JobTerms": (
        "address payer,address requester,address worker,address arbiter,address token,address feeTo,uint16 feeBps,"
        "uint128 budget,uint40 claimBy,uint32 deliverWindow,uint40 submitBy,uint40 verdictBy,uint32 challengeWindow,"
        "uint32 rulingWindow,uint16 silenceBps,uint16 inconclusiveBps,uint16 disputeBondBps,uint16 claimBondBps,"
        "uint8 maxRounds,uint8 quorum,bytes32 specHash,uint256 salt,bytes validators"
    ),
    "Verdict": ("bytes32 job,uint8 round,bytes32 resultHash,uint8 outcome,uint128 workerAmount,bytes32 evidenceHash"),
    "Cancel": "bytes32 job,uint8 status,uint8 round,uint40 expiry",
    "Submission": "bytes32 job,uint8 round,bytes32 resultHash,bytes32 multisetHash",
}

ZERO = "0x" + 40 * "0"
FIRST = {
    "payer": "payer",
    "requester": "payer",
    "worker": "worker",
    "arbiter": None,
    "token": None,
    "feeTo": None,
    "feeBps": 0,
    "budget": 10**18,
    "claimBy": 0,
    "deliverWindow": 0,
    "submitBy": 1_800_000_000,
    "verdictBy": 1_800_007_200,
    "challengeWindow": 0,
    "rulingWindow": 0,
    "silenceBps": 5000,
    "inconclusiveBps": 5000,
    "disputeBondBps": 0,
    "claimBondBps": 0,
    "maxRounds": 1,
    "quorum": 2,
    "validators": 3,
}
"""Members of the plainest terms: a label instead of an address, a number of validators instead of their bytes."""

CASES: list[tuple[str, dict[str, Any], int]] = [
    ("native coin, three validators", {}, 1),
    ("ERC-20, five validators", {"token": "token", "budget": 25_000_000, "quorum": 3, "validators": 5}, 1),
    ("fee and a requester of its own", {"requester": "requester", "feeTo": "feeTo", "feeBps": 250}, 2),
    (
        "arbiter and windows",
        {"arbiter": "arbiter", "challengeWindow": 86_400, "rulingWindow": 604_800, "disputeBondBps": 500},
        3,
    ),
    ("one validator", {"quorum": 1, "validators": 1}, 1),
    ("sixteen validators", {"quorum": 9, "validators": 16}, 3),
    ("one base unit", {"budget": 1, "silenceBps": 0, "inconclusiveBps": 10_000}, 1),
    (
        "open job",
        {"worker": None, "claimBy": 1_799_990_000, "deliverWindow": 7200, "claimBondBps": 500, "maxRounds": 3},
        2,
    ),
    (
        "every member at its widest",
        {
            "arbiter": "arbiter",
            "token": "token",
            "feeTo": "feeTo",
            **dict.fromkeys(("feeBps", "silenceBps", "inconclusiveBps", "disputeBondBps", "claimBondBps"), 2**16 - 1),
            **dict.fromkeys(("claimBy", "submitBy", "verdictBy"), 2**40 - 1),
            **dict.fromkeys(("deliverWindow", "challengeWindow", "rulingWindow"), 2**32 - 1),
            **dict.fromkeys(("maxRounds", "quorum"), 2**8 - 1),
            "budget": 2**128 - 1,
            "salt": 2**256 - 1,
        },
        1,
    ),
    (
        "every number zero",
        dict.fromkeys(("budget", "submitBy", "verdictBy", "silenceBps", "inconclusiveBps", "maxRounds", "quorum"), 0)
        | {"salt": 0},
        3,
    ),
]
"""Label, changes to FIRST, outcome of the verdict. What funding refuses is here too: digests know no such rule."""


def word(label: str) -> str:
    return "0x" + hashlib.sha256(label.encode()).hexdigest()


def address(label: str) -> str:
    return str(Account.from_key(hashlib.sha256(label.encode()).digest()).address)


def members(name: str) -> list[dict[str, str]]:
    pairs = (member.split(" ") for member in TYPES[name].split(","))
    return [{"name": key, "type": kind} for kind, key in pairs]


def digest(name: str, message: dict[str, Any]) -> str:
    """keccak256(0x19 0x01 || domain separator || struct hash), from eth-account's parts of it."""
    signable = encode_typed_data(domain_data=DOMAIN, message_types={name: members(name)}, message_data=message)
    return "0x" + keccak(b"\x19" + signable.version + signable.header + signable.body).hex()


def pack(message: dict[str, Any]) -> str:
    """Each member big-endian at its own width, nothing between."""
    parts = []
    for member in members("JobTerms"):
        value, kind = message[member["name"]], member["type"]
        if kind.startswith("uint"):
            parts.append(value.to_bytes(int(kind[4:]) // 8, "big"))
        else:
            parts.append(bytes.fromhex(value[2:]))
    return "0x" + b"".join(parts).hex()


def terms_of(label: str, changes: dict[str, Any]) -> dict[str, Any]:
    given = FIRST | changes
    terms: dict[str, Any] = {}
    for member in members("JobTerms"):
        name = member["name"]
        if name == "validators":
            keys = sorted(address(f"{label}: validator {i}").lower() for i in range(given[name]))
            terms[name] = "0x" + "".join(key[2:] for key in keys)
        elif member["type"] == "address":
            terms[name] = ZERO if given[name] is None else address(f"{label}: {given[name]}")
        elif name == "specHash":
            terms[name] = word(f"{label}: spec")
        elif name == "salt":
            terms[name] = given.get("salt", int(word(f"{label}: salt"), 16))
        else:
            terms[name] = given[name]
    return terms


def text(message: dict[str, Any]) -> dict[str, str]:
    """Integers as decimal text: JSON numbers end at 2^53."""
    return {key: str(value) for key, value in message.items()}


def vector(position: int, label: str, changes: dict[str, Any], outcome: int) -> dict[str, Any]:
    terms = terms_of(label, changes)
    job = digest("JobTerms", terms)
    result, round_ = word(f"{label}: result"), position % 3
    verdict = {
        "job": job,
        "round": round_,
        "resultHash": result,
        "outcome": outcome,
        "workerAmount": terms["budget"] if outcome == 1 else 0,
        "evidenceHash": word(f"{label}: evidence"),
    }
    cancel = {"job": job, "status": (1, 3, 4)[position % 3], "round": round_, "expiry": 1_800_000_000 + position}
    multiset = word(f"{label}: multiset")
    submission = {"job": job, "round": round_, "resultHash": result, "multisetHash": multiset}
    return {
        "label": label,
        "terms": text(terms),
        "packed": pack(terms),
        "jobId": job,
        "verdict": text(verdict),
        "verdictDigest": digest("Verdict", verdict),
        "cancel": text(cancel),
        "cancelDigest": digest("Cancel", cancel),
        "submission": text(submission),
        "submissionDigest": digest("Submission", submission),
    }


def document() -> str:
    vectors = [vector(position, *case) for position, case in enumerate(CASES)]
    return json.dumps({"domain": DOMAIN, "vectors": vectors}, indent=2) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file differs")
    check = parser.parse_args().check
    if not check:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(document())
        print(f"wrote {TARGET}")
        return 0
    if TARGET.exists() and TARGET.read_text() == document():
        print(f"{TARGET} is up to date")
        return 0
    print(f"{TARGET} differs from what this script writes: run it without --check and look at the change")
    return 1


if __name__ == "__main__":
    sys.exit(main())
