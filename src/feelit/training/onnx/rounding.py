"""Learning with the rounding errors of 8-bit integers (Jacob et al. 2018, section 3), so that `quantize` costs less.

Weights are what is rounded most coarsely: to 7 bits, each output channel in steps of its own. A network that computes with
rounded weights while it learns finds those that bear it; gradients pass the rounding as if it were not there (Bengio et al.
2013).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

STEPS = 64
"""From zero to the largest weight of a channel, as in `quantize`."""


def rounded(network: nn.Module, but: Sequence[str]) -> dict[str, Tensor]:
    """The weights of the convolutions as integers will have them, by their names in the network.

    Parameters
    ----------
    but : weights stay as they are, and are not among these, whose names begin so
    """
    layers = [(f"{name}.weight", layer.weight) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]
    return {name: _rounded(weight) for name, weight in layers if not name.startswith(tuple(but))}


def _rounded(weight: Tensor) -> Tensor:
    """(O, I, H, W) -> the same shape."""
    with torch.no_grad():
        step = (weight.abs().amax(dim=(1, 2, 3), keepdim=True) / STEPS).clamp(min=1e-12)
        error = (weight / step).round() * step - weight
    return weight + error
