"""A folder with the job spec of the seed workflow, and ways to write and read others in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oracle.encoding import Finding, InputRejected
from oracle.spec import JobSpec, load_source

ARTICLE = (Path(__file__).parents[2] / "golden" / "article-job.yaml").read_text()


@pytest.fixture
def article() -> str:
    """The text of the seed workflow's job spec."""
    return ARTICLE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The spec's folder, with the generator that the spec names."""
    home = tmp_path / "optimizer-demo"
    (home / "circuits").mkdir(parents=True)
    (home / "circuits" / "optimizer.py").write_text("print('OPENQASM 3.0;')\n")
    return home


@pytest.fixture
def load(folder: Path) -> Callable[[str], JobSpec]:
    """Reads a spec's text from a file in the folder."""

    def read(text: str) -> JobSpec:
        path = folder / "job.yaml"
        path.write_bytes(text.encode())
        return load_source(path).spec

    return read


@pytest.fixture
def findings_in(load: Callable[[str], JobSpec]) -> Callable[[str], dict[str, Finding]]:
    """The findings of a spec's text by path; none if it is right."""

    def read(text: str) -> dict[str, Finding]:
        try:
            load(text)
        except InputRejected as rejected:
            by_path = {finding.path: finding for finding in rejected.findings}
            if len(by_path) != len(rejected.findings):
                pytest.fail(f"one fault was told twice: {rejected}")
            return by_path
        return {}

    return read
