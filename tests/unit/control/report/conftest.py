"""The sample views, as fixtures: tests are loaded by path, so modules beside them are too."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from router.control.report import EvidenceView, ReportView


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("report_sample", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SAMPLE = _load(Path(__file__).with_name("sample.py"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "ending" in metafunc.fixturenames:
        metafunc.parametrize("ending", [pytest.param(made(), id=name) for name, made in SAMPLE.ENDINGS.items()])


@pytest.fixture
def sample() -> ModuleType:
    return SAMPLE


@pytest.fixture
def accepted() -> ReportView:
    return SAMPLE.accepted()


@pytest.fixture
def seen() -> EvidenceView:
    return SAMPLE.evidence()
