"""Volumes through a network of one size: windows, their weights, padding; against MONAI's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from banet_edu.data.volume import centred
from banet_edu.data.windows import gaussian, in_windows, window_starts


def answer(window: np.ndarray) -> np.ndarray:
    """A network that sees where in its window a voxel lies, so that weights and places both count."""
    place = np.linspace(0, 1, window.size, dtype=np.float32).reshape(window.shape)
    return np.stack([window * place, np.sin(window) + place])


@pytest.mark.parametrize(
    ("shape", "size"),
    [((20, 24, 20), (8, 8, 8)), ((21, 8, 13), (8, 8, 8)), ((5, 17, 9), (8, 12, 8)), ((8, 8, 8), (8, 8, 8))],
)
def test_windows_agree_with_monai(shape, size):
    from monai.inferers import sliding_window_inference

    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = sliding_window_inference(
        torch.from_numpy(image)[None, None],
        size,
        1,
        lambda x: torch.from_numpy(answer(x[0, 0].numpy()))[None],
        overlap=0.5,
        mode="gaussian",
        sigma_scale=0.125,
        padding_mode="replicate",
    )
    np.testing.assert_allclose(in_windows(image, size, answer), expected[0].numpy(), atol=2e-5)


def test_a_network_that_looks_at_single_voxels_is_found_again_whatever_the_windows():
    image = np.random.default_rng(1).normal(size=(9, 30, 17)).astype(np.float32)
    np.testing.assert_allclose(in_windows(image, (8, 12, 32), lambda window: window[None])[0], image, atol=1e-5)


def test_windows_reach_both_ends_and_overlap_by_half():
    for side in range(8, 40):
        starts = window_starts(side, 8)
        assert starts[0] == 0 and starts[-1] == side - 8
        assert max(np.diff(starts), default=0) <= 4


def test_weights_are_largest_in_the_middle_and_never_zero():
    weight = gaussian((9, 7, 5))
    assert weight.shape == (9, 7, 5) and weight.max() == weight[4, 3, 2] == 1 and weight.min() >= 0.001


def test_centred_is_its_own_way_back():
    values = np.arange(3 * 4 * 5).reshape(3, 4, 5)
    np.testing.assert_array_equal(centred(centred(values, (8, 9, 11)), (3, 4, 5)), values)
