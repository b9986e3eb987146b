"""The losses on volumes: the boundary against scipy, the rest against the same voxels laid out as an image."""

from __future__ import annotations

import pytest
import torch
from scipy import ndimage
from training_helpers import Output

from banet_edu.training.losses import boundary_target, dice_loss, segmentation_loss


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("padding", ["replicate", "zero"])
@pytest.mark.parametrize("classes", [2, 4])
def test_boundary_is_where_the_neighbourhood_of_27_holds_two_labels(classes, padding):
    coarse = torch.randint(0, classes, (2, 3, 4, 3))
    mask = coarse.repeat_interleave(3, 1).repeat_interleave(3, 2).repeat_interleave(3, 3)
    mode = {"replicate": "nearest", "zero": "constant"}[padding]
    found = boundary_target(mask, padding)
    assert found.shape == mask.shape
    for volume, boundary in zip(mask.numpy(), found.numpy(), strict=True):
        largest, smallest = (f(volume, size=3, mode=mode) for f in (ndimage.maximum_filter, ndimage.minimum_filter))
        assert ((largest != smallest) == boundary).all()


def test_boundary_of_equal_slices_is_that_of_the_image():
    mask = torch.randint(0, 3, (2, 10, 12))
    volume = mask[:, None].expand(-1, 5, -1, -1)
    assert torch.equal(boundary_target(volume), boundary_target(mask)[:, None].expand_as(volume))


@pytest.mark.parametrize("form", ["standard", "release"])
def test_dice_counts_voxels_as_it_counts_pixels(form):
    logits, target = torch.randn(2, 3, 4, 5, 6), torch.randint(0, 3, (2, 4, 5, 6))
    assert dice_loss(logits, target, form) == pytest.approx(dice_loss(logits.flatten(2, 3), target.flatten(1, 2), form))


def test_the_whole_loss_of_volumes():
    logits, target = torch.randn(2, 3, 8, 8, 8, requires_grad=True), torch.randint(0, 3, (2, 8, 8, 8))
    sides, edges = [torch.randn(2, k, 4, 4, 4, requires_grad=True) for k in (3, 2)]
    total, parts = segmentation_loss(Output(logits, (sides,), (edges,)), target)
    assert set(parts) == {"ce", "dice", "seg1", "edge1"}
    total.backward()
    assert all(tensor.grad is not None for tensor in (logits, sides, edges))
    with pytest.raises(ValueError, match=r"ask for \(2, 8, 8, 8\)"):
        segmentation_loss(logits, target[:, 1:])
