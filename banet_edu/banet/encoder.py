"""The encoder: a ResNet that hands on four feature maps, fine to coarse.

Source: He et al. 2016 (arXiv:1512.03385). Parameter names equal torchvision's, so public ImageNet weights load.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from banet_edu.banet.layers import IMAGES, Kit

DEPTHS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut (ResNet-18 and -34)."""

    expansion = 1

    def __init__(self, in_channels: int, planes: int, stride: int = 1, dilation: int = 1, kit: Kit = IMAGES) -> None:
        super().__init__()
        self.conv1 = kit.conv(in_channels, planes, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn1 = kit.norm(planes)
        self.conv2 = kit.conv(planes, planes, 3, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = kit.norm(planes)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(in_channels, planes, stride, kit)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + shortcut)


class Bottleneck(nn.Module):
    """1x1 down, 3x3, 1x1 up beside a shortcut (ResNet-50 and -101); the stride sits on the 3x3 convolution."""

    expansion = 4

    def __init__(self, in_channels: int, planes: int, stride: int = 1, dilation: int = 1, kit: Kit = IMAGES) -> None:
        super().__init__()
        self.conv1 = kit.conv(in_channels, planes, 1, bias=False)
        self.bn1 = kit.norm(planes)
        self.conv2 = kit.conv(planes, planes, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = kit.norm(planes)
        self.conv3 = kit.conv(planes, planes * self.expansion, 1, bias=False)
        self.bn3 = kit.norm(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(in_channels, planes * self.expansion, stride, kit)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + shortcut)


def _shortcut(in_channels: int, out_channels: int, stride: int, kit: Kit) -> nn.Sequential | None:
    """1x1 convolution of every `stride`-th cell, which a pool of one cell picks. A convolution with a stride may crash in its
    backward pass, where channels are last and fewer than 16 (AVX512) or 8 (AVX2): oneDNN's issue 6035."""
    if stride == 1 and in_channels == out_channels:
        return None
    layers = [("0", kit.conv(in_channels, out_channels, 1, bias=False)), ("1", kit.norm(out_channels))]
    return nn.Sequential(OrderedDict([("pick", kit.max_pool(1, stride=stride)), *layers] if stride > 1 else layers))


class ResNetEncoder(nn.Module):
    """ResNet without its classifier.

    Args:
        name: resnet18, resnet34, resnet50 or resnet101.
        width: multiplies every channel count (1/2 gives 32, 64, 128, 256 for resnet18).
        output_stride: 8, 16 or 32, the largest stride of a map. What is not strided is dilated instead. The dilations
            are the release's: the first block of layer3 keeps 1, every block of layer4 has the full value
            (torchvision's rule would give the first block of layer4 half of it).
        first_stride: 4, 2 or 1, the stride s of C1 (SPEC section 6). 4 is every source's: a stem of stride 2, then max
            pooling; 2 leaves the pooling out, 1 the stem's stride as well. No name or shape of a parameter changes.
        in_channels: of the input.

    Shape:
        B x 3 x H x W -> [C1, C2, C3, C4] at strides s, 2s, 4s, 8s, none above `output_stride`: `self.strides`. For s = 4:
        4, 8, then 8/8, 16/16 or 16/32. Channels in `self.channels`.

    >>> import torch
    >>> encoder = ResNetEncoder("resnet18", width=0.25, output_stride=16).eval()
    >>> [tuple(c.shape) for c in encoder(torch.zeros(1, 3, 64, 96))]
    [(1, 16, 16, 24), (1, 32, 8, 12), (1, 64, 4, 6), (1, 128, 4, 6)]
    >>> ResNetEncoder("resnet18", width=0.25, first_stride=2).strides
    (2, 4, 8, 16)
    """

    def __init__(
        self,
        name: str = "resnet18",
        width: float = 1.0,
        output_stride: int = 32,
        first_stride: int = 4,
        in_channels: int = 3,
        kit: Kit = IMAGES,
    ) -> None:
        super().__init__()
        if name not in DEPTHS:
            raise ValueError(f"unknown encoder {name!r}; known: {', '.join(DEPTHS)}")
        if output_stride not in (8, 16, 32):
            raise ValueError(f"output_stride must be 8, 16 or 32, got {output_stride}")
        if first_stride not in (4, 2, 1):
            raise ValueError(f"first_stride must be 4, 2 or 1, got {first_stride}")
        base = max(1, round(64 * width))
        block = BasicBlock if name in ("resnet18", "resnet34") else Bottleneck
        planes = [base * 2**i for i in range(4)]
        self.channels = [p * block.expansion for p in planes]

        self.conv1 = kit.conv(in_channels, base, 7, stride=1 if first_stride == 1 else 2, padding=3, bias=False)
        self.bn1 = kit.norm(base)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = kit.max_pool(3, stride=2, padding=1) if first_stride == 4 else nn.Identity()

        undilated = [first_stride * 2**i for i in range(4)]  # s, 2s, 4s, 8s
        self.strides = tuple(min(stride, output_stride) for stride in undilated)
        channels, strides = base, (first_stride, *self.strides)
        for i, (blocks, before, stride) in enumerate(zip(DEPTHS[name], strides, self.strides, strict=False)):
            dilation = undilated[i] // stride
            layers: OrderedDict[str, nn.Module] = OrderedDict()
            for j in range(blocks):
                step = stride // before if j == 0 else 1
                layers[str(j)] = block(channels, planes[i], step, 1 if (i, j) == (2, 0) else dilation, kit)
                channels = self.channels[i]
            self.add_module(f"layer{i + 1}", nn.Sequential(layers))

        for module in self.modules():
            if isinstance(module, kit.conv):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    # registered by name in __init__
    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # B x base x H/s x W/s
        c1 = self.layer1(x)  # stride s = 4, 2 or 1
        c2 = self.layer2(c1)  # stride 2s
        c3 = self.layer3(c2)  # stride 4s, at most output_stride
        c4 = self.layer4(c3)  # stride 8s, at most output_stride
        return [c1, c2, c3, c4]
