"""Histograms of oriented gradients (Dalal & Triggs 2005), as a network, so that an ONNX file can hold them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

NORMS = ("none", "l1", "l1-sqrt", "l2", "l2-hys")
"""How blocks are normalised, in Dalal and Triggs's words; "l2-hys" cuts values at CLIPPED and normalises once more."""

CLIPPED = 0.2
TINY = 1e-6


class Hog(nn.Module):
    """Gradients in `bins` directions, summed over cells, in overlapping blocks of cells.

    Each gradient counts for the two directions next to it.

    Parameters
    ----------
    signed : whether a gradient and its opposite are two directions (0 to 360 degrees) or one
    block : cells along a side of a block; blocks lie one cell apart
    norm : one of NORMS
    interpolated : whether a gradient also counts for the cells next to its own, in proportion to how near they are
    """

    def __init__(
        self, cell_px: int, bins: int, *, signed: bool = False, block: int = 2, norm: str = "l2", interpolated: bool = False
    ) -> None:
        super().__init__()
        self.cell_px, self.bins, self.block, self.norm, self.interpolated = cell_px, bins, block, norm, interpolated
        self.period = (2 if signed else 1) * math.pi
        slope = torch.tensor([[-1.0, 0.0, 1.0]])
        self.register_buffer("across", slope[None, None])
        self.register_buffer("down", slope.T[None, None])
        self.register_buffer("directions", ((torch.arange(bins) + 0.5) / bins * self.period)[None, :, None, None])
        length = 2 * cell_px - cell_px % 2
        nearness = 1 - (torch.arange(length) - (length - 1) / 2).abs() / cell_px
        self.register_buffer("nearness", (nearness[:, None] * nearness / cell_px**2).repeat(bins, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, S, S) -> (N, features)."""
        blocks = self._blocks(self._cells(x))
        if self.norm == "l1":
            blocks = blocks / (blocks.sum(dim=1, keepdim=True) + TINY)
        elif self.norm == "l1-sqrt":
            blocks = (blocks / (blocks.sum(dim=1, keepdim=True) + TINY)).sqrt()
        elif self.norm != "none":
            blocks = _unit(blocks)
            blocks = _unit(blocks.clamp(max=CLIPPED)) if self.norm == "l2-hys" else blocks
        return blocks.flatten(1)

    def _cells(self, x: Tensor) -> Tensor:
        """(N, 1, S, S) -> (N, bins, S / cell, S / cell): mean strength of gradients by direction."""
        x = nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
        right = nn.functional.conv2d(x, self.across)[:, :, 1:-1]
        below = nn.functional.conv2d(x, self.down)[:, :, :, 1:-1]
        strength = (right * right + below * below + 1e-12).sqrt()
        angle = torch.atan2(below, right + 1e-12)
        turned = torch.remainder(angle - self.directions + self.period / 2, self.period) - self.period / 2
        votes = strength * (1 - turned.abs() * (self.bins / self.period)).clamp(min=0)
        if not self.interpolated:
            return nn.functional.avg_pool2d(votes, self.cell_px)
        margin = (self.nearness.shape[-1] - self.cell_px) // 2
        return nn.functional.conv2d(votes, self.nearness, stride=self.cell_px, padding=margin, groups=self.bins)

    def _blocks(self, cells: Tensor) -> Tensor:
        """(N, bins, C, C) -> (N, bins x block², C - block + 1, C - block + 1)."""
        count = cells.shape[-1] - self.block + 1
        corners = [(row, column) for row in range(self.block) for column in range(self.block)]
        return torch.cat([cells[:, :, row : row + count, column : column + count] for row, column in corners], dim=1)


def _unit(blocks: Tensor) -> Tensor:
    return blocks / (blocks.square().sum(dim=1, keepdim=True) + TINY).sqrt()
