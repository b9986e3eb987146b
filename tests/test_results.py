"""docs/results.md holds what the recorded runs say, and nothing else between its markers."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def results_module():
    spec = importlib.util.spec_from_file_location("results", ROOT / "benchmarks" / "results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_follows_from_the_recorded_runs():
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    runs = re.findall(r"<!-- run: (\S+) -->", page)
    assert sorted(runs) == sorted(path.name for path in (ROOT / "docs" / "recorded").iterdir())
    assert results_module().render(page) == page


def test_a_changed_figure_is_noticed():
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    figure = re.search(r"\| banet \| (0\.\d+)", page)[1]
    assert results_module().render(page.replace(figure, "0.999")) == page
