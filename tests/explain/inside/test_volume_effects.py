"""Effects, regions, zones and attributions of volumes, against answers known in advance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from banet_edu.config import ModelSpec
from banet_edu.data.volume import Volume, centred, normalised
from banet_edu.explain import attribute, effect, effects, knobs, mean_effects, probe, zone_means
from banet_edu.explain.inside.faithfulness import deletion_insertion
from banet_edu.explain.inside.regions import Region, boundary_band, contour_segment
from banet_edu.explain.inside.target import baseline_input, margin, region_score
from banet_edu.networks.registry import create_model
from banet_edu.prediction import evaluating, predict

SPACING = (2.0, 1.0, 0.5)
WINDOW = (16, 20, 24)
NETWORKS = ("banet", "unet", "unet_same_encoder")


def ball(shape=(12, 18, 24), radius_mm=5.0) -> np.ndarray:
    middle = [(side - 1) / 2 for side in shape]
    apart = [(at - mid) * step for at, mid, step in zip(np.indices(shape), middle, SPACING, strict=True)]
    return np.sqrt(sum(a**2 for a in apart)) <= radius_mm


def case(mask: np.ndarray | None = None, name: str = "ball") -> Volume:
    mask = ball() if mask is None else mask
    return Volume(100 + 50 * mask.astype(np.float32), mask, name, SPACING)


class Brightness(nn.Module):
    """Foreground where the voxel is brighter than the volume's mean."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = ModelSpec("brightness", dims=3, in_channels=1, input_size=WINDOW, mean=(), std=())
        self.grey = nn.Conv3d(1, 1, 1)
        with torch.no_grad():
            self.grey.weight.fill_(1.0)
            self.grey.bias.fill_(0.0)

    def forward(self, x):
        grey = self.grey(x)
        return torch.cat([torch.zeros_like(grey), grey], dim=1)


def nano(name: str) -> nn.Module:
    torch.manual_seed(0)
    return create_model(name, "nano", dims=3).eval()


def test_a_ball_moved_by_two_millimetres():
    moved = {"grey": lambda value: torch.roll(value, 4, dims=4)}  # four voxels of half a millimetre along x
    found = effect(Brightness(), case(), moved)
    assert found.figures["JA_before"] == 1 and found.figures["JA_after"] < 1
    assert found.figures["moved_max_mm"] == pytest.approx(2.0) and found.figures["hd_mm_after"] == pytest.approx(2.0)
    assert list(found.moved.columns) == ["z", "y", "x", "moved_mm"]
    right = found.moved.loc[found.moved["x"].idxmax()]
    assert right["moved_mm"] == pytest.approx(2.0) and found.moved["moved_mm"].min() < -1.5
    assert found.moved["z"].between(0, 11).all()


def test_an_intervention_that_empties_the_mask_has_a_status_and_no_distance():
    found = effect(Brightness(), case(), {"grey": -1.0})
    assert found.figures["moved_status"] == "missed" and found.moved.empty
    assert np.isnan(found.figures["assd_mm_after"]) and list(found.moved.columns)[:3] == ["z", "y", "x"]


@pytest.mark.parametrize("name", NETWORKS)
def test_effects_list_every_knob_and_leave_the_model_as_it_was(name):
    model, volume = (
        nano(name),
        Volume(np.random.default_rng(0).normal(size=(20, 24, 22)), ball((20, 24, 22)), "a", SPACING),
    )
    before = predict(model, volume).probability
    chosen = [
        knob for knob in knobs(model) if knob.endswith(("pee off", "ia off", "cff off")) or knob.startswith("skip")
    ]
    table = effects(model, volume, chosen)
    assert sorted(table["knob"]) == sorted(chosen) and "hd_mm_change" in table
    averaged = mean_effects(model, [volume, volume], chosen[:1])
    assert averaged["images"].tolist() == [2]
    np.testing.assert_array_equal(predict(model, volume).probability, before)


def test_knobs_act_in_every_window_of_a_large_volume():
    model = nano("banet")
    volume = Volume(np.random.default_rng(0).normal(size=(40, 34, 33)), None, "large", SPACING)
    found = effect(model, volume, "stage1 off")
    changed = found.after.probability != found.before.probability
    assert changed[:8].any() and changed[-8:].any()


def test_signals_of_a_large_volume_are_those_of_the_whole():
    model, volume = nano("unet"), Volume(np.random.default_rng(0).normal(size=(40, 34, 33)), None, "large")
    with pytest.raises(ValueError, match=r"large: 40 x 34 x 33 voxels go through .* several windows of 32 x 32 x 32"):
        probe(model, volume)
    trace = probe(model, volume, native=True)
    assert trace.input_size == (40, 34, 33) and trace["encoder.level1"].shape[2:] == (40, 34, 33)


