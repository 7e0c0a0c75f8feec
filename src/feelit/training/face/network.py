"""The face detector's network: 3x3 convolutions on luma, three levels, one anchor-free head per level.

A 7x7 stem of stride 4 is followed by a residual trunk (He et al. 2016) that halves the map three times, and a small top-down
path (Lin et al. 2017, "Feature Pyramid Networks"). Every cell of the levels 8, 16 and 32 predicts one face (Tian et al. 2019,
"FCOS"): a score, a box and five landmarks. Full convolutions run near the peak of a CPU, while depthwise ones wait for memory;
for the same reason there is no map at half size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

HEAD = "head"
"""Prefix of the names of the last layers."""

STRIDES = (8, 16, 32)
OUTPUTS = 1 + 4 + 10  # score, box, landmarks
REACH = 1.5  # strides from a cell's centre to the side of a box where the head gives 0


class Prediction(NamedTuple):
    """The network's outputs for A cells of all levels, fine level first, row by row."""

    logit: Tensor  # (N, A) score before the sigmoid
    box: Tensor  # (N, A, 4) px of the input, x0 y0 x1 y1
    landmarks: Tensor  # (N, A, 10) px of the input


def convolution(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """A 3x3 convolution with a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        return torch.relu(self.norm(self.conv(x)) + x)


class FaceNet(nn.Module):
    """The detector.

    Parameters
    ----------
    widths : channels of the stem (stride 4) and of the levels 8, 16 and 32
    depths : residual convolutions after the stem and at each of the three levels
    neck : channels of the top-down path and of the heads
    """

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...], neck: int) -> None:
        super().__init__()
        self.stem = convolution(1, widths[0], stride=4, size=7)
        self.fine = nn.Sequential(*(Residual(widths[0]) for _ in range(depths[0])))
        self.stages = nn.ModuleList(
            nn.Sequential(convolution(below, width, stride=2), *(Residual(width) for _ in range(depth)))
            for below, width, depth in zip(widths, widths[1:], depths[1:], strict=False)
        )
        self.lateral = nn.ModuleList(convolution(width, neck, size=1) for width in widths[1:])
        self.smooth = nn.ModuleList(convolution(neck, neck) for _ in STRIDES)
        self.head = nn.ModuleList(_head(neck) for _ in STRIDES)

    def forward(self, luma: Tensor) -> Prediction:
        """(N, 1, H, W) luma 0..255 of any dtype, H and W multiples of 32 -> the predictions."""
        return self.predict(luma.float() / 255)  # no mean is subtracted, so that zero padding is black

    def predict(self, x: Tensor) -> Prediction:
        """The same of luma 0..1, float32."""
        x = self.fine(self.stem(x))
        merged = []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            x = stage(x)
            merged.append(lateral(x))
        for i in (1, 0):
            merged[i] = merged[i] + interpolate(merged[i + 1], scale_factor=2.0, mode="nearest")
        parts = [
            decode(head(smooth(level)), stride)
            for head, smooth, level, stride in zip(self.head, self.smooth, merged, STRIDES, strict=True)
        ]
        return Prediction(*(torch.cat(part, dim=1) for part in zip(*parts, strict=True)))


def decode(raw: Tensor, stride: int) -> Prediction:
    """The maps of one level, (N, 15, h, w), as predictions; a box is given by the distances of its sides from the cell."""
    height, width = raw.shape[2:]
    cells = raw.float().permute(0, 2, 3, 1).reshape(raw.shape[0], -1, OUTPUTS)
    centre = cell_centres(height, width, stride)
    reach = cells[..., 1:5].clamp(max=5.0).exp() * (REACH * stride)
    box = torch.cat([centre - reach[..., :2], centre + reach[..., 2:]], dim=-1)
    landmarks = cells[..., 5:] * (REACH * stride) + centre.repeat(1, 5)
    return Prediction(cells[..., 0], box, landmarks)


def cell_centres(height: int, width: int, stride: int) -> Tensor:
    """(height · width, 2) float32 px: the centres of a level's cells, row by row."""
    y = (torch.arange(height).float() + 0.5) * stride
    x = (torch.arange(width).float() + 0.5) * stride
    return torch.stack([x.repeat(height), y[:, None].expand(height, width).reshape(-1)], dim=1)


def _head(neck: int) -> nn.Conv2d:
    head = nn.Conv2d(neck, OUTPUTS, 1)
    nn.init.normal_(head.weight, std=0.01)
    bias = torch.zeros(OUTPUTS)
    bias[0] = -4.6  # a prior of one face per hundred cells, against the imbalance of faces and background
    head.bias = nn.Parameter(bias)
    return head
