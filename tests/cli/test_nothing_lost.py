"""Commands on a user's own folders: nothing of theirs is replaced, what was done is kept, odd names and files end nothing."""

from __future__ import annotations

import csv
import hashlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from banet_edu.figures.style import new_figure, png_bytes

PHOTO = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
LAUNCH = [sys.executable, "-c", "import sys; from banet_edu.cli.main import main; sys.argv[0] = 'banet-edu'; main()"]
MODEL = ("--model", "banet-lite-phantom")


def photos(folder, count=3, **names):
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.fromarray(np.roll(PHOTO, 5 * index, axis=1)).save(folder / f"c{index}.jpg")
    return folder


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def environment(**more):
    return {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "250", **more}


def test_predicting_beside_the_images_leaves_the_experts_masks(banet_edu, tmp_path):
    folder = photos(tmp_path / "mine")
    Image.fromarray(PHOTO[..., 0]).save(folder / "c1_mask.png")
    before = hashes(folder)
    code, _, err = banet_edu("predict", folder, *MODEL, "--out", folder)
    assert code == 1 and "c1_mask.png: is there already" in err
    assert hashes(folder) == before  # before any work


def test_predicting_beside_the_images_twice_segments_no_result(banet_edu, tmp_path):
    folder = photos(tmp_path / "mine")
    for again in range(2):
        code, out, err = banet_edu("predict", folder, *MODEL, "--out", folder)
        assert code == 0, err
        done = [row["image"] for row in rows(folder / "measurements.csv") if not row.get("left_out")]
        assert done == ["c0.jpg", "c1.jpg", "c2.jpg"]
        assert ("3 of 3 were done earlier" in out) == bool(again)
    corrected = folder / "c0_mask.png"
    Image.fromarray(PHOTO[..., 0]).save(corrected)
    before = hashes(folder)
    code, _, err = banet_edu("predict", folder, *MODEL, "--out", folder)
    assert code == 1 and "c0_mask.png: is there already and was not written by banet-edu, or was changed since" in err
    assert hashes(folder) == before


