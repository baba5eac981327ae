"""Bundles as a forger makes them: changed, and sealed again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import rlp
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import strategies as st

from oracle.chain.bytecode import artifact
from oracle.encoding import sha256_hex
from oracle.evidence.checks import EvidenceReport
from oracle.evidence.inclusion.transactions import MinedTransaction
from oracle.evidence.inclusion.trie import prove, root_and_nodes
from oracle.evidence.packing.bundle import Bundle, Piece, artifact_path, write_bundle
from oracle.evidence.packing.manifest import CRATE, Missing
from oracle.evidence.verifying import verify
from router.protocol.evidence.event_log import event_checks


def verified(data: bytes) -> EvidenceReport:
    """The report with the event log read, as `compute verify` has it."""
    return verify(data, (event_checks,))[0]


def sealed(
    bundle: Bundle, changed: Mapping[str, bytes | None], missing: tuple[Missing, ...] | None = None, **names: str
) -> bytes:
    """The bundle with members changed (None: left out), and every name, digest and list made anew."""
    pieces = []
    for path, sort in bundle.manifest.sorts.items():
        data = changed.get(path, bundle.members[path])
        if path == CRATE or data is None:
            continue
        at = artifact_path(sha256_hex(data)) if path.startswith("artifacts/") else path
        pieces.append(Piece(at, sort, data))
    manifest = bundle.manifest
    job, escrow_id = names.get("job", manifest.job), names.get("escrow_id", manifest.escrow_id)
    told = manifest.missing if missing is None else missing
    return write_bundle(job, escrow_id, names.get("as_of", manifest.as_of), pieces, told)


def in_a_block_of_their_own(member: bytes, logs: Sequence[list[Any]]) -> bytes:
    """The transaction of `member` with other logs, in a block whose header and proof hold."""
    mined = MinedTransaction.from_bytes(member)
    receipt = b"\x02" + rlp.encode([1, 21_000, bytes(256), list(logs)])
    root, nodes = root_and_nodes([receipt])
    fields = rlp.decode(bytes.fromhex(str(mined.header)[2:]))
    fields[5] = root
    header = rlp.encode(fields)
    proof = tuple("0x" + node.hex() for node in prove(nodes, root, 0))
    return replace(
        mined,
        header="0x" + header.hex(),
        block_hash="0x" + keccak(header).hex(),
        receipt="0x" + receipt.hex(),
        proof=proof,
        index=0,
        first_log=0,
    ).to_bytes()


@st.composite
def made_up_logs(draw: st.DrawFn, bundle: Bundle) -> list[Any]:
    """A log of the bundle's escrow, about its job, of any event with any values: address, topics, data."""
    events = [entry for entry in artifact("JobEscrow").abi if entry["type"] == "event"]
    entry = draw(st.sampled_from(events))
    signature = f"{entry['name']}({','.join(item['type'] for item in entry['inputs'])})"
    topics, types, values = [keccak(text=signature)], [], []
    for item in entry["inputs"]:
        value = bytes.fromhex(str(bundle.manifest.escrow_id)[2:]) if item["name"] == "job" else draw(_of(item["type"]))
        if item["indexed"]:
            topics.append(encode([item["type"]], [value]))
        else:
            types.append(item["type"])
            values.append(value)
    data = encode(types, values)
    cut = draw(st.sampled_from([len(data), len(data), len(data) - 1, 0]))
    return [bytes.fromhex(json.loads(bundle.members["chain.json"])["escrow"][2:]), topics, data[:cut]]


def _of(kind: str) -> st.SearchStrategy[Any]:
    """Values of a Solidity type."""
    if kind in ("address", "bytes32"):
        size = 20 if kind == "address" else 32
        return st.binary(min_size=size, max_size=size)
    if kind == "bytes":
        return st.binary(max_size=40)
    if kind == "bool":
        return st.booleans()
    return st.sampled_from([0, 1, 2, 3, 5, 6]) | st.integers(0, 2 ** int(kind.removeprefix("uint")) - 1)
