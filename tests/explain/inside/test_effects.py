"""`effect`: how much an intervention costs, and where the line moved."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from known_model import Brightness, disc_sample
from network_variants import build

from banet_edu.data.sample import Sample
from banet_edu.explain.inside.effects import effect, effects
from banet_edu.explain.inside.interventions import knobs

SAMPLE = disc_sample("disc")  # 64 x 64, its mask 128 x 128 pixels of 0.5 mm
IMAGE = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)


def moved_right(logits: torch.Tensor) -> torch.Tensor:
    return torch.roll(logits, 2, dims=-1)  # 2 image pixels: 4 of the mask, 2 mm


def nothing(logits: torch.Tensor) -> torch.Tensor:
    return torch.tensor([9.0, -9.0])[:, None, None].expand_as(logits)


def test_a_disc_moved_by_two_millimetres() -> None:
    found = effect(Brightness(), SAMPLE, {"logits": moved_right}, name="moved")
    assert found.name == "moved"
    moved = found.moved
    assert list(moved.columns) == ["row", "column", "moved_mm"]
    assert moved.loc[moved["column"] == moved["column"].max(), "moved_mm"].max() == pytest.approx(2.0)  # grew there
    assert moved.loc[moved["column"] == moved["column"].min(), "moved_mm"].min() == pytest.approx(-2.0)  # shrank here
    figures = found.figures
    assert (figures["status_before"], figures["status_after"], figures["moved_status"]) == ("ok", "ok", "ok")
    assert figures["moved_max_mm"] == pytest.approx(2.0)
    assert figures["moved_mean_mm"] == pytest.approx(moved["moved_mm"].abs().mean())
    for key in ("JA", "assd_mm", "hd_mm", "bias_mm"):
        assert figures[f"{key}_change"] == pytest.approx(figures[f"{key}_after"] - figures[f"{key}_before"])
    assert figures["JA_change"] < -0.1
    assert figures["assd_mm_change"] > 0.9
    assert figures["JA_with_before"] == pytest.approx(figures["JA_after"], abs=0.03)
    assert found.before.mask.sum() == found.after.mask.sum()


def test_without_a_spacing_figures_are_in_percent_and_shifts_in_pixels() -> None:
    found = effect(Brightness(), disc_sample("disc", spacing_mm=None), {"logits": moved_right})
    assert found.figures["moved_max_px"] == pytest.approx(4.0)
    assert found.figures["hd_pct_after"] == pytest.approx(100 * 4 / np.hypot(128, 128), rel=0.3)
    assert not [key for key in found.figures if "mm" in key]
    assert "moved_px" in found.moved
    assert found.name == "logits"


def test_without_a_mask_only_the_shift_is_known() -> None:
    bare = Sample(SAMPLE.image, None, "bare", spacing_mm=(1.0, 1.0))
    found = effect(Brightness(), bare, {"logits": moved_right})
    assert set(found.figures) == {"JA_with_before", "moved_status", "moved_mean_mm", "moved_max_mm"}
    assert found.figures["moved_max_mm"] == pytest.approx(2.0)


def test_an_intervention_that_empties_the_mask_has_a_status_and_no_distance() -> None:
    found = effect(Brightness(), SAMPLE, {"logits": nothing})
    figures = found.figures
    assert (figures["status_before"], figures["status_after"], figures["moved_status"]) == ("ok", "missed", "missed")
    assert figures["JA_after"] == 0
    assert np.isnan(figures["assd_mm_change"])
    assert np.isnan(figures["moved_max_mm"])
    assert figures["JA_with_before"] == 0
    assert len(found.moved) == 0


def test_where_nothing_was_and_something_is_and_where_nothing_ever_is() -> None:
    dark = Sample(np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), bool), "dark")
    appeared = effect(Brightness(), dark, {"logits": lambda v: -v})
    assert appeared.figures["moved_status"] == "hallucinated"
    assert len(appeared.moved) == 0
    still = effect(Brightness(), dark, {"logits": nothing})
    assert (still.figures["moved_status"], still.figures["JA_with_before"]) == ("both_empty", 1.0)


def test_replacing_nothing_moves_nothing() -> None:
    found = effect(Brightness(), SAMPLE, {})
    assert found.name == "nothing replaced"
    assert (found.figures["JA_change"], found.figures["JA_with_before"], found.figures["moved_max_mm"]) == (0, 1, 0)


def test_several_knobs_act_together() -> None:
    model = build("default")
    both = effect(model, IMAGE, ["stage1.pee off", "cff off"])
    assert both.name == "stage1.pee off + cff off"
    alone = effect(model, IMAGE, "cff off")
    assert not np.array_equal(both.after.probability, alone.after.probability)
    np.testing.assert_array_equal(both.before.probability, alone.before.probability)


def test_several_classes_are_measured_as_foreground() -> None:
    sample = Sample(SAMPLE.image, SAMPLE.mask.astype(np.uint8) * 2, "labels", SAMPLE.spacing_mm)
    found = effect(Brightness(num_classes=3), sample, {"logits": moved_right})
    assert found.figures["moved_max_mm"] == pytest.approx(2.0)
    assert found.figures["status_before"] == "ok"


def test_effects_lists_every_knob_worst_first() -> None:
    model = build("default")
    mask = np.zeros((70, 90), bool)
    mask[20:50, 30:60] = True
    table = effects(model, Sample(IMAGE, mask, "case"))
    assert set(table["knob"]) == set(knobs(model))
    assert table["JA_change"].is_monotonic_increasing
    one = effect(model, Sample(IMAGE, mask, "case"), "stage2 off").figures
    row = table[table["knob"] == "stage2 off"].iloc[0]
    assert all(row[key] == value or value != value for key, value in one.items())
    few = effects(model, IMAGE, ["cff off", "stage1 off"])
    assert len(few) == 2
    assert few["JA_with_before"].is_monotonic_increasing


def test_unknown_knobs_and_networks_without_any_are_errors() -> None:
    with pytest.raises(ValueError, match="stage1 off"):
        effect(build("default"), IMAGE, "stage1 of")
    with pytest.raises(ValueError, match="no ready-made knobs"):
        effects(Brightness(), IMAGE)
