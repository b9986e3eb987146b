"""`data make` among files of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from banet_edu.phantoms.bundle import write_samples


def test_a_file_of_ones_own_is_told_before_any_work(tmp_path: Path):
    list(write_samples(tmp_path, count=1))
    list(write_samples(tmp_path, count=1))  # its own, again
    (tmp_path / "polyp" / "spacing.csv").write_text("name,row_mm,column_mm\nmine,1,1\n", encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(FileExistsError, match=r"spacing.csv: is there already and was not written by banet-edu"):
        list(write_samples(tmp_path, count=2))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
