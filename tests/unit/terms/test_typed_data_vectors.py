"""Digests against eth_account's own EIP-712 encoder, over vectors that the contract is tested with too."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.terms import (
    ZERO_ADDRESS,
    Authorization,
    Cancel,
    Domain,
    JobTerms,
    Outcome,
    Permit,
    Submission,
    TypedMessage,
    Verdict,
    authorization_message,
    batch_digest,
    cancel_digest,
    claim_bond_of,
    dispute_bond_of,
    fee_of,
    job_id_of,
    pack_brief,
    pack_terms,
    permit2_message,
    submission_digest,
    unpack_terms,
    verdict_digest,
    verdict_root,
)
from oracle.terms.job_terms import FIXED_BYTES
from oracle.terms.payments import PERMIT_WITNESS_TRANSFER, RECEIVE_WITH_AUTHORIZATION
from oracle.terms.typed_data import BATCH_VERDICT, CANCEL, JOB_TERMS, SUBMISSION, VERDICT, StructType

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "typed_data.json").read_text())
CHAIN = GOLDEN["domain"]["chainId"]
ESCROW = GOLDEN["domain"]["verifyingContract"]
VECTORS = [pytest.param(vector, id=vector["label"]) for vector in GOLDEN["vectors"]]


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def _terms(vector: dict[str, str]) -> JobTerms:
    kinds = dict(JOB_TERMS.members)
    values: dict[str, Any] = {
        _snake(name): int(value) if kinds[name].startswith("uint") else value for name, value in vector.items()
    }
    packed = vector["validators"].removeprefix("0x")
    values["validators"] = tuple(to_checksum_address(packed[at : at + 40]) for at in range(0, len(packed), 40))
    return JobTerms(**values)


def _elsewhere(struct: StructType, values: dict[str, Any], chain_id: int, escrow: str) -> str:
    """The digest as eth_account computes it from the members, which ENCODED_TYPES holds to the contract's text."""
    signable = encode_typed_data(
        domain_data={"name": "ComputeEscrow", "version": "1", "chainId": chain_id, "verifyingContract": escrow},
        message_types={struct.name: [{"name": name, "type": kind} for name, kind in struct.members]},
        message_data=values,
    )
    return "0x" + keccak(b"\x19" + signable.version + signable.header + signable.body).hex()


def test_the_golden_file_has_the_vectors_this_test_is_for() -> None:
    assert len(VECTORS) >= 10
    assert GOLDEN["domain"] | {"chainId": 0, "verifyingContract": ""} == {
        "name": "ComputeEscrow",
        "version": "1",
        "chainId": 0,
        "verifyingContract": "",
    }


@pytest.mark.parametrize("vector", VECTORS)
def test_terms_pack_and_hash_as_the_contract_does(vector: dict[str, Any]) -> None:
    terms = _terms(vector["terms"])
    packed = pack_terms(terms)
    assert "0x" + packed.hex() == vector["packed"]
    assert unpack_terms(packed) == terms
    assert job_id_of(terms, CHAIN, ESCROW) == vector["jobId"]
    assert "0x" + pack_brief(terms).hex() == vector["brief"]


def _verdict(said: dict[str, str]) -> Verdict:
    return Verdict(
        said["job"],
        int(said["round"]),
        said["resultHash"],
        Outcome(int(said["outcome"])),
        int(said["workerAmount"]),
        said["evidenceHash"],
    )


@pytest.mark.parametrize("vector", VECTORS)
def test_what_is_signed_hashes_as_the_contract_does(vector: dict[str, Any]) -> None:
    verdict = _verdict(vector["verdict"])
    assert verdict_digest(verdict, CHAIN, ESCROW) == vector["verdictDigest"]
    assert verdict_root([verdict]) == vector["leaf"]
    said = vector["cancel"]
    numbers = (int(said[name]) for name in ("status", "round", "clock", "commit", "expiry"))
    cancel = Cancel(said["job"], *numbers)
    assert cancel_digest(cancel, CHAIN, ESCROW) == vector["cancelDigest"]
    said = vector["submission"]
    submission = Submission(said["job"], int(said["clock"]), said["resultHash"], said["multisetHash"])
    assert submission_digest(submission, CHAIN, ESCROW) == vector["submissionDigest"]


@pytest.mark.parametrize("batch", GOLDEN["batches"], ids=lambda batch: len(batch["members"]))
def test_a_batch_hashes_as_the_contract_does(batch: dict[str, Any]) -> None:
    verdicts = [_verdict(GOLDEN["vectors"][index]["verdict"]) for index in batch["members"]]
    assert verdict_root(verdicts) == batch["root"]
    assert batch_digest(batch["root"], CHAIN, ESCROW) == batch["digest"]


