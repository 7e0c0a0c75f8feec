"""Optimization shared by all training loops: Muon and AdamW, the moving average of the weights, and bfloat16.

Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") orthogonalises the momentum of a weight
matrix, so that rare gradient directions are learnt as fast as common ones. Its steps are scaled to the size of AdamW's (Liu et
al. 2025, "Muon is scalable for LLM training"), so that one learning rate and a factor serve for both. First and last layers,
norms and biases are left to AdamW (Loshchilov & Hutter 2019), as the authors of Muon advise.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Generic, Self, TypeVar

import torch
from torch import Tensor, nn

N = TypeVar("N", bound=nn.Module)

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
"""Coefficients of the odd polynomial, and how often it is applied: Jordan et al.'s, which bring singular values to 0.7..1.2."""

MOMENTUM = 0.95

ADAM_RMS = 0.2
"""The root mean square of an AdamW step, in learning rates (Liu et al.)."""

BFLOAT16_INSTRUCTIONS = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
"""PyTorch's queries for processor instructions; older versions of it lack them."""


class Muon(torch.optim.Optimizer):
    """Muon for matrices and convolutions, whose rows are output channels."""

    def __init__(self, weights: list[nn.Parameter], rate: float, momentum: float, decay: float) -> None:
        super().__init__(weights, {"lr": rate, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self) -> None:
        """One step along the orthogonalised Nesterov momentum; gradients are computed before."""
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                mean = state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                rows = weight.grad.lerp(mean, group["momentum"]).reshape(len(weight), -1)
                size = ADAM_RMS * max(rows.shape) ** 0.5
                weight.mul_(1 - group["lr"] * group["decay"])
                weight.sub_(orthogonal(rows).view_as(weight), alpha=group["lr"] * size)


def orthogonal(rows: Tensor) -> Tensor:
    """(m, n) -> (m, n): about U Vᵀ of the singular value decomposition U S Vᵀ, by a Newton-Schulz iteration.

    Every step multiplies x by a polynomial of its Gram matrix x xᵀ. These polynomials are symmetric and commute, so steps need
    Gram matrices only, whose sides are the shorter one of x, and x is multiplied once, by the product of the polynomials.
    """
    wide = rows if rows.shape[0] <= rows.shape[1] else rows.T
    x = wide / (wide.norm() + 1e-7)
    gram = x @ x.T
    product = step = _newton_schulz(gram)
    for _ in range(ITERATIONS - 1):
        gram = step @ gram @ step
        step = _newton_schulz(gram)
        product = step @ product
    x = product @ x
    return x if wide is rows else x.T


def _newton_schulz(gram: Tensor) -> Tensor:
    """(m, m) Gram matrix of x -> the (m, m) polynomial of it by which one step multiplies x."""
    a, b, c = NEWTON_SCHULZ
    step = b * gram + c * gram @ gram
    step.diagonal().add_(a)
    return step


class Optimizer:
    """Several optimizers of the parts of one network, driven by one learning rate."""

    def __init__(self, parts: list[tuple[torch.optim.Optimizer, float]]) -> None:
        self._parts = parts  # with the factor of the learning rate of each

    @classmethod
    def muon(cls, net: nn.Module, outer: tuple[str, ...], factor: float, decay: float) -> Self:
        """Muon for the hidden layers, AdamW for the rest.

        Parameters
        ----------
        outer : prefixes of the names of first and last layers
        factor : Muon's learning rate, relative to AdamW's
        decay : weight decay, of matrices and convolutions only
        """
        hidden = [p for name, p in net.named_parameters() if p.ndim > 1 and not name.startswith(outer)]
        rest = [p for name, p in net.named_parameters() if p.ndim <= 1 or name.startswith(outer)]
        return cls([(torch.optim.AdamW(_groups(rest, decay)), 1.0), (Muon(hidden, 0.0, MOMENTUM, decay), factor)])

    @classmethod
    def sgd(cls, net: nn.Module, momentum: float, decay: float) -> Self:
        """Stochastic gradient descent with Nesterov momentum; matrices and convolutions decay."""
        return cls([(torch.optim.SGD(_groups(net.parameters(), decay), 0.1, momentum, nesterov=True), 1.0)])

    @classmethod
    def adamw(cls, net: nn.Module, decay: float) -> Self:
        """AdamW; all weights decay."""
        return cls([(torch.optim.AdamW(net.parameters(), weight_decay=decay), 1.0)])

    def step(self, rate: float) -> None:
        """One step at a learning rate, along the gradients, which are cleared."""
        for part, factor in self._parts:
            for group in part.param_groups:
                group["lr"] = rate * factor
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """The state for a checkpoint."""
        return [part.state_dict() for part, _ in self._parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Restore the state for the same network, but keep the settings of this optimizer."""
        for (part, _), state in zip(self._parts, states, strict=True):
            settings = [{name: value for name, value in group.items() if name != "params"} for group in part.param_groups]
            part.load_state_dict(state)
            for group, own in zip(part.param_groups, settings, strict=True):
                group.update(own)


def _groups(weights: Iterable[nn.Parameter], decay: float) -> list[dict[str, Any]]:
    """Matrices and convolutions, and norms and biases, which do not decay."""
    every = list(weights)
    parts = ([p for p in every if p.ndim > 1], decay), ([p for p in every if p.ndim <= 1], 0.0)
    return [{"params": part, "weight_decay": part_decay} for part, part_decay in parts]


class Learner(Generic[N]):
    """A network in training, its optimizer, and the moving average of its weights, which is what is served.

    Parameters
    ----------
    decay : of the moving average, per step
    lag : the decay is at most steps / (steps + lag), so that the average forgets the first steps
    """

    def __init__(self, network: N, optimizer: Optimizer, decay: float, lag: int = 10) -> None:
        self.network, self.optimizer = network, optimizer
        self.average: N = copy.deepcopy(network).eval()
        self.decay, self.lag, self.steps = decay, lag, 0  # steps taken so far

    def update(self, rate: float) -> None:
        """One step of the optimizer at a learning rate, and of the average; gradients are computed before."""
        self.optimizer.step(rate)
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + self.lag))
        with torch.no_grad():
            for mean, now in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
                if mean.dtype.is_floating_point:
                    mean.lerp_(now, 1 - decay)
                else:  # an integer counter
                    mean.copy_(now)

    def state_dict(self) -> dict[str, Any]:
        """The state for a checkpoint."""
        parts = {"network": self.network, "average": self.average, "optimizer": self.optimizer}
        return {name: part.state_dict() for name, part in parts.items()} | {"steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]


def autocast() -> torch.autocast:
    """A context in which networks compute in bfloat16 where the processor has instructions for it, else in float32, which is
    faster then.
    """
    fast = any(getattr(torch.cpu, name, bool)() for name in BFLOAT16_INSTRUCTIONS)
    return torch.autocast("cpu", torch.bfloat16, enabled=fast)
