"""Muon for the convolutions within a network, AdamW for everything else.

Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") takes the momentum of a weight matrix,
makes all its singular values about one, and steps in that direction: directions that are rare among the gradients are learnt
as fast as common ones. Its steps are scaled to the size of AdamW's (Liu et al. 2025, "Muon is scalable for LLM training"), so
that one learning rate and a factor serve for both. First and last layers and everything that is no matrix are AdamW's
(Loshchilov & Hutter 2019), as the authors advise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, overload

import torch
from torch import Tensor, nn

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
"""Coefficients of the odd polynomial, and how often it is applied: Jordan et al.'s, which bring singular values to 0.7..1.2."""

MOMENTUM = 0.95

LIKE_ADAM = 0.2
"""The root mean square of an AdamW step, in learning rates (Liu et al.)."""


class Muon(torch.optim.Optimizer):
    """Steps of matrices, or of convolutions, whose rows are output channels."""

    def __init__(self, weights: list[nn.Parameter], rate: float, momentum: float, decay: float) -> None:
        super().__init__(weights, {"lr": rate, "momentum": momentum, "decay": decay})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step along the orthogonalised momentum (Nesterov's)."""
        assert closure is None, "gradients are computed before"
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                mean = state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                rows = weight.grad.lerp(mean, group["momentum"]).reshape(len(weight), -1)
                size = LIKE_ADAM * max(rows.shape) ** 0.5
                weight.mul_(1 - group["lr"] * group["decay"])
                weight.sub_(orthogonal(rows).view_as(weight), alpha=group["lr"] * size)
        return None


def orthogonal(rows: Tensor) -> Tensor:
    """(m, n) -> (m, n): about U Vᵀ of its singular value decomposition U S Vᵀ, by a Newton-Schulz iteration."""
    wide = rows if rows.shape[0] <= rows.shape[1] else rows.T
    x = wide / (wide.norm() + 1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide is rows else x.T


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Let averaged weights follow those of the network: they keep a share of what they were; counters are copied."""
    for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(now, 1 - keep)
        else:
            mean.copy_(now)


class Optimizer:
    """One learning rate for all parts of a network."""

    def __init__(self, parts: list[tuple[torch.optim.Optimizer, float]]) -> None:
        self._parts = parts  # with their learning rates, in the one for all

    @classmethod
    def muon(cls, net: nn.Module, outer: tuple[str, ...], factor: float, decay: float) -> Self:
        """Muon and AdamW.

        Parameters
        ----------
        outer : the names of first and last layers begin so
        factor : Muon's learning rate, in AdamW's
        decay : weight decay, of matrices and convolutions only
        """
        matrices, others = _split(net)
        hidden = [p for name, p in matrices.items() if not name.startswith(outer)]
        decayed = [p for name, p in matrices.items() if name.startswith(outer)]
        groups = [{"params": decayed, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
        return cls([(torch.optim.AdamW(groups), 1.0), (Muon(hidden, 0.0, MOMENTUM, decay), factor)])

    @classmethod
    def descent(cls, net: nn.Module, momentum: float, decay: float) -> Self:
        """Stochastic gradient descent with Nesterov's momentum."""
        matrices, others = _split(net)
        groups = [{"params": list(matrices.values()), "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
        return cls([(torch.optim.SGD(groups, 0.1, momentum, nesterov=True), 1.0)])

    def step(self, rate: float) -> None:
        """One step along the gradients, which are gone then, at a learning rate."""
        for part, factor in self._parts:
            for group in part.param_groups:
                group["lr"] = rate * factor
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """For a checkpoint."""
        return [part.state_dict() for part, _ in self._parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """From a checkpoint of the same network: what was learnt of it, with the settings of this optimizer."""
        for (part, _), state in zip(self._parts, states, strict=True):
            settings = [{name: value for name, value in group.items() if name != "params"} for group in part.param_groups]
            part.load_state_dict(state)
            for group, own in zip(part.param_groups, settings, strict=True):
                group.update(own)


def _split(net: nn.Module) -> tuple[dict[str, nn.Parameter], list[nn.Parameter]]:
    """Matrices and convolutions by name; norms and biases, which are not decayed."""
    named = dict(net.named_parameters())
    return {name: p for name, p in named.items() if p.ndim > 1}, [p for p in named.values() if p.ndim <= 1]


INSTRUCTIONS = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
"""What PyTorch knows of the processor; older versions of it lack them."""


def has_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16."""
    return any(getattr(torch.cpu, name, bool)() for name in INSTRUCTIONS)


def autocast() -> torch.autocast:
    """A context in which networks compute in the faster numbers."""
    return torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16())