PAID_BY_SIGNATURE = [pytest.param(vector, id=vector["label"]) for vector in GOLDEN["vectors"] if "permit2" in vector]


def _permit(vector: dict[str, Any]) -> TypedMessage:
    said = vector["permit2"]
    return permit2_message(_terms(vector["terms"]), Permit(int(said["nonce"]), int(said["deadline"])), CHAIN, ESCROW)


def _authorization(vector: dict[str, Any]) -> TypedMessage:
    domain = vector["tokenDomain"]
    token = Domain(domain["name"], domain["version"], domain["chainId"], domain["verifyingContract"])
    said = vector["authorization"]
    authorization = Authorization(int(said["validAfter"]), int(said["validBefore"]))
    return authorization_message(_terms(vector["terms"]), authorization, token, ESCROW)


@pytest.mark.parametrize("vector", PAID_BY_SIGNATURE)
def test_what_a_payer_signs_hashes_as_the_token_and_permit2_do(vector: dict[str, Any]) -> None:
    assert _permit(vector).digest == vector["permit2Digest"]
    assert _authorization(vector).digest == vector["authorizationDigest"]


@pytest.mark.parametrize("message_of", [_permit, _authorization])
@pytest.mark.parametrize("vector", PAID_BY_SIGNATURE)
def test_a_wallet_signs_the_document_as_we_hash_it(
    vector: dict[str, Any], message_of: Callable[[dict[str, Any]], TypedMessage]
) -> None:
    message = message_of(vector)
    document = json.loads(json.dumps(message.document))
    signable = encode_typed_data(full_message=document)
    assert "0x" + keccak(b"\x19" + signable.version + signable.header + signable.body).hex() == message.digest


def test_native_coin_and_another_token_are_not_paid_by_signature() -> None:
    native = _terms(GOLDEN["vectors"][0]["terms"])
    with pytest.raises(ValueError, match="native coin"):
        permit2_message(native, Permit(0, 0), CHAIN, ESCROW)
    tokens = replace(native, token=native.worker)
    with pytest.raises(ValueError, match="the domain is of"):
        authorization_message(tokens, Authorization(0, 1), Domain("Other", "1", CHAIN, ESCROW), ESCROW)


ENCODED_TYPES = {
    JOB_TERMS: "JobTerms(address payer,address requester,address worker,address arbiter,address token,address feeTo,"
    "address registry,uint16 feeBps,uint128 budget,uint40 claimBy,uint32 deliverWindow,uint40 submitBy,"
    "uint40 verdictBy,uint32 challengeWindow,uint32 rulingWindow,uint16 silenceBps,uint16 inconclusiveBps,"
    "uint16 disputeBondBps,uint16 claimBondBps,uint8 maxRounds,uint8 quorum,bytes32 specHash,uint256 salt,"
    "bytes validators)",
    VERDICT: "Verdict(bytes32 job,uint8 round,bytes32 resultHash,uint8 outcome,uint128 workerAmount,"
    "bytes32 evidenceHash)",
    CANCEL: "Cancel(bytes32 job,uint8 status,uint8 round,uint40 clock,uint256 commit,uint40 expiry)",
    SUBMISSION: "Submission(bytes32 job,uint40 clock,bytes32 resultHash,bytes32 multisetHash)",
    BATCH_VERDICT: "BatchVerdict(bytes32 root)",
    RECEIVE_WITH_AUTHORIZATION: "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
    "uint256 validBefore,bytes32 nonce)",
}
ENCODED_TYPES[PERMIT_WITNESS_TRANSFER] = (
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
    f"JobTerms witness){ENCODED_TYPES[JOB_TERMS]}TokenPermissions(address token,uint256 amount)"
)


@pytest.mark.parametrize("struct", ENCODED_TYPES, ids=lambda struct: struct.name)
def test_a_type_reads_as_the_contract_declares_it(struct: StructType) -> None:
    assert struct.encoded_type == ENCODED_TYPES[struct]


addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
digests = st.binary(min_size=32, max_size=32).map(lambda data: "0x" + data.hex())


def _uint(bits: int) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(0, 2**bits - 1), st.sampled_from([0, 1, 2**bits - 1]))


def _member(kind: str) -> st.SearchStrategy[Any]:
    if kind == "bytes":
        ascending = st.sets(addresses, max_size=16).map(lambda found: sorted(found, key=lambda a: int(a, 16)))
        return ascending.map(tuple)
    if kind.startswith("uint"):
        return _uint(int(kind.removeprefix("uint")))
    return {"address": addresses, "bytes32": digests}[kind]


any_terms = st.builds(JobTerms, **{_snake(name): _member(kind) for name, kind in JOB_TERMS.members})


