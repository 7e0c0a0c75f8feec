"""A training run of an expression classifier: its recipe, and what it has come to."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from feelit.errors import UsageError
from feelit.training.checkpoint import read_checkpoint, write_checkpoint
from feelit.training.curves import Curve
from feelit.training.expression.augment import AUGMENTATIONS
from feelit.training.expression.network import (
    ExpressionNet,
    Trunk,
    cnn3,
    cnn4,
    grow,
    mini_xception,
    residual,
    resnet50,
    vgg16,
)
from feelit.training.optimizer import Optimizer, follow

DESIGNS: dict[str, Callable[[], Trunk]] = {
    "cnn3": cnn3,
    "cnn4": cnn4,
    "mini-xception": mini_xception,
    "vgg16": vgg16,
    "resnet50": resnet50,
}
"""Published networks, for comparison with the residual one."""

OUTER = ("features.0.", "head", "fer2013")
"""First and last layers, by the prefix of their weights' names."""

SCHEDULES = ("cosine", "plateau")

MONITORED = ("validation loss", "accuracy", "macro F1", "FER2013")
"""Scores of an epoch by which a run may lower its learning rate or stop; all but the loss shall grow."""

BEFORE = {
    "muon": 0.0,
    "unlabelled": "",
    "augmentation": "strong",
    "schedule": "cosine",
    "patience": 5,
    "factor": 0.3,
    "monitor": "validation loss",
    "early_stopping": 0,
    "l1": 0.0,
}
"""What came of runs before recipes had these fields."""


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
    epochs: int = 75  # all of them
    batch: int = 128
    learning_rate: float = 0.002
    warmup_epochs: float = 2.0
    calm_epochs: int = 15  # the last ones, at most half: pictures more as they are, a second cosine; only of schedule "cosine"
    calm_rate: float = 0.0006
    schedule: str = "cosine"  # or "plateau": the rate is multiplied by `factor` after `patience` epochs without a better score
    patience: int = 5
    factor: float = 0.3
    monitor: str = "validation loss"  # the score that a plateau and early stopping go by
    early_stopping: int = 0  # stop after so many epochs without a better score, and keep the best epoch's weights; 0: never
    muon: float = 3.0  # Muon's learning rate, in that of AdamW; 0 stands for stochastic gradient descent, to which belongs
    momentum: float = 0.9
    weight_decay: float = 0.02  # L2, of matrices and convolutions
    l1: float = 0.0  # weight of the sum of their absolute values in the loss
    augmentation: str = "strong"  # or "light" (framing and light only), or "none"
    mixup: float = 0.2  # both parameters of the Beta distribution that mixing shares are drawn from; 0: nothing is mixed
    rare: float = 0.25  # an image is drawn in proportion to the frequency of its label to the power of -rare
    ema: float = 0.999  # decay a step of the averaged weights, which are the ones that are served
    fer2013: float = 0.6  # weight of the loss of the second head, which names FER2013's own label
    begin: str = ""  # the checkpoint of another run, of this network or a smaller one, to begin with its averaged weights
    teachers: tuple[str, ...] = ()  # checkpoints of other runs, which are asked about every picture
    taught: float = 0.7  # how much their opinion counts beside that of the people who were asked
    unlabelled: str = ""  # a folder of the detector's pictures, of whose faces only the teachers say what they show
    int8: bool = True  # whether the convolutions of the file compute in integers, but for the first
    seed: int = 1

    def __post_init__(self) -> None:
        choices = {"schedule": SCHEDULES, "augmentation": tuple(AUGMENTATIONS), "monitor": MONITORED}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                message = f"recipe: {name} cannot be {getattr(self, name)!r}"
                raise UsageError(message, f"it is one of {', '.join(map(repr, known))}")

    @property
    def first_calm(self) -> int:
        """The number of the first calm epoch, from 0; that of all epochs if none is."""
        return self.epochs - (min(self.calm_epochs, self.epochs // 2) if self.schedule == "cosine" else 0)

    def build(self) -> ExpressionNet:
        """An untrained network of this recipe.

        Raises
        ------
        UsageError
            if there is no such network, or its stages do not fit together.
        """
        if self.network != "residual" and self.network not in DESIGNS:
            raise UsageError(f"there is no network {self.network}", f"known: residual, {', '.join(DESIGNS)}")
        if not len(self.channels) == len(self.blocks) == len(self.strides):
            raise UsageError("channels, blocks and strides differ in length", "each has one number a stage")
        if self.network == "residual":
            trunk = residual(self.stem, tuple(zip(self.channels, self.blocks, self.strides, strict=True)))
        else:
            trunk = DESIGNS[self.network]()
        network = ExpressionNet(trunk, self.dropout).eval()
        network(torch.zeros(2, 1, self.size_px, self.size_px))  # lazy layers take their size from the first input
        return network


class State:
    """What a run has come to, so that it can be stopped and go on."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.epoch = 0
        self.steps = 0
        self.curve = Curve()
        self.network = recipe.build().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        self.best: dict[str, Any] = {}  # the averaged weights of the best epoch, where early stopping asks for them
        if recipe.muon:
            self.optimizer = Optimizer.muon(self.network, OUTER, recipe.muon, recipe.weight_decay)
        else:
            self.optimizer = Optimizer.descent(self.network, recipe.momentum, recipe.weight_decay)

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        parts = {"network": self.network, "average": self.average, "optimizer": self.optimizer}
        content: dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
        content |= {"epoch": self.epoch, "steps": self.steps, "curve": self.curve.rows, "best": self.best}
        write_checkpoint(path, self.recipe, content)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe."""
        recipe, content = _read(path)
        if recipe != self.recipe:
            raise UsageError(f"{path} belongs to another recipe: {recipe}", "choose another --out, or delete it")
        self.network.load_state_dict(content["network"])
        self.average.load_state_dict(content["average"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.epoch, self.steps, self.curve = content["epoch"], content["steps"], Curve(content["curve"])
        self.best = content.get("best", {})

    def served(self) -> ExpressionNet:
        """The network that the run ends with: the average of the last epoch or, with early stopping, of the best one."""
        if self.best:
            self.average.load_state_dict(self.best)
        return self.average

    def begin(self, path: str) -> None:
        """Take over the averaged weights of another run; those of a smaller residual network are grown."""
        source, network = averaged_network(Path(path))
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
        if self.recipe.l1:
            for weight in self.network.parameters():
                if weight.ndim > 1 and weight.grad is not None:
                    weight.grad.add_(weight.detach().sign(), alpha=self.recipe.l1)
        self.optimizer.step(rate)
        self.steps += 1
        # the first steps are not worth remembering
        follow(self.average, self.network, min(self.recipe.ema, self.steps / (self.steps + 10)))


def _read(path: Path) -> tuple[Recipe, dict[str, Any]]:
    """A checkpoint; raises as `read_checkpoint` does."""
    recipe, content = read_checkpoint(path, Recipe, BEFORE)
    if "schedule" not in content["recipe"]:  # calm epochs were counted apart then
        recipe = replace(recipe, epochs=recipe.epochs + recipe.calm_epochs)
    return recipe, content


def averaged_network(path: Path) -> tuple[Recipe, ExpressionNet]:
    """The recipe of a checkpoint and what it would be served as; raises as `read_checkpoint` does."""
    recipe, content = _read(path)
    network = recipe.build().to(memory_format=torch.channels_last)
    network.load_state_dict(content["average"])
    return recipe, network


def open_teachers(recipe: Recipe) -> list[ExpressionNet]:
    """The networks that a run learns from.

    Raises
    ------
    UsageError
        if one of them cannot be read, or looks at faces of another size; or if there is none, but faces to be labelled.
    """
    if recipe.unlabelled and not recipe.teachers:
        raise UsageError("unlabelled faces need teachers", "give the checkpoints of other runs as teachers")
    networks = []
    for path in recipe.teachers:
        source, network = averaged_network(Path(path))
        if source.size_px != recipe.size_px:
            message = f"{path} looks at faces of {source.size_px} px, this recipe at {recipe.size_px} px"
            raise UsageError(message, "choose teachers of the same size_px")
        networks.append(network)
    return networks


SMALLER_IS_BETTER = ("validation loss",)


def monitored(curve: Curve, name: str) -> list[float]:
    """The scores of all epochs by which the run is judged; the larger, the better. NaN, and what is missing, is worst."""
    found = [scores.get(name, math.nan) * (-1 if name in SMALLER_IS_BETTER else 1) for _, scores in curve.rows]
    return [-math.inf if math.isnan(value) else value for value in found]


def best_epoch(scores: Sequence[float]) -> int:
    """The number of the best epoch so far, from 0: the first one, if several are as good; -1 before there is any."""
    return max(range(len(scores)), key=lambda i: (scores[i], -i), default=-1)


def has_learnt_enough(scores: Sequence[float], recipe: Recipe) -> bool:
    """Whether early stopping ends the run now."""
    return 0 < recipe.early_stopping <= len(scores) - 1 - best_epoch(scores)


def rate_at(epoch: float, recipe: Recipe, scores: Sequence[float] = ()) -> float:
    """The learning rate at a time in epochs: a linear start, and then what the schedule says.

    "cosine" is half a cosine down to nothing (Loshchilov & Hutter 2017), and a second one for the calm epochs. "plateau" keeps
    the rate, and lowers it after every `patience` epochs without a better score.

    Parameters
    ----------
    scores : those of the epochs before, the larger, the better
    """
    if epoch < recipe.warmup_epochs and epoch < recipe.first_calm:
        return recipe.learning_rate * (epoch + 0.05) / (recipe.warmup_epochs + 0.05)
    if recipe.schedule == "plateau":
        return recipe.learning_rate * recipe.factor ** _plateaus(scores, recipe.patience)
    if epoch >= recipe.first_calm:
        done = (epoch - recipe.first_calm) / max(recipe.epochs - recipe.first_calm, 1)
        return recipe.calm_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    done = (epoch - recipe.warmup_epochs) / max(recipe.first_calm - recipe.warmup_epochs, 1e-9)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _plateaus(scores: Sequence[float], patience: int) -> int:
    """How often no epoch out of `patience` was better than all before them."""
    best, waited, plateaus = -math.inf, 0, 0
    for value in scores:
        best, waited = (value, 0) if value > best else (best, waited + 1)
        if waited >= max(patience, 1):
            plateaus, waited = plateaus + 1, 0
    return plateaus
