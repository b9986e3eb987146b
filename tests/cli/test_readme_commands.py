"""The README's commands for one's own images run as printed, but for the number of steps."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from banet_edu.paths import samples_root

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with my_images/ (twelve pictures with masks beside them), new_images/, photo.jpg and expert.png."""
    from PIL import Image

    source = samples_root() / "dermoscopy"
    for number, path in enumerate(sorted((source / "images").iterdir())[:14]):
        [mask] = (source / "masks").glob(f"{path.stem}*")
        folder = tmp_path / ("my_images" if number < 12 else "new_images")
        folder.mkdir(exist_ok=True)
        Image.open(path).convert("RGB").save(folder / f"IMAGE{number}.jpg")
        if number < 12:
            shutil.copy(mask, folder / f"IMAGE{number}_mask.png")
    shutil.copy(tmp_path / "my_images/IMAGE0.jpg", tmp_path / "photo.jpg")
    shutil.copy(tmp_path / "my_images/IMAGE0_mask.png", tmp_path / "expert.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.landing
def test_commands_for_ones_own_images_run_as_printed(place, banet_edu):
    section = README[
        README.index("Your own images, masks beside them") : README.index("A public data set, as downloaded")
    ]
    commands = re.findall(r"^banet-edu (.+)$", section, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        code, out, err = banet_edu(*shlex.split(command.replace("--steps 600", "--steps 2")))
        assert code == 0, (command, out, err)
    assert (place / "runs/my_images-lite/report.html").is_file()
    assert len(list((place / "runs/predict").glob("*_mask.png"))) == 2
    assert len(list((place / "runs/explain").glob("case-*.html"))) == 1
