from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from banet_edu.cli.comparing import parse_list, parse_seeds
from banet_edu.cli.options import DataOptions, parse_value_map, spread
from banet_edu.cli.recipe import TrainingOptions


def test_spread_makes_one_option_of_each_field_and_hands_the_groups_over():
    app, seen = typer.Typer(), {}

    @app.command()
    @spread
    def run(model: Annotated[str, typer.Option("--model")] = "banet", *, data: DataOptions, training: TrainingOptions):
        seen.update(model=model, data=data, training=training)

    line = "--format folder --root x --spacing 0.1 0.2 --steps 7 --model unet"
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == 0, result.output
    assert seen["model"] == "unet"
    assert (seen["data"].format, str(seen["data"].root), seen["data"].spacing) == ("folder", "x", (0.1, 0.2))
    assert seen["training"].steps == 7
    assert CliRunner().invoke(app, ["--format", "folder"]).exit_code == 2  # --root is required


def test_lists_and_maps():
    assert parse_list(" banet, unet,") == ["banet", "unet"]
    assert parse_seeds("0, 2") == [0, 2]
    assert parse_value_map("0=0,128=1,255=2") == {0: 0, 128: 1, 255: 2}


@pytest.mark.parametrize("text", ["0=0,255", "0=a", "", "1=2=3"])
def test_bad_value_map_says_how_it_is_written(text):
    with pytest.raises(ValueError, match="VALUE=CLASS"):
        parse_value_map(text)


def test_bad_seeds_say_how_they_are_written():
    with pytest.raises(ValueError, match="whole numbers"):
        parse_seeds("0,x")
