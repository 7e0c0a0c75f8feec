"""Networks of expression classifiers: a trunk from luma to features, under two linear heads.

The built-in one is a small residual network, which takes half a millisecond of one core per face. Published designs serve for
comparison. A larger residual network can grow out of a trained smaller one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from feelit.datasets.names import FER2013
from feelit.types import EMOTIONS

OUTPUTS = ("logits", "fer2013")
"""The names of the two heads' logits in an ONNX file."""


@dataclass(frozen=True, slots=True, eq=False)
class Trunk:
    """(N, 1, S, S) luma, normalised -> (N, `channels`), or (N, `channels`, h, w), of which the heads take the mean."""

    layers: nn.Module
    channels: int


class Residual(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2016); a stride of 2 halves the resolution."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        first = _convolution(channels_in, channels_out, 3, stride)
        self.body = nn.Sequential(*first, *_normalised(channels_out, channels_out, 3))
        self.skip = _shortcut(channels_in, channels_out, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H / stride, W / stride)."""
        return torch.relu(self.body(x) + self.skip(x))


def residual(stem: int, stages: tuple[tuple[int, int, int], ...]) -> Trunk:
    """The built-in trunk. `stages` holds (channels, blocks, stride) per stage; the stem halves the resolution before them.

    Channels are multiples of 16 because ONNX Runtime's convolutions on x86 work in blocks of 16.
    """
    layers = _convolution(1, stem, 3, 2)
    channels = stem
    for wide, blocks, stride in stages:
        for i in range(blocks):
            layers.append(Residual(channels, wide, stride if i == 0 else 1))
            channels = wide
    return Trunk(nn.Sequential(*layers), channels)


class ExpressionNet(nn.Module):
    """Luma in, logits out; the network contains the normalisation of its input."""

    def __init__(self, trunk: Trunk, dropout: float = 0.0) -> None:
        super().__init__()
        self.features = trunk.layers
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(trunk.channels, len(EMOTIONS))
        self.fer2013 = nn.Linear(trunk.channels, len(FER2013))

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1, S, S) uint8, full range -> (N, 8) logits in the order of EMOTIONS, (N, 7) in that of FER2013's numbers."""
        x = self.features((luma.to(torch.float32) - 128.0) * (1 / 64.0))
        x = self.dropout(x.mean(dim=(2, 3)) if x.ndim == 4 else x)
        return self.head(x), self.fer2013(x)


def cnn3() -> Trunk:
    """Three blocks of one convolution, 16, 32 and 64 channels wide, for RGB: luma is repeated. 0.32 M parameters."""
    layers: list[nn.Module] = [AsColour()]
    for inputs, outputs in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    dense = [nn.Dropout(0.25), nn.Flatten(), nn.LazyLinear(128), nn.ReLU(inplace=True), nn.Dropout(0.5)]
    return Trunk(nn.Sequential(*layers, *dense), 128)


def cnn4(dropout: float = 0.25) -> Trunk:
    """Four blocks of one convolution, 64, 128, 512 and 512 channels wide, and two dense layers, with batch normalisation.

    Parameters
    ----------
    dropout : of the blocks; that of the dense layers is 0.25
    """
    layers: list[nn.Module] = []
    for inputs, outputs, size in ((1, 64, 3), (64, 128, 5), (128, 512, 3), (512, 512, 3)):
        layers += [*_convolution(inputs, outputs, size), nn.MaxPool2d(2), nn.Dropout(dropout)]
    layers.append(nn.Flatten())
    for outputs in (256, 512):
        layers += [nn.LazyLinear(outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True), nn.Dropout(0.25)]
    return Trunk(nn.Sequential(*layers), 512)


def mini_xception() -> Trunk:
    """Depthwise separable convolutions with shortcuts (Arriaga et al. 2017, "Real-time Convolutional Neural Networks for
    Emotion and Gender Classification"). Here the heads replace the final convolution to the classes.
    """
    layers: list[nn.Module] = [*_convolution(1, 8, 3), *_convolution(8, 8, 3)]
    layers += [_Separable(inputs, outputs) for inputs, outputs in ((8, 16), (16, 32), (32, 64), (64, 128))]
    return Trunk(nn.Sequential(*layers), 128)


def vgg16() -> Trunk:
    """Thirteen convolutions (Simonyan & Zisserman 2015), with batch normalisation and without the wide dense layers."""
    layers: list[nn.Module] = []
    channels = 1
    for outputs, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += _convolution(channels, outputs, 3)
            channels = outputs
        layers.append(nn.MaxPool2d(2))
    return Trunk(nn.Sequential(*layers), 512)