def test_band_lies_on_both_sides_at_half_the_width():
    band = boundary_band(ball((20, 40, 60), 10.0), width=4.0, spacing_mm=SPACING)
    assert band.name == "boundary band, 4 mm wide" and "of 20 x 40 x 60 voxels" in repr(band)
    along_x = np.flatnonzero(band.mask[9, 19])  # near the middle: the surface is near x = 29.5 +- 20
    assert set(along_x) == {*range(6, 14), *range(46, 54)}
    with pytest.raises(ValueError, match="of a volume take boundary_band"):
        contour_segment(ball(), from_deg=0, to_deg=90, spacing_mm=None)


def test_a_region_is_the_volumes_and_its_weights_lie_where_the_network_sees_it():
    model, volume = Brightness(), case()
    score = region_score(model, volume, Region("ball", volume.mask))
    assert tuple(score.x.shape) == (1, 1, *WINDOW) and float(score.weights.sum()) == pytest.approx(1)
    np.testing.assert_array_equal(centred(score.inside, volume.shape), volume.mask)
    assert np.count_nonzero(score.inside) == np.count_nonzero(volume.mask)
    expected = normalised(volume)[volume.mask].mean()
    with evaluating(model):
        assert float(score.of(score.x)[0]) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="the region is 4 x 4 x 4, the sample 12 x 18 x 24"):
        region_score(model, volume, Region("other", np.ones((4, 4, 4), bool)))


@pytest.mark.parametrize("baseline", ["blur", "mean"])
def test_integrated_gradients_of_a_linear_network_are_its_weights_times_the_way(baseline):
    model, volume = Brightness(), case()
    found = attribute(model, volume, region=Region("ball", volume.mask), baseline=baseline)
    score = region_score(model, volume, Region("ball", volume.mask))
    way = (score.x - baseline_input(score.x, baseline))[0, 0].numpy()
    np.testing.assert_allclose(found.map, way * score.weights.numpy(), atol=1e-6)
    assert found.completeness_error < 0.01


def test_occlusion_and_gradcam_are_positive_where_the_ball_is():
    model, volume = Brightness(), case()
    covered = attribute(model, volume, "occlusion", Region("ball", volume.mask), window=4)
    own = centred(covered.map, volume.shape)
    assert own[volume.mask].min() >= 0 and own[volume.mask].mean() > 5 * own[~volume.mask].mean()
    layer = attribute(model, volume, "gradcam", Region("ball", volume.mask), signal="grey")
    assert (
        layer.map.shape == WINDOW and np.corrcoef(layer.map.ravel(), score_input(model, volume).ravel())[0, 1] > 0.999
    )
    tested = deletion_insertion(model, volume, covered, steps=4, seeds=(0, 1, 2), cell=2)
    assert tested.deletion[0] == tested.insertion[-1] > tested.deletion[-1]


def score_input(model, volume) -> np.ndarray:
    return region_score(model, volume, Region("ball", volume.mask)).x[0, 0].numpy()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("method", "settings"),
    [("integrated_gradients", {"steps": 2, "max_steps": 2}), ("occlusion", {"window": 16, "stride": 16}), ("gradcam", {}),
     ("feature_ablation", {}), ("shapley", {"permutations": 1})],
)  # fmt: skip
def test_attributions_of_every_network_leave_it_as_it_was(name, method, settings):
    model, volume = nano(name), case()
    if name == "unet_same_encoder" and method in ("feature_ablation", "shapley"):
        settings = settings | {"knobs": ["skip.stage1 off", "skip.stage2 off"]}
    before = predict(model, volume).probability
    found = attribute(model, volume, method, Region("ball", volume.mask), **settings)
    if found.map is not None:
        assert found.map.shape == (32, 32, 32) and np.isfinite(found.map).all()
    else:
        assert np.isfinite(found.values["value"]).all()
    np.testing.assert_array_equal(predict(model, volume).probability, before)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_margin_of_a_volume():
    logits = torch.tensor([1.0, 4.0]).view(1, 2, 1, 1, 1)
    assert margin(logits).shape == (1, 1, 1, 1) and margin(logits).item() == 3


def test_zones_of_a_map_with_known_values():
    mask = np.zeros((32, 32, 32), bool)
    mask[8:24, 8:24, 8:24] = True
    inside, boundary, outside = zone_means(mask.astype(float)[::4, ::4, ::4], mask)
    assert inside == 1 and 0 < boundary < 1 and outside == 0
