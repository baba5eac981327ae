"""The page on Python and the notebook run as they stand; what needs a stack runs with the guides."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pages import blocks, cells

import oracle
import router
from router.library.specs import load_source

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "python.md"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


def test_what_the_page_types_runs_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(PAGE, "python"):
        exec(block, names)
    assert load_source(tmp_path / "ghz-job" / "job.yaml").spec.quantum is not None


def test_every_block_of_python_on_the_page_is_run_by_a_test() -> None:
    assert len(re.findall(r"^```python", PAGE.read_text(), re.M)) == len(
        [*blocks(PAGE, "python"), *blocks(PAGE, "python stack")]
    )


@pytest.mark.parametrize("package", [oracle, router], ids=lambda package: str(package.__name__))
def test_the_page_names_every_public_name(package: object) -> None:
    named = set(re.findall(r"`([A-Za-z_.]+)[`(]", PAGE.read_text()))
    assert set(package.__all__) <= named, set(package.__all__) - named  # type: ignore[attr-defined]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: str(path.stem))
def test_a_notebook_ends_in_a_spec_and_keeps_no_outputs(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for cell in cells(notebook):
        exec(cell, names)
    (written,) = tmp_path.rglob("job.yaml")
    assert load_source(written).spec.quantum is not None
    kept = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in kept)
