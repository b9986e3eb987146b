from __future__ import annotations

import numpy as np
import pytest

from banet_edu.data.volume import Volume, normalised


def test_a_volume_loads_when_used_and_only_once():
    loads = []

    def load():
        loads.append(1)
        return np.ones((3, 4, 5), np.int16)

    volume = Volume(load, lambda: np.zeros((3, 4, 5), np.uint8), "a", spacing_mm=(2, 1, 1))
    assert "not loaded" in repr(volume) and loads == []
    assert volume.image.dtype == np.float32 and volume.shape == (3, 4, 5) and volume.mask.dtype == np.uint8
    assert volume.image is volume.image and loads == [1]
    assert volume.affine is None and volume.spacing_note == volume.orientation_note == ""
    assert Volume(load, None, "b").mask is None and "no mask" in repr(Volume(load, None, "b"))


@pytest.mark.parametrize(
    ("image", "mask", "said"),
    [
        (np.ones((4, 5)), None, r"image of 'a': D x H x W numbers expected, got \(4, 5\)"),
        (np.ones((0, 4, 5)), None, "D x H x W numbers expected"),
        (np.ones((3, 4, 5), complex), None, "got .* complex128"),
        (np.full((3, 4, 5), np.nan), None, "60 voxels are nan or inf"),
        (np.full((3, 4, 5), 1e300), None, "60 voxels are nan or inf"),
        (np.ones((3, 4, 5)), np.ones((3, 4, 6), bool), r"its image's shape \(3, 4, 5\) expected, got \(3, 4, 6\)"),
        (np.ones((3, 4, 5)), np.ones((3, 4, 5)), "bool or unsigned integers .* got .* float64"),
        (np.ones((3, 4, 5)), np.ones((3, 4, 5), int), "got .* int64"),
    ],
)
def test_what_does_not_fit_is_named(image, mask, said):
    volume = Volume(image, mask, "a")
    with pytest.raises(ValueError, match=said):
        _ = volume.image, volume.mask


def test_a_spacing_is_three_sizes():
    with pytest.raises(ValueError, match=r"\(z, y, x\), three numbers of mm above 0, not \(1, 1\)"):
        Volume(np.ones((3, 4, 5)), None, "a", spacing_mm=(1, 1))


def test_normalising_takes_out_the_scanners_unit():
    image = np.random.default_rng(0).gamma(2, 50, (8, 9, 10)).astype(np.float32)
    image[:3] = 0
    small, large = normalised(image), normalised(Volume(image * 12345, None, "a"))
    assert small.dtype == large.dtype == np.float32
    np.testing.assert_allclose(small, large, atol=1e-4)
    measured = small[image != 0]
    assert measured.mean() == pytest.approx(0, abs=1e-5) and measured.std() == pytest.approx(1, abs=1e-5)
    assert len(np.unique(small[image == 0])) == 1 and small[0, 0, 0] < measured.min()


def test_normalising_a_constant_volume():
    for constant in (0, 7, -1e6):
        assert not normalised(np.full((3, 4, 5), constant)).any()
    two = np.zeros((2, 2, 2))
    two[0] = 9  # what is not 0 is all alike: then all voxels count
    np.testing.assert_allclose(normalised(two), np.where(two > 0, 1, -1))
