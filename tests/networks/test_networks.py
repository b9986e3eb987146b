"""What every network promises, and what every variant of BA-Net promises."""

from __future__ import annotations

import sys

import pytest
import torch
import torch.nn.functional as F
from landing import rest_at_landing
from torch import nn

from banet_edu.banet.network import BANetOutput
from banet_edu.networks.registry import create_model, model_names

NAMES = model_names()
VARIANTS = {
    "default": {},
    "average": {"pee": "average", "pee_padding": "zero"},
    "no pee": {"pee": False},
    "blog kernels": {"pee_kernels": (3, 5, 7)},
    "blog attention": {"interactive_attention": "blog"},
    "no attention": {"interactive_attention": False},
    "no edge task": {"edge_task": False},
    "no cff": {"cff": False},
    "context": {"aspp_rates": (2, 4), "context_channels": 16},
    "stride 8": {"output_stride": 8},
    "stride 32": {"output_stride": 32},
    "first stride 2": {"first_stride": 2},
    "first stride 1, stride 8": {"first_stride": 1, "output_stride": 8},
    "aligned corners": {"align_corners": True},
    "bottlenecks": {"encoder": "resnet50"},
    "plain": {"pee": False, "interactive_attention": False, "edge_task": False, "cff": False},
}


def total_loss(output, target):
    """Every output takes part, as in training."""
    if torch.is_tensor(output):
        return F.cross_entropy(output, target)
    sides = sum(F.cross_entropy(side, target) for side in output.side_masks)
    edges = sum(F.cross_entropy(side, (target > 0).long()) for side in output.side_edges)
    return F.cross_entropy(output.logits, target) + sides + edges


def every_parameter_learns(model) -> None:
    x, y = torch.randn(2, 3, 64, 64), torch.randint(0, model.spec.num_classes, (2, 64, 64))
    model.train()
    total_loss(model(x), y).backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert not silent, silent


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(32, 32), (64, 64), (65, 47), (100, 133)])
def test_eval_gives_logits_at_the_input_size(name, size):
    model = create_model(name, "nano", num_classes=3).eval()
    with torch.inference_mode():
        first, second = model(torch.ones(2, 3, *size)), model(torch.ones(2, 3, *size))
    assert first.shape == (2, 3, *size)
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_gets_a_gradient(name):
    every_parameter_learns(create_model(name, "nano", num_classes=3))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("batch", "size"), [(2, 32), (1, 64)])
def test_smallest_training_batches(name, batch, size):
    overrides = {"aspp_rates": (2,), "output_stride": 32} if name == "banet" else {}
    model = create_model(name, "nano", **overrides).train()
    total_loss(model(torch.randn(batch, 3, size, size)), torch.zeros(batch, size, size, dtype=torch.long)).backward()


@pytest.mark.parametrize("name", rest_at_landing(NAMES, "banet", "unet"))
def test_overfits_one_batch(name):
    torch.manual_seed(0)
    model = create_model(name, "nano").train()
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    y = torch.stack([((rows - 24) ** 2 + (columns - 30) ** 2 < 200), ((rows - 40) ** 2 + (columns - 36) ** 2 < 260)])
    x = y[:, None].float().expand(-1, 3, -1, -1) + 0.3 * torch.randn(2, 3, 64, 64)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        total_loss(model(x), y.long()).backward()
        optimizer.step()
    # one image at a time: in eval mode the running statistics are used, which have hardly converged after 60 steps
    with torch.no_grad():
        output = model(x)
    mask = (output if torch.is_tensor(output) else output.logits).argmax(1).bool()
    jaccard = (mask & y).sum() / (mask | y).sum()
    assert jaccard > 0.9


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_of_banet(variant):
    model = create_model("banet", "nano", num_classes=3, **VARIANTS[variant])
    every_parameter_learns(model)
    output = model(torch.randn(2, 3, 70, 52))
    assert isinstance(output, BANetOutput)
    edges = 0 if variant in ("no edge task", "plain") else 4
    assert [tuple(m.shape) for m in output.side_masks] == [(2, 3, 70, 52)] * 4
    assert [tuple(m.shape) for m in output.side_edges] == [(2, 2, 70, 52)] * edges
    assert output.logits.shape == (2, 3, 70, 52)


@pytest.mark.parametrize(
    ("off", "gone"),
    [
        ({"pee": False}, "scales"),
        ({"interactive_attention": False}, "attention"),
        ({"interactive_attention": "blog"}, "seg_attention"),
        ({"edge_task": False}, "edge_"),
        ({"cff": False}, "cff"),
        ({}, "context"),
    ],
)
def test_switched_off_modules_are_not_built(off, gone):
    model = create_model("banet", "nano", **off)
    names = [name for name, module in model.named_modules() if gone in name and any(True for _ in module.parameters())]
    assert not names


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "resnet101"])
@pytest.mark.parametrize(("stride", "sizes"), [(8, (16, 8, 8, 8)), (16, (16, 8, 4, 4)), (32, (16, 8, 4, 2))])
def test_encoder_strides(name, stride, sizes):
    from banet_edu.banet.encoder import ResNetEncoder

    encoder = ResNetEncoder(name, 0.125, stride).eval()
    maps = encoder(torch.zeros(1, 3, 64, 64))
    assert tuple(m.shape[-1] for m in maps) == sizes
    assert [m.shape[1] for m in maps] == encoder.channels


