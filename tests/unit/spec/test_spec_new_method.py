"""A new certificate or guard is a module with its object and a line in a list: specs, plans and verdicts know it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
GUARD = '''
"""An invented guard: one outcome alone is no run of a noisy device."""

from dataclasses import dataclass

from oracle.statistics.certificate import Bound, Certificate, Setting, Side, finding
from oracle.statistics.method import GuardMethod, never
from oracle.statistics.record import Record


@dataclass(frozen=True)
class LonelyGuard:
    method = "lonely.outcome/1"

    def inspect(self, record: Record) -> Certificate:
        return finding(self.method, int(record.outcomes.size), None, Bound(Side.AT_MOST, 1), {})


GUARD = GuardMethod("lonely.outcome/1", lambda setting: LonelyGuard(), never)
'''
METHOD = '''
"""An invented certificate: at least f_min of the shots show the likeliest outcome."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from oracle.statistics.certificate import Bound, Certificate, Setting, Side, finding
from oracle.statistics.method import CertificateMethod, Judges, percent, share_of_shots


@dataclass(frozen=True)
class ModeCertifier:
    setting: Setting
    method = "mode.share/1"

    def certify(self, outcomes, counts) -> Certificate:
        mode = int(self.setting.baseline.weights.argmax())
        least = ceil(self.setting.policy.f_min * self.setting.shots)
        accept, reject = Bound(Side.AT_LEAST, least), Bound(Side.AT_MOST, least // 2)
        return finding(self.method, int(counts[outcomes == mode].sum()), accept, reject, {})

    def accepts_honest(self, fidelity: Fraction) -> Fraction:
        return Fraction(fidelity > self.setting.policy.f_min)

    def rejects_uniform(self) -> Fraction:
        return Fraction(1)


METHOD = CertificateMethod(
    "mode.share/1",
    Judges.DISTRIBUTION,
    asks=lambda policy: "the likeliest outcome",
    certain=lambda policy: f"with {percent(policy.f_min)} of its shots on the likeliest outcome",
    make=ModeCertifier,
    units=share_of_shots,
)
'''
STORY = """
import json, sys
from pathlib import Path

copy, folder = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(copy))
import numpy as np
import oracle
assert Path(oracle.__path__[0]).is_relative_to(copy), oracle.__path__
from oracle.artifacts.shots import pack
from oracle.encoding import InputRejected, sha256_hex
from oracle.spec import PromotionPolicy, canonical_spec, load_source, normalise, parse_canonical_spec, policy_of
from oracle.spec.schema import schema_text
from oracle.statistics import Baseline, plan_shots
from oracle.statistics.registry import METHOD_OF
from oracle.verdict import Case, VerdictDocument, decide
from oracle.verdict.measures import measures

source = load_source(folder / "job.yaml")
spec = normalise(source, operator_policy=PromotionPolicy(), bits=5)
assert parse_canonical_spec(canonical_spec(spec)) == spec
policy = policy_of(spec, 5)
law = np.full(32, 1 / 320)
law[7] += 0.9
baseline = Baseline.from_probabilities(law)
told = {
    "named": [*policy.certificates, *policy.guards],
    "in_schema": [name in schema_text() for name in ("mode.share/1", "lonely.outcome/1")],
    "feasible": plan_shots(policy, baseline, 4000).feasible,
    "certain": [METHOD_OF[name].certain(policy) for name in policy.certificates],
    "verdicts": [],
}
for values in (np.r_[np.full(3700, 7), np.arange(300) % 32], np.full(4000, 7), np.arange(4000) % 32):
    artifact = pack(values, 5).data
    job, spec_hash, root, result_hash = "0x" + "01" * 32, "0x" + "02" * 32, baseline.root, sha256_hex(artifact)
    document = decide(Case(job, 0, spec_hash, policy, 4000, baseline, root, result_hash, artifact, False, 10))
    assert VerdictDocument.from_bytes(document.to_bytes()) == document
    found = [f"{each.finding.method}: {each.found()}" for each in measures(document)]
    told["verdicts"].append([document.outcome.name, *document.reason_codes, *found])
(folder / "job.yaml").write_text(source.raw.decode().replace("mode.share/1", "mode.shares/1"))
try:
    load_source(folder / "job.yaml")
except InputRejected as error:
    told["refused"] = error.findings[0].reason
print(json.dumps(told))
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The package with an invented certificate and guard: a module and a line for each."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "oracle", copy / "oracle", ignore=shutil.ignore_patterns("__pycache__"))
    statistics = copy / "oracle" / "statistics"
    (statistics / "guards" / "lonely.py").write_text(GUARD)
    (statistics / "methods" / "mode.py").write_text(METHOD)
    registry = statistics / "registry.py"
    text = registry.read_text()
    for imported, line, added in (
        ("from oracle.statistics.guards import collisions", "    collisions.GUARD,\n", "lonely"),
        ("from oracle.statistics.methods import huber", "    huber.METHOD,\n", "mode"),
    ):
        assert imported in text
        assert line in text
        text = text.replace(imported, f"{imported}, {added}")
        text = text.replace(line, line + f"    {added}.{line.strip().split('.')[1]}\n")
    registry.write_text(text)
    return copy


def test_a_module_and_a_line_in_the_list_make_a_certificate_and_a_guard(copied: Path, article: str) -> None:
    folder = copied.parent / "job"
    (folder / "circuits").mkdir(parents=True)
    (folder / "circuits" / "optimizer.py").touch()
    asked = "validation:\n  certificates: [mode.share/1]\n  guards: [lonely.outcome/1]\n"
    (folder / "job.yaml").write_text(article.replace("validation:\n", asked))
    command = [sys.executable, "-c", STORY, str(copied), str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["named"] == ["mode.share/1", "lonely.outcome/1"]
    assert told["in_schema"] == [True, True]
    assert told["feasible"]
    assert told["certain"] == ["with 70% of its shots on the likeliest outcome"]
    honest, alone, uniform = told["verdicts"]
    assert honest[:2] == ["ACCEPT", "certified"]
    assert honest[2] == "mode.share/1: share of shots 92.75%"
    assert alone[:2] == ["REJECT", "rejected_by:lonely.outcome/1"]
    assert uniform[:2] == ["REJECT", "rejected_by:mode.share/1"]
    assert "'mode.shares/1' is none of" in told["refused"]
    assert "(did you mean mode.share/1?)" in told["refused"]
