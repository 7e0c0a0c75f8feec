"""A baseline without learnt features: histograms of oriented gradients (Dalal & Triggs 2005) under a linear model."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from feelit.errors import UsageError
from feelit.training.expression.card import Origin, publish
from feelit.training.expression.data import Examples, aligned, read_examples
from feelit.training.expression.network import ExpressionNet, Trunk
from feelit.types import UInt8

NORMS = ("none", "l1", "l1-sqrt", "l2", "l2-hys")
"""Block normalisations, by Dalal and Triggs's names; "l2-hys" clips values at CLIPPED and normalises once more."""

CLIPPED = 0.2
TINY = 1e-6


class Hog(nn.Module):
    """HOG features as a network, so that an ONNX file can hold them: orientation histograms of cells, in overlapping blocks.

    Each gradient is divided between the two nearest orientation bins.

    Parameters
    ----------
    signed : whether a gradient and its opposite are two directions (0 to 360 degrees) or one
    block : cells along a side of a block; blocks lie one cell apart
    norm : one of NORMS
    interpolated : whether a gradient is divided bilinearly between neighbouring cells
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
        """(N, 1, S, S) -> (N, bins, S / cell, S / cell): mean gradient magnitude by direction."""
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


log = logging.getLogger(__name__)

BATCH = 512


@dataclass(frozen=True, slots=True)
class Recipe:
    """All settings of a run besides its data."""

    size_px: int = 48
    cell_px: int = 4
    bins: int = 8
    signed: bool = True
    block: int = 2
    norm: str = "l2"
    interpolated: bool = True
    mirrored: bool = True  # whether to train on mirror images as well
    strength: float = 0.02  # inverse of the regularisation
    iterations: int = 60

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise UsageError(f"recipe: norm cannot be {self.norm!r}", f"it is one of {', '.join(map(repr, NORMS))}")
        if not 1 <= self.block * self.cell_px <= self.size_px or not self.bins:
            hint = "cells are 1 px or larger, and a block of them fits into the picture"
            raise UsageError(f"recipe: {self.block} x {self.block} cells of {self.cell_px} px do not fit", hint)

    def build(self) -> Hog:
        """The feature extractor."""
        return Hog(
            self.cell_px, self.bins, signed=self.signed, block=self.block, norm=self.norm, interpolated=self.interpolated
        )


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Fit, export, score; gives the path of the ONNX file. See `expression.train`."""
    torch.set_num_threads(1)
    training, valid = read_examples(data, recipe.size_px, out)
    log.info("%d training images, %d validation images", len(training), len(valid))
    features, targets = features_of(recipe, aligned(training)), targets_of(training)
    if recipe.mirrored:
        features = torch.cat([features, features_of(recipe, np.ascontiguousarray(aligned(training)[:, :, ::-1]))])
        targets = [torch.cat([target, target]) for target in targets]
    log.info("%d features of %d images", features.shape[1], len(features))
    network = ExpressionNet(Trunk(recipe.build(), features.shape[1]))
    for layer, target in zip((network.head, network.fer2013), targets, strict=True):
        fit(layer, features, target, recipe)
    origin = Origin(f"feelit train {name}: {recipe}", data, counts=training.counts())
    return publish(network, origin, valid, out / f"{name}.onnx")


@torch.no_grad()
def features_of(recipe: Recipe, crops: UInt8) -> Tensor:
    """(N, S, S) -> (N, features) float32."""
    hog = recipe.build()
    return torch.cat([hog((part.float() - 128) / 64) for part in torch.from_numpy(crops)[:, None].split(BATCH)])


def targets_of(examples: Examples) -> list[Tensor]:
    """(N, 8) vote shares and (N, 7) FER2013's own labels; rows of zeros where there is no label."""
    return [torch.from_numpy(examples.share), torch.from_numpy(examples.fer2013_one_hot())]


def fit(layer: nn.Linear, features: Tensor, target: Tensor, recipe: Recipe) -> None:
    """Fit a linear layer by logistic regression with L2 regularisation (L-BFGS, on centred features).

    Parameters
    ----------
    features : (N, D)
    target : (N, K) shares of the classes; rows of zeros are left out
    """
    known = target.sum(dim=1) > 0
    if known.sum() == 0:
        return
    inputs, shares = (features, target) if bool(known.all()) else (features[known], target[known])
    mean = inputs.mean(dim=0)
    weight, bias = torch.zeros_like(layer.weight).requires_grad_(), torch.zeros_like(layer.bias).requires_grad_()
    penalty = 0.5 / (recipe.strength * len(inputs))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=recipe.iterations, history_size=10, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimizer.zero_grad()
        logits = torch.addmm(bias - mean @ weight.T, inputs, weight.T)
        total = nn.functional.cross_entropy(logits, shares) + penalty * weight.square().sum()
        total.backward()
        return float(total.detach())

    optimizer.step(loss)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias - mean @ weight.T)
