"""Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization").

The maps of a late layer are summed, each weighted by the mean gradient of the label's logit with respect to it, and what
is negative is cut off. The gradients are those of the very file that ONNX Runtime serves, computed by PyTorch; that both give
the same outputs is checked every time.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from feelit.errors import ModelError
from feelit.explaining.onnx_gradients import Computed, run_graph
from feelit.types import Float32, UInt8
from feelit.vision.expression import ExpressionModel
from feelit.vision.session import open_session

TOLERANCE = 1e-3
"""The largest difference between PyTorch and ONNX Runtime, relative to the largest output."""

TOLERANCE_IN_STEPS = 2e-2
"""The same where numbers are rounded on the way: one on the boundary of two steps may fall either way, and
be off by a whole step."""

LEAST_CELLS = 3
"""The last maps with at least so many cells along a side are taken: those of the last convolution, as in the paper. Finer maps
of earlier layers point at what changes the answer less when it is hidden (docs/explain.md has figures)."""


def grad_cam(path: Path, model: ExpressionModel, crop: UInt8, label: str) -> Float32:
    """Where the features lie that speak for a label.

    Parameters
    ----------
    path : the ONNX file of `model`
    crop : (S, S) uint8
    label : one of `model.labels`

    Returns
    -------
    (S, S) float32, not negative, in shares of its largest value: what it measures differs from layer to layer

    Raises
    ------
    ModelError
        if the network holds what PyTorch is not stated to compute, gives something else in PyTorch, or has no maps.
    """
    inputs = model.prepare(crop[None])
    computed = run_graph(path, torch.from_numpy(inputs), model.output)
    _compare(path, model, inputs, computed)
    maps = _maps(path, computed)
    (slope,) = torch.autograd.grad(computed.logits.reshape(-1)[model.labels.index(label)], maps)
    cells = torch.relu((slope.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1))[0].detach().numpy()
    large = np.asarray(cv2.resize(cells, crop.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    largest = float(large.max())
    return large / np.float32(largest if largest > 0 else 1)


def _maps(path: Path, computed: Computed) -> Tensor:
    """The last feature maps that are fine enough."""
    for value in reversed(computed.passages):
        if value.ndim == 4 and value.requires_grad and min(value.shape[2:]) >= LEAST_CELLS:
            return value
    message = f"{path.name} has no feature maps of {LEAST_CELLS} x {LEAST_CELLS} cells or more"
    raise ModelError(message, "choose --method rise or occlusion")


def _compare(path: Path, model: ExpressionModel, inputs: UInt8 | Float32, computed: Computed) -> None:
    session = open_session(path, "cpu")
    (served,) = session.run([model.output], {session.get_inputs()[0].name: inputs})
    difference = float(np.abs(computed.output.detach().numpy() - served).max())
    if not difference <= (TOLERANCE_IN_STEPS if computed.in_steps else TOLERANCE) * max(1.0, float(np.abs(served).max())):
        message = f"{path.name} gives other outputs in PyTorch, by {difference:.2g}"
        raise ModelError(message, "choose --method rise or occlusion")
