"""A training run of an expression classifier: its recipe, and what it has come to."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from feelit.errors import UsageError
from feelit.training import baselines
from feelit.training.curves import Curve
from feelit.training.expression_grow import grow
from feelit.training.expression_network import ExpressionNet, residual
from feelit.training.optimizer import Optimizer

CHECKPOINT = "last.pt"

OUTER = ("features.0.", "head", "fer2013")
"""First and last layers, as their weights are named."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what comes out, besides the data; every checkpoint carries it."""

    network: str = "residual"
    size_px: int = 64
    stem: int = 32  # this and the next three describe the residual network
    channels: tuple[int, ...] = (32, 64, 128, 256)
    blocks: tuple[int, ...] = (1, 2, 2, 1)
    strides: tuple[int, ...] = (1, 2, 2, 2)
    dropout: float = 0.1
    epochs: int = 60
    batch: int = 128
    learning_rate: float = 0.002
    warmup_epochs: float = 2.0
    calm_epochs: int = 15  # further ones, of pictures more as they are, at a rate that begins anew
    calm_rate: float = 0.0006
    muon: float = 3.0  # Muon's learning rate, in that of AdamW; 0 stands for stochastic gradient descent, to which belongs
    momentum: float = 0.9
    weight_decay: float = 0.02
    mixup: float = 0.2  # both parameters of the Beta distribution that mixing shares are drawn from
    rare: float = 0.25  # an image is drawn in proportion to the frequency of its label to the power of -rare
    ema: float = 0.999  # decay a step of the averaged weights, which are the ones that are served
    fer2013: float = 0.6  # weight of the loss of the second head, which names FER2013's own label
    begin: str = ""  # the checkpoint of another run, of this network or a smaller one, to begin with its averaged weights
    teachers: tuple[str, ...] = ()  # checkpoints of other runs, which are asked about every picture
    taught: float = 0.7  # how much their opinion counts beside that of the people who were asked
    unlabelled: str = ""  # a folder of the detector's pictures, of whose faces only the teachers say what they show
    int8: bool = True  # whether the convolutions of the file compute in integers, but for the first
    seed: int = 1

    def build(self) -> ExpressionNet:
        """An untrained network of this recipe.

        Raises
        ------
        UsageError
            if there is no such network, or its stages do not fit together.
        """
        if self.network not in NETWORKS:
            raise UsageError(f"there is no network {self.network}", f"known: {', '.join(NETWORKS)}")
        if not len(self.channels) == len(self.blocks) == len(self.strides):
            raise UsageError("channels, blocks and strides differ in length", "each has one number a stage")
        network = ExpressionNet(NETWORKS[self.network](self), self.dropout).eval()
        network(torch.zeros(2, 1, self.size_px, self.size_px))  # layers that learn their size from what they see
        return network


NETWORKS = {
    "residual": lambda recipe: residual(recipe.stem, tuple(zip(recipe.channels, recipe.blocks, recipe.strides, strict=True))),
    "cnn3": lambda recipe: baselines.cnn3(),
    "cnn4": lambda recipe: baselines.cnn4(),
    "mini-xception": lambda recipe: baselines.mini_xception(),
    "vgg16": lambda recipe: baselines.vgg16(),
    "resnet50": lambda recipe: baselines.resnet50(),
}


class State:
    """What a run has come to, so that it can be stopped and go on."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.epoch = 0
        self.steps = 0
        self.curve = Curve()
        self.network = recipe.build().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        if recipe.muon:
            self.optimizer = Optimizer.muon(self.network, OUTER, recipe.muon, recipe.weight_decay)
        else:
            self.optimizer = Optimizer.descent(self.network, recipe.momentum, recipe.weight_decay)

    def save(self, path: Path) -> None:
        """Write a checkpoint; an interruption leaves the former one whole."""
        parts = {"network": self.network, "average": self.average, "optimizer": self.optimizer}
        content: dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
        content |= {"recipe": asdict(self.recipe), "epoch": self.epoch, "steps": self.steps, "curve": self.curve.rows}
        torch.save(content, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe."""
        content = torch.load(path, weights_only=True)
        if content["recipe"] != asdict(self.recipe):
            raise UsageError(f"{path} belongs to another recipe: {content['recipe']}", "choose another --out, or delete it")
        self.network.load_state_dict(content["network"])
        self.average.load_state_dict(content["average"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.epoch, self.steps, self.curve = content["epoch"], content["steps"], Curve(content["curve"])

    def begin(self, path: str) -> None:
        """Take over the averaged weights of another run; those of a smaller residual network are grown."""
        source, network = read_checkpoint(Path(path))[0], averaged_network(Path(path))
        try:
            if self.recipe.network == source.network == "residual":
                grow(network, source.blocks, self.network, self.recipe.blocks)
            else:
                self.network.load_state_dict(network.state_dict())
        except (RuntimeError, ValueError) as error:
            hint = "begin with the checkpoint of a recipe for the same network, or for a smaller residual one"
            raise UsageError(f"{path} is of another network: {str(error).splitlines()[0]}", hint) from error
        self.average.load_state_dict(self.network.state_dict())

    def step(self, loss: Tensor, rate: float) -> None:
        """One step of the optimiser, at a learning rate, and of the average."""
        loss.backward()
        self.optimizer.step(rate)
        self.steps += 1
        keep = min(self.recipe.ema, self.steps / (self.steps + 10))  # the first steps are not worth remembering
        averaged = self.average.state_dict()
        for name, value in self.network.state_dict().items():
            if value.dtype.is_floating_point:
                averaged[name].lerp_(value, 1 - keep)
            else:
                averaged[name].copy_(value)


def averaged_network(path: Path) -> ExpressionNet:
    """What a checkpoint would be served as; raises as `read_checkpoint` does."""
    recipe, content = read_checkpoint(path)
    network = recipe.build().to(memory_format=torch.channels_last)
    network.load_state_dict(content["average"])
    return network


def read_checkpoint(path: Path) -> tuple[Recipe, dict[str, Any]]:
    """The recipe of a checkpoint, and everything that it holds.

    Raises
    ------
    UsageError
        if it cannot be read.
    """
    try:
        content = torch.load(path, weights_only=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", f"give the {CHECKPOINT} of another run") from error
    return Recipe(**content["recipe"]), content
