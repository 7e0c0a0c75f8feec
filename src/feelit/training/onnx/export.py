"""From a PyTorch module to an ONNX file that is proved to compute the same."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

from feelit.errors import ModelError
from feelit.vision.session import open_session

OPSET = 17
"""Understood by every ONNX Runtime since 1.12; nothing newer is needed."""

TOLERANCE = 1e-4
"""The largest difference between PyTorch and ONNX outputs that float32 arithmetic in another order may cause."""


def export_onnx(
    module: nn.Module, example: torch.Tensor, path: Path, outputs: tuple[str, ...], input_name: str = "luma"
) -> float:
    """Write `module` as ONNX, with free first dimension, and compare both on `example`.

    The exporter folds batch normalisation into the convolutions before it. The module itself is left as it was.

    Parameters
    ----------
    module : maps one tensor to a tensor or a tuple of tensors
    example : a batch of inputs, of the type and shape that the model is served with
    outputs : the names of the outputs

    Returns
    -------
    The largest absolute difference between the two on `example`.

    Raises
    ------
    ModelError
        if it exceeds TOLERANCE.
    """
    module = copy.deepcopy(module).eval()
    axes = {name: {0: "N"} for name in (input_name, *outputs)}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, but its successor needs a package more; a small static graph needs no more.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            str(path),
            input_names=[input_name],
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    difference = largest_difference(module, example, path)
    if not difference <= TOLERANCE:
        raise ModelError(f"{path.name} differs from its module by {difference:.2g}", "do not serve it; compare layer by layer")
    return difference


def largest_difference(module: nn.Module, example: torch.Tensor, path: Path) -> float:
    """The largest absolute difference between the outputs of `module` and of the ONNX file `path`; NaN if either has NaN."""
    session = open_session(path, "cpu")
    served = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    with torch.inference_mode():
        trained = module(example)
    trained = (trained,) if isinstance(trained, torch.Tensor) else trained
    return max(float(np.abs(a.numpy() - b).max()) for a, b in zip(trained, served, strict=True))


def count_parameters(module: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