def test_three_images_of_one_name_leave_three_masks(banet_edu, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("a.png", "a.jpg", "a_png.jpg"):
        Image.fromarray(PHOTO).save(folder / name)
    assert banet_edu("predict", folder, *MODEL, "--out", tmp_path / "out")[0] == 0
    assert len(list((tmp_path / "out").glob("*_mask.png"))) == 3


@pytest.mark.landing
def test_a_killed_predict_goes_on_and_ends_as_if_nothing_had_happened(tmp_path):
    command = [*LAUNCH, "predict", str(photos(tmp_path / "mine", 12)), *MODEL, "--out"]
    whole = subprocess.run(
        [*command, str(tmp_path / "whole")], env=environment(), capture_output=True, text=True, check=True
    )
    assert "done earlier" not in whole.stdout
    process = subprocess.Popen([*command, str(tmp_path / "cut")], env=environment(), stdout=subprocess.DEVNULL)
    while process.poll() is None and not list((tmp_path / "cut").glob("c1_*")):
        time.sleep(0.01)
    process.kill()
    process.wait()
    ended = subprocess.run([*command, str(tmp_path / "cut")], env=environment(), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    one, two = (hashes(tmp_path / name) for name in ("whole", "cut"))
    del one[".banet-edu"], two[".banet-edu"]
    assert one == two


def test_ctrl_c_in_predict_keeps_what_is_done_and_says_how_to_go_on(banet_edu, tmp_path, monkeypatch):
    from banet_edu.reports.measurements import Measurements

    folder, added = photos(tmp_path / "mine"), Measurements.add

    def interrupted(table, row):
        added(table, row)
        if len(table.rows) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(Measurements, "add", interrupted)
        code, _, err = banet_edu("predict", folder, *MODEL, "--out", tmp_path / "out")
    assert code == 130 and "2 of 3 done and kept" in err and "the same command goes on" in err
    assert [row["image"] for row in rows(tmp_path / "out" / "measurements.csv")] == ["c0.jpg", "c1.jpg"]
    assert "2 of 3 were done earlier" in banet_edu("predict", folder, *MODEL, "--out", tmp_path / "out")[1]


def test_what_is_taken_over_belongs_to_its_image_and_settings(banet_edu, tmp_path):
    folder, line = photos(tmp_path / "mine"), (*MODEL, "--out", tmp_path / "out")
    banet_edu("predict", folder, *line)
    Image.fromarray(PHOTO[::-1]).save(folder / "c1.jpg")
    assert "2 of 3 were done earlier" in banet_edu("predict", folder, *line)[1]
    assert "done earlier" not in banet_edu("predict", folder, *line, "--threshold", 0.6)[1]


def test_names_that_are_no_text_formulas_or_commands_of_a_terminal(banet_edu, tmp_path):
    folder = photos(tmp_path / "mine", 1)
    names = [b"caf\xe9.jpg", b"=1+1.jpg", b"red\x1b[31m.jpg", b"$100_{\\x$.jpg"]
    for name in names:
        (folder / os.fsdecode(name)).write_bytes((folder / "c0.jpg").read_bytes())
    code, out, err = banet_edu("predict", folder, *MODEL, "--out", tmp_path / "out")
    assert code == 0, err
    assert "\x1b[31m" not in out + err
    said = [row["image"] for row in rows(tmp_path / "out" / "measurements.csv")]
    assert len(said) == 5 and "'=1+1.jpg" in said and "red\\x1b[31m.jpg" in said and "caf\\udce9.jpg" in said
    assert len(list((tmp_path / "out").glob("*_mask.png"))) == 5


@pytest.mark.landing
def test_a_report_of_an_image_of_an_odd_name(banet_edu, tmp_path):
    name = "caf\udce9 for $5 and $x_{.jpg"
    Image.fromarray(PHOTO).save(tmp_path / "a.jpg")
    os.rename(tmp_path / "a.jpg", tmp_path / name)
    line = ("explain", tmp_path / name, *MODEL, "--quick", "--pdf", "--out", tmp_path / "r.html")
    code, _, err = banet_edu(*line, "--label", name)
    assert code == 0, err
    assert "caf\\udce9 for $5" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert banet_edu(*line)[0] == 0  # and without one the name stays out
    assert "caf" not in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_part_of_a_report_that_cannot_be_made_ends_nothing(tmp_path, monkeypatch):
    from banet_edu import load_model, load_samples
    from banet_edu.reports import explanation

    def impossible(case):
        raise ValueError("the region has 7 cells, fewer than 10 steps")

    monkeypatch.setattr(explanation, "SECTIONS", {"What it relied on": impossible})
    sample = load_samples("dermoscopy")[0]
    page = explanation.write_explanation(load_model("banet-lite-phantom"), sample, tmp_path / "r.html")
    assert "Cannot be shown for this image: the region has 7 cells" in page.read_text(encoding="utf-8")


def test_a_dollar_sign_in_a_name_begins_no_formula():
    figure, axes = new_figure()
    axes[0, 0].set_title("cost $5 and $x_{")
    axes[0, 0].set_yscale("log")
    figure.suptitle("$\\frac$")
    assert png_bytes(figure)


@pytest.mark.landing
@pytest.mark.parametrize("mode", ["closed pipe", "ascii"])
def test_a_closed_pipe_and_an_ascii_terminal_lose_nothing(tmp_path, mode):
    folder = photos(tmp_path / "mine")
    (folder / "c0.jpg").rename(folder / "é−c0.jpg")
    launch = [
        sys.executable,
        "-c",
        "import sys; from banet_edu.cli.main import main; sys.argv[0] = 'banet-edu'; main()",
    ]
    command = [*launch, "predict", str(folder), *MODEL, "--out", str(tmp_path / "out")]
    more = {"PYTHONIOENCODING": "ascii"} if mode == "ascii" else {}
    process = subprocess.Popen(command, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if mode == "closed pipe":
        process.stdout.close()
        process.stderr.close()
    else:
        said = b"".join(process.communicate())
        assert b"Traceback" not in said and b"?-c0.jpg" in said
    assert process.wait() == 0
    assert len(rows(tmp_path / "out" / "measurements.csv")) == 3


def test_checking_a_set_whose_every_file_is_bad_lists_them(banet_edu, tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        for index in range(3):
            (tmp_path / folder / f"c{index}.png").write_bytes(b"no picture")
    code, out, err = banet_edu("data", "check", tmp_path, "--format", "folder")
    assert code == 1 and "Traceback" not in err
    assert out.count("is not a readable image") == 6


def test_training_says_that_a_run_was_finished_and_restarts_when_asked(banet_edu, tmp_path):
    for index in range(12):
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(np.roll(PHOTO, index, axis=0)).save(tmp_path / "images" / f"c{index}.png")
        disc = np.hypot(*(np.indices((48, 64)) - 20 - index % 5)) < 12
        Image.fromarray(disc).save(tmp_path / "masks" / f"c{index}.png")
    line = (
        "train",
        "--format",
        "folder",
        "--root",
        tmp_path,
        "--preset",
        "nano",
        "--steps",
        2,
        "--out",
        tmp_path / "run",
    )
    assert "nothing is trained" not in banet_edu(*line)[1]
    best = (tmp_path / "run" / "best.safetensors").read_bytes()
    assert "finished earlier, at step 2; nothing is trained (--restart trains it anew)" in banet_edu(*line)[1]
    code, _, err = banet_edu(*line, "--invert")
    assert code == 1 and "of its 9 training cases 9 with another mask" in err and "--restart" in err
    assert (tmp_path / "run" / "best.safetensors").read_bytes() == best
    assert banet_edu(*line, "--invert", "--restart")[0] == 0
    assert (tmp_path / "run" / "best.safetensors").read_bytes() != best


def test_a_server_ends_with_the_command_that_started_it(tmp_path):
    server = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    run = f"run_until_stopped([sys.executable, '-c', {server!r}], os.environ)"
    code = f"import os, sys; from banet_edu.cli.lab import run_until_stopped; {run}"
    process = subprocess.Popen([sys.executable, "-c", code])
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.02)
    process.terminate()
    assert process.wait(20) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
