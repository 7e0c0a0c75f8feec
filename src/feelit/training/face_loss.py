"""The loss of the face detector: scores that mean overlap, boxes, landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from feelit.training.face_network import Prediction
from feelit.training.face_scenes import Scene
from feelit.training.face_targets import Targets

LEAST_QUALITY = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """N scenes and what P of their cells shall say."""

    luma: Tensor  # (N, 1, S, S) uint8
    cell: Tensor  # (P,) int64 index into the N · A cells
    box: Tensor  # (P, 4) px
    landmarks: Tensor  # (P, 10) px
    weight: Tensor  # (P, 10)
    silent: Tensor  # (N, A) bool

    @classmethod
    def of(cls, scenes: list[Scene], targets: list[Targets]) -> Self:
        """Stack scenes and their targets."""
        cells = targets[0].silent.size
        pairs = list(zip(scenes, targets, strict=True))
        weight = np.concatenate([s.weight[t.face] for s, t in pairs])
        return cls(
            luma=torch.from_numpy(np.stack([s.luma for s in scenes])[:, None]),
            cell=torch.from_numpy(np.concatenate([t.cell + i * cells for i, t in enumerate(targets)])),
            box=torch.from_numpy(np.concatenate([s.box[t.face] for s, t in pairs])),
            landmarks=torch.from_numpy(np.concatenate([s.landmarks[t.face] for s, t in pairs]).reshape(-1, 10)),
            weight=torch.from_numpy(weight.repeat(2, axis=1)),
            silent=torch.from_numpy(np.stack([t.silent for t in targets])),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """The three parts, each a scalar per positive cell."""

    score: Tensor
    box: Tensor
    landmarks: Tensor


def losses(prediction: Prediction, batch: Batch) -> Losses:
    """The parts of the loss.

    The score is the quality focal loss (Li et al. 2020, "Generalized Focal Loss"): its target is the overlap of the predicted
    box, at least LEAST_QUALITY. Boxes are fitted by GIoU (Rezatofighi et al. 2019), landmarks by their distance in shares of
    the face's size.
    """
    count = max(len(batch.cell), 1)
    box = prediction.box.flatten(0, 1)[batch.cell]
    overlap, generalized = _overlaps(box, batch.box)
    quality = torch.zeros(prediction.logit.numel())
    quality[batch.cell] = overlap.detach().clamp(min=LEAST_QUALITY)
    quality = quality.view_as(prediction.logit)
    score = prediction.logit.sigmoid().detach()
    focus = (quality - score).square() * ~batch.silent
    entropy = binary_cross_entropy_with_logits(prediction.logit, quality, reduction="none")
    sides = batch.box[:, 2:] - batch.box[:, :2]
    size = sides.prod(dim=1, keepdim=True).clamp(min=1).sqrt()
    miss = (prediction.landmarks.flatten(0, 1)[batch.cell] - batch.landmarks).abs() / size
    wing = torch.log1p(miss / 0.05) * 0.05  # steep where the error is small, so that good landmarks become better
    return Losses(
        score=(focus * entropy).sum() / count,
        box=(1 - generalized).sum() / count,
        landmarks=((miss + 2 * wing) * batch.weight).sum() / count,
    )


def _overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and GIoU of the rows of two (P, 4) lists of boxes."""
    inter = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - inter
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    overlap = inter / union.clamp(min=1e-6)
    return overlap, overlap - (hull - union) / hull.clamp(min=1e-6)
