"""What the networks on BA-Net's encoder share: four maps go in, class scores come out, resized to the input."""

from __future__ import annotations

from torch import Tensor, nn

from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.banet.layers import check_input, kit_of, resize
from banet_edu.config import ModelSpec


class EncoderDecoder(nn.Module):
    """A ResNet encoder, and `decode`, which a subclass writes.

    Args:
        spec: how this network is described in a checkpoint (`create_model` fills it in).
        encoder, encoder_width, output_stride, first_stride: see `ResNetEncoder`.

    Shape: B x 3 x H x W, H and W at least 32 -> logits B x K x H x W
    """

    def __init__(
        self,
        spec: ModelSpec,
        encoder: str = "resnet18",
        encoder_width: float = 0.5,
        output_stride: int = 32,
        first_stride: int = 4,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = ResNetEncoder(
            encoder, encoder_width, output_stride, first_stride, spec.in_channels, kit_of(spec)
        )

    def decode(self, c1: Tensor, c2: Tensor, c3: Tensor, c4: Tensor) -> Tensor:
        """The encoder's maps, at its `strides` -> class scores B x K at any size."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        x = check_input(x, self.spec, self.training)
        return resize(self.decode(*self.encoder(x)), x.shape[2:])  # B x K x H x W
