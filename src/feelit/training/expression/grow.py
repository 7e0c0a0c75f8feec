"""Weights of a small residual network as the first ones of a larger one that computes the same (Chen et al. 2016, "Net2Net").

New channels are not listened to at first, new blocks add nothing to what they are given. Stages are matched from the last one
on, their blocks from the first one on.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from feelit.training.expression.network import ExpressionNet, Residual

Stages = list[list[Residual]]


@torch.no_grad()
def grow(small: ExpressionNet, small_blocks: tuple[int, ...], large: ExpressionNet, large_blocks: tuple[int, ...]) -> None:
    """Make a large network compute what a small one does; `blocks` are those of each stage.

    Raises
    ------
    ValueError
        if the large one is in some part smaller, or its further blocks change resolution or channels.
    """
    for target, source in zip(_ends(large), _ends(small), strict=True):
        _fill(target, source)
    old, new = _stages(small, small_blocks), _stages(large, large_blocks)
    further = len(new) - len(old)
    if further < 0:
        raise ValueError("it has fewer stages")
    nothing: Stages = [[] for _ in range(further)]
    for stage, known in zip(new, nothing + old, strict=True):
        if len(known) > len(stage):
            raise ValueError("a stage has fewer blocks")
        for block, model in zip(stage, known, strict=False):
            _widen(block, model)
        for block in stage[len(known) :]:
            _silence(block)


def _stages(net: ExpressionNet, counts: tuple[int, ...]) -> Stages:
    blocks = [layer for layer in net.features.children() if isinstance(layer, Residual)]
    ends = [sum(counts[: i + 1]) for i in range(len(counts))]
    return [blocks[end - count : end] for end, count in zip(ends, counts, strict=True)]


def _ends(net: ExpressionNet) -> list[Tensor]:
    """The weights of the first layer with its norm, and of the last ones."""
    stem = [layer for layer in net.features.children() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    return [values for layer in (*stem, net.head, net.fer2013) for values in layer.state_dict().values() if values.ndim]


def _silence(block: Residual) -> None:
    """A block that hands on what it is given."""
    if not isinstance(block.skip, nn.Identity):
        raise ValueError("a further block changes resolution or channels")
    norm = block.body[4]
    norm.weight.zero_()
    norm.bias.zero_()


def _widen(block: Residual, model: Residual) -> None:
    for part, known in zip(_layers(block), _layers(model), strict=True):
        if getattr(part, "stride", None) != getattr(known, "stride", None):
            raise ValueError("a stage has another stride")
        for target, source in zip(part.state_dict().values(), known.state_dict().values(), strict=True):
            if source.ndim:
                _fill(target, source)


def _layers(block: Residual) -> list[nn.Module]:
    layers = [*block.body.children(), *block.skip.children()]
    return [layer for layer in layers if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]


def _fill(target: Tensor, known: Tensor) -> None:
    """Known values for known channels; known output channels do not listen to new input channels."""
    if any(a < b for a, b in zip(target.shape, known.shape, strict=True)):
        raise ValueError("a stage is narrower")
    target[: len(known)] = 0 if known.ndim > 1 else target[: len(known)]
    target[tuple(slice(side) for side in known.shape)] = known
