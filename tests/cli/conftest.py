from __future__ import annotations

import sys

import pytest

from banet_edu.cli.main import main


@pytest.fixture
def banet_edu(monkeypatch, capsys):
    """Call the command as a shell would: `code, out, err = banet_edu("data", "check", ...)`."""
    monkeypatch.delenv("BANET_EDU_DEBUG", raising=False)
    # Wide, so that no file name is broken over two lines.
    monkeypatch.setenv("COLUMNS", "250")

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["banet-edu", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return call
