"""DeepLabv3: atrous spatial pyramid pooling on the coarsest map, and nothing finer.

Source: Chen et al. 2017 (arXiv:1706.05587), section 3.3. Deviation: no multi-grid; one 3x3 convolution
before the classifier, as torchvision has it; in presets nano and lite smaller rates, because a rate of 18 reaches beyond maps
of 4 to 16 cells, and in lite output stride 16, where the other networks have 32.
"""

from __future__ import annotations

from torch import Tensor, nn

from banet_edu.banet.context import ASPP
from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.banet.layers import check_input, resize
from banet_edu.config import ModelSpec


class DeepLabV3(nn.Module):
    """Dilated ResNet, ASPP, one 3x3 convolution, classifier; upsampled from the encoder's output stride at one go.

    Shape: B x 3 x H x W, H and W at least 32 -> logits B x K x H x W
    """

    def __init__(
        self,
        spec: ModelSpec,
        encoder: str = "resnet18",
        encoder_width: float = 0.5,
        output_stride: int = 16,
        aspp_rates: tuple[int, ...] = (1, 2, 3),
        channels: int = 64,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = ResNetEncoder(encoder, encoder_width, output_stride)
        self.aspp = ASPP(self.encoder.channels[-1], channels, aspp_rates)
        self.classifier = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, spec.num_classes, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        check_input(x, self.training)
        c4 = self.encoder(x)[-1]  # stride 8, 16 or 32
        y = self.classifier(self.aspp(c4))  # B x K at the stride of C4
        return resize(y, x.shape[-2:])  # B x K x H x W
