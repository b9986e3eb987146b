"""A run directory belongs to its settings AND to the very pixels and labels that it has learnt from."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from training_helpers import CONFIG, discs, tiny

from banet_edu.data.sample import Sample
from banet_edu.storage import locked, read_tensors, save_model
from banet_edu.training.loop import fit

TRAIN, VAL = discs(14), discs(5, seed=1)
SHORT = replace(CONFIG, steps=3)


def changed(sample, image=None, mask=None):
    return Sample(sample.image if image is None else image, sample.mask if mask is None else mask, sample.name)


def one_pixel(pixels):
    pixels = pixels.copy()
    pixels.flat[0] ^= True if pixels.dtype == bool else 1
    return pixels


@pytest.mark.parametrize(
    ("train", "val", "said"),
    [
        (
            [changed(TRAIN[0], mask=one_pixel(TRAIN[0].mask)), *TRAIN[1:]],
            VAL,
            "of its 14 training cases 1 with another mask",
        ),
        (
            [*TRAIN[:-1], changed(TRAIN[-1], image=255 - TRAIN[-1].image)],
            VAL,
            "of its 14 training cases 1 with another image",
        ),
        (
            [changed(s, mask=~s.mask) for s in TRAIN],
            VAL,
            "of its 14 training cases 14 with another mask .*, \\.\\.\\.\\)",
        ),
        (TRAIN, [changed(VAL[0], mask=~VAL[0].mask), *VAL[1:]], "of its 5 validation cases 1 with another mask"),
        ([*TRAIN[1:], TRAIN[0]], VAL, "of its 14 training cases in another order"),
        (TRAIN[1:], VAL, "of its 14 training cases 1 gone"),
        ([*TRAIN, discs(1, seed=9)[0]], VAL, "of its 14 training cases 1 new"),
    ],
)
@pytest.mark.parametrize("steps", [3, 90])
def test_other_data_are_refused_and_named_whether_the_run_is_finished_or_not(tmp_path, train, val, said, steps):
    fit(tiny(), TRAIN, VAL, SHORT, tmp_path)
    if steps != 3:  # as if it had been stopped
        settings = json.loads((tmp_path / "config.json").read_text())
        settings["train"]["steps"] = steps
        (tmp_path / "config.json").write_text(json.dumps(settings))
    best = (tmp_path / "best.safetensors").read_bytes()
    with pytest.raises(ValueError, match=f"{said}.*--restart"):
        fit(tiny(), train, val, replace(SHORT, steps=steps), tmp_path)
    assert (tmp_path / "best.safetensors").read_bytes() == best


def test_restart_trains_anew_on_the_new_data(tmp_path):
    fit(tiny(), TRAIN, VAL, SHORT, tmp_path)
    best = (tmp_path / "best.safetensors").read_bytes()
    inverted = [changed(s, mask=~s.mask) for s in TRAIN]
    fit(tiny(), inverted, VAL, SHORT, tmp_path, resume=False)
    assert (tmp_path / "best.safetensors").read_bytes() != best
    fit(tiny(), inverted, VAL, SHORT, tmp_path)  # and is that run now


def test_a_run_of_an_earlier_version_is_refused_in_words(tmp_path):
    fit(tiny(), TRAIN, VAL, SHORT, tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    settings["data"] = {"train": "14 samples, checksum 00000000", "val": "5 samples, checksum 00000000"}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(
        ValueError, match=r"a run of an earlier banet-edu, which did not keep what its data were: use another"
    ):
        fit(tiny(), TRAIN, VAL, SHORT, tmp_path)


def test_a_finished_run_takes_no_other_runs_best(tmp_path):
    fit(tiny(), TRAIN, VAL, SHORT, tmp_path / "one")
    fit(tiny(), TRAIN, VAL, replace(SHORT, seed=5), tmp_path / "two")
    other = (tmp_path / "two" / "best.safetensors").read_bytes()
    (tmp_path / "one" / "best.safetensors").write_bytes(other)
    with pytest.raises(ValueError, match=r"best\.safetensors: holds the weights of another run or epoch.*--restart"):
        fit(tiny(), TRAIN, VAL, SHORT, tmp_path / "one")
    (tmp_path / "one" / "best.safetensors").unlink()
    with pytest.raises(ValueError, match=r"best\.safetensors: no such file.*--restart"):
        fit(tiny(), TRAIN, VAL, SHORT, tmp_path / "one")


def test_best_weights_carry_their_run_and_epoch(tmp_path):
    fit(tiny(), TRAIN, VAL, SHORT, tmp_path / "one")
    fit(tiny(), TRAIN, VAL, SHORT, tmp_path / "again")
    infos = [read_tensors(tmp_path / run / "best.safetensors")[1]["info"] for run in ("one", "again")]
    assert infos[0] == infos[1] and infos[0]["step"] == 3 and len(infos[0]["run"]) == 16


def test_files_of_ones_own_in_the_run_directory_are_left_alone(tmp_path):
    (tmp_path / "config.json").write_text("my settings")
    with pytest.raises(FileExistsError, match=r"config\.json: is there already and was not written by banet-edu"):
        fit(tiny(), TRAIN, VAL, SHORT, tmp_path)
    assert (tmp_path / "config.json").read_text() == "my settings"
    own = save_model(tmp_path / "mine" / "best.safetensors", tiny()).read_bytes()
    (tmp_path / "mine" / ".banet-edu").unlink()
    with pytest.raises(FileExistsError, match=r"best\.safetensors"):
        fit(tiny(), TRAIN, VAL, SHORT, tmp_path / "mine", resume=False)
    assert (tmp_path / "mine" / "best.safetensors").read_bytes() == own


def test_two_runs_do_not_share_a_directory_at_once(tmp_path):
    with locked(tmp_path), pytest.raises(BlockingIOError, match="another process"):
        fit(tiny(), TRAIN, VAL, SHORT, tmp_path)
    assert fit(tiny(), TRAIN, VAL, SHORT, tmp_path).stopped == "steps"


def test_what_was_changed_by_hand_goes_only_on_request(tmp_path):
    fit(tiny(), TRAIN, VAL, SHORT, tmp_path)
    (tmp_path / "last.safetensors").unlink()  # so that there is nothing to go on with
    (tmp_path / "history.csv").write_text("with my remarks")
    with pytest.raises(FileExistsError, match=r"history\.csv"):
        fit(tiny(), TRAIN, VAL, SHORT, tmp_path)
    assert (tmp_path / "history.csv").read_text() == "with my remarks"
    assert fit(tiny(), TRAIN, VAL, SHORT, tmp_path, resume=False).stopped == "steps"
