"""docs/gpu.md: what is called derived follows from the measured figures on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from banet_edu.config import release_recipe

PAGE = (Path(__file__).parents[1] / "docs/gpu.md").read_text(encoding="utf-8")


def table(first: str) -> dict[str, list[str]]:
    """Rows of the table whose first row begins so, by their first cell."""
    lines = PAGE[PAGE.index(f"| {first} |") :].partition("\n\n")[0].splitlines()
    return {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)}


def test_minutes_follow_from_steps_and_milliseconds():
    measured = table("BA-Net lite, 128 x 128")
    step = {row: [float(cell) if cell != "–" else None for cell in cells] for row, cells in measured.items()}
    banet, unet, control = (step[f"{name} paper, 256 x 256"] for name in ("BA-Net", "U-Net", "control"))
    columns = [banet[2], banet[3], control[2], unet[2], unet[3]]  # bf16 and as a graph
    for name, (images, steps, *minutes) in table("ISIC-2017").items():
        number = int(steps.replace(",", ""))
        assert number == release_recipe(int(images)).steps, name
        assert [float(cell) for cell in minutes] == pytest.approx([number * ms / 60000 for ms in columns], abs=0.051), (
            name
        )


def test_commands_and_options_exist():
    from typer.testing import CliRunner

    from banet_edu.cli.main import app

    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    calls = re.findall(r"(?:banet-edu|-m banet_edu) ([a-z]+) ([^\n]*)", blocks)
    assert {command for command, _ in calls} == {"train", "compare", "ablate"}
    for command, rest in calls:
        shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
        assert [option for option in re.findall(r"(?<!\S)--[a-z-]+", rest) if option not in shown] == [], rest
    assert "banet_edu.cli.main" not in PAGE


def test_ratios_and_rates_in_the_text():
    measured = table("BA-Net lite, 128 x 128")
    ratio = float(measured["BA-Net lite, 128 x 128"][0]) / float(measured["U-Net lite, 128 x 128"][0])
    assert f"{ratio:.1f} times slower" in " ".join(PAGE.split())
    [rate] = re.findall(r"22 ms asks for (\d+) images/s", " ".join(PAGE.split()))
    assert int(rate) == round(8 / 0.022)
    lite = [float(measured["BA-Net lite, 128 x 128"][column]) * 1200 / 60000 for column in (0, 3)]
    assert f"BA-Net {lite[0]:.1f} minutes, {lite[1]:.1f} as a graph" in PAGE


def test_who_is_faster_on_which_machine_as_lesson_06_says():
    lesson = (Path(__file__).parents[1] / "notebooks/src/06_training_ba_net.py").read_text(encoding="utf-8")
    said = " ".join(lesson.replace("\n# ", " ").split())
    assert "on a CPU a step of BA-Net is faster than one of U-Net, on the GPU that we measured it is slower" in said
    [times] = re.findall(r"BA-Net lite ([\d.]+) s in fp32, [\d.]+ in bf16; U-Net ([\d.]+) and", " ".join(PAGE.split()))
    measured = table("BA-Net lite, 128 x 128")
    assert float(times[0]) < float(times[1])
    assert float(measured["BA-Net lite, 128 x 128"][0]) > float(measured["U-Net lite, 128 x 128"][0])
