"""`banet-edu models`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from banet_edu.cli.console import out
from banet_edu.cli.main import app
from banet_edu.networks.registry import model_names


def test_lists_every_network_with_its_cost():
    result = CliRunner().invoke(
        app, ["models", "--preset", "nano", "--rounds", "1", "--batch-size", "2"], env={"COLUMNS": "160"}
    )
    assert result.exit_code == 0, result.output
    for name in model_names():
        assert f"\n{name} " in result.output
    assert "GFLOPs per image" in result.output and "step of 2 (s)" in result.output


@pytest.mark.parametrize(("preset", "stride"), [pytest.param("nano", 4, marks=pytest.mark.landing), ("fine", 2)])
def test_says_on_which_grid_banet_and_its_control_answer(preset, stride, monkeypatch):
    monkeypatch.setattr(out, "_width", 160)  # made at import, it would not ask for COLUMNS any more
    result = CliRunner().invoke(app, ["models", "--preset", preset, "--rounds", "0"])
    rows = [line for line in result.output.splitlines() if f"(first_stride {stride})" in line]
    assert [row.split()[0] for row in rows] == ["banet", "unet_same_encoder"]
    assert result.output.count("first_stride") == 2
    assert "--preset fine" in CliRunner().invoke(app, ["models", "--help"], env={"COLUMNS": "160"}).output


def test_unknown_preset():
    with pytest.raises(ValueError, match="unknown preset 'tiny'; known: nano, lite, fine, paper"):
        CliRunner().invoke(app, ["models", "--preset", "tiny"], catch_exceptions=False)


def test_names_each_networks_paper():
    result = CliRunner().invoke(app, ["models", "--preset", "nano", "--rounds", "0"], env={"COLUMNS": "160"})
    assert "- cenet: Gu et al. 2019 (arXiv:1903.02740)" in result.output
    assert "none named" not in result.output
