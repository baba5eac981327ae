"""Recomputation in a process of its own: ``python -m oracle.validator.judge ARTIFACTS_URL CACHE_URL [SOURCE_URL…]``.

Circuits and results come from strangers. What exhausts memory or never ends must not take the validator down with it,
nor keep other jobs waiting, so the validator holds this process by its pipes: one JSON line asks, one answers. It holds
no key. It ends when its input does, so it never outlives the validator, however that dies.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from oracle.artifacts import ArtifactCorrupt, ArtifactMissing, open_sources
from oracle.terms import Outcome, Verdict, terms_from_hex


@dataclass(frozen=True)
class Question:
    """A delivery to judge."""

    terms: str
    """Packed terms, 0x-hexadecimal."""
    job: str
    round: int
    result_hash: str
    second_word: str
    """What the delivery said beside the result's hash."""
    replayed: bool
    missing_is_final: bool


@dataclass(frozen=True)
class Judged:
    """The verdict, and the document as the text of its bytes."""

    question: Question
    verdict: Verdict
    document: str


@dataclass(frozen=True)
class Unavailable:
    """An artifact cannot be had now; ask again later."""

    question: Question
    reason: str


@dataclass(frozen=True)
class Refused:
    """There is no case to judge; asking again changes nothing."""

    question: Question
    reason: str


@dataclass(frozen=True)
class Crashed:
    """The process died, ran out of time or failed in a way nobody foresaw."""

    question: Question
    reason: str


Answer = Judged | Unavailable | Refused | Crashed


class Judge:
    """One recomputation at a time, in a child process that is started when first needed and again after it died."""

    def __init__(
        self, artifacts_url: str, timeout_s: float, *, cache: str | None = None, sources: Sequence[str] = ()
    ) -> None:
        """URLs as `oracle.artifacts.open_sources` takes them."""
        self._urls = (artifacts_url, cache or "", *sources)
        self._timeout_s = timeout_s
        self._child: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._asked: Question | None = None
        self._asked_at = 0.0

    @property
    def question(self) -> Question | None:
        """What is being judged."""
        return self._asked

    @property
    def busy(self) -> bool:
        """Whether a question awaits its answer."""
        return self._asked is not None

    @property
    def answered(self) -> bool:
        """Whether `poll` has something to return."""
        return self.busy and not self._lines.empty()

    @property
    def process_id(self) -> int | None:
        """The child's process id; None if there is none."""
        return None if self._child is None else self._child.pid

    def warm_up(self) -> None:
        """Start the process, so that its imports (seconds) are over when the first delivery comes."""
        if self._child is None:
            self._start()

    def ask(self, question: Question) -> None:
        """Begin to judge; raises RuntimeError if busy."""
        if self._asked is not None:
            raise RuntimeError("the judge has a question already")
        self._asked, self._asked_at = question, time.monotonic()
        child = self._child or self._start()
        assert child.stdin is not None  # it was started with a pipe
        try:
            child.stdin.write(json.dumps(asdict(question)) + "\n")
            child.stdin.flush()
        except OSError:
            # It died while idle; poll() finds its last line, None, and reports the question as crashed.
            return

    def poll(self) -> Answer | None:
        """The answer if it is there, else None. Never blocks."""
        question = self._asked
        if question is None:
            return None
        try:
            line = self._lines.get_nowait()
        except queue.Empty:
            if time.monotonic() - self._asked_at <= self._timeout_s:
                return None
            self.close()
            return Crashed(question, f"no answer within {self._timeout_s:g} s")
        if line is None:
            code = self._child.wait() if self._child else None
            self.close()
            return Crashed(question, f"the judging process ended with code {code}")
        self._asked = None
        return _answer(question, json.loads(line))

    def close(self) -> None:
        """End the process, and with it what it is judging."""
        self._asked = None
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # what was still buffered has no reader any more

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "oracle.validator.judge", *self._urls]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lines: queue.Queue[str | None] = queue.Queue()
        self._child, self._lines = child, lines

        def read() -> None:
            assert child.stdout is not None  # it was started with a pipe
            try:
                for line in child.stdout:
                    lines.put(line)
            except ValueError:
                return  # close() closed the pipe under us
            lines.put(None)

        threading.Thread(target=read, name="judge-reader", daemon=True).start()
        return child


def _answer(question: Question, message: dict[str, Any]) -> Answer:
    match message["kind"]:
        case "judged":
            values = message["verdict"]
            values["outcome"] = Outcome(values["outcome"])
            values["worker_amount"] = int(values["worker_amount"])
            return Judged(question, Verdict(**values), message["document"])
        case "unavailable":
            return Unavailable(question, message["reason"])
        case "refused":
            return Refused(question, message["reason"])
        case _:
            return Crashed(question, message["reason"])


def _judge(urls: Sequence[str], question: Question) -> dict[str, Any]:
    from oracle.judging.recompute import Unjudgeable, recompute

    try:
        document, verdict = recompute(
            open_sources(urls[0], urls[2:], urls[1] or None),
            terms_from_hex(question.terms),
            question.job,
            question.result_hash,
            question.round,
            question.replayed,
            second_word=question.second_word,
            missing_is_final=question.missing_is_final,
        )
    except (ArtifactMissing, ArtifactCorrupt, OSError) as error:
        return {"kind": "unavailable", "reason": str(error)}
    except Unjudgeable as error:
        return {"kind": "refused", "reason": error.reason}
    except Exception as error:  # noqa: BLE001  (reported with its type: the validator logs it and tries again later)
        return {"kind": "crashed", "reason": f"{type(error).__name__}: {error}"}
    values = {**asdict(verdict), "outcome": int(verdict.outcome), "worker_amount": str(verdict.worker_amount)}
    return {"kind": "judged", "verdict": values, "document": document.to_bytes().decode()}


def _serve(urls: Sequence[str]) -> None:
    # The validator decides when to end; an interrupt from the terminal reaches its whole process group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Answers alone go to our output; what a library prints goes where its warnings do.
    answers, sys.stdout = sys.stdout, sys.stderr
    import oracle.judging.recompute  # noqa: F401  (seconds of imports, before the first question)

    for line in sys.stdin:
        answers.write(json.dumps(_judge(urls, Question(**json.loads(line)))) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve(sys.argv[1:])
