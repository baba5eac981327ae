"""Write tests/golden/typed_data.json: terms and everything signed about them, with the digests.

    .venv/bin/python scripts/golden/golden_vectors.py [--check]

An implementation of its own, on purpose: it takes the digests from eth-account's EIP-712 encoder and imports neither
the contract nor `oracle.terms`. Golden.t.sol, the Python tests and viem (tests/node) each compare theirs with the same
file. Every value is derived from the label of its vector, so that the file reproduces to the byte.

Merkle roots are by the recursion of RFC 6962, section 2.1, which splits a list at the largest power of two below its
length; the contract and `oracle.terms` go level by level.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

TARGET = Path(__file__).resolve().parents[2] / "tests" / "golden" / "typed_data.json"

DOMAIN = {
    "name": "ComputeEscrow",
    "version": "1",
    "chainId": 31337,
    "verifyingContract": to_checksum_address("0x" + keccak(text="the escrow of the golden vectors")[12:].hex()),
}

# The documents that readers see. Kept as one text each so that they can be compared with CONTRACTS by eye.
TYPES = {
    "JobTerms": (
        "address payer,address requester,address worker,address arbiter,address token,address feeTo,address registry,"
        "uint16 feeBps,uint128 budget,uint40 claimBy,uint32 deliverWindow,uint40 submitBy,uint40 verdictBy,"
        "uint32 challengeWindow,uint32 rulingWindow,uint16 silenceBps,uint16 inconclusiveBps,uint16 disputeBondBps,"
        "uint16 claimBondBps,uint8 maxRounds,uint8 quorum,bytes32 specHash,uint256 salt,bytes validators"
    ),
    "Verdict": ("bytes32 job,uint8 round,bytes32 resultHash,uint8 outcome,uint128 workerAmount,bytes32 evidenceHash"),
    "Cancel": "bytes32 job,uint8 status,uint8 round,uint40 clock,uint256 commit,uint40 expiry",
    "Submission": "bytes32 job,uint40 clock,bytes32 resultHash,bytes32 multisetHash",
    "BatchVerdict": "bytes32 root",
    "TokenPermissions": "address token,uint256 amount",
    "PermitWitnessTransferFrom": (
        "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,JobTerms witness"
    ),
    "ReceiveWithAuthorization": (
        "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce"
    ),
}

PERMIT2 = {"name": "Permit2", "chainId": 31337, "verifyingContract": "0x000000000022D473030F116dDEE9F6B43aC78BA3"}
"""Permit2's domain, which has no version: AddressConstants and EIP712.sol of its sources."""

