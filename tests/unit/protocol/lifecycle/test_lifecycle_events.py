"""Events: what is signed cannot be altered, moved, dropped or grafted, and malformed ones do not exist."""

from __future__ import annotations

import dataclasses
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from job_stories import CAUSE, CHAIN_ID, KEYS, ROLES, SAMPLES, START, STRANGER, Story, digest

from oracle.encoding import ZERO_DIGEST, canonical_bytes
from router.protocol.lifecycle import (
    Cancelled,
    ChainCaused,
    Created,
    EscrowMoved,
    EscrowState,
    Event,
    EventChainBroken,
    EventKind,
    EventMalformed,
    PayloadInvalid,
    Promoted,
    Queued,
    Role,
    RoleAddresses,
    Settled,
    Simulated,
    State,
    Validated,
    VerdictOutcome,
    did_of,
    format_at,
    is_job_id,
    new_job_id,
    parse_at,
    parse_did,
    sign_event,
    verify_chain,
)
from router.protocol.lifecycle.events import sign_unchecked, signature_fault
from router.protocol.lifecycle.job_ids import ALPHABET

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def altered(event: Event) -> list[tuple[str, Event]]:
    """The event with one field changed, for every field."""
    other_payload = Queued("nobody said this")
    return [
        ("job", dataclasses.replace(event, job="job_zzzzzzzzzz")),
        ("sequence", dataclasses.replace(event, sequence=event.sequence + 1)),
        (
            "kind",
            dataclasses.replace(
                event, kind=EventKind.RUNNING if event.kind is not EventKind.RUNNING else EventKind.QUEUED
            ),
        ),
        ("actor", dataclasses.replace(event, actor=did_of(STRANGER.address, CHAIN_ID))),
        ("actor's chain", dataclasses.replace(event, actor=did_of(event.address, 1))),
        ("role", dataclasses.replace(event, role=Role.WORKER if event.role is not Role.WORKER else Role.OPERATOR)),
        ("at", dataclasses.replace(event, at=format_at(parse_at(event.at) + timedelta(microseconds=1)))),
        ("payload", dataclasses.replace(event, payload=other_payload)),
        ("payload_digest", dataclasses.replace(event, payload_digest=digest("other"))),
        (
            "payload and its digest",
            dataclasses.replace(event, payload=other_payload, payload_digest=other_payload.digest),
        ),
        ("previous", dataclasses.replace(event, previous=digest("other"))),
        ("signature", dataclasses.replace(event, signature=event.signature[:-4] + "00" + event.signature[-2:])),
    ]


def test_an_honest_log_verifies_to_its_record() -> None:
    for state in State:
        story = Story().to(state)
        assert verify_chain(story.events, ROLES) == story.record


@pytest.mark.parametrize("position", range(11))
def test_altering_any_field_of_any_event_breaks_the_chain(position: int) -> None:
    events = Story().to(State.SETTLED).events
    for field, wrong in altered(events[position]):
        log = [*events[:position], wrong, *events[position + 1 :]]
        with pytest.raises(EventChainBroken) as broken:
            verify_chain(log, ROLES)
        assert broken.value.sequence in (wrong.sequence, wrong.sequence - 1, position + 2), field


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR], ids=lambda role: role.value)
def test_the_role_of_the_last_event_cannot_be_altered_though_it_is_not_signed(role: Role) -> None:
    # `cancelled` is the one kind that two roles may sign; what each needs excludes the other.
    events = Story().to(State.CANCELLED).events
    with pytest.raises(EventChainBroken):
        verify_chain([*events[:-1], dataclasses.replace(events[-1], role=role)], ROLES)


def test_dropping_swapping_doubling_or_grafting_an_event_breaks_the_chain() -> None:
    events = Story().to(State.SETTLED).events
    other = Story(seed=1).to(State.SETTLED).events
    for log in (
        events[1:],
        [*events[:4], *events[5:]],
        [*events[:4], events[5], events[4], *events[6:]],
        [*events[:4], events[3], *events[4:]],
        [*events[:4], *other[4:]],
        [],
    ):
        with pytest.raises(EventChainBroken):
            verify_chain(log, ROLES)


def test_a_log_cut_at_its_end_verifies_to_an_earlier_record() -> None:
    # Nothing off-chain can tell that a tail is missing; the chain and the other parties' copies can.
    story = Story().to(State.SETTLED)
    assert verify_chain(story.events[:-1], ROLES).state is State.VALIDATED


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.WORKER], ids=lambda role: role.value)
def test_a_signer_other_than_the_one_configured_is_refused(role: Role) -> None:
    story = Story()
    story.keys[role] = STRANGER
    story.to(State.COMPLETED)
    assert verify_chain(story.events).state is State.COMPLETED
    with pytest.raises(EventChainBroken, match=f"{STRANGER.address} signs as {role.value}"):
        verify_chain(story.events, ROLES)


