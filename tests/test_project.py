"""The project's own files agree with one another: pins, environment, versions, README, and what an import costs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import banet_edu

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = {"captum", "ipywidgets", "albumentations", "matplotlib", "accelerate", "monai"}


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def requirements() -> list[Requirement]:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(text) for group in groups for text in group if not text.startswith("banet-edu")]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_requirement_is_pinned_to_a_version_it_allows(requirement):
    pinned = pins()
    assert canonicalize_name(requirement.name) in pinned, "run .ci/refresh-constraints"
    assert pinned[canonicalize_name(requirement.name)] in requirement.specifier


def test_pins_name_versions_that_anyone_can_install():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"\+|@|file:|/usr|/home", text.split("\n", 3)[3])
    assert "banet-edu" not in pins()


def test_conda_environment_installs_the_same_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python = next(item for item in environment["dependencies"] if str(item).startswith("python="))
    [pip_lines] = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    # With the constraints file in force there is no second list of versions that could differ.
    assert pip_lines == ["-c constraints.txt", "-e .[test]"]
    tested = re.search(r"Python (3\.\d+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"))
    assert tested is not None
    assert python == f"python={tested[1]}"
    # Everything else conda itself installs would escape the pins.
    assert [item for item in environment["dependencies"] if isinstance(item, str)] == [python, "pip"]


def test_readme_states_the_tested_range_of_python():
    tested = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert PROJECT["requires-python"] == f">={tested[0]}"
    said = f"with Python {', '.join(tested[:-1])} or {tested[-1]}"
    assert said in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def test_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert changelog is not None
    assert {banet_edu.__version__, PROJECT["version"], citation["version"], changelog[1]} == {PROJECT["version"]}


@pytest.mark.parametrize("statement", ["import banet_edu", "from banet_edu import create_model, load_model, predict"])
def test_import_leaves_heavy_packages_alone(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(result.stdout.split())


def test_the_package_runs_as_the_command_and_is_imported_without_running():
    command = [sys.executable, "-m", "banet_edu", "--version"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == f"banet-edu {banet_edu.__version__}\n"
    code = "import sys, banet_edu.__main__; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy"} & set(result.stdout.split())


def test_bare_import_does_not_even_load_torch():
    code = "import sys, banet_edu; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy"} & set(result.stdout.split())


def readme_blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_readme_first_steps_run(tmp_path):
    blocks = readme_blocks("python")
    assert blocks
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    promised = re.findall(r"# -> (.*)", "\n".join(blocks))
    assert promised
    assert result.stdout.splitlines() == promised


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_links_inside_the_checkout_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)", (ROOT / page).read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_readme_marks_the_command_that_ci_runs(name):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(rf"^<!-- ci: {name} -->\n```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert match is not None
    # One command each: a reader copies one line.
    assert match[1].count("\n") == 1
    assert "-c constraints.txt" in match[1]


def test_readme_names_only_commands_and_options_that_exist():
    from typer.testing import CliRunner

    from banet_edu.cli.main import app

    lines = "\n".join([*readme_blocks("bash"), *readme_blocks("powershell")])
    calls = re.findall(r"banet-edu ((?:data )?[a-z]+)([^\n&]*)", lines)
    assert {command for command, _ in calls} >= {"demo", "compare", "predict"}
    for command, rest in calls:
        # A wide terminal, so that no option name is broken over two lines.
        shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0, command
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest):
            assert option in shown.output, f"banet-edu {command} {option}"


METHOD = ("banet", "training", "data", "metrics", "config.py", "prediction.py")
MOST_LINES = 4800  # an evening's reading


def method_files() -> set[str]:
    package = ROOT / "banet_edu"
    files = {path for room in METHOD for path in [package / room, *(package / room).glob("*.py")] if path.is_file()}
    return {path.relative_to(package).as_posix() for path in files if path.name != "__init__.py"}


def test_readme_lists_every_file_of_the_method_in_reading_order():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## The method in an evening\n")[2].partition("\n### ")[0]
    listed = re.findall(r"^\| `([\w/]+\.py)` \| .+ \|$", section, re.MULTILINE)
    assert set(listed) == method_files()
    assert len(listed) == len(set(listed))


def test_method_is_an_evenings_reading():
    lines = {name: len((ROOT / "banet_edu" / name).read_text(encoding="utf-8").splitlines()) for name in method_files()}
    assert sum(lines.values()) < MOST_LINES
    said = re.search(r"how far a boundary is off: ([\d,]+) lines", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert said is not None and abs(int(said[1].replace(",", "")) - sum(lines.values())) <= 100


def test_method_is_loaded_without_the_rest():
    code = "import banet_edu.training.loop, banet_edu.prediction, sys; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = {name.split(".")[1] for name in result.stdout.split() if name.startswith("banet_edu.")}
    assert rooms <= {"storage", *(name.removesuffix(".py") for name in METHOD)}


def test_no_folder_of_the_package_is_crowded_and_no_file_lost_at_its_root():
    package = ROOT / "banet_edu"
    folders = [package, *(path for path in package.rglob("*") if path.is_dir() and path.name != "__pycache__")]
    listed = {folder: [path for path in folder.iterdir() if path.is_file()] for folder in folders}
    assert {str(folder): len(files) for folder, files in listed.items() if len(files) > 16} == {}
    assert {path.stem for path in listed[package]} == {"__init__", "__main__", "config", "prediction", "paths"}


def test_no_room_is_longer_than_a_reader_scrolls_through_once():
    files = [path for root in ("banet_edu", "tests", "benchmarks") for path in (ROOT / root).rglob("*.py")]
    lines = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in files}
    assert {name: count for name, count in lines.items() if count > 260} == {}
