"""`first_stride`: how fine a grid BA-Net and its control answer on (SPEC section 6)."""

from __future__ import annotations

import pytest
import torch

from banet_edu.networks.registry import create_model


@pytest.mark.parametrize("name", ["banet", "unet_same_encoder"])
@pytest.mark.parametrize(
    ("first_stride", "output_stride", "strides"),
    [
        (4, 32, (4, 8, 16, 32)),
        (4, 16, (4, 8, 16, 16)),
        (4, 8, (4, 8, 8, 8)),
        (2, 32, (2, 4, 8, 16)),
        (2, 8, (2, 4, 8, 8)),
        (1, 8, (1, 2, 4, 8)),
    ],
)
def test_stages_follow_the_first_stride_up_to_the_output_stride(name, first_stride, output_stride, strides):
    model = create_model(name, "nano", first_stride=first_stride, output_stride=output_stride)
    maps = model.encoder(torch.zeros(2, 3, 64, 96))
    assert model.encoder.strides == strides
    assert [tuple(c.shape[-2:]) for c in maps] == [(64 // s, 96 // s) for s in strides]
    if name == "banet":
        out = model.head(maps)
        assert out.logits.shape[-2:] == (64 // first_stride, 96 // first_stride)


@pytest.mark.parametrize("name", ["banet", "unet_same_encoder"])
def test_weights_of_one_grid_load_into_another(name):
    coarse, fine = (create_model(name, "nano", output_stride=32, first_stride=stride) for stride in (4, 2))
    fine.load_state_dict(coarse.state_dict())
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert not torch.allclose(coarse.eval()(x), fine.eval()(x))


def test_dilations_keep_the_field_of_view():
    """What a stage does not stride it dilates: by the release's rule at any first stride."""

    def dilations(**arguments):
        encoder = create_model("banet", "nano", encoder="resnet50", **arguments).encoder
        return [[block.conv2.dilation[0] for block in layer] for layer in (encoder.layer3, encoder.layer4)]

    assert dilations(output_stride=8) == [[1, 2, 2, 2, 2, 2], [4, 4, 4]]
    assert dilations(output_stride=8, first_stride=2) == [[1] * 6, [2, 2, 2]]
    assert dilations(output_stride=8, first_stride=1) == [[1] * 6, [1, 1, 1]]


def test_other_first_strides_are_refused():
    with pytest.raises(ValueError, match="first_stride must be 4, 2 or 1, got 3"):
        create_model("banet", "nano", first_stride=3)
    with pytest.raises(ValueError, match="unet has no argument first_stride"):
        create_model("unet", "nano", first_stride=2)


def test_the_preset_fine_is_lite_on_a_finer_grid():
    for name in ("banet", "unet_same_encoder"):
        fine, lite = create_model(name, "fine"), create_model(name, "lite")
        assert (fine.encoder.strides, lite.encoder.strides) == ((2, 4, 8, 16), (4, 8, 16, 32))
        assert fine.spec.input_size == lite.spec.input_size
        fine.load_state_dict(lite.state_dict())
    for name in ("unet", "deeplabv3"):
        fine, lite = create_model(name, "fine"), create_model(name, "lite")
        assert str(fine) == str(lite)