def test_a_requester_other_than_the_one_expected_is_refused() -> None:
    roles = dataclasses.replace(ROLES, requester=frozenset({STRANGER.address}))
    with pytest.raises(EventChainBroken, match="signs as requester"):
        verify_chain(Story().to(State.CREATED).events, roles)


def test_a_log_of_another_chain_is_refused() -> None:
    roles = RoleAddresses.of(1, operator=KEYS[Role.OPERATOR].address, worker=KEYS[Role.WORKER].address)
    with pytest.raises(EventChainBroken, match="signed for chain 31337, not 1"):
        verify_chain(Story().to(State.CREATED).events, roles)


def test_an_impossible_transition_breaks_the_chain_even_if_well_signed() -> None:
    story = Story().to(State.CREATED)
    last = story.events[-1]
    jump = sign_unchecked(
        KEYS[Role.WORKER],
        job=story.job,
        chain_id=CHAIN_ID,
        role=Role.WORKER,
        payload=SAMPLES[EventKind.COMPLETED],
        at=START,
        sequence=2,
        previous=last.digest,
    )
    assert signature_fault(jump) is None
    with pytest.raises(EventChainBroken, match="completed does not follow"):
        verify_chain([last, jump], ROLES)


def test_an_event_made_by_hand_with_a_malformed_link_is_refused_like_any_other() -> None:
    (event,) = Story().to(State.CREATED).events
    for wrong in (
        dataclasses.replace(event, previous="not a digest"),
        dataclasses.replace(event, sequence=2**64),
        dataclasses.replace(event, actor="did:example:buyer123"),
        dataclasses.replace(event, signature="0x00"),
        dataclasses.replace(event, signature="0x" + "00" * 64 + "1b"),
    ):
        with pytest.raises(EventChainBroken):
            verify_chain([wrong])


def test_the_same_signature_in_other_bytes_is_refused() -> None:
    (event,) = Story().to(State.CREATED).events
    raw = bytes.fromhex(event.signature[2:])
    s = ORDER - int.from_bytes(raw[32:64])
    twin = raw[:32] + s.to_bytes(32) + bytes([55 - raw[64]])
    message = Account.recover_message(_independently_typed(event), signature=twin)
    assert message == event.address, "the twin is valid ECDSA, which is the point"
    assert "canonical form" in (signature_fault(dataclasses.replace(event, signature="0x" + twin.hex())) or "")
    low_v = raw[:64] + bytes([raw[64] - 27])
    assert "canonical form" in (signature_fault(dataclasses.replace(event, signature="0x" + low_v.hex())) or "")


def _independently_typed(event: Event) -> Any:
    """The typed data as the design writes it, spelt out a second time."""
    return encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                ],
                "LifecycleEvent": [
                    {"name": "job", "type": "string"},
                    {"name": "sequence", "type": "uint64"},
                    {"name": "kind", "type": "string"},
                    {"name": "actor", "type": "string"},
                    {"name": "at", "type": "string"},
                    {"name": "payload", "type": "bytes32"},
                    {"name": "previous", "type": "bytes32"},
                ],
            },
            "primaryType": "LifecycleEvent",
            "domain": {"name": "ComputeEscrow Lifecycle", "version": "1", "chainId": CHAIN_ID},
            "message": {
                "job": event.job,
                "sequence": event.sequence,
                "kind": event.kind.value,
                "actor": event.actor,
                "at": event.at,
                "payload": event.payload_digest,
                "previous": event.previous,
            },
        }
    )


def test_the_signed_bytes_are_eip_712_by_hand() -> None:
    (event,) = Story("job_0123456789").to(State.CREATED).events

    def text(value: str) -> bytes:
        return keccak(text=value)

    domain = keccak(
        text("EIP712Domain(string name,string version,uint256 chainId)")
        + text("ComputeEscrow Lifecycle")
        + text("1")
        + CHAIN_ID.to_bytes(32)
    )
    struct = keccak(
        text(
            "LifecycleEvent(string job,uint64 sequence,string kind,string actor,string at,"
            "bytes32 payload,bytes32 previous)"
        )
        + text("job_0123456789")
        + (1).to_bytes(32)
        + text("created")
        + text(f"did:pkh:eip155:31337:{KEYS[Role.REQUESTER].address}")
        + text("2026-06-01T12:00:00.000000Z")
        + bytes.fromhex(SAMPLES[EventKind.CREATED].digest[2:])
        + bytes(32)
    )
    signer = Account._recover_hash(keccak(b"\x19\x01" + domain + struct), signature=bytes.fromhex(event.signature[2:]))
    assert signer == KEYS[Role.REQUESTER].address


@pytest.mark.parametrize("kind", EventKind, ids=lambda kind: kind.value)
def test_a_payload_survives_its_canonical_json(kind: EventKind) -> None:
    sample = SAMPLES[kind]
    assert canonical_bytes(sample.to_json())
    assert type(sample).from_json(sample.to_json()) == sample


