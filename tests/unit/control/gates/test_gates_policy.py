"""policy.yaml: defaults, exact numbers, and every fault at once with its line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from eth_account import Account

from oracle.encoding import InputRejected
from router.control.gates import DEFAULT_POLICY_TEXT, OperatorPolicy, load_policy, parse_policy


def test_the_text_that_is_written_says_the_defaults() -> None:
    written = parse_policy(DEFAULT_POLICY_TEXT.encode())
    assert written.fake_hardware_enabled
    assert written.model_copy(update={"fake_hardware_enabled": False}) == OperatorPolicy()


def test_the_text_that_is_written_shows_every_setting() -> None:
    for section in ("promotion_policy", "limits", "quotas", "requesters", "rates"):
        assert f"\n{section}:" in DEFAULT_POLICY_TEXT
        for name in type(getattr(OperatorPolicy(), section)).model_fields:
            assert name in DEFAULT_POLICY_TEXT, name


def test_the_articles_policy_means_what_it_says() -> None:
    read = parse_policy(
        b"promotion_policy:\n  require_simulation: true\n  require_baseline_distance_below: 0.08\n"
        b"  max_hardware_runs_per_day: 3\n  require_manual_approval_for:\n"
        b"    - new_circuit_family\n    - budget_over_50\n    - unknown_requester\n"
    ).promotion_policy
    assert read.require_baseline_distance_below == "2/25"
    assert read.approval_above_usd == 50
    assert read == OperatorPolicy().promotion_policy


def test_no_file_means_the_defaults_without_fake_hardware(tmp_path: Path) -> None:
    assert load_policy(tmp_path / "policy.yaml") == OperatorPolicy()
    assert not OperatorPolicy().fake_hardware_enabled


def test_a_file_is_read(tmp_path: Path) -> None:
    known = Account.from_key(b"\x01" * 32).address
    (tmp_path / "policy.yaml").write_text(
        f"limits: {{max_qubits: 12}}\nrates: {{usd_per_token: 0.1}}\nrequesters: {{known: ['{known}']}}\n"
    )
    policy = load_policy(tmp_path / "policy.yaml")
    assert policy.limits.max_qubits == 12
    assert policy.limits.max_depth == 2000
    assert policy.usd_per_token == Fraction(1, 10), "a decimal is exact, never a float"
    assert policy.requesters.known == (known,)


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "limits:\n  max_qubits: -3\n  max_dept: 3\nfake_hardware_enabled: perhaps\n"
        "requesters:\n  known: ['0x12']\npromotion_policy:\n  require_baseline_distance_below: 8\n"
        "rates: {usd_per_token: 0}\n"
    )
    with pytest.raises(InputRejected) as rejected:
        load_policy(path)
    assert [(finding.line, finding.path) for finding in rejected.value.findings] == [
        (2, "limits.max_qubits"),
        (3, "limits.max_dept"),
        (4, "fake_hardware_enabled"),
        (6, "requesters.known[0]"),
        (8, "promotion_policy.require_baseline_distance_below"),
        (9, "rates.usd_per_token"),
    ]
    assert all(finding.reason and finding.remedy for finding in rejected.value.findings)
    assert str(path) in str(rejected.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty"),
        (b"- limits", "a policy is a mapping"),
        (b"limits: [", "not YAML"),
        (b"limits: 3\n", "limits"),
        (b"limits: {max_qubits: 1}\nlimits: {}\n", "line 2"),
        (b"\xff", "UTF-8"),
        (b"promotion_policy:\n  require_manual_approval_for: [new_moon]\n", "'new_moon' is not a reason for approval"),
        (b"promotion_policy:\n  require_manual_approval_for: [budget_over_0]\n", "budget_over_50"),
    ],
)
def test_a_policy_that_cannot_be_read_says_why(text: bytes, said: str) -> None:
    with pytest.raises(InputRejected, match=said):
        parse_policy(text)
