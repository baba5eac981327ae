"""The validator at work: watch deliveries, judge them, sign, show the signature, post when the turn is ours.

Everything it must remember is in its state folder, so a crash anywhere resumes: at worst a step is taken again, and
each step is the same when taken twice. A delivery that makes trouble waits longer and longer, and keeps no other
waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from eth_account.signers.local import LocalAccount

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, ArtifactStore
from oracle.attestations.attestation import Attestation
from oracle.attestations.board import AttestationBoard, BoardDown, agreeing
from oracle.attestations.checking import verify
from oracle.chain.client import EscrowClient
from oracle.chain.errors import ChainDown, ChainError, WrongNetwork
from oracle.chain.events import BlockRef, EscrowStatus, Status
from oracle.encoding.errors import OracleError
from oracle.terms import JobTerms, Verdict, job_id_of, pack_terms, unpack_terms
from oracle.validator.config import ValidatorConfig
from oracle.validator.docket import LONGEST_DELAY_S, Delivery, Docket, Stage
from oracle.validator.judge import Crashed, Judge, Judged, Question, Refused, Unavailable
from oracle.validator.ledger import Ledger, SignedOtherwise
from oracle.validator.log import Level, Logger
from oracle.validator.poster import Poster, Progress, turn_comes_after_s
from oracle.validator.signer import Signer
from oracle.validator.state import ValidatorState
from oracle.validator.watcher import Watcher

AVAILABILITY_WINDOW_S = 3600
"""Block time from a delivery until validators may call its result missing; AVAILABILITY_WINDOW in the contract."""
JUDGES = 2
"""A second process is started only while the first is busy: one circuit at its limits must not hold up the rest."""
ANSWER_LOOK_S = 0.02
EAGERNESS = 4
"""So many times as often as `poll_s` says, the board is read while the others' signatures are about to appear on it."""
LONGEST_BACKOFF_S = 30.0
LONGEST_REST_S = 600.0
"""A node that asks to be left alone for longer is asked again all the same."""
MISSING_RESULT_LONGEST_S = 5.0
"""Looking whether a result has arrived is cheap."""


@dataclass(frozen=True)
class _Agreed:
    """Who attests to the verdict that we signed on a delivery."""

    validators: tuple[str, ...]
    since: float
    """When they became these."""
    of: int
    """How many validators the job has."""


class Ineligible(OracleError):
    """This validator must not attest to a job; the message says why."""


def check_eligible(validator: str, terms: JobTerms, deliverer: str) -> None:
    """Raise Ineligible unless `validator` is pinned in the terms and has no other part in the job.

    `deliverer` is who submitted: in an open job the terms do not name the worker.
    """
    if validator not in terms.validators:
        raise Ineligible(f"{validator} is not pinned as a validator of this job")
    roles = {name: getattr(terms, name) for name in ("payer", "requester", "worker", "arbiter")} | {
        "deliverer": deliverer
    }
    for name, account in roles.items():
        if account == validator:
            raise Ineligible(f"{validator} is the {name} of this job; nobody judges their own work")


