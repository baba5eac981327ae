"""What `judge` is asked, as typed, and what it comes to: a result and what it is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from oracle.artifacts import PackedShots, RegisterMap
from oracle.cli.endings import Gathering
from oracle.encoding import is_digest
from oracle.judging.recompute import DeliveryFacts, Ground, judge
from oracle.verdict import Papers, VerdictDocument


@dataclass(frozen=True)
class Options:
    """The command line; None for what was not typed."""

    spec: str | None
    artifact: str | None
    artifacts: str | None
    qasm: Path | None
    shots_json: Path | None
    counts_json: Path | None
    policy: Path | None
    baseline: Path | None
    manifest: str | None
    job: str | None
    round: int | None
    worker_amount: int | None
    replayed: bool | None
    unavailable: bool


@dataclass(frozen=True)
class ResultCase:
    """A result, and what it is judged by."""

    ground: Ground
    delivery: DeliveryFacts
    result_hash: str
    artifact: bytes | None
    """None if it could not be fetched."""
    registers: RegisterMap
    shots: PackedShots | None
    """None if there is no artifact, or one that is no packed shots."""
    notices: tuple[str, ...]
    """What whoever judges should know and the document does not say."""
    papers: Papers | None = None
    """What came with the shots, where the spec orders a manifest."""

    def verdict(self) -> VerdictDocument:
        """The verdict. Raises Unjudgeable."""
        ordered = self.shots is None or self.shots.ordered
        return judge(self.ground, self.delivery, self.result_hash, self.artifact, ordered=ordered, papers=self.papers)


def check_options(options: Options) -> None:
    """Raises InputsRejected with everything that options say against one another."""
    gathering = Gathering()
    if options.shots_json is not None or options.counts_json is not None:
        _check_foreign(options, gathering)
    elif options.spec is None:
        remedy = "give SPEC ARTIFACT, or --qasm with --shots-json or --counts-json"
        gathering.reject(_SOURCE, "there is nothing to judge", remedy)
    else:
        _check_ordered(options, gathering)
    gathering.settle()


_SOURCE = "command line"


def _check_foreign(options: Options, gathering: Gathering) -> None:
    if options.shots_json is not None and options.counts_json is not None:
        gathering.reject(_SOURCE, "the result is given twice", "give one of them", "--shots-json, --counts-json")
    if options.qasm is None:
        gathering.reject(_SOURCE, "the circuit is missing", "add --qasm circuit.qasm, OpenQASM 2 or 3", "--qasm")
    of_a_job: dict[str, object] = {
        "SPEC": options.spec,
        "--artifacts": options.artifacts,
        "--manifest": options.manifest,
        "--job": options.job,
        "--round": options.round,
        "--worker-amount": options.worker_amount,
        "--replayed": options.replayed,
        "--unavailable": options.unavailable or None,
    }
    for name, value in of_a_job.items():
        if value is not None:
            reason = "no spec and no job are behind bitstrings or counts"
            gathering.reject(_SOURCE, reason, "leave it out, or give SPEC ARTIFACT with packed shots", name)


def _check_ordered(options: Options, gathering: Gathering) -> None:
    if options.artifact is None:
        remedy = "give the packed shots after SPEC: a file, or with --artifacts a digest"
        gathering.reject(_SOURCE, "the result is missing", remedy, "ARTIFACT")
    elif options.unavailable and not is_digest(options.artifact):
        remedy = "give the digest that was submitted, 0x and 64 hexadecimal digits"
        gathering.reject(_SOURCE, "what could not be fetched is known by its digest alone", remedy, "ARTIFACT")
    if options.policy is not None:
        remedy = "leave it out; --policy goes with --shots-json or --counts-json"
        gathering.reject(_SOURCE, "the policy of a job stands in its spec", remedy, "--policy")
    if options.manifest is not None and not is_digest(options.manifest):
        remedy = "give the second word of the delivery, 0x and 64 hexadecimal digits"
        gathering.reject(_SOURCE, f"{options.manifest[:80]!r} is no digest", remedy, "--manifest")
    if options.job is not None and not is_digest(options.job):
        remedy = "write 0x and 64 lower-case hexadecimal digits"
        gathering.reject(_SOURCE, f"{options.job[:80]!r} is no JobId", remedy, "--job")
    stored = [options.spec, None if options.unavailable else options.artifact, options.manifest]
    if options.artifacts is None and any(text is not None and is_digest(text) for text in stored):
        remedy = "add --artifacts file:///srv/artifacts"
        gathering.reject(_SOURCE, "a digest says what, and not where it is", remedy, "--artifacts")
