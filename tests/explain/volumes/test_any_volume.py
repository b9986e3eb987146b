"""Whatever two masks look like: profile, errors, figure and report sections answer, or say what is not defined."""

from __future__ import annotations

import numpy as np
import pytest
from painted_volumes import ball_case
from scipy.ndimage import gaussian_filter

from banet_edu.data.volume import Volume
from banet_edu.explain import boundary_profile, errors
from banet_edu.explain.volumes.errors import volume_in_words
from banet_edu.figures.style import png_bytes
from banet_edu.figures.volumes.planes import planes_figure
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.prediction import Prediction


def blob(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    kind = random.integers(0, 5)
    if kind < 2:
        return np.full(shape, bool(kind))
    if kind == 2:
        mask = np.zeros(shape, bool)
        mask[tuple(random.integers(0, side) for side in shape)] = True
        return mask
    return gaussian_filter(random.normal(size=shape), random.uniform(0.3, 3)) > random.choice([0, 0.05, 0.2])


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.filterwarnings("error")
def test_any_pair_of_masks(seed):
    random = np.random.default_rng(seed)
    shape = tuple(int(side) for side in random.integers(1, 20, 3))
    spacing = tuple(map(float, random.choice([0.3, 1, 3], 3))) if seed % 3 else None
    truth, found = blob(random, shape), blob(random, shape)
    soft = gaussian_filter(found.astype(np.float32), 0.5)
    prediction = Prediction(soft, (soft >= 0.5).astype(np.uint8), "a", ("background", "organ"), 0.5, spacing)
    volume = Volume(random.normal(size=shape) if seed % 4 else np.zeros(shape), truth, "a", spacing)
    for along in ("prediction", "reference"):
        profile = boundary_profile(volume, prediction, along=along)
        error = profile.measured("signed_error")
        assert error.isna().all() or error.notna().all()
        if len(profile):
            assert profile["share"].sum() == pytest.approx(1)
            hd = boundary_metrics(prediction.mask, truth, spacing_mm=spacing)[profile.column("hd")]
            assert error.isna().all() or error.abs().max() <= hd + 2 * max(spacing or (9,))
    table = errors(volume, prediction)
    assert volume_in_words(table, volume, prediction).endswith(".")
    if seed % 4 == 1:
        assert png_bytes(planes_figure(volume, prediction))


@pytest.mark.landing
def test_a_large_surface_is_told_by_twenty_thousand_of_its_points():
    volume, prediction = ball_case(radius=48.0, grown=1.0)
    profile = boundary_profile(volume, prediction)
    assert len(profile) == 20_000
    assert np.average(profile["signed_error_mm"], weights=profile["share"]) == pytest.approx(1.0, abs=0.05)
