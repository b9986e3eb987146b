"""A U-Net decoder on BA-Net's own encoder: the fair control.

It sees exactly the four maps BA-Net's head sees and answers at the same stride (4, unless `first_stride` says otherwise). What
differs is the head: no PEE, no mini-MTL (nor its side losses), no CFF, and as decoder U-Net's full convolutions at the
encoder's widths, where BA-Net has separable ones of one width. In preset paper BA-Net has a context module and `align_corners`
too, this one neither.

Source: Ronneberger et al. 2015 (arXiv:1505.04597), the decoder.
"""

from __future__ import annotations

from torch import Tensor, nn

from banet_edu.banet.layers import IMAGES, Kit, kit_of
from banet_edu.config import ModelSpec
from banet_edu.networks.encoder_decoder import EncoderDecoder
from banet_edu.networks.unet import Up


class SameSizeUp(Up):
    """`Up` for two maps of one size (dilated encoders): the transposed convolution becomes a 1x1 convolution."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int, kit: Kit = IMAGES) -> None:
        super().__init__(in_channels, skip_channels, out_channels, kit)
        self.up = kit.conv(in_channels, out_channels, 1)


class UNetSameEncoder(EncoderDecoder):
    """U-Net's decoder with the encoder's widths; its scores have the stride of C1."""

    def __init__(
        self,
        spec: ModelSpec,
        encoder: str = "resnet18",
        encoder_width: float = 0.5,
        output_stride: int = 32,
        first_stride: int = 4,
    ) -> None:
        super().__init__(spec, encoder, encoder_width, output_stride, first_stride)
        c1, c2, c3, c4 = self.encoder.channels
        _, stride2, stride3, stride4 = self.encoder.strides
        kit = kit_of(spec)
        up4 = Up if stride4 > stride3 else SameSizeUp  # C4 -> C3
        up3 = Up if stride3 > stride2 else SameSizeUp  # C3 -> C2
        self.up = nn.ModuleList([up4(c4, c3, c3, kit), up3(c3, c2, c2, kit), Up(c2, c1, c1, kit)])
        self.classifier = kit.conv(c1, spec.num_classes, 1)

    def decode(self, c1: Tensor, c2: Tensor, c3: Tensor, c4: Tensor) -> Tensor:
        y = c4
        for level, skip in zip(self.up, (c3, c2, c1), strict=True):
            y = level(y, skip)  # B x the skip's channels at the skip's stride
        return self.classifier(y)  # B x K at the stride of C1
