"""A U-Net decoder on BA-Net's own encoder: the fair control.

It sees exactly the four maps BA-Net's head sees and answers at the same stride 4. What differs is the head: no PEE, no
mini-MTL (nor its side losses), no CFF, and as decoder U-Net's full convolutions at the encoder's widths, where BA-Net has
separable ones of one width. In preset paper BA-Net has a context module and `align_corners` too, this one neither.

Source: Ronneberger et al. 2015 (arXiv:1505.04597), the decoder.
"""

from __future__ import annotations

from torch import Tensor, nn

from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.banet.layers import check_input, resize
from banet_edu.config import ModelSpec
from banet_edu.networks.unet import Up


class SameSizeUp(Up):
    """`Up` for two maps of one size (dilated encoders): the transposed convolution becomes a 1x1 convolution."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, skip_channels, out_channels)
        self.up = nn.Conv2d(in_channels, out_channels, 1)


class UNetSameEncoder(nn.Module):
    """ResNet encoder, U-Net decoder with the encoder's widths, logits upsampled from stride 4.

    Shape: B x 3 x H x W, H and W at least 32 -> logits B x K x H x W
    """

    def __init__(
        self, spec: ModelSpec, encoder: str = "resnet18", encoder_width: float = 0.5, output_stride: int = 32
    ) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = ResNetEncoder(encoder, encoder_width, output_stride)
        c1, c2, c3, c4 = self.encoder.channels
        up4 = Up if output_stride == 32 else SameSizeUp  # C4 -> C3
        up3 = SameSizeUp if output_stride == 8 else Up  # C3 -> C2
        self.up = nn.ModuleList([up4(c4, c3, c3), up3(c3, c2, c2), Up(c2, c1, c1)])
        self.classifier = nn.Conv2d(c1, spec.num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        check_input(x, self.training)
        *skips, y = self.encoder(x)  # strides 4, 8, 8-16 | 8-32
        for level in self.up:
            y = level(y, skips.pop())
        return resize(self.classifier(y), x.shape[-2:])  # B x K x H x W, up from stride 4