@settings(max_examples=100, deadline=None)
@given(terms=any_terms, chain_id=st.integers(1, 2**256 - 1), escrow=addresses)
def test_any_terms_survive_packing_and_hash_as_eth_account_hashes_them(
    terms: JobTerms, chain_id: int, escrow: str
) -> None:
    packed = pack_terms(terms)
    assert len(packed) == FIXED_BYTES + 20 * len(terms.validators)
    assert unpack_terms(packed) == terms
    values: dict[str, Any] = {name: getattr(terms, _snake(name)) for name, kind in JOB_TERMS.members if kind != "bytes"}
    values["specHash"] = bytes.fromhex(terms.spec_hash[2:])
    values["validators"] = packed[FIXED_BYTES:]
    assert job_id_of(terms, chain_id, escrow) == _elsewhere(JOB_TERMS, values, chain_id, escrow)


@settings(max_examples=50, deadline=None)
@given(
    verdict=st.builds(Verdict, digests, _uint(8), digests, st.sampled_from(Outcome), _uint(128), digests),
    chain_id=st.integers(1, 2**64),
    escrow=addresses,
)
def test_any_verdict_hashes_as_eth_account_hashes_it(verdict: Verdict, chain_id: int, escrow: str) -> None:
    values = {
        "job": bytes.fromhex(verdict.job[2:]),
        "round": verdict.round,
        "resultHash": bytes.fromhex(verdict.result_hash[2:]),
        "outcome": int(verdict.outcome),
        "workerAmount": verdict.worker_amount,
        "evidenceHash": bytes.fromhex(verdict.evidence_hash[2:]),
    }
    assert verdict_digest(verdict, chain_id, escrow) == _elsewhere(VERDICT, values, chain_id, escrow)


BASE = _terms(GOLDEN["vectors"][0]["terms"])


def test_another_chain_or_another_escrow_is_another_job() -> None:
    here = job_id_of(BASE, CHAIN, ESCROW)
    assert job_id_of(BASE, CHAIN + 1, ESCROW) != here
    assert job_id_of(BASE, CHAIN, to_checksum_address("0x" + "01" * 20)) != here
    assert job_id_of(replace(BASE, salt=BASE.salt ^ 1), CHAIN, ESCROW) != here


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("budget", 2**128, "budget"),
        ("budget", -1, "budget"),
        ("fee_bps", 2**16, "fee_?[bB]ps"),
        ("submit_by", 2**40, "submit_?[bB]y"),
        ("quorum", True, "quorum"),
        ("worker", BASE.worker.lower(), "checksum"),
        ("worker", "0x1234", "checksum"),
        ("spec_hash", BASE.spec_hash.upper(), "hexadecimal"),
        ("validators", BASE.validators[::-1], "ascending"),
        ("validators", (BASE.validators[0],) * 2, "ascending"),
    ],
)
def test_terms_that_do_not_fit_are_neither_packed_nor_hashed(field: str, value: object, named: str) -> None:
    wrong = replace(BASE, **{field: value})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=named):
        pack_terms(wrong)
    with pytest.raises(ValueError, match=named):
        job_id_of(wrong, CHAIN, ESCROW)


@pytest.mark.parametrize("cut", [1, 19, 21, 20 * 3 + 1])
def test_a_truncated_packing_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="packed terms are"):
        unpack_terms(pack_terms(BASE)[:-cut])


def test_a_packing_with_unsorted_validators_is_refused() -> None:
    packed = pack_terms(BASE)
    swapped = (
        packed[:FIXED_BYTES] + packed[FIXED_BYTES + 20 : FIXED_BYTES + 40] + packed[FIXED_BYTES : FIXED_BYTES + 20]
    )
    with pytest.raises(ValueError, match="ascending"):
        unpack_terms(swapped)


@pytest.mark.parametrize(
    ("budget", "fee_bps", "fee"),
    [(9_999, 1, 0), (10_000, 1, 1), (19_999, 1, 1), (2**128 - 1, 1_000, (2**128 - 1) // 10)],
)
def test_the_fee_is_rounded_down_in_integers(budget: int, fee_bps: int, fee: int) -> None:
    assert fee_of(replace(BASE, budget=budget, fee_bps=fee_bps, fee_to=BASE.worker)) == fee


@pytest.mark.parametrize(
    ("budget", "bps", "bond"), [(1, 100, 1), (9_999, 1, 1), (10_001, 1, 2), (10**18, 500, 5 * 10**16)]
)
def test_a_bond_is_rounded_up_in_integers(budget: int, bps: int, bond: int) -> None:
    terms = replace(BASE, budget=budget, claim_bond_bps=bps, dispute_bond_bps=bps)
    assert claim_bond_of(terms) == dispute_bond_of(terms) == bond


def test_nobody_is_the_zero_address() -> None:
    assert int(ZERO_ADDRESS, 16) == 0
    assert len(bytes.fromhex(ZERO_ADDRESS[2:])) == 20