def test_an_event_survives_its_json() -> None:
    for event in Story().to(State.SETTLED).events:
        assert Event.from_json(event.to_json()) == event
        assert Event.from_json(event.to_json()).digest == event.digest


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 0},
        {"sequence": True},
        {"sequence": "1"},
        {"job": "job_il"},
        {"kind": "invented"},
        {"role": "validator"},
        {"at": "2026-06-01T12:00:00Z"},
        {"at": "2026-13-01T12:00:00.000000Z"},
        {"actor": "did:example:buyer123"},
        {"actor": "did:pkh:eip155:31337:0x1a642f0e3c3af545e7acbd38b07251b3990914f1"},
        {"payload": {"source": digest("x")}},
        {"payload": {"source": "x", "spec_hash": digest("x")}},
        {"payload": {"source": digest("x"), "spec_hash": digest("x"), "more": 1}},
        {"payload": None},
        {"signature": 5},
        {"sequence": 2**64},
        {"previous": "1x" + "0" * 64},
        {"payload_digest": "0x00"},
        {"extra": 1},
    ],
    ids=str,
)
def test_a_malformed_event_is_not_read(change: dict[str, object]) -> None:
    (event,) = Story().to(State.CREATED).events
    with pytest.raises(EventMalformed):
        Event.from_json(event.to_json() | change)


@pytest.mark.parametrize(
    ("where", "make"),
    [
        ("Created.source", lambda: Created("0xAB", digest("x"))),
        ("Simulated.baseline_distance", lambda: Simulated(*[digest("x")] * 4, baseline_distance="0.1e3")),
        ("Simulated.baseline_distance", lambda: Simulated(*[digest("x")] * 4, baseline_distance=0)),  # type: ignore[arg-type]
        ("Promoted.terms", lambda: dataclasses.replace(SAMPLES[EventKind.PROMOTED], terms="0x")),
        ("Queued.detail", lambda: Queued("  ")),
        ("Cancelled.reason", lambda: Cancelled("")),
        ("Validated.outcome", lambda: Validated(VerdictOutcome.REJECT, digest("x"), 1, CAUSE)),
        ("Validated.outcome", lambda: Validated(VerdictOutcome.SILENCE, digest("x"), 1, CAUSE)),
        ("Validated.worker_amount", lambda: Validated(VerdictOutcome.ACCEPT, digest("x"), -1, CAUSE)),
        ("Settled.fee", lambda: Settled(VerdictOutcome.ACCEPT, 1, 1, True, CAUSE)),
        ("Settled.cause", lambda: Settled(VerdictOutcome.ACCEPT, 1, 1, 1, None)),  # type: ignore[arg-type]
        ("EscrowMoved.escrow", lambda: EscrowMoved(EscrowState.NONE, CAUSE)),
        ("EscrowMoved.escrow", lambda: EscrowMoved("locked", CAUSE)),  # type: ignore[arg-type]
        ("ChainCaused.log_index", lambda: ChainCaused(digest("b"), digest("t"), -1, 1)),
    ],
)
def test_a_malformed_field_is_named(where: str, make: Any) -> None:
    with pytest.raises(PayloadInvalid) as invalid:
        make()
    assert invalid.value.where == where


def test_nothing_is_signed_that_the_table_refuses() -> None:
    with pytest.raises(ValueError, match="`job` and `chain_id`"):
        sign_event(KEYS[Role.REQUESTER], after=None, role=Role.REQUESTER, payload=SAMPLES[EventKind.CREATED], at=START)


def test_a_naive_time_is_refused_and_every_zone_is_told_in_utc() -> None:
    with pytest.raises(ValueError, match="zone"):
        format_at(datetime(2026, 6, 1, 12))  # noqa: DTZ001
    east = datetime(2026, 6, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert format_at(east) == "2026-06-01T12:00:00.000000Z"
    assert parse_at(format_at(east)) == east
    assert parse_at(format_at(east)).tzinfo is UTC


def test_did_and_address_go_both_ways() -> None:
    address = KEYS[Role.WORKER].address
    assert parse_did(did_of(address, 1)) == (1, address)


def test_job_ids_have_ten_characters_that_read_unambiguously() -> None:
    ids = {new_job_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(is_job_id(job) for job in ids)
    assert {char for job in ids for char in job[4:]} == set(ALPHABET)
    assert not set("ilou") & set(ALPHABET)
    assert new_job_id(random.Random(5)) == new_job_id(random.Random(5))
    assert not any(map(is_job_id, ("job_", "job_8f31", "job_ILOU456789", "Job_0123456789", "job_0123456789\n")))


def test_the_first_event_follows_nothing() -> None:
    (event,) = Story().to(State.CREATED).events
    assert (event.sequence, event.previous) == (1, ZERO_DIGEST)


def test_two_promotions_differ_in_their_escrow_ids() -> None:
    one, two = (Story(seed=seed).sample(EventKind.PROMOTED) for seed in (1, 2))
    assert isinstance(one, Promoted)
    assert isinstance(two, Promoted)
    assert one.escrow_id != two.escrow_id
