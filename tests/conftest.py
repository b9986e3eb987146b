"""What several rooms' tests share: fixtures, and helpers such as `known_model` and `pictures` made importable."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
# notebooks/build.py imports what lies beside it, as a script may; tests load it too.
sys.path.insert(1, str(Path(__file__).parents[1] / "notebooks"))
pytest.register_assert_rewrite("browser_lessons")  # its assertions say what was found

if "PYTEST_XDIST_WORKER" in os.environ:
    # `pytest -n 2`: workers of two torch threads each would wait for one another on two cores. Read when torch is imported.
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

LANDING = (
    "landing: a newcomer need not wait for it; `pytest --everything` runs it too, `pytest -m landing` runs it alone"
)
# What takes longest, the longest first: started last, one of them would keep one core busy while the other idles.
LONGEST_FIRST = (
    "tests/browser/test_later_lessons.py",
    "tests/browser/test_first_lessons.py",
    "tests/course/test_sweep.py",
    "tests/course/test_mutants.py",
    "notebooks/08",
    "notebooks/06",
    "notebooks/",
    "tests/training/test_resume.py",
    "tests/networks/test_onnx_export.py",
    "tests/notebooks/test_blocks_lessons.py",
    "tests/cli/test_ablating.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--everything", action="store_true", help="also what only a landing needs (marker 'landing')")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", LANDING)
    config.option.loadscopereorder = False  # pytest-xdist: in our order, not by the number of tests in a file


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "solutions":  # solved lessons are no Python files that could carry the marker
            item.add_marker(pytest.mark.landing)
    if not (config.option.everything or config.option.markexpr):
        left_out = [item for item in items if item.get_closest_marker("landing")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("landing")]

    def rank(item: pytest.Item) -> int:
        places = (place for place, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
        return next(places, len(LONGEST_FIRST))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """A folder of the real data sets; skips where they are not there."""
    from outside import DATA

    def folder(name: str) -> Path:
        if not (DATA / name).is_dir():
            pytest.skip(f"no real data: {name} is not in {DATA} (BANET_EDU_DATA names another place)")
        return DATA / name

    return folder


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[..., Path]:
    """A healthy folder of `count` pairs, images and masks 40 x 60 PNG called case0 ... in images/ and masks/."""

    from pictures import block, noise, save

    def make(count: int = 6, mask_suffix: str = "", root: str = "set") -> Path:
        folder = tmp_path / root
        for name in ("images", "masks"):
            (folder / name).mkdir(parents=True)
        for i in range(count):
            save(folder / f"images/case{i}.png", noise(i))
            save(folder / f"masks/case{i}{mask_suffix}.png", block(i))
        return folder

    return make
