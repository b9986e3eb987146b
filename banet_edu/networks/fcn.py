"""FCN-8s: no decoder, three score maps added from coarse to fine.

Source: Long, Shelhamer and Darrell 2015 (arXiv:1411.4038), section 4.2 and figure 3. Deviation: the shared ResNet encoder in
place of VGG-16 (as the study's own comparison and most later ones have it), and bilinear upsampling, which is what the
paper's deconvolutions start from. The three maps have strides 8, 16 and 32 only where the encoder is not dilated (presets lite
and paper; in nano, at output stride 16, the coarser two have one size).
"""

from __future__ import annotations

from torch import Tensor, nn

from banet_edu.banet.layers import resize
from banet_edu.config import ModelSpec
from banet_edu.networks.encoder_decoder import EncoderDecoder


class FCN(EncoderDecoder):
    """A 1x1 classifier on each of C4, C3 and C2; coarse scores are resized and added to finer ones, up to stride 8."""

    def __init__(
        self, spec: ModelSpec, encoder: str = "resnet18", encoder_width: float = 0.5, output_stride: int = 32
    ) -> None:
        super().__init__(spec, encoder, encoder_width, output_stride)
        # C1 is not used: its layer is still needed on the way to C2
        self.score = nn.ModuleList(nn.Conv2d(c, spec.num_classes, 1) for c in self.encoder.channels[1:])

    def decode(self, c1: Tensor, c2: Tensor, c3: Tensor, c4: Tensor) -> Tensor:
        score2, score3, score4 = (score(c) for score, c in zip(self.score, (c2, c3, c4), strict=True))
        y = score3 + resize(score4, score3.shape[-2:])  # B x K at the stride of C3
        return score2 + resize(y, score2.shape[-2:])  # B x K at stride 8