class Validator:
    """One validator of one escrow."""

    def __init__(
        self,
        config: ValidatorConfig,
        *,
        client: EscrowClient,
        store: ArtifactStore,
        board: AttestationBoard,
        account: LocalAccount,
        state: ValidatorState,
        log: Logger,
        now: Callable[[], float] = time.time,
    ) -> None:
        deployment = client.deployment
        self._config = config
        self._client = client
        self._store = store
        self._board = board
        self._log = log
        self._now = now
        self._chain_id, self._escrow = deployment.chain_id, deployment.escrow
        self._docket = Docket(state, config.finality)
        self._ledger = Ledger(state)
        self._signer = Signer(account, self._ledger, chain_id=self._chain_id, escrow=self._escrow)
        self._poster = Poster(client, account, self._docket)
        self._watcher = Watcher(client, self._docket, log, confirmations=config.confirmations)
        self._judges = tuple(
            Judge(
                config.artifacts_url,
                config.judge_timeout_s,
                cache=config.artifact_cache,
                sources=config.artifact_sources,
            )
            for _ in range(JUDGES)
        )
        # Caches only: each is refilled from the chain, the artifacts or the ledger.
        self._terms = lru_cache(maxsize=1024)(self._fetch_terms)
        self._attestation = lru_cache(maxsize=1024)(self._signer.sign)
        self._agreed: dict[tuple[str, int], _Agreed] = {}
        self._told: set[tuple[str, int, str, str]] = set()

    # ------------------------------------------------------------------ the loop

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. Raises WrongNetwork; anything else is logged and tried again."""
        self._judges[0].warm_up()
        told, failures = False, 0
        try:
            while not stop.is_set():
                try:
                    self._client.check_network()
                    if not told:
                        told = True
                        self._log("watching", validator=self._signer.address, chain=self._chain_id, escrow=self._escrow)
                    self.tick()
                except WrongNetwork:
                    raise
                except Exception as error:  # noqa: BLE001  (a service outlives what nobody foresaw, and says so)
                    failures += 1
                    pause = min(self._config.poll_s * 2.0 ** min(failures, 16), LONGEST_BACKOFF_S)
                    if isinstance(error, ChainDown) and error.retry_after_s is not None:
                        pause = min(max(pause, error.retry_after_s), LONGEST_REST_S)
                    self._log("waiting", level="warning", reason=_told(error), retry_in_s=round(pause, 1))
                    stop.wait(pause)
                else:
                    failures = 0
                    self._rest(stop)
        finally:
            self.close()
            self._log("stopped", validator=self._signer.address)

    def _rest(self, stop: threading.Event) -> None:
        """Wait for the next look: `poll_s`, less where others are about to sign, and until a judge answers at most."""
        end = time.monotonic() + self._config.poll_s / (EAGERNESS if self._others_are_due() else 1)
        while not stop.wait(min(ANSWER_LOOK_S, max(end - time.monotonic(), 0))) and time.monotonic() < end:
            if any(judge.answered for judge in self._judges):
                return

    def _others_are_due(self) -> bool:
        """Whether a verdict that we signed lacks others who had no time to look yet."""
        since = self._now() - self._config.quorum_wait_s
        return any(each.since > since and len(each.validators) < each.of for each in self._agreed.values())

    def close(self) -> None:
        """End the judging processes."""
        for judge in self._judges:
            judge.close()

    def tick(self) -> None:
        """One round: take answers, read the chain, see to every delivery that is due. Raises ChainError."""
        self._take_answers()
        head = self._client.head()
        self._watcher.catch_up(head)
        due = self._docket.due(self._now())
        for delivery, slot in zip(due, self._client.statuses([delivery.job for delivery in due]), strict=True):
            self._guarded(delivery, partial(self._look, delivery, slot, head))

    def _guarded(self, delivery: Delivery, step: Callable[[], None]) -> None:
        try:
            step()
        except (ChainDown, WrongNetwork):
            raise  # not this delivery's trouble
        except SignedOtherwise as error:
            self._refuse(delivery, str(error), "error")
        except Ineligible as error:
            self._refuse(delivery, str(error), "info")
        except (ArtifactMissing, ArtifactCorrupt, BoardDown, ChainError, OSError) as error:
            self._defer(delivery, str(error))
        except Exception as error:  # noqa: BLE001  (a delivery that trips us must not keep others waiting)
            self._defer(delivery, _told(error))

    # ------------------------------------------------------------------ one delivery

    def _look(self, delivery: Delivery, slot: EscrowStatus | ChainError, head: BlockRef) -> None:
        if isinstance(slot, ChainError):
            raise slot
        self._attend(delivery, slot, head)

    def _attend(self, delivery: Delivery, slot: EscrowStatus, head: BlockRef) -> None:
        if slot.status is Status.NONE:
            self._defer(delivery, "the node does not know the job yet")
            return
        if slot.status is not Status.SUBMITTED or slot.round != delivery.round:
            self._close_if_deep(delivery, slot, head)
            return
        terms = self._terms(delivery.job)
        if head.timestamp > terms.verdict_by:
            self._close(delivery, "its time for a verdict is over", head.number)
        elif delivery.stage is Stage.PENDING:
            self._judge(delivery, terms, head)
        else:
            self._show_and_post(delivery, terms)

    def _close_if_deep(self, delivery: Delivery, slot: EscrowStatus, head: BlockRef) -> None:
        safe = self._watcher.safe_block(head)
        if safe < head.number:
            slot = self._client.status(delivery.job, safe)
        if slot.status is not Status.SUBMITTED or slot.round != delivery.round:
            self._close(delivery, f"the job is {slot.status.name.lower()}", safe)

    def _judge(self, delivery: Delivery, terms: JobTerms, head: BlockRef) -> None:
        check_eligible(self._signer.address, terms, delivery.worker)
        if recorded := self._ledger.find(delivery.job, delivery.round, delivery.result_hash):
            # A crash came between ledger and publishing: the same signature goes out, without judging anew.
            self._sign(delivery, recorded)
            return
        idle = next((judge for judge in self._judges if not judge.busy), None)
        if idle is None or any(self._is_judging(judge, delivery) for judge in self._judges):
            return
        missing_is_final = head.timestamp > delivery.delivered_at + AVAILABILITY_WINDOW_S
        if not missing_is_final and not self._store.has(delivery.result_hash):
            self._defer(delivery, f"result {delivery.result_hash} is not there yet", longest_s=MISSING_RESULT_LONGEST_S)
            return
        idle.ask(
            Question(
                terms="0x" + pack_terms(terms).hex(),
                job=delivery.job,
                round=delivery.round,
                result_hash=delivery.result_hash,
                second_word=self._docket.second_word(delivery),
                replayed=self._docket.is_replayed(delivery),
                missing_is_final=missing_is_final,
            )
        )

    @staticmethod
    def _is_judging(judge: Judge, delivery: Delivery) -> bool:
        question = judge.question
        return question is not None and (question.job, question.round) == (delivery.job, delivery.round)

    def _take_answers(self) -> None:
        for judge in self._judges:
            answer = judge.poll()
            if answer is None:
                continue
            asked = answer.question
            delivery = self._docket.find(asked.job, asked.round)
            if delivery is None or delivery.stage is not Stage.PENDING or delivery.result_hash != asked.result_hash:
                continue  # a reorg or another validator's post overtook the judge
            self._guarded(delivery, partial(self._heed, delivery, answer))

    def _heed(self, delivery: Delivery, answer: Judged | Unavailable | Refused | Crashed) -> None:
        match answer:
            case Judged(verdict=verdict, document=document):
                stored = self._store.put(document.encode())
                if stored != verdict.evidence_hash:
                    raise AssertionError(
                        f"the judge's document hashes to {stored}, its verdict says {verdict.evidence_hash}"
                    )
                self._sign(delivery, verdict)
            case Unavailable(reason=reason):
                self._defer(delivery, reason, longest_s=MISSING_RESULT_LONGEST_S)
            case Refused(reason=reason):
                self._refuse(delivery, reason, "warning")
            case Crashed(reason=reason):
                self._defer(delivery, reason, longest_s=LONGEST_DELAY_S)

    def _sign(self, delivery: Delivery, verdict: Verdict) -> None:
        # The ledger is the rule; the board is a second memory, for a validator that lost its state folder.
        for shown in self._read_board(delivery, self._terms(delivery.job)):
            if shown.validator == self._signer.address and shown.verdict != verdict:
                raise SignedOtherwise(shown.verdict, verdict)
        self._board.publish(self._attestation(verdict))
        self._docket.move(delivery, Stage.SIGNED)
        self._log(
            "signed",
            job=delivery.job,
            round=delivery.round,
            outcome=verdict.outcome.name,
            worker_amount=str(verdict.worker_amount),
            document=verdict.evidence_hash,
        )

    def _show_and_post(self, delivery: Delivery, terms: JobTerms) -> None:
        verdict = self._ledger.find(delivery.job, delivery.round, delivery.result_hash)
        if verdict is None:
            raise AssertionError("a delivery is marked signed only after the ledger has its verdict")
        own = self._attestation(verdict)
        valid = self._read_board(delivery, terms)
        if own not in valid:
            self._board.publish(own)
            self._log("published again", level="warning", job=delivery.job, round=delivery.round)
        now = self._now()
        if posting := self._docket.posting(delivery):
            progress = self._poster.follow(delivery, posting, now)
            if progress is Progress.LOST:
                self._defer(delivery, progress.value)
            return
        agreed = agreeing(valid, own)
        addresses = tuple(attestation.validator for attestation in agreed)
        key = (delivery.job, delivery.round)
        found = self._agreed.get(key)
        if found is None or found.validators != addresses:
            found = self._agreed[key] = _Agreed(addresses, now, len(terms.validators))
        due_after = turn_comes_after_s(
            addresses,
            self._signer.address,
            validators=len(terms.validators),
            quorum=terms.quorum,
            wait_s=self._config.quorum_wait_s,
        )
        if due_after is None or now - found.since < due_after:
            return
        self._poster.post(delivery, terms, agreed, now)
        self._log("posted", job=delivery.job, round=delivery.round, outcome=verdict.outcome.name, agreed=len(agreed))

    def _read_board(self, delivery: Delivery, terms: JobTerms) -> list[Attestation]:
        found, unusable = self._board.read(delivery.job, delivery.round)
        for thing in unusable:
            self._tell_once(delivery, thing.source, thing.reason)
        valid = []
        for attestation in found:
            about = (attestation.verdict.job, attestation.verdict.round, attestation.verdict.result_hash)
            if about != (delivery.job, delivery.round, delivery.result_hash):
                self._tell_once(delivery, attestation.validator, "it is about another delivery")
            elif fault := verify(attestation, terms, chain_id=self._chain_id, escrow=self._escrow):
                self._tell_once(delivery, attestation.validator, fault)
            else:
                valid.append(attestation)
        return valid

    # ------------------------------------------------------------------ terms and eligibility

    def _fetch_terms(self, job: str) -> JobTerms:
        try:
            terms = unpack_terms(self._store.get_terms(job))
            if job_id_of(terms, self._chain_id, self._escrow) == job:
                return terms
        except (ArtifactMissing, ArtifactCorrupt, ValueError) as error:
            reason = str(error)
        else:
            reason = "the stored terms belong to another job"
        # The payer's own event carries the terms too, and its JobId was computed by the contract.
        try:
            terms = self._docket.dossier(job).terms
        except LookupError:
            raise ArtifactMissing(f"terms of {job} ({reason})", "the artifacts or the chain's events") from None
        self._log("terms read from the chain", level="warning", job=job, reason=reason)
        return terms

    # ------------------------------------------------------------------ what is said

    def _defer(self, delivery: Delivery, reason: str, *, longest_s: float = 60.0) -> None:
        pause = self._docket.defer(delivery, self._now(), reason, longest_s=longest_s)
        about = {"job": delivery.job, "round": delivery.round}
        self._log("delivery waits", level="warning", **about, reason=reason, retry_in_s=pause)

    def _refuse(self, delivery: Delivery, reason: str, level: Level) -> None:
        self._docket.move(delivery, Stage.REFUSED, reason=reason)
        self._forget(delivery)
        self._log("refused", level=level, job=delivery.job, round=delivery.round, reason=reason)

    def _close(self, delivery: Delivery, reason: str, block: int) -> None:
        self._docket.move(delivery, Stage.CLOSED, reason=reason, closed_block=block)
        self._forget(delivery)
        self._log("closed", job=delivery.job, round=delivery.round, reason=reason)

    def _forget(self, delivery: Delivery) -> None:
        self._agreed.pop((delivery.job, delivery.round), None)
        self._told = {told for told in self._told if told[:2] != (delivery.job, delivery.round)}

    def _tell_once(self, delivery: Delivery, source: str, reason: str) -> None:
        told = (delivery.job, delivery.round, source, reason)
        if told not in self._told:
            self._told.add(told)
            about = {"job": delivery.job, "round": delivery.round}
            self._log("attestation ignored", level="warning", **about, source=source, reason=reason)


def _told(error: Exception) -> str:
    """A ChainError speaks for itself; of anything else the kind matters too."""
    return str(error) if isinstance(error, ChainError) else f"{type(error).__name__}: {error}"
