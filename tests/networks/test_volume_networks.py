"""Networks of volumes: the same source as for images, held against the networks of images."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from banet_edu.banet.network import BANetOutput
from banet_edu.networks.registry import create_model, model_names
from banet_edu.networks.weights import load_model
from banet_edu.storage import save_model
from banet_edu.training.device import place
from banet_edu.training.losses import segmentation_loss

NAMES = ["banet", "unet", "unet_same_encoder"]
NANO = {"first_stride": 2, "output_stride": 16, "width": 8}  # what the preset has for volumes
CONTEXT = {"aspp_rates": (1, 2), "context_channels": 8}
VARIANTS = {
    "default": {},
    "batch norm": {"norm": "batch"},
    "average, zero padding": {"pee": "average", "pee_padding": "zero"},
    "blog": {"pee_kernels": (3, 5, 7), "interactive_attention": "blog"},
    "context": CONTEXT,
    "context, batch norm": {**CONTEXT, "norm": "batch"},
    "first stride 1": {"first_stride": 1, "output_stride": 8},
    "first stride 4": {"first_stride": 4},
    "bottlenecks": {"encoder": "resnet50"},
    "plain": {"pee": False, "interactive_attention": False, "edge_task": False, "cff": False},
}


def inflated(image_model: nn.Module, volume_model: nn.Module) -> None:
    """Give the network of volumes the weights of the one of images, kernels into the middle slice: slices do not mix."""
    state = volume_model.state_dict()
    for name, value in image_model.state_dict().items():
        if value.ndim == 4 and value.shape[-1] % 2:
            state[name].zero_()[:, :, value.shape[-1] // 2] = value
        else:  # doubling the size: every new slice is made from one old slice
            state[name].copy_(value[:, :, None] if value.ndim == 4 else value)
    volume_model.load_state_dict(state)


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize(
    ("name", "variant"),
    [
        *((name, "default") for name in NAMES),
        *(pytest.param("banet", v, marks=pytest.mark.landing) for v in list(VARIANTS)[1:] if "norm" not in v),
    ],
)
def test_a_volume_of_equal_slices_gives_what_the_network_of_images_gives(name, variant, norm):
    """Window means (replicated frame), norms and resizing: along z nothing changes, so nothing may come of the third axis."""
    torch.manual_seed(0)
    overrides = {
        "norm": norm,
        **({} if name == "unet" else {"first_stride": 2, "output_stride": 16}),
        **VARIANTS[variant],
    }
    if name == "unet":
        overrides |= {"base_width": 4, "levels": 4}
    if name == "banet":
        overrides["width"] = NANO["width"]
    if overrides.get("pee_padding") == "zero":
        overrides["pee_padding"] = "replicate"  # zeros do come in along z
    images = create_model(name, "nano", 3, in_channels=1, **overrides).double()
    volumes = create_model(name, "nano", 3, dims=3, **overrides).double()
    images.train()(torch.randn(4, 1, 64, 96).double())  # running statistics that are not 0 and 1
    inflated(images, volumes)
    x = torch.randn(1, 1, 64, 72).double()
    with torch.no_grad():
        flat, deep = images.eval()(x), volumes.eval()(x[:, :, None].expand(-1, -1, 35, -1, -1))
    assert deep.shape == (1, 3, 35, 64, 72)
    assert torch.allclose(deep, flat[:, :, None].expand_as(deep), atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(32, 32, 32), (35, 50, 33)])
def test_logits_at_the_volumes_size(name, size):
    model = create_model(name, "nano", num_classes=3, dims=3).eval()
    x = torch.randn(1, 1, *size)
    with torch.inference_mode():
        first, second = model(x), model(x)
    assert first.shape == (1, 3, *size)
    assert torch.equal(first, second)


@pytest.mark.parametrize(
    ("name", "variant"), [*((name, "default") for name in NAMES[1:]), *(("banet", v) for v in VARIANTS)]
)
def test_every_parameter_gets_a_gradient(name, variant):
    model = create_model(name, "nano", num_classes=3, dims=3, in_channels=2, **VARIANTS[variant]).train()
    output = model(torch.randn(2, 2, 32, 32, 40))
    if name == "banet":
        assert isinstance(output, BANetOutput)
        assert {tuple(side.shape[2:]) for side in (*output.side_masks, *output.side_edges)} == {(32, 32, 40)}
    segmentation_loss(output, torch.randint(0, 3, (2, 32, 32, 40)))[0].backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert not silent


@pytest.mark.landing
def test_learns_one_ball_by_heart():
    torch.manual_seed(0)
    model = create_model("banet", "nano", dims=3).train()
    depth, row, column = torch.meshgrid(*[torch.arange(32)] * 3, indexing="ij")
    y = ((depth - 14) ** 2 + (row - 18) ** 2 + (column - 16) ** 2 < 80)[None]
    x = y[:, None].float() + 0.3 * torch.randn(1, 1, 32, 32, 32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        segmentation_loss(model(x), y.long())[0].backward()
        optimizer.step()
    with torch.no_grad():
        mask = model.eval()(x).argmax(1).bool()
    assert 2 * (mask & y).sum() / (mask.sum() + y.sum()) > 0.9


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_one_volume_can_train(norm):
    model = create_model("banet", "nano", dims=3, norm=norm, **CONTEXT).train()
    segmentation_loss(model(torch.randn(1, 1, 32, 32, 32)), torch.zeros(1, 32, 32, 32, dtype=torch.long))[0].backward()


def test_instance_norm_does_not_mix_the_volumes_of_a_batch():
    model = create_model("banet", "nano", dims=3).double().train()
    x = torch.randn(2, 1, 32, 32, 32).double()
    with torch.no_grad():
        assert torch.allclose(model(x).logits[:1], model(x[:1]).logits)


def test_signals_of_a_volume_have_the_names_of_an_image():
    images, volumes = create_model("banet", "nano", **NANO), create_model("banet", "nano", dims=3)
    assert [name for name, _ in images.named_parameters()] == [name for name, _ in volumes.named_parameters()]
    assert [name for name, _ in images.named_modules()] == [name for name, _ in volumes.named_modules()]


@pytest.mark.parametrize(
    "arguments", [{"dims": 3}, {"dims": 3, "norm": "batch", "in_channels": 2}, {"norm": "instance"}, {"in_channels": 1}]
)
@pytest.mark.parametrize("storage", ["float32", "int8"])
def test_round_trip(tmp_path, arguments, storage):
    model = create_model("banet", "nano", num_classes=3, cff=False, **arguments).eval()
    again = load_model(save_model(tmp_path / "model.safetensors", model, storage=storage))
    assert again.spec == model.spec
    x = torch.randn(1, model.spec.in_channels, *model.spec.input_size)
    if storage == "float32":
        assert torch.equal(again(x), model(x))
    assert again(x).shape == (1, 3, *model.spec.input_size)


def test_descriptions_of_images_are_as_they_were_and_volumes_say_what_they_are():
    assert not {"dims", "norm", "in_channels"} & set(create_model("banet", "nano").spec.to_dict())
    spec = create_model("banet", dims=3).spec
    assert (spec.dims, spec.norm, spec.in_channels, spec.input_size) == (3, "instance", 1, (40, 56, 40))
    assert spec.mean == spec.std == ()  # each volume is z-scored instead


@pytest.mark.parametrize("name", sorted(set(model_names()) - set(NAMES)))
@pytest.mark.parametrize("arguments", [{"dims": 3}, {"norm": "instance"}, {"in_channels": 1}])
def test_other_networks_are_for_rgb_images(name, arguments):
    with pytest.raises(ValueError, match=f"{name} takes RGB images .* for banet, unet, unet_same_encoder"):
        create_model(name, "nano", **arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"dims": 4}, "dims is 2 .images. or 3 .volumes., got 4"),
        ({"dims": 3, "norm": "group"}, '"batch" or "instance", got \'group\''),
        ({"dims": 3, "in_channels": 0}, "whole number from 1 on, got 0"),
        ({"dims": 3, "preset": "paper"}, "preset 'paper' is for images; volumes have nano, lite"),
        ({"dims": 3, "output_stride": 32}, "output_stride is 8 or 16 for volumes, got 32"),
        ({"dims": 3, "input_size": (64, 64)}, r"\(depth, height, width\), each at least 32, got \(64, 64\)"),
        ({"dims": 3, "pretrained": True}, "ImageNet weights are of RGB images"),
        ({"in_channels": 1, "pretrained": True}, "ImageNet weights are of RGB images"),
    ],
)
def test_what_cannot_be_built_is_said_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        create_model("banet", **{"preset": "nano", **arguments})


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.zeros(1, 35, 50, 35), r"expected a batch B x 1 x D x H x W, .* a single volume needs volume\[None\]"),
        (torch.zeros(1, 3, 64, 64), "expected a batch B x 1 x D x H x W"),
        (torch.zeros(1, 2, 35, 50, 35), "expected a batch B x 1 x D x H x W"),
        (torch.zeros(1, 1, 16, 50, 35), r"depth, height and width of at least 32, .*; resize or pad the volume"),
        (torch.zeros(1, 1, 32, 32, 32, dtype=torch.int16), "expected floating point values"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_bad_volumes_are_said_in_words(name, x, words):
    with pytest.raises(ValueError, match=words):
        create_model(name, "nano", dims=3).eval()(x)


@pytest.mark.parametrize("name", NAMES)
def test_images_with_instance_norm_need_two_cells_of_the_coarsest_map(name):
    model = create_model(name, "nano", norm="instance").eval()
    with pytest.raises(ValueError, match="instance norm needs at least 64 x 64"):
        model(torch.zeros(1, 3, 32, 96))
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 2, 64, 64)


def test_slicewise_is_the_network_of_images_on_every_slice_and_no_slice_knows_another():
    torch.manual_seed(0)
    model = create_model("banet", "nano", 3, dims=3, slicewise=True).eval()
    assert model.spec.norm == "batch" and model.spec.overrides == {"slicewise": True}
    x = torch.randn(2, 1, 5, 48, 64)
    with pytest.raises(ValueError, match="at least 32"):
        model(x)
    x = torch.randn(2, 1, 33, 48, 64)
    with torch.no_grad():
        answer = model(x)
        torch.testing.assert_close(answer[1, :, 7], model.network(x[1:, :, 7])[0])
        changed = x.clone()
        changed[0, :, 8] += 1
        moved = (model(changed) != answer).any(dim=1).any(dim=-1).any(dim=-1)
    assert moved.nonzero().tolist() == [[0, 8]]


def test_slicewise_learns_from_volumes_and_is_stored(tmp_path):
    torch.manual_seed(0)
    model = create_model("banet", "nano", 3, dims=3, slicewise=True).train()
    output = model(torch.randn(2, 1, 32, 32, 32))
    assert isinstance(output, BANetOutput)
    assert {tuple(side.shape) for side in output.side_masks} == {(2, 3, 32, 32, 32)}
    loss, _ = segmentation_loss(output, torch.randint(0, 3, (2, 32, 32, 32)))
    loss.backward()
    save_model(tmp_path / "a.safetensors", model)
    again, x = load_model(tmp_path / "a.safetensors"), torch.randn(1, 1, 32, 32, 32)
    torch.testing.assert_close(again(x), model.eval()(x))


@pytest.mark.parametrize("levels", [1, 6, 2.5])
def test_unet_has_two_to_five_levels(levels):
    with pytest.raises(ValueError, match="levels is 2 to 5"):
        create_model("unet", "nano", levels=levels)


def test_slicewise_goes_to_the_memory_format_of_volumes():
    model = create_model("banet", "nano", dims=3, slicewise=True)
    place(model, torch.device("cpu"))
    assert model.network.head.classifier[0].weight.is_contiguous(memory_format=torch.channels_last)