def test_encoder_dilations_are_the_releases():
    from banet_edu.banet.encoder import ResNetEncoder

    encoder = ResNetEncoder("resnet50", 0.125, 8)
    assert [block.conv2.dilation[0] for block in encoder.layer3] == [1, 2, 2, 2, 2, 2]
    assert [block.conv2.dilation[0] for block in encoder.layer4] == [4, 4, 4]
    assert encoder.layer2[0].conv2.stride == (2, 2)


def test_lite_control_has_banets_own_encoder():
    banet, control = create_model("banet"), create_model("unet_same_encoder")
    assert {k: v.shape for k, v in banet.encoder.state_dict().items()} == {
        k: v.shape for k, v in control.encoder.state_dict().items()
    }


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.zeros(3, 64, 64), r"a single image needs image\[None\]"),
        (torch.zeros(1, 1, 64, 64), "expected a batch B x 3 x H x W"),
        (torch.zeros(1, 3, 16, 64), r"at least 32, got \(1, 3, 16, 64\)"),
        (torch.zeros(1, 3, 64, 64, dtype=torch.uint8), "expected floating point values, .* of torch.uint8"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_bad_input_is_said_in_words(name, x, words):
    with pytest.raises(ValueError, match=words):
        create_model(name, "nano").eval()(x)


@pytest.mark.parametrize("name", NAMES)
def test_one_small_image_cannot_train(name):
    with pytest.raises(ValueError, match="use a batch of 2 or more"):
        create_model(name, "nano").train()(torch.zeros(1, 3, 48, 48))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ba-net",), "unknown model 'ba-net'; known: banet, unet"),
        (("banet", "tiny"), "unknown preset 'tiny'"),
        (("banet", "nano", 1), "at least 2, got 1"),
    ],
)
def test_unknown_names(arguments, words):
    with pytest.raises(ValueError, match=words):
        create_model(*arguments)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"pe": False}, "banet has no argument pe; it takes align_corners"),
        ({"pee": True}, "say which form"),
        ({"pee": "sum"}, "got 'sum'"),
        ({"pee_kernels": (4,)}, "odd and at least 3, got 4"),
        ({"pee_kernels": ((3,), (5,))}, "one per stage"),
        ({"pee_padding": "reflect"}, "got 'reflect'"),
        ({"interactive_attention": True}, "got True"),
        ({"output_stride": 4}, "8, 16 or 32, got 4"),
        ({"encoder": "vgg"}, "unknown encoder 'vgg'"),
        ({"aspp_rates": (0,)}, "positive dilations"),
        ({"class_names": ("a",)}, "need as many names"),
    ],
)
def test_bad_overrides(override, words):
    with pytest.raises(ValueError, match=words):
        create_model("banet", "nano", **override)


@pytest.mark.parametrize(
    ("name", "override"),
    [
        ("unet", {"base_width": 0}),
        ("banet", {"encoder_width": -1}),
        ("banet", {"width": 0}),
        ("deeplabv3", {"channels": 0}),
    ],
)
def test_sizes_that_build_no_network_are_refused(name, override):
    with pytest.raises(ValueError, match=f"{next(iter(override))} is a number above 0"):
        create_model(name, "nano", **override)


@pytest.mark.parametrize("size", [16, (64,), (64, 16)])
def test_input_size_below_32_is_refused(size):
    with pytest.raises(ValueError, match="each at least 32"):
        create_model("unet", "nano", input_size=size)


@pytest.mark.parametrize(
    ("name", "strides"), [("cenet", [4, 8, 16, 32]), ("fcn", [4, 8, 16, 32]), ("banet", [4, 8, 8, 8])]
)
def test_preset_paper_has_the_scales_of_each_paper(name, strides):
    model = create_model(name, "paper").eval()
    with torch.no_grad():
        assert [64 // maps.shape[-1] for maps in model.encoder(torch.zeros(1, 3, 64, 64))] == strides
    assert sum(p.numel() for p in model.parameters()) < 50e6


@pytest.mark.parametrize("name", ["banet", "unet", "unet_same_encoder", "unetpp"])
def test_images_on_a_cpu_go_through_with_their_channels_last(name):
    model, seen = create_model(name, "nano").eval(), []
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    first.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0].is_contiguous(memory_format=torch.channels_last))
    )
    model(torch.randn(2, 3, 64, 64))
    assert seen == [True]


@pytest.mark.parametrize("name", ["banet", "unet", "unet_same_encoder", "unetpp"])
def test_the_layout_in_memory_changes_no_output(name, monkeypatch):
    torch.manual_seed(0)
    model, x = create_model(name, "nano").eval(), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        last = model(x).softmax(1)
        module = next(
            m for m in (sys.modules[kind.__module__] for kind in type(model).__mro__) if hasattr(m, "check_input")
        )
        monkeypatch.setattr(module, "check_input", lambda x, *_: x)
        first = model(x).softmax(1)
    torch.testing.assert_close(last, first, rtol=0, atol=1e-6)