ZERO = "0x" + 40 * "0"
FIRST = {
    "payer": "payer",
    "requester": "payer",
    "worker": "worker",
    "arbiter": None,
    "token": None,
    "feeTo": None,
    "registry": None,
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
    ("a registry of validators", {"registry": "registry", "token": "token", "feeTo": "feeTo", "feeBps": 1}, 1),
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
            "registry": "registry",
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


def members_of(name: str) -> list[dict[str, str]]:
    pairs = (member.split(" ") for member in TYPES[name].split(","))
    return [{"name": key, "type": kind} for kind, key in pairs]


def signable(name: str, message: dict[str, Any], domain: dict[str, Any], *referenced: str) -> SignableMessage:
    types = {each: members_of(each) for each in (name, *referenced)}
    return encode_typed_data(domain_data=domain, message_types=types, message_data=message)


def digest(name: str, message: dict[str, Any], domain: dict[str, Any] = DOMAIN, *referenced: str) -> str:
    """keccak256(0x19 0x01 || domain separator || struct hash), from eth-account's parts of it."""
    parts = signable(name, message, domain, *referenced)
    return "0x" + keccak(b"\x19" + parts.version + parts.header + parts.body).hex()


def leaf(content: bytes) -> bytes:
    return keccak(b"\x00" + content)


def split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def root(contents: list[bytes]) -> bytes:
    if len(contents) == 1:
        return leaf(contents[0])
    middle = split(len(contents))
    return keccak(b"\x01" + root(contents[:middle]) + root(contents[middle:]))


def path(contents: list[bytes], index: int) -> list[str]:
    """The siblings of a leaf, from the leaf upwards: PATH of RFC 6962, section 2.1.1."""
    if len(contents) == 1:
        return []
    middle = split(len(contents))
    left, right = contents[:middle], contents[middle:]
    if index < middle:
        return [*path(left, index), "0x" + root(right).hex()]
    return [*path(right, index - middle), "0x" + root(left).hex()]


def pack(message: dict[str, Any]) -> str:
    """Each member big-endian at its own width, nothing between."""
    parts = []
    for member in members_of("JobTerms"):
        value, kind = message[member["name"]], member["type"]
        if kind.startswith("uint"):
            parts.append(value.to_bytes(int(kind[4:]) // 8, "big"))
        else:
            parts.append(bytes.fromhex(value[2:]))
    return "0x" + b"".join(parts).hex()


def terms_of(label: str, changes: dict[str, Any]) -> dict[str, Any]:
    given = FIRST | changes
    terms: dict[str, Any] = {}
    for member in members_of("JobTerms"):
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
    packed = pack(terms)
    validators = terms["validators"].removeprefix("0x")
    result, round_ = word(f"{label}: result"), position % 3
    verdict = {
        "job": job,
        "round": round_,
        "resultHash": result,
        "outcome": outcome,
        "workerAmount": terms["budget"] if outcome == 1 else 0,
        "evidenceHash": word(f"{label}: evidence"),
    }
    cancel = {
        "job": job,
        "status": (1, 3, 4)[position % 3],
        "round": round_,
        "clock": 1_799_000_000 + position,
        "commit": int(word(f"{label}: commit"), 16) >> 50,
        "expiry": 1_800_000_000 + position,
    }
    multiset = word(f"{label}: multiset")
    submission = {"job": job, "clock": 1_798_000_000 + position, "resultHash": result, "multisetHash": multiset}
    return {
        "label": label,
        "terms": text(terms),
        "packed": packed,
        "brief": packed.removesuffix(validators) + keccak(hexstr=validators).hex(),
        "jobId": job,
        "verdict": text(verdict),
        "verdictDigest": digest("Verdict", verdict),
        "leaf": "0x" + leaf(signable("Verdict", verdict, DOMAIN).body).hex(),
        "cancel": text(cancel),
        "cancelDigest": digest("Cancel", cancel),
        "submission": text(submission),
        "submissionDigest": digest("Submission", submission),
        **(payment(position, label, terms, job) if terms["token"] != ZERO else {}),
    }


def payment(position: int, label: str, terms: dict[str, Any], job: str) -> dict[str, Any]:
    """What a payer of a token may sign instead of sending a transaction."""
    escrow = DOMAIN["verifyingContract"]
    permit = {
        "permitted": {"token": terms["token"], "amount": terms["budget"]},
        "spender": escrow,
        "nonce": int(word(f"{label}: permit nonce"), 16),
        "deadline": 1_800_000_000 + position,
        "witness": terms,
    }
    authorization = {
        "from": terms["payer"],
        "to": escrow,
        "value": terms["budget"],
        "validAfter": 1_700_000_000 + position,
        "validBefore": 1_800_000_000 + position,
        "nonce": job,
    }
    domain = {"name": "Local play dollar", "version": "1", "chainId": 31337, "verifyingContract": terms["token"]}
    return {
        "permit2": text({key: permit[key] for key in ("nonce", "deadline")}),
        "permit2Digest": digest("PermitWitnessTransferFrom", permit, PERMIT2, "TokenPermissions", "JobTerms"),
        "tokenDomain": domain,
        "authorization": text({key: authorization[key] for key in ("validAfter", "validBefore")}),
        "authorizationDigest": digest("ReceiveWithAuthorization", authorization, domain),
    }


def batch(vectors: list[dict[str, Any]], members: list[int]) -> dict[str, Any]:
    """One signature for the verdicts of several vectors."""
    kinds = {member["name"]: member["type"] for member in members_of("Verdict")}
    hashes = []
    for index in members:
        verdict = {
            key: int(value) if kinds[key].startswith("uint") else value
            for key, value in vectors[index]["verdict"].items()
        }
        hashes.append(signable("Verdict", verdict, DOMAIN).body)
    top = "0x" + root(hashes).hex()
    return {"members": members, "root": top, "digest": digest("BatchVerdict", {"root": top})}


def tree(count: int) -> dict[str, Any]:
    """The root over so many verdict documents of one batch job, and each document's proof."""
    documents = [hashlib.sha256(f"{count} runs: document {i}".encode()).digest() for i in range(count)]
    return {
        "documents": ["0x" + document.hex() for document in documents],
        "root": "0x" + root(documents).hex(),
        "proofs": [path(documents, index) for index in range(count)],
    }


def document() -> str:
    vectors = [vector(position, *case) for position, case in enumerate(CASES)]
    everything = {
        "domain": DOMAIN,
        "permit2Domain": PERMIT2,
        "vectors": vectors,
        "batches": [batch(vectors, list(range(count))) for count in (1, 2, 3, 7, len(vectors))],
        "trees": [tree(count) for count in (1, 2, 3, 4, 5, 6, 7, 8, 9)],
    }
    return json.dumps(everything, indent=2) + "\n"


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
