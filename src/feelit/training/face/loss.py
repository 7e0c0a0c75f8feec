"""The loss of the face detector: scores, boxes, landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from feelit.training.face.network import Prediction
from feelit.training.face.scenes import Scene
from feelit.training.face.teacher import TeacherTargets

LEAST_SCORE = 0.1
"""Cells that shall say less give no loss for boxes and landmarks."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """N scenes and what their A cells shall say."""

    luma: Tensor  # (N, 1, S, S) uint8
    score: Tensor  # (N, A)
    box: Tensor  # (N, A, 4) px
    landmarks: Tensor  # (N, A, 10) px
    weight: Tensor  # (N, A, 10)
    silent: Tensor  # (N, A) bool

    @classmethod
    def of(cls, scenes: list[Scene], wanted: list[TeacherTargets]) -> Self:
        """Stack scenes and what is wanted of them."""
        names = ("score", "box", "landmarks", "weight", "silent")
        columns = [torch.from_numpy(np.stack([getattr(w, name) for w in wanted])) for name in names]
        return cls(torch.from_numpy(np.stack([scene.luma for scene in scenes])[:, None]), *columns)


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """The three parts, each a scalar per unit of score that is wanted."""

    score: Tensor
    box: Tensor
    landmarks: Tensor


def losses(prediction: Prediction, batch: Batch) -> Losses:
    """The parts of the loss.

    Scores are fitted by the quality focal loss (Li et al. 2020, "Generalized Focal Loss"), boxes by GIoU (Rezatofighi et al.
    2019), landmarks by their distance in shares of the face's size. The surer a cell shall be, the more these two count.
    """
    score = prediction.logit.sigmoid().detach()
    focus = (batch.score - score).square() * ~batch.silent
    entropy = binary_cross_entropy_with_logits(prediction.logit, batch.score, reduction="none")
    sure = (batch.score > LEAST_SCORE) & ~batch.silent
    weight = batch.score[sure]
    whole = weight.sum().clamp(min=1)
    wanted = batch.box[sure]
    _, generalized = _overlaps(prediction.box[sure], wanted)
    size = (wanted[:, 2:] - wanted[:, :2]).clamp(min=1).prod(dim=1, keepdim=True).sqrt()
    miss = (prediction.landmarks[sure] - batch.landmarks[sure]).abs() / size
    wing = torch.log1p(miss / 0.05) * 0.05  # steep where the error is small, so that good landmarks become better
    return Losses(
        score=(focus * entropy).sum() / whole,
        box=((1 - generalized) * weight).sum() / whole,
        landmarks=((miss + 2 * wing) * batch.weight[sure] * weight[:, None]).sum() / whole,
    )


def _overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and GIoU of the rows of two (P, 4) lists of boxes."""
    inter = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - inter
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    overlap = inter / union.clamp(min=1e-6)
    return overlap, overlap - (hull - union) / hull.clamp(min=1e-6)
