"""`ablate` on a few phantoms: the tables it leaves, that it goes on where it was, and what it refuses."""

from __future__ import annotations

import csv

import pytest

QUICK = ("--preset", "nano", "--size", 32, "--batch-size", 4, "--steps", 2, "--seeds", "0")


@pytest.fixture
def few(monkeypatch):
    """Painted phantoms as ever, but six bundled ones to test with instead of 48."""
    import banet_edu.phantoms.endless as painted

    every = painted.load_samples
    monkeypatch.setattr(painted, "load_samples", lambda kind: [every(kind)[i] for i in range(6)])


@pytest.mark.landing
def test_ablate_phantoms_leaves_tables_and_a_figure_and_is_not_repeated(banet_edu, few, tmp_path):
    line = ("ablate", "--kind", "dermoscopy", "--painted", 4, *QUICK, "--variants", "banet,no-cff", "--out", tmp_path)
    code, out, err = banet_edu(*line)
    assert code == 0, err
    assert "no-cff" in out and "95 % interval" in out
    with (tmp_path / "ablation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["variant"] for row in rows} == {"banet", "no-cff"} and {row["metric"] for row in rows} >= {
        "JA",
        "assd_mm",
    }
    assert (tmp_path / "ablation.png").stat().st_size > 10_000
    history = (tmp_path / "no-cff-seed0" / "history.csv").read_text()
    code, _, err = banet_edu(*line)
    assert code == 0, err
    assert (tmp_path / "no-cff-seed0" / "history.csv").read_text() == history


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "either --kind for phantoms, or --format and --root"),
        (("--kind", "lung", "--format", "folder", "--root", "x"), "either --kind for phantoms"),
        (("--format", "folder"), "both --format and --root"),
        (("--kind", "kidney"), "phantoms of kind kidney"),
        (("--kind", "lung", "--variants", "banet,unit"), "unknown variant 'unit'"),
        (("--kind", "lung", "--variants", "banet"), "two variants"),
    ],
)
def test_ablate_refuses_before_training(banet_edu, tmp_path, more, said):
    code, _, err = banet_edu("ablate", *QUICK, "--out", tmp_path, *more)
    assert code == 1
    assert said in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("--kind", "polyp", "--split-seed", 7), "--split-seed has no effect beside --kind"),
        (("--kind", "polyp", "--spacing", 9, 9), "--spacing has no effect beside --kind"),
        (("--kind", "polyp", "--invert"), "--invert has no effect beside --kind"),
        (("--format", "folder", "--root", ".", "--painted", 9), "--painted has no effect beside --root"),
    ],
)
def test_options_without_effect_are_refused(banet_edu, tmp_path, line, said):
    code, _, err = banet_edu("ablate", *line, "--out", tmp_path / "out")
    assert code == 1 and said in err
