"""docs/gpu.md: what is called derived follows from the measured figures on the page; lesson 06 shows figures of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from banet_edu.config import release_recipe

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/gpu.md").read_text(encoding="utf-8")
LESSON = (ROOT / "notebooks/src/06_training_ba_net.py").read_text(encoding="utf-8").replace("\n# ", "\n")
GPU = {name: f"{name} lite, 128 x 128" for name in ("BA-Net", "U-Net")}
CPU = {name: f"{name} lite, CPU" for name in GPU}


def table(first: str, page: str = PAGE) -> dict[str, list[str]]:
    """Rows of the table whose first row begins so, by their first cell."""
    lines = page[page.index(f"| {first} |") :].splitlines()
    lines = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
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
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest):
            assert re.search(rf"{option}(?![a-z-])", shown), (command, option)
    assert "banet_edu.cli.main" not in PAGE


def test_rates_and_minutes_in_the_text():
    measured = table("BA-Net lite, 128 x 128")
    [rate] = re.findall(r"22 ms asks for (\d+) images/s", " ".join(PAGE.split()))
    assert int(rate) == round(8 / 0.022)
    lite = [float(measured["BA-Net lite, 128 x 128"][column]) * 1200 / 60000 for column in (0, 3)]
    assert f"BA-Net {lite[0]:.1f} minutes, {lite[1]:.1f} as a graph" in PAGE


def test_lesson_06_shows_steps_of_this_page():
    gpu, cpu = table(GPU["BA-Net"]), table(CPU["BA-Net"])
    columns = {"GPU, float32": 0, "GPU, bfloat16": 2, "GPU, bfloat16, as one CUDA graph": 3}
    steps = {row: [gpu[GPU[name]][column] for name in GPU] for row, column in columns.items()}
    for row, column in {"CPU, float32": 0, "CPU, bfloat16": 1}.items():
        steps[row] = [f"{1000 * float(cpu[CPU[name]][column]):.0f}" for name in CPU]
    assert table("CPU, float32", LESSON) == steps
    assert "| | BA-Net | U-Net |" in LESSON  # the columns, in the order of GPU
    for machine in (
        "Two CPU cores with AVX512 that compute in bfloat16",
        "one H100",
        "2026-11-26",
        "preset lite",
        "8 images, 128 x 128",
    ):
        assert machine in LESSON
    for machine in ("two CPU cores with AVX512 that compute in bfloat16", "one H100", "2026-11-26"):
        assert machine in PAGE


def test_who_is_faster_on_which_machine():
    said, told = " ".join(PAGE.split()), " ".join(LESSON.split())
    banet, unet = (float(table(CPU["BA-Net"])[CPU[name]][0]) for name in CPU)
    assert f"On a CPU, in fp32, BA-Net lite takes {banet / unet:.2f} of U-Net's time" in said
    banet, unet = (float(table(GPU["BA-Net"])[GPU[name]][0]) for name in GPU)
    assert f"on that GPU, without a graph, {banet / unet:.1f} times as long" in said
    assert f"BA-Net is {banet / unet:.1f} times slower on the GPU" in told
    results = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    operations = table("banet", results[results.index("### What each network costs") :])["unet"][2]
    assert f"U-Net needs {operations} times its operations" in said
    assert f"U-Net needs {operations} times BA-Net's operations" in told


def test_bf16_where_a_processor_does_not_compute_in_it():
    said = " ".join(PAGE.split())
    [runs] = re.findall(r"2026-11-29: (\d+) and (\d+) times for BA-Net, (\d+) and (\d+) for U-Net", said)
    least, most = min(map(int, runs)), max(map(int, runs))
    for place in (
        "docs/gpu.md",
        "notebooks/src/06_training_ba_net.py",
        "benchmarks/grid.py",
        "banet_edu/cli/recipe.py",
    ):
        text = (ROOT / place).read_text(encoding="utf-8").replace("\n# ", "\n")
        assert f"{least} to {most} times as" in " ".join(text.split()), place
    assert 'TrainConfig(precision="bf16")' in LESSON and "banet-edu train --precision bf16" in LESSON
