"""The networks that name expressions, ours among them: a small residual one, which one core runs in half a millisecond.

Every network is a trunk, from luma to features, under two linear heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from feelit.datasets.names import FER2013
from feelit.types import EMOTIONS


@dataclass(frozen=True, slots=True, eq=False)
class Trunk:
    """(N, 1, S, S) luma, normalised -> (N, `channels`), or (N, `channels`, h, w), of which the heads take the mean."""

    layers: nn.Module
    channels: int


class Residual(nn.Module):
    """Two 3x3 convolutions and a short cut (He et al. 2016), which halves the resolution where `stride` is 2."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.skip = nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H / stride, W / stride)."""
        return torch.relu(self.body(x) + self.skip(x))


def residual(stem: int, stages: tuple[tuple[int, int, int], ...]) -> Trunk:
    """Our own trunk. `stages` holds (channels, blocks, stride) a stage; the stem halves the resolution before them.

    Channels are multiples of 16 because ONNX Runtime's convolutions on x86 work in blocks of 16.
    """
    layers: list[nn.Module] = [nn.Conv2d(1, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU(inplace=True)]
    channels = stem
    for wide, blocks, stride in stages:
        for i in range(blocks):
            layers.append(Residual(channels, wide, stride if i == 0 else 1))
            channels = wide
    return Trunk(nn.Sequential(*layers), channels)


class ExpressionNet(nn.Module):
    """Luma in, logits out; the normalisation belongs to the network, so that nobody who runs it can get it wrong."""

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
