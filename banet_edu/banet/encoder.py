"""The encoder: a ResNet that hands on four feature maps, fine to coarse.

Source: He et al. 2016 (arXiv:1512.03385). Parameter names equal torchvision's, so public ImageNet weights load.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

DEPTHS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut (ResNet-18 and -34)."""

    expansion = 1

    def __init__(self, in_channels: int, planes: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, planes, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(in_channels, planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + shortcut)


class Bottleneck(nn.Module):
    """1x1 down, 3x3, 1x1 up beside a shortcut (ResNet-50 and -101); the stride sits on the 3x3 convolution."""

    expansion = 4

    def __init__(self, in_channels: int, planes: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, planes * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(in_channels, planes * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + shortcut)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels))


class ResNetEncoder(nn.Module):
    """ResNet without its classifier.

    Args:
        name: resnet18, resnet34, resnet50 or resnet101.
        width: multiplies every channel count (1/2 gives 32, 64, 128, 256 for resnet18).
        output_stride: 8, 16 or 32, the stride of the last map. What is not strided is dilated instead. The dilations
            are the release's: the first block of layer3 keeps 1, every block of layer4 has the full value
            (torchvision's rule would give the first block of layer4 half of it).

    Shape:
        B x 3 x H x W -> [C1, C2, C3, C4] at strides 4, 8, then 8/8, 16/16 or 16/32; channels in `self.channels`.

    >>> import torch
    >>> encoder = ResNetEncoder("resnet18", width=0.25, output_stride=16).eval()
    >>> [tuple(c.shape) for c in encoder(torch.zeros(1, 3, 64, 96))]
    [(1, 16, 16, 24), (1, 32, 8, 12), (1, 64, 4, 6), (1, 128, 4, 6)]
    """

    def __init__(self, name: str = "resnet18", width: float = 1.0, output_stride: int = 32) -> None:
        super().__init__()
        if name not in DEPTHS:
            raise ValueError(f"unknown encoder {name!r}; known: {', '.join(DEPTHS)}")
        if output_stride not in (8, 16, 32):
            raise ValueError(f"output_stride must be 8, 16 or 32, got {output_stride}")
        base = max(1, round(64 * width))
        block = BasicBlock if name in ("resnet18", "resnet34") else Bottleneck
        planes = [base * 2**i for i in range(4)]
        self.channels = [p * block.expansion for p in planes]

        self.conv1 = nn.Conv2d(3, base, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)

        blocks3, blocks4 = DEPTHS[name][2:]
        # (stride, dilation of each block) of layer3 and layer4 for every output stride
        layer3 = (1, [1] + [2] * (blocks3 - 1)) if output_stride == 8 else (2, [1] * blocks3)
        layer4 = {8: (1, [4] * blocks4), 16: (1, [2] * blocks4), 32: (2, [1] * blocks4)}[output_stride]
        strides = (1, 2, layer3[0], layer4[0])
        dilations = ([1] * DEPTHS[name][0], [1] * DEPTHS[name][1], layer3[1], layer4[1])
        in_channels = base
        for i, (stride, stage_dilations) in enumerate(zip(strides, dilations, strict=True)):
            layers: OrderedDict[str, nn.Module] = OrderedDict()
            for j, dilation in enumerate(stage_dilations):
                layers[str(j)] = block(in_channels, planes[i], stride if j == 0 else 1, dilation)
                in_channels = self.channels[i]
            self.add_module(f"layer{i + 1}", nn.Sequential(layers))

        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    # registered by name in __init__
    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # B x base x H/4 x W/4
        c1 = self.layer1(x)  # stride 4
        c2 = self.layer2(c1)  # stride 8
        c3 = self.layer3(c2)  # stride 8 or 16
        c4 = self.layer4(c3)  # stride 8, 16 or 32
        return [c1, c2, c3, c4]
