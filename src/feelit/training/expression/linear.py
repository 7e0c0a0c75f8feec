"""A classifier without learnt features: histograms of oriented gradients (Dalal & Triggs 2005) under a linear model."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from feelit.datasets.read import read_splits
from feelit.errors import UsageError
from feelit.training.expression.card import Origin, publish
from feelit.training.expression.data import aligned, prepare, to_learn_from
from feelit.training.expression.network import ExpressionNet, Trunk
from feelit.types import Float32, Int64

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what comes out, besides the data."""

    size_px: int = 48
    cell_px: int = 6
    bins: int = 9
    strength: float = 0.01  # inverse of the regularisation
    iterations: int = 200


class Hog(nn.Module):
    """Unsigned gradients in `bins` directions, summed over cells of `cell_px`, in blocks of 2 x 2 cells of length one.

    As a network, so that an ONNX file can hold it. Each gradient counts for the two directions next to it.
    """

    def __init__(self, cell_px: int, bins: int) -> None:
        super().__init__()
        self.cell_px, self.bins = cell_px, bins
        slope = torch.tensor([[-1.0, 0.0, 1.0]])
        self.register_buffer("across", slope[None, None])
        self.register_buffer("down", slope.T[None, None])
        self.register_buffer("directions", ((torch.arange(bins) + 0.5) / bins * math.pi)[None, :, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, S, S) -> (N, features)."""
        x = nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
        right = nn.functional.conv2d(x, self.across)[:, :, 1:-1]
        below = nn.functional.conv2d(x, self.down)[:, :, :, 1:-1]
        strength = (right * right + below * below + 1e-12).sqrt()
        angle = torch.atan2(below, right + 1e-12)
        turned = torch.remainder(angle - self.directions + math.pi / 2, math.pi) - math.pi / 2  # -90..90 degrees
        votes = strength * (1 - turned.abs() * (self.bins / math.pi)).clamp(min=0)
        cells = nn.functional.avg_pool2d(votes, self.cell_px)
        blocks = torch.cat([cells[:, :, :-1, :-1], cells[:, :, :-1, 1:], cells[:, :, 1:, :-1], cells[:, :, 1:, 1:]], dim=1)
        return (blocks / (blocks.square().sum(dim=1, keepdim=True) + 1e-6).sqrt()).flatten(1)


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Fit, export, score; gives the path of the ONNX file. See `expression.train`."""
    torch.set_num_threads(1)
    splits = read_splits(data)
    if missing := [split for split in ("train", "valid") if split not in splits]:
        raise UsageError(f"{data} has no split {missing[0]}", "docs/evaluation.md tells how splits are named")
    learning = to_learn_from(splits["train"])
    lesson = prepare(learning, recipe.size_px, out / "landmarks-train.npz")
    check = prepare(splits["valid"], recipe.size_px, out / "landmarks-valid.npz")
    hog = Hog(recipe.cell_px, recipe.bins)
    crops = torch.from_numpy(aligned(lesson))[:, None]
    with torch.inference_mode():
        pixels = (((torch.cat([part, part.flip(3)]).float() - 128) / 64) for part in crops.split(1024))
        features = np.concatenate([hog(part).numpy() for part in pixels])
    both = _twice(len(lesson), 1024)
    network = ExpressionNet(Trunk(hog, features.shape[1]))
    for layer, label in ((network.head, lesson.share.argmax(axis=1)), (network.fer2013, lesson.fer2013)):
        known = (lesson.share.sum(axis=1) > 0) if layer is network.head else (label >= 0)
        if len(np.unique(label[known])) > 1:
            _fit(layer, features[known[both]], label[both][known[both]].astype(np.int64), recipe)
    log.info("fitted to %d pictures and their mirror images", len(lesson))
    return publish(network, Origin(f"feelit train {name}: {recipe}", data), check, out / f"{name}.onnx")


def _twice(count: int, part: int) -> Int64:
    """Which picture each row of the features shows: parts of pictures, each followed by its mirror images."""
    parts = [np.arange(i, min(i + part, count)) for i in range(0, count, part)]
    return np.concatenate([np.concatenate([rows, rows]) for rows in parts]).astype(np.int64)


def _fit(layer: nn.Linear, features: Float32, label: Int64, recipe: Recipe) -> None:
    """Logistic regression, into a linear layer; classes that do not occur get logits that never win."""
    model = LogisticRegression(C=recipe.strength, max_iter=recipe.iterations).fit(features, label)
    coefficients, offsets = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn gives one row then, for the second class
        coefficients, offsets = np.concatenate([-coefficients, coefficients]) / 2, np.concatenate([-offsets, offsets]) / 2
    weight, bias = torch.zeros_like(layer.weight), torch.full_like(layer.bias, -30.0)
    weight[model.classes_] = torch.from_numpy(coefficients).float()
    bias[model.classes_] = torch.from_numpy(offsets).float()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
