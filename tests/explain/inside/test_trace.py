"""`probe` reads what flows, under names that fit the formulas, and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from known_model import Brightness, disc_sample
from network_variants import VARIANTS, build, picture
from torch import nn

from banet_edu import predict
from banet_edu.banet.layers import resize
from banet_edu.data.tensors import prepare
from banet_edu.explain.inside.trace import entropy_bits, probe

IMAGE = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    return build("default")


@pytest.fixture(scope="module")
def trace(model):
    return probe(model, picture())


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_name_gives_what_its_module_gives(variant: str) -> None:
    model, x = build(variant), picture()
    trace = probe(model, x)
    own: dict[str, torch.Tensor] = {}
    handles = []
    for name, signal in trace.signals.items():
        module = model.get_submodule(signal.module)
        if signal.argument is None:
            hook = module.register_forward_hook(lambda _, seen, out, name=name: own.update({name: out.clone()}))
        else:
            at = signal.argument
            hook = module.register_forward_pre_hook(
                lambda _, seen, name=name, at=at: own.update({name: seen[at].clone()})
            )
        handles.append(hook)
    with torch.no_grad():
        logits = model(x)
    for handle in handles:
        handle.remove()
    assert set(trace.names()) == set(own)
    for name in trace.names():
        assert torch.equal(trace[name], own[name]), name
    assert torch.equal(trace["logits"], logits)


def test_default_network_shows_every_block_at_every_stage(trace) -> None:
    parts = ["pee.input", "pee.fused", "branch.seg", "branch.edge", "ia.seg_weight", "ia.seg", "ia.edge_weight"]
    parts += ["ia.edge", "side.mask", "side.edge", "cff.gate_own", "cff.fused"]
    for stage in (1, 2, 3, 4):
        others = [f"cff.gate_from_stage{j}" for j in (1, 2, 3, 4) if j != stage]
        edges = [f"pee.edge_k{k}" for k in ((5, 7) if stage < 3 else (3, 5))]
        found = {name for name in trace.names() if name.startswith(f"stage{stage}.")}
        assert found == {f"stage{stage}.{part}" for part in parts + others + edges}
    rest = {name for name in trace.names() if not name.startswith("stage")}
    steps = {"decoder.stage3", "decoder.stage2", "decoder.stage1", "decoder.logits", "logits"}
    assert rest == steps | {f"encoder.c{i}" for i in (1, 2, 3, 4)}


@pytest.mark.parametrize(
    ("variant", "there", "missing"),
    [
        ("average", "stage1.pee.average_k5", "edge_k"),
        ("no pee", "stage1.pee.input", "_k5"),
        ("three kernels", "stage4.pee.edge_k7", "average"),
        ("blog attention", "stage1.ia.edge_weight", "seg_weight"),
        ("no attention", "stage1.branch.edge", ".ia."),
        ("no edge task", "stage1.branch.seg", "edge_weight"),
        ("no edge task", "stage1.side.mask", "side.edge"),
        ("no cff", "decoder.stage3", ".cff."),
        ("context", "decoder.stage4", "average"),
        ("unet", "skip.level1", "stage"),
        ("unet, same encoder", "skip.stage1", ".pee."),
    ],
)
def test_what_is_not_built_has_no_name(variant: str, there: str, missing: str) -> None:
    names = probe(build(variant), picture()).names()
    assert there in names
    assert not [name for name in names if missing in name]


def test_branches_listen_as_the_formula_says(trace) -> None:
    for i in (1, 2, 3, 4):
        s, e = trace[f"stage{i}.branch.seg"], trace[f"stage{i}.branch.edge"]
        a_s, a_e = trace[f"stage{i}.ia.seg_weight"], trace[f"stage{i}.ia.edge_weight"]
        torch.testing.assert_close(trace[f"stage{i}.ia.seg"], s + (1 - a_s) * e)
        torch.testing.assert_close(trace[f"stage{i}.ia.edge"], e + (1 - a_e) * s)
        assert 0 <= a_s.min() <= a_s.max() <= 1


def test_blog_variant_listens_one_way() -> None:
    trace = probe(build("blog attention"), picture())
    s, e = trace["stage2.branch.seg"], trace["stage2.branch.edge"]
    torch.testing.assert_close(trace["stage2.ia.edge_weight"], torch.sigmoid(s))
    torch.testing.assert_close(trace["stage2.ia.edge"], e + torch.sigmoid(s) * s)


@pytest.mark.parametrize("variant", ["default", "corners aligned, stride 8"])
def test_fusion_opens_its_gates_as_the_formula_says(variant: str) -> None:
    trace = probe(build(variant), picture())
    for i in (1, 2, 3, 4):
        own = trace[f"stage{i}.ia.seg"]
        heard = torch.zeros_like(own)
        for j in (1, 2, 3, 4):
            if j != i:
                s_j = resize(trace[f"stage{j}.ia.seg"], own.shape[-2:], variant.startswith("corners"))
                heard += trace[f"stage{i}.cff.gate_from_stage{j}"] * s_j
        expected = own + (1 - trace[f"stage{i}.cff.gate_own"]) * heard
        torch.testing.assert_close(trace[f"stage{i}.cff.fused"], expected)


@pytest.mark.parametrize(("variant", "mode"), [("default", "replicate"), ("zero padding", "constant")])
def test_edge_is_the_map_minus_its_local_average(variant: str, mode: str) -> None:
    trace = probe(build(variant), picture())
    for stage, k in ((1, 5), (1, 7), (4, 3)):
        r = trace[f"stage{stage}.pee.input"]
        average = F.avg_pool2d(F.pad(r, (k // 2,) * 4, mode=mode), k, stride=1)
        torch.testing.assert_close(trace[f"stage{stage}.pee.edge_k{k}"], r - average)


def test_logits_are_the_decoders_brought_to_the_input_size(trace) -> None:
    assert trace["decoder.logits"].shape == (1, 2, 12, 16)
    torch.testing.assert_close(trace["logits"], resize(trace["decoder.logits"], (48, 64), False))


def test_a_sample_is_seen_as_predict_sees_it(model) -> None:
    trace, expected = probe(model, IMAGE), predict(model, IMAGE)
    np.testing.assert_array_equal(trace.probability, expected.probability)
    with torch.no_grad():
        torch.testing.assert_close(trace["encoder.c1"], model.encoder(prepare(IMAGE, model.spec))[0])
    assert trace.input_size == (64, 64)
    assert probe(model, IMAGE, native=True).input_size == (90, 70)


def test_a_tensor_gives_the_probability_of_its_logits(model, trace) -> None:
    assert trace.prediction is None
    np.testing.assert_allclose(trace.probability, trace["logits"].softmax(dim=1)[0, 1].numpy(), atol=1e-6)
    np.testing.assert_array_equal(probe(model, picture()[0]).probability, trace.probability)  # 3 x H x W


def test_entropy_is_one_bit_where_undecided_and_none_where_sure() -> None:
    assert entropy_bits(np.array([0.0, 0.5, 0.25, 1.0])).tolist() == pytest.approx([0, 1, 0.811278, 0], abs=1e-5)
    sample = disc_sample("disc")
    entropy = probe(Brightness(), sample).entropy
    assert entropy.shape == sample.mask.shape
    assert np.unravel_index(entropy.argmax(), entropy.shape) != (63, 63)
    assert entropy[63, 63] < 0.2 < entropy.max()


def test_maps_reduce_channels_and_resize(trace) -> None:
    value = trace["stage2.pee.edge_k5"][0].numpy()
    assert trace.map("stage2.pee.edge_k5").shape == (6, 8)
    for reduce, expected in (
        ("mean", value.mean(0)),
        ("mean_abs", np.abs(value).mean(0)),
        ("max", value.max(0)),
        ("norm", np.linalg.norm(value, axis=0)),
        (3, value[3]),
    ):
        np.testing.assert_allclose(trace.map("stage2.pee.edge_k5", reduce), expected, rtol=1e-5, atol=1e-7)
    assert trace.map("stage2.pee.edge_k5", "max", (90, 70)).shape == (90, 70)
    with pytest.raises(ValueError, match="mean_abs"):
        trace.map("stage2.pee.edge_k5", "sum")
    with pytest.raises(ValueError, match="channels 0 to 15"):
        trace.map("stage2.pee.edge_k5", 16)


def test_class_scores_become_probabilities(trace) -> None:
    side = trace.mask_probability("stage3.side.edge", (48, 64))
    assert side.shape == (48, 64)
    assert 0 <= side.min() <= side.max() <= 1
    with pytest.raises(ValueError, match="no class scores"):
        trace.mask_probability("stage3.branch.edge")


def test_table_tells_stage_stride_and_meaning(trace) -> None:
    table = trace.table().set_index("name")
    assert list(table.index) == trace.names()
    row = table.loc["stage2.ia.seg_weight"]
    assert (row["stage"], row["stride"], row["channels"], row["height"], row["width"]) == (2, 8, 16, 6, 8)
    assert "listens" in row["meaning"]
    assert table["meaning"].str.len().min() > 0


def test_unknown_name_gives_the_nearest(trace) -> None:
    with pytest.raises(KeyError, match=r"stage\d\.pee\.edge_k\d"):
        trace["stage1.pee.edge_k3"]
    with pytest.raises(KeyError, match=r"stage2\.side\.mask"):
        trace["stage2.side.masks"]
    assert "stage1.pee.edge_k5" in trace
    assert "stage1.pee.edge_k3" not in trace


def test_probing_leaves_the_model_as_it_was(model) -> None:
    model.train()
    probe(model, picture())
    assert model.training
    with pytest.raises(ValueError, match="uint8"):
        probe(model, IMAGE.astype(float))
    with pytest.raises(ValueError, match="one image"):
        probe(model, torch.zeros(2, 3, 64, 64))
    assert model.training
    model.eval()
    assert not [m for m in model.modules() if m._forward_hooks or m._forward_pre_hooks]


class Foreign(nn.Module):
    """Someone's network: ReLUs that overwrite their input, a part that gives a pair, a vector on the way."""

    class Pair(nn.Module):
        def forward(self, x):
            return x, x.mean()

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.relu = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True)
        self.pair, self.pool = self.Pair(), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        y, _ = self.pair(self.relu(self.norm(self.conv(x))))
        return self.classifier(y * self.pool(y)[..., None, None])


def test_any_torch_network_lists_the_maps_of_its_parts() -> None:
    torch.manual_seed(0)
    model, x = Foreign().eval(), picture()
    trace = probe(model, x)
    assert trace.names() == ["conv", "norm", "relu", "pool.0", "classifier", "logits"]
    with torch.no_grad():
        expected = model.norm(model.conv(x))
    torch.testing.assert_close(trace["norm"], expected)  # before the ReLU wrote into it
    assert len(trace.table()) == 6
