"""Recorded tables are found from wherever a notebook runs, and what is missing is said."""

from __future__ import annotations

import pytest

import banet_edu.paths
from banet_edu.paths import recorded_root
from banet_edu.study.recorded import read_recorded, recorded_facts


def test_tables_and_facts_are_read_from_any_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert set(read_recorded("isic2017-lite", "summary")["model"]) == {"banet", "unet", "unet_same_encoder"}
    assert recorded_facts("kvasir_seg-lite")["seeds"] == [0]


def test_an_installed_package_finds_them_around_the_notebook(monkeypatch, tmp_path):
    (tmp_path / "docs" / "recorded").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(banet_edu.paths, "__file__", str(tmp_path / "site" / "banet_edu" / "paths.py"))
    monkeypatch.chdir(tmp_path / "notebooks")
    assert recorded_root() == tmp_path / "docs" / "recorded"
    monkeypatch.chdir("/")
    with pytest.raises(FileNotFoundError, match="come with the checkout"):
        recorded_root()


def test_what_is_missing_is_said():
    with pytest.raises(FileNotFoundError, match=r"no recorded run 'isic'; recorded are: .*isic2017-lite"):
        read_recorded("isic", "paired")
    with pytest.raises(FileNotFoundError, match="it has: paired, summary"):
        read_recorded("isic2017-lite", "cases")
    with pytest.raises(FileNotFoundError, match="no recorded run"):
        recorded_facts("isic")
