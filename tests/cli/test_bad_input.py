"""Every kind of bad input: one sentence of at most three lines that names it and the way out, and no file touched."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from bad_inputs import KINDS

HINT = "(with BANET_EDU_DEBUG=1"


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_there_are_at_least_sixty_kinds():
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 60


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_the_sentence_names_what_is_wrong_and_the_way_out(banet_edu, tmp_path, monkeypatch, kind):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "here").mkdir()
    command = kind.command(tmp_path / "theirs")
    before = hashes(tmp_path / "theirs")
    monkeypatch.chdir(tmp_path / "here")
    code, _, err = banet_edu(*command)
    lines = [line for line in err.splitlines() if line and not line.startswith(HINT)]
    said = " ".join(" ".join(lines).split())
    assert code == 1
    assert kind.said in said and kind.way_out in said
    assert len(lines) <= 3 and "Traceback" not in err
    assert {name: hashes(tmp_path / "theirs")[name] for name in before} == before
    assert not list((tmp_path / "here").rglob("*.*ml"))  # no page
