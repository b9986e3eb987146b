"""Each block against its formula, written out a second time in the plainest way (SPEC section 1)."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from banet_edu.banet.cff import CrossFeatureFusion
from banet_edu.banet.mini_mtl import MiniMTL
from banet_edu.banet.pee import EdgeScale, PyramidEdgeExtraction, convert_pee, convert_pee_weight
from banet_edu.networks.registry import create_model


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_edge_scale_is_the_map_minus_its_local_mean(kernel):
    x = torch.randn(1, 2, 9, 11)
    edge = EdgeScale(kernel)(x)
    half = kernel // 2
    for r, c in ((0, 0), (4, 5), (8, 10), (0, 7)):
        rows = [min(max(r + i, 0), 8) for i in range(-half, half + 1)]
        columns = [min(max(c + i, 0), 10) for i in range(-half, half + 1)]
        window = x[0, :, rows][:, :, columns]
        assert torch.allclose(edge[0, :, r, c], x[0, :, r, c] - window.mean((1, 2)), atol=1e-6)


def test_zero_padding_draws_a_false_edge_along_the_frame():
    """FACTS: constant 1 gives 0.33 at the sides and 0.56 in the corners for k = 3; replicate padding gives none."""
    flat = torch.ones(1, 1, 6, 6)
    false_edge = EdgeScale(3, padding="zero")(flat)[0, 0]
    assert round(false_edge[0, 3].item(), 2) == 0.33
    assert round(false_edge[0, 0].item(), 2) == 0.56
    assert EdgeScale(3)(flat).abs().max() == 0


@pytest.mark.parametrize("padding", ["replicate", "zero"])
@pytest.mark.parametrize("kernels", [(3, 5), (3, 5, 7), ()])
def test_both_forms_of_pee_span_the_same_functions(kernels, padding):
    difference = PyramidEdgeExtraction(6, 4, kernels, "difference", padding).eval()
    average = PyramidEdgeExtraction(6, 4, kernels, "average", padding).eval()
    average.load_state_dict(difference.state_dict())
    x = torch.randn(2, 6, 12, 10)
    if kernels:
        assert not torch.allclose(difference(x), average(x), atol=1e-3)
    average.mix.weight.data = convert_pee_weight(difference.mix.weight.data)
    assert torch.allclose(difference(x), average(x), atol=1e-6)
    assert torch.allclose(convert_pee_weight(average.mix.weight.data), difference.mix.weight.data, atol=1e-7)


def test_convert_pee_converts_a_model_and_its_description_and_leaves_the_original():
    model = create_model("banet", "nano").eval()
    converted = convert_pee(model, "average")
    x = torch.randn(1, 3, 64, 64)
    assert torch.allclose(model(x), converted(x), atol=1e-5)
    assert converted.spec.overrides["pee"] == "average"
    assert "pee" not in model.spec.overrides
    assert {s.form for m in model.head.mini_mtl for s in m.pee.scales.values()} == {"difference"}
    assert torch.equal(convert_pee(converted, "average")(x), converted(x))


def test_convert_pee_weight_needs_whole_parts():
    with pytest.raises(ValueError, match=r"got \(4, 6, 1, 1\)"):
        convert_pee_weight(torch.zeros(4, 6, 1, 1))


def test_release_attention_listens_where_unsure():
    block = MiniMTL(6, 4).eval()
    c = torch.randn(1, 6, 8, 8)
    p = block.pee(c)
    s, e = block.seg_branch(p), block.edge_branch(p)
    a_s = torch.sigmoid(block.seg_attention.conv(s))
    a_e = torch.sigmoid(block.edge_attention.conv(e))
    out = block(c)
    assert torch.allclose(out.seg_features, s + (1 - a_s) * e, atol=1e-6)
    assert torch.allclose(out.edge_features, e + (1 - a_e) * s, atol=1e-6)
    assert torch.allclose(out.seg_logits, block.seg_side(out.seg_features))
    assert torch.allclose(out.edge_logits, block.edge_side(out.edge_features))


def test_blog_attention_and_none():
    c = torch.randn(1, 6, 8, 8)
    blog = MiniMTL(6, 4, interactive_attention="blog").eval()
    s, e = blog.seg_branch(blog.pee(c)), blog.edge_branch(blog.pee(c))
    assert torch.equal(blog(c).seg_features, s)
    assert torch.allclose(blog(c).edge_features, e + torch.sigmoid(s) * s, atol=1e-6)
    off = MiniMTL(6, 4, interactive_attention=False).eval()
    s, e = off.seg_branch(off.pee(c)), off.edge_branch(off.pee(c))
    assert torch.equal(off(c).seg_features, s)
    assert torch.equal(off(c).edge_features, e)
    alone = MiniMTL(6, 4, edge_task=False).eval()
    assert alone(c).edge_features is None
    assert alone(c).edge_logits is None


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
@pytest.mark.parametrize("align", [False, True])
def test_cff_formula(stage, align):
    block = CrossFeatureFusion(4, stage, align)
    maps = [torch.randn(1, 4, n, n) for n in (16, 8, 4, 4)]
    size = maps[stage - 1].shape[-2:]
    here = [F.interpolate(m, size=size, mode="bilinear", align_corners=align) for m in maps]
    g = [torch.sigmoid(block.gates[f"stage{j + 1}"].conv(m)) for j, m in enumerate(here)]
    others = sum(g[j] * here[j] for j in range(4) if j != stage - 1)
    expected = here[stage - 1] + (1 - g[stage - 1]) * others
    assert torch.allclose(block(maps), expected, atol=1e-5)


def test_cff_stage_out_of_range():
    with pytest.raises(ValueError, match="got 0"):
        CrossFeatureFusion(4, 0)


SIGNALS = [
    "head.mini_mtl.1.pee.reduce",
    "head.mini_mtl.1.pee.scales.k5",
    "head.mini_mtl.1.pee",
    "head.mini_mtl.1.seg_branch",
    "head.mini_mtl.1.edge_branch",
    "head.mini_mtl.1.seg_attention",
    "head.mini_mtl.1.edge_attention",
    "head.mini_mtl.1.seg_exchange",
    "head.cff.0.gates.stage1",
    "head.cff.0.gates.stage3",
    "head.cff.0",
    "head.decoder.stage2",
]


@pytest.mark.parametrize("name", SIGNALS)
def test_plain_forward_hooks_read_and_replace_inner_signals(name):
    model = create_model("banet", "nano").eval()
    x = torch.randn(1, 3, 64, 64)
    seen = []
    module = model.get_submodule(name)

    def outputs():  # the side edges too: edge attention acts on nothing else
        out = model.head(model.encoder(x))
        return torch.cat([m.flatten() for m in (out.logits, *out.side_masks, *out.side_edges)])

    with torch.no_grad():
        before = outputs()
        handle = module.register_forward_hook(lambda m, i, o: seen.append(o))
        assert torch.equal(outputs(), before)
        handle.remove()
        handle = module.register_forward_hook(lambda m, i, o: torch.full_like(o, 3.0))
        changed = outputs()
        handle.remove()
    assert len(seen) == 1
    assert torch.is_tensor(seen[0])
    assert not torch.equal(changed, before)
    if "attention" in name or "gates" in name:
        assert 0 <= seen[0].min() <= seen[0].max() <= 1