def resnet50() -> Trunk:
    """Sixteen bottleneck blocks after a 7x7 stem (He et al. 2016)."""
    layers: list[nn.Module] = [*_convolution(1, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for inner, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(count):
            layers.append(_Bottleneck(channels, inner, stride if i == 0 else 1))
            channels = 4 * inner
    return Trunk(nn.Sequential(*layers), channels)


class AsColour(nn.Module):
    """Luma repeated as the three channels of RGB."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, 3, H, W)."""
        return x.repeat(1, 3, 1, 1)


class _Separable(nn.Module):
    """Two depthwise separable convolutions and a pooling, with a shortcut; halves the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = _shortcut(inputs, outputs, 2)
        self.body = nn.Sequential(
            *_depthwise(inputs, outputs), nn.ReLU(inplace=True), *_depthwise(outputs, outputs), nn.MaxPool2d(3, 2, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.skip(x)


class _Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, with a shortcut."""

    def __init__(self, inputs: int, inner: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * inner
        layers = [*_convolution(inputs, inner, 1), *_convolution(inner, inner, 3, stride)]
        expand, norm = nn.Conv2d(inner, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        nn.init.zeros_(norm.weight)  # at first a block passes its input on (Goyal et al. 2017)
        self.body = nn.Sequential(*layers, expand, norm)
        self.skip = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.skip(x))


def _normalised(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)]


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    return [*_normalised(inputs, outputs, size, stride), nn.ReLU(inplace=True)]


def _depthwise(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, inputs, 3, 1, 1, groups=inputs, bias=False), *_normalised(inputs, outputs, 1)]


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(*_normalised(inputs, outputs, 1, stride)) if stride != 1 or inputs != outputs else nn.Identity()


Stages = list[list[Residual]]


@torch.no_grad()
def grow(small: ExpressionNet, small_blocks: tuple[int, ...], large: ExpressionNet, large_blocks: tuple[int, ...]) -> None:
    """Make a large network compute what a small one does (Chen et al. 2016, "Net2Net"); `blocks` are those of each stage.

    New channels get zero weights in existing outputs, new blocks pass their input on. Stages are matched from the last one,
    their blocks from the first one.

    Raises
    ------
    ValueError
        if the large one is smaller somewhere, or its additional blocks change resolution or channels.
    """
    for target, source in zip(_ends(large), _ends(small), strict=True):
        _fill(target, source)
    old, new = _stages(small, small_blocks), _stages(large, large_blocks)
    if len(new) < len(old):
        raise ValueError("it has fewer stages")
    added: Stages = [[] for _ in range(len(new) - len(old))]
    for stage, known in zip(new, added + old, strict=True):
        if len(known) > len(stage):
            raise ValueError("a stage has fewer blocks")
        for block, model in zip(stage, known, strict=False):
            _widen(block, model)
        for block in stage[len(known) :]:
            _make_identity(block)


def _stages(net: ExpressionNet, counts: tuple[int, ...]) -> Stages:
    blocks = [layer for layer in net.features.children() if isinstance(layer, Residual)]
    ends = [sum(counts[: i + 1]) for i in range(len(counts))]
    return [blocks[end - count : end] for end, count in zip(ends, counts, strict=True)]


def _ends(net: ExpressionNet) -> list[Tensor]:
    """The weights of the first layer with its norm, and of the last ones."""
    stem = [layer for layer in net.features.children() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    return [values for layer in (*stem, net.head, net.fer2013) for values in layer.state_dict().values() if values.ndim]


def _make_identity(block: Residual) -> None:
    """Make a block pass its input on."""
    if not isinstance(block.skip, nn.Identity):
        raise ValueError("an additional block changes resolution or channels")
    norm = block.body[4]
    norm.weight.zero_()
    norm.bias.zero_()


def _widen(block: Residual, model: Residual) -> None:
    for part, known in zip(_layers(block), _layers(model), strict=True):
        if getattr(part, "stride", None) != getattr(known, "stride", None):
            raise ValueError("a stage has another stride")
        for target, source in zip(part.state_dict().values(), known.state_dict().values(), strict=True):
            if source.ndim:
                _fill(target, source)


def _layers(block: Residual) -> list[nn.Module]:
    layers = [*block.body.children(), *block.skip.children()]
    return [layer for layer in layers if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]


def _fill(target: Tensor, known: Tensor) -> None:
    """Copy the values of known channels; weights from new input to known output channels are 0."""
    if any(a < b for a, b in zip(target.shape, known.shape, strict=True)):
        raise ValueError("a stage is narrower")
    target[: len(known)] = 0 if known.ndim > 1 else target[: len(known)]
    target[tuple(slice(side) for side in known.shape)] = known
