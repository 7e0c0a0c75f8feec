"""The expression classifier: a small residual network that one core runs on a 48 px face in a third of a millisecond."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from feelit.types import EMOTIONS


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


class ExpressionNet(nn.Module):
    """Luma in, logits out; the normalisation belongs to the network, so that nobody who runs it can get it wrong.

    `stages` holds (channels, blocks, stride) a stage; the stem halves the resolution before them. Channels are multiples of
    16 because ONNX Runtime's convolutions on x86 work in blocks of 16.
    """

    def __init__(self, stem: int, stages: tuple[tuple[int, int, int], ...], dropout: float = 0.0) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU(inplace=True)]
        channels = stem
        for wide, blocks, stride in stages:
            for i in range(blocks):
                layers.append(Residual(channels, wide, stride if i == 0 else 1))
                channels = wide
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels, len(EMOTIONS))

    def forward(self, luma: Tensor) -> Tensor:
        """(N, 1, 48, 48) uint8, full range 0..255 -> (N, 8) logits in the order of EMOTIONS."""
        x = (luma.to(torch.float32) - 128.0) * (1 / 64.0)
        x = self.features(x).mean(dim=(2, 3))
        return self.head(self.dropout(x))
