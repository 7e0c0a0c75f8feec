"""Networks that people know, to be trained by the same recipe on the same data and held against ours."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from feelit.training.expression.network import Trunk


def cnn3() -> Trunk:
    """Three blocks of one convolution, 16, 32 and 64 channels wide, for colour: luma is given thrice. 0.32 M parameters."""
    layers: list[nn.Module] = [AsColour()]
    for inputs, outputs in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    dense = [nn.Dropout(0.25), nn.Flatten(), nn.LazyLinear(128), nn.ReLU(inplace=True), nn.Dropout(0.5)]
    return Trunk(nn.Sequential(*layers, *dense), 128)


def cnn4() -> Trunk:
    """Four blocks of one convolution, 64, 128, 512 and 512 channels wide, and two dense layers, with batch normalisation."""
    layers: list[nn.Module] = []
    for inputs, outputs, size in ((1, 64, 3), (64, 128, 5), (128, 512, 3), (512, 512, 3)):
        layers += [*_convolution(inputs, outputs, size), nn.MaxPool2d(2), nn.Dropout(0.25)]
    layers.append(nn.Flatten())
    for outputs in (256, 512):
        layers += [nn.LazyLinear(outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True), nn.Dropout(0.25)]
    return Trunk(nn.Sequential(*layers), 512)


def mini_xception() -> Trunk:
    """Depthwise separable convolutions with short cuts (Arriaga et al. 2017, "Real-time Convolutional Neural Networks for
    Emotion and Gender Classification"). Theirs ends in a convolution to the classes; here the heads follow its features.
    """
    layers: list[nn.Module] = [*_convolution(1, 8, 3), *_convolution(8, 8, 3)]
    layers += [_Separable(inputs, outputs) for inputs, outputs in ((8, 16), (16, 32), (32, 64), (64, 128))]
    return Trunk(nn.Sequential(*layers), 128)


def vgg16() -> Trunk:
    """Thirteen convolutions (Simonyan & Zisserman 2015), with batch normalisation and without the wide dense layers, which a
    map of one pixel does not need."""
    layers: list[nn.Module] = []
    channels = 1
    for outputs, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += _convolution(channels, outputs, 3)
            channels = outputs
        layers.append(nn.MaxPool2d(2))
    return Trunk(nn.Sequential(*layers), 512)


def resnet50() -> Trunk:
    """Sixteen bottleneck blocks (He et al. 2016) behind a stem of 7x7 pixels."""
    layers: list[nn.Module] = [*_convolution(1, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for inner, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(count):
            layers.append(_Bottleneck(channels, inner, stride if i == 0 else 1))
            channels = 4 * inner
    return Trunk(nn.Sequential(*layers), channels)


class AsColour(nn.Module):
    """Grey pictures as networks for colour take them."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, 3, H, W)."""
        return x.repeat(1, 3, 1, 1)


class _Separable(nn.Module):
    """Two depthwise separable convolutions and a pooling beside a short cut; halves the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = nn.Sequential(nn.Conv2d(inputs, outputs, 1, 2, bias=False), nn.BatchNorm2d(outputs))
        self.body = nn.Sequential(
            *_depthwise(inputs, outputs), nn.ReLU(inplace=True), *_depthwise(outputs, outputs), nn.MaxPool2d(3, 2, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.skip(x)


class _Bottleneck(nn.Module):
    """Narrow, 3x3, four times as wide, beside a short cut."""

    def __init__(self, inputs: int, inner: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * inner
        self.body = nn.Sequential(
            *_convolution(inputs, inner, 1),
            *_convolution(inner, inner, 3, stride),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.skip(x))


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    plain = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return [plain, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _depthwise(inputs: int, outputs: int) -> list[nn.Module]:
    across = nn.Conv2d(inputs, inputs, 3, 1, 1, groups=inputs, bias=False)
    return [across, nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
