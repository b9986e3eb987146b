"""The blocks on volumes, against their formulas written out by hand."""

from __future__ import annotations

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from banet_edu.banet.cff import CrossFeatureFusion
from banet_edu.banet.layers import kit_of, resize, window_mean
from banet_edu.banet.mini_mtl import MiniMTL
from banet_edu.banet.pee import EdgeScale, PyramidEdgeExtraction, convert_pee
from banet_edu.config import ModelSpec
from banet_edu.networks.registry import create_model

KIT = kit_of(ModelSpec("banet", dims=3, norm="instance"))


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_the_edge_in_the_middle_of_27_voxels():
    """One voxel of 27 in a window that is 0 elsewhere: it keeps 26/27 of itself, its neighbours see -1."""
    volume = torch.zeros(1, 1, 3, 3, 3)
    volume[0, 0, 1, 1, 1] = 27.0
    edge = EdgeScale(3)(volume)[0, 0]
    assert edge[1, 1, 1] == pytest.approx(26)
    assert edge[0, 0, 0] == pytest.approx(-1)  # the frame repeated: the middle is once in the corner's window too
    assert edge.sum().item() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("padding", ["replicate", "zero"])
def test_window_mean_of_a_volume(kernel, padding):
    x = torch.randn(2, 3, 8, 9, 10)
    half = kernel // 2
    mean = window_mean(x, kernel, padding)
    assert mean.shape == x.shape
    for at in ((0, 0, 0), (4, 5, 6), (7, 8, 9), (0, 8, 3)):
        total = torch.zeros(2, 3)
        for offset in product(range(-half, half + 1), repeat=3):
            cell = [i + o for i, o in zip(at, offset, strict=True)]
            inside = [min(max(i, 0), n - 1) for i, n in zip(cell, (8, 9, 10), strict=True)]
            if padding == "replicate" or inside == cell:
                total += x[:, :, *inside]
        assert torch.allclose(mean[:, :, *at], total / kernel**3, atol=1e-5)


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_slices_that_are_all_alike_have_the_edges_of_the_image(kernel):
    image = torch.randn(1, 4, 12, 14)
    volume = image[:, :, None].expand(-1, -1, 9, -1, -1)
    assert torch.allclose(EdgeScale(kernel)(volume), EdgeScale(kernel)(image)[:, :, None].expand_as(volume), atol=1e-5)


def test_gradient_of_the_window_mean_is_that_of_the_plain_pooling():
    x = torch.randn(1, 2, 8, 8, 8, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(1, 2, 8, 8, 8, dtype=torch.float64)
    plain = F.avg_pool3d(F.pad(x, (2,) * 6, mode="replicate"), 5, stride=1)
    [expected] = torch.autograd.grad((plain * weight).sum(), x)
    [found] = torch.autograd.grad((window_mean(x, 5) * weight).sum(), x)
    assert torch.allclose(found, expected)


def test_blocks_of_volumes():
    pee = PyramidEdgeExtraction(6, 4, (3, 5), kit=KIT)
    assert pee(torch.randn(2, 6, 5, 6, 7)).shape == (2, 4, 5, 6, 7)
    block = MiniMTL(6, 4, kit=KIT)
    c = torch.randn(1, 6, 8, 8, 8)
    p = block.pee(c)
    s, e = block.seg_branch(p), block.edge_branch(p)
    assert torch.allclose(block(c).seg_features, s + (1 - torch.sigmoid(block.seg_attention.conv(s))) * e, atol=1e-6)


def test_cff_of_volumes():
    block = CrossFeatureFusion(4, 2, kit=KIT)
    maps = [torch.randn(1, 4, n, n + 2, n) for n in (12, 6, 3, 3)]
    here = [F.interpolate(m, size=(6, 8, 6), mode="trilinear", align_corners=False) for m in maps]
    g = [torch.sigmoid(block.gates[f"stage{j + 1}"].conv(m)) for j, m in enumerate(here)]
    expected = here[1] + (1 - g[1]) * sum(g[j] * here[j] for j in (0, 2, 3))
    assert torch.allclose(block(maps), expected, atol=1e-5)


def test_resize_leaves_a_volume_of_that_size_alone():
    x = torch.randn(1, 2, 3, 4, 5)
    assert resize(x, (3, 4, 5)) is x
    assert resize(x, (6, 8, 10)).shape == (1, 2, 6, 8, 10)


def test_convert_pee_of_volumes():
    model = create_model("banet", "nano", dims=3).eval()
    x = torch.randn(1, 1, 32, 32, 32)
    with torch.no_grad():
        assert torch.allclose(model(x), convert_pee(model, "average")(x), atol=1e-4)


def test_window_mean_in_bfloat16_loses_no_more_than_its_rounding():
    x = 5 + torch.randn(1, 2, 32, 40, 32)
    coarse = window_mean(x.bfloat16(), 5)
    assert coarse.dtype == torch.bfloat16
    assert torch.allclose(coarse.float(), window_mean(x, 5), atol=0.03)
