"""DeepLabv3: atrous spatial pyramid pooling on the coarsest map, and nothing finer.

Source: Chen et al. 2017 (arXiv:1706.05587), section 3.3. Deviation: no multi-grid; one 3x3 convolution
before the classifier, as torchvision has it; in presets nano and lite smaller rates, because a rate of 18 reaches beyond maps
of 4 to 16 cells, and in lite output stride 16, where the other networks have 32.
"""

from __future__ import annotations

from torch import Tensor, nn

from banet_edu.banet.context import ASPP
from banet_edu.config import ModelSpec
from banet_edu.networks.encoder_decoder import EncoderDecoder


class DeepLabV3(EncoderDecoder):
    """Dilated ResNet, ASPP, one 3x3 convolution, classifier; upsampled from the encoder's output stride at one go."""

    def __init__(
        self,
        spec: ModelSpec,
        encoder: str = "resnet18",
        encoder_width: float = 0.5,
        output_stride: int = 16,
        aspp_rates: tuple[int, ...] = (1, 2, 3),
        channels: int = 64,
    ) -> None:
        super().__init__(spec, encoder, encoder_width, output_stride)
        self.aspp = ASPP(self.encoder.channels[-1], channels, aspp_rates)
        self.classifier = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, spec.num_classes, 1),
        )

    def decode(self, c1: Tensor, c2: Tensor, c3: Tensor, c4: Tensor) -> Tensor:
        return self.classifier(self.aspp(c4))  # B x K at the stride of C4
