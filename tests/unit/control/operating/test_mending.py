"""A delivered result that the disk loses is put back from wherever it still is, and nobody is rejected for a disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paper_router import PaperProvider
from parties import write

from oracle.artifacts import DirectoryStore
from oracle.encoding import sha256_hex
from router.protocol.lifecycle import Approved, Completed, JobRecord, Payload, Queued, Role, Submitted
from router.protocol.providing import JobLost, ProviderUnavailable
from router.worker.execution import store_papers
from router.worker.mending import Lost, mend

DIGEST = sha256_hex(b"anything")


@pytest.fixture
def provider() -> PaperProvider:
    return PaperProvider()


def delivered(desk: Any, provider: PaperProvider) -> JobRecord:
    """A job whose worker has stored and delivered the provider's result."""
    record = desk.locked()

    def at_the_provider(_record: JobRecord) -> list[tuple[Role, Payload]]:
        return [
            (Role.OPERATOR, Approved(DIGEST, DIGEST)),
            (Role.WORKER, Submitted("aer", "aer", "run", "tag")),
            (Role.OPERATOR, Queued("in line")),
        ]

    running = write(desk.opened, record.job, at_the_provider)
    papers = store_papers(desk.opened, {"aer": provider}, running)
    completed = Completed(papers.result, papers.second, papers.receipt, papers.calibration, DIGEST)
    return write(desk.opened, record.job, lambda _record: [(Role.WORKER, completed)])


def lose(desk: Any, digest: str, how: str = "missing") -> Path:
    path: Path = desk.opened.home.artifacts / "objects" / digest[2:4] / digest[4:]
    path.unlink() if how == "missing" else path.write_bytes(b"damaged")
    return path


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_lost_result_and_its_receipt_are_made_anew_from_the_provider(
    desk: Any, provider: PaperProvider, how: str
) -> None:
    record = delivered(desk, provider)
    assert mend(desk.opened, {"aer": provider}, record) == ()
    for digest in (record.result_hash, record.receipt):
        lose(desk, str(digest), how)
    assert mend(desk.opened, {"aer": provider}, record) == (record.result_hash, record.receipt)
    assert mend(desk.opened, {"aer": provider}, record) == ()


def test_a_lost_result_comes_from_a_validators_copy_where_the_provider_has_forgotten_it(
    desk: Any, provider: PaperProvider, tmp_path: Path
) -> None:
    record = delivered(desk, provider)
    copy = DirectoryStore(tmp_path / "copy")
    copy.put(desk.opened.artifacts.get(record.result_hash))
    lose(desk, str(record.result_hash), "damaged")
    provider.error = JobLost("it knows no such job", "ask its owner")
    stack = replace(desk.opened.stack, artifact_sources=(copy.root.as_uri(),))
    opened = replace(desk.opened, stack=stack)
    assert mend(opened, {"aer": provider}, record) == (record.result_hash,)
    assert mend(opened, {"aer": provider}, record) == ()


def test_what_nobody_has_is_said_and_looked_for_again(desk: Any, provider: PaperProvider) -> None:
    record = delivered(desk, provider)
    lose(desk, str(record.result_hash))
    provider.error = ProviderUnavailable("the provider does not answer", "try again later")
    with pytest.raises(ProviderUnavailable):
        mend(desk.opened, {"aer": provider}, record)
    provider.error, provider.bits = None, 4
    with pytest.raises(Lost, match=r"damaged or missing in .*put the file back"):
        mend(desk.opened, {"aer": provider}, record)
    provider.bits = 5
    assert mend(desk.opened, {"aer": provider}, record) == (record.result_hash,)
