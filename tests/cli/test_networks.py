"""`banet-edu models`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

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


def test_unknown_preset():
    with pytest.raises(ValueError, match="unknown preset 'tiny'; known: nano, lite, fine, paper"):
        CliRunner().invoke(app, ["models", "--preset", "tiny"], catch_exceptions=False)


def test_names_each_networks_paper():
    result = CliRunner().invoke(app, ["models", "--preset", "nano", "--rounds", "0"], env={"COLUMNS": "160"})
    assert "- cenet: Gu et al. 2019 (arXiv:1903.02740)" in result.output
    assert "none named" not in result.output
