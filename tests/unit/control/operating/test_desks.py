"""Each role's key is opened at its own desk: an act needs its own party's key, and touches no other."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from paper_router import PaperProvider
from parties import DESKS, addresses, bench, desk_of

from oracle.chain.errors import KeystoreRejected
from oracle.chain.transactions import keystore
from router.control.operating import intake
from router.control.operating.approving import approval, rulings
from router.control.operating.approving.separation import shared_keys
from router.control.operating.following import chain_events
from router.control.operating.offering.offers import offer
from router.payer.cancellation import request_cancellation
from router.payer.desk import PayerDesk
from router.payer.funding import fund
from router.protocol.desks import keys
from router.protocol.lifecycle import Event, JobRecord, Role, Simulated, State
from router.protocol.providing import JobState
from router.requester.promote import promote
from router.requester.simulate import keep
from router.settings import RoleHome


@contextmanager
def only(desk: Any, *roles: str) -> Iterator[None]:
    """With every folder of keys away but those of `roles`; a key that was made in one's place is found."""
    home = desk.opened.home
    others = [folder for name, folder in home.folders().items() if name not in roles and folder.root.is_dir()]
    away = [folder.root.rename(home.root / f"away-{folder.root.name}") for folder in others]
    try:
        yield
    finally:
        made = [folder.root.name for folder in others if folder.root.exists()]
        for path, folder in zip(away, others, strict=True):
            if not folder.root.exists():
                path.rename(folder.root)
    assert made == [], f"an act of {roles} asked for the keys of {made}"


def test_each_act_of_a_job_takes_its_own_partys_key_and_no_other(desk: Any) -> None:
    opened, provider = desk.opened, PaperProvider()
    handed: list[tuple[Event, Simulated]] = []

    def taken(created: Event, simulated: Simulated) -> JobRecord:
        handed.append((created, simulated))
        raise InterruptedError

    with only(desk, "requester"), pytest.raises(InterruptedError):
        keep(desk_of(opened, "requester"), taken, desk.prepared, lambda _what, _share: None)
    with only(desk, "operator"):
        job = intake.admit(desk_of(opened, "operator"), *handed[0]).job
    with only(desk, "operator"):
        rulings.grant(desk_of(opened, "operator"), job, "for a test")
    with only(desk):
        offered = offer(opened, job, "aer", "25")
    with only(desk, "requester"):
        record = promote(desk_of(opened, "requester"), offered)
    with only(desk, "requester"):  # who pays here
        fund(desk_of(opened, "payer"), job)
    desk.locks(record)
    router = bench(opened, {"aer": provider})
    with only(desk, "operator"):
        opened.reader(opened.client()).catch_up()
        chain_events.reconcile(router.desk, opened.client(), job, to_block=opened.client().head().number)
        assert isinstance(approval.approve(router.desk, opened.client(), router.providers, job), approval.Choice), (
            desk.waits_for(job)
        )
    with only(desk, "requester"):
        request_cancellation(desk_of(opened, "payer"), job)
    with only(desk, "worker"):
        expiry = int(datetime.now(UTC).timestamp()) + 60
        assert len(router.worker.sign_cancellation(opened.store.job(job), expiry)) == 132
        assert router.worker.submit(job, "aer", "aer") is None
    provider.state = JobState.COMPLETED
    with only(desk, "worker"):
        assert router.worker.deliver(job) is None
    ended = opened.store.job(job)
    assert ended.state is State.COMPLETED
    signers = {event.role: event.address for event in opened.store.events(job)}
    own = addresses(opened)
    assert signers == {role: own[role.value] for role in Role}


def test_the_folder_of_a_role_is_for_its_owner_alone_and_its_password_opens_no_other_key(desk: Any) -> None:
    own = addresses(desk.opened)
    assert len(set(own.values())) == 3
    folders = {role: desk_of(desk.opened, role).folder for role in own}
    for role, folder in folders.items():
        assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
        for other in set(folders.values()) - {folder}:
            with pytest.raises(KeystoreRejected):
                keystore.load(other.keystore, folder.password)
        assert desk_of(desk.opened, role).account.address == own[role]


def test_a_payer_with_a_key_of_its_own_pays_and_the_requesters_stays_closed(desk: Any) -> None:
    requester = desk_of(desk.opened, "requester").address
    assert PayerDesk(desk.opened).address == requester, "who has no payer pays alone"
    payer = keys.make(RoleHome(desk.opened.home.root / "payer"))
    with only(desk, "payer"):
        assert PayerDesk(desk.opened).account.address == payer != requester
    job = desk.simulated()
    with only(desk, "operator", "payer"):
        told = shared_keys(desk_of(desk.opened, "operator"), desk.opened.store.job(job))
    assert told == (), "neither the requester's key nor that of the stack's payer lies here"


def test_no_desk_signs_events_as_another_role() -> None:
    roles = {name: getattr(desk, "role", None) for name, desk in DESKS.items()}
    assert roles == {"requester": Role.REQUESTER, "payer": None, "operator": Role.OPERATOR, "worker": Role.WORKER}
    assert not hasattr(PayerDesk, "write"), "the payer signs no events"
