from __future__ import annotations

import subprocess
import sys

import pytest

from banet_edu.cli import doctor, lab


def test_lab_opens_the_folder_of_notebooks(banet_edu, monkeypatch, tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    started = []
    monkeypatch.setattr(subprocess, "call", lambda command: started.append(command) or 0)
    code, out, _ = banet_edu("lab", tmp_path, "--port", 8999, "--no-browser")
    assert code == 0
    assert str(tmp_path) in out
    [command] = started
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert str(tmp_path) in command
    assert "--no-browser" in command
    assert "--ServerApp.port=8999" in command


def test_lab_without_notebooks_says_where_they_are(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lab, "__file__", str(tmp_path / "site-packages" / "banet_edu" / "cli" / "lab.py"))
    with pytest.raises(FileNotFoundError, match="source checkout"):
        lab.find_notebooks()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "a.ipynb").write_text("{}")
    assert lab.find_notebooks() == tmp_path / "notebooks"


def test_doctor_finds_this_machine_ready(banet_edu):
    code, out, err = banet_edu("doctor")
    assert code == 0, out + err
    for word in ("torch", "memory", "dermoscopy samples", "smoke run", "s a step", "Ready"):
        assert word in out


def test_doctor_ends_with_1_and_says_what_is_missing(banet_edu, monkeypatch):
    monkeypatch.setattr(doctor, "SHOWN_VERSIONS", ("torch", "no-such-package"))
    code, out, _ = banet_edu("doctor", "--quick")
    assert code == 1
    assert "pip install -c constraints.txt no-such-package" in out
    assert "Not ready: no-such-package" in out
    assert "smoke" not in out
