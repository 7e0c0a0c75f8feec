"""An expression classifier in training: its recipe, its state, its learning rate, and when it stops early."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from feelit.errors import ModelError, UsageError
from feelit.models.paths import model_path
from feelit.training.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint
from feelit.training.curves import Curve
from feelit.training.expression.augment import AUGMENTATIONS
from feelit.training.expression.network import (
    OUTPUTS,
    ExpressionNet,
    cnn3,
    cnn4,
    grow,
    mini_xception,
    residual,
    resnet50,
    vgg16,
)
from feelit.training.optimizer import Learner, Optimizer
from feelit.vision.session import open_session

DESIGNS = {"cnn3": cnn3, "cnn4": cnn4, "mini-xception": mini_xception, "vgg16": vgg16, "resnet50": resnet50}
"""Published networks, for comparison with the residual one."""

OUTER = ("features.0.", "head", "fer2013")
"""Prefixes of the weights' names in the first and last layers."""

SCHEDULES = ("cosine", "plateau")

MONITORED = ("validation loss", "accuracy", "macro F1", "FER2013")
"""Scores of an epoch by which a run may lower its learning rate or stop; of all but the loss, larger is better."""

SMALLER_IS_BETTER = ("validation loss",)

LEGACY = {
    "muon": 0.0,
    "unlabelled": "",
    "augmentation": "strong",
    "schedule": "cosine",
    "patience": 5,
    "factor": 0.3,
    "monitor": "validation loss",
    "early_stopping": 0,
    "l1": 0.0,
    "block_dropout": 0.25,
}
"""Values of the recipe's fields that older checkpoints lack."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All settings of a run besides its data; stored in every checkpoint."""

    network: str = "residual"
    size_px: int = 64
    stem: int = 32  # this and the next three describe the residual network
    channels: tuple[int, ...] = (32, 64, 128, 256)
    blocks: tuple[int, ...] = (1, 2, 2, 1)
    strides: tuple[int, ...] = (1, 2, 2, 2)
    dropout: float = 0.1
    block_dropout: float = 0.25  # after each block of cnn4
    epochs: int = 75  # in all
    batch: int = 128
    learning_rate: float = 0.002
    warmup_epochs: float = 2.0
    calm_epochs: int = 15  # final epochs with weaker augmentation and a second cosine, at most half; only with "cosine"
    calm_rate: float = 0.0006  # the learning rate at their beginning
    schedule: str = "cosine"  # or "plateau": the rate is multiplied by `factor` after `patience` epochs without improvement
    patience: int = 5
    factor: float = 0.3
    monitor: str = "validation loss"  # the score that the plateau schedule and early stopping go by
    early_stopping: int = 0  # stop after so many epochs without improvement and keep the best weights; 0: never
    muon: float = 3.0  # Muon's learning rate relative to AdamW's; 0: stochastic gradient descent, with
    momentum: float = 0.9
    weight_decay: float = 0.02  # L2, of matrices and convolutions
    l1: float = 0.0  # weight of the sum of their absolute values in the loss
    augmentation: str = "strong"  # or "light" (framing and light only), or "none"
    mixup: float = 0.2  # both parameters of the Beta distribution of mixing shares; 0: no mixup
    rare: float = 0.25  # images are drawn in proportion to the frequency of their label to the power of -rare
    ema: float = 0.999  # decay per step of the averaged weights, which are served
    fer2013: float = 0.6  # weight of the loss of the second head, which predicts FER2013's own label
    begin: str = ""  # initial weights: a checkpoint of this network or of a smaller one; or a recipe, which is trained first
    teachers: tuple[str, ...] = ()  # for knowledge distillation: checkpoints or ONNX files of other runs, or "expression"
    taught: float = 0.7  # weight of the teachers' probabilities in the targets
    unlabelled: str = ""  # folder of detection data, whose faces are labelled by the teachers alone
    int8: bool = True  # whether to quantise all convolutions but the first
    seed: int = 1

    def __post_init__(self) -> None:
        choices = {"schedule": SCHEDULES, "augmentation": tuple(AUGMENTATIONS), "monitor": MONITORED}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                message = f"recipe: {name} cannot be {getattr(self, name)!r}"
                raise UsageError(message, f"it is one of {', '.join(map(repr, known))}")

    @property
    def first_calm(self) -> int:
        """The number of the first epoch with weaker augmentation, from 0; the number of epochs if there is none."""
        return self.epochs - (min(self.calm_epochs, self.epochs // 2) if self.schedule == "cosine" else 0)

    @property
    def first(self) -> str:
        """The recipe that is trained first, for the initial weights; "" if there is none."""
        return self.begin if Path(self.begin).suffix in ("", ".toml") else ""

    def beginning(self, out: Path) -> Path:
        """The checkpoint with the initial weights of a run in the folder `out`."""
        return out / Path(self.first).stem / CHECKPOINT if self.first else Path(self.begin)

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
            raise UsageError("channels, blocks and strides differ in length", "each has one number per stage")
        if self.network == "residual":
            trunk = residual(self.stem, tuple(zip(self.channels, self.blocks, self.strides, strict=True)))
        else:
            trunk = cnn4(self.block_dropout) if self.network == "cnn4" else DESIGNS[self.network]()
        network = ExpressionNet(trunk, self.dropout).eval()
        network(torch.zeros(2, 1, self.size_px, self.size_px))  # lazy layers take their size from the first input
        return network


Teacher = Callable[[Tensor], tuple[Tensor, Tensor]]
"""(N, 1, S, S) float32 luma, 0..255 -> logits: (N, 8) in the order of EMOTIONS, (N, 7) in that of FER2013's numbers."""


class State(Learner[ExpressionNet]):
    """The state of a run, which can be stopped and resumed between epochs."""

    def __init__(self, recipe: Recipe) -> None:
        network = recipe.build().to(memory_format=torch.channels_last)
        if recipe.muon:
            optimizer = Optimizer.muon(network, OUTER, recipe.muon, recipe.weight_decay)
        else:
            optimizer = Optimizer.sgd(network, recipe.momentum, recipe.weight_decay)
        super().__init__(network, optimizer, recipe.ema)
        self.recipe, self.epoch = recipe, 0  # epochs done
        self.curve: Curve = []
        self.best: dict[str, Any] = {}  # the averaged weights of the best epoch, with early stopping

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        progress = {"epoch": self.epoch, "curve": self.curve, "best": self.best}
        write_checkpoint(path, self.recipe, self.state_dict() | progress)

    def load(self, path: Path) -> None:
        """Resume from a checkpoint of the same recipe."""
        recipe, content = _read(path)
        if recipe != self.recipe:
            raise UsageError(f"{path} belongs to another recipe: {recipe}", "choose another --out, or delete it")
        self.load_state_dict(content)
        self.epoch, self.curve, self.best = content["epoch"], content["curve"], content.get("best", {})

    def served(self) -> ExpressionNet:
        """The trained network: the averaged weights of the last epoch or, with early stopping, of the best one."""
        if self.best:
            self.average.load_state_dict(self.best)
        return self.average

    def begin(self, path: Path) -> None:
        """Start from the averaged weights of another run; those of a smaller residual network are grown."""
        source, network = averaged_network(path)
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
        """Backpropagate, add the L1 penalty, and update the weights at a learning rate."""
        loss.backward()
        if self.recipe.l1:
            for weight in self.network.parameters():
                if weight.ndim > 1 and weight.grad is not None:
                    weight.grad.add_(weight.detach().sign(), alpha=self.recipe.l1)
        self.update(rate)


def _read(path: Path) -> tuple[Recipe, dict[str, Any]]:
    """Read a checkpoint; raises as `read_checkpoint` does."""
    recipe, content = read_checkpoint(path, Recipe, LEGACY)
    if "schedule" not in content["recipe"]:  # `epochs` did not include `calm_epochs` then
        recipe = replace(recipe, epochs=recipe.epochs + recipe.calm_epochs)
    return recipe, content


def averaged_network(path: Path) -> tuple[Recipe, ExpressionNet]:
    """The recipe of a checkpoint and its network with averaged weights; raises as `read_checkpoint` does."""
    recipe, content = _read(path)
    network = recipe.build().to(memory_format=torch.channels_last)
    network.load_state_dict(content["average"])
    return recipe, network


def open_teachers(recipe: Recipe) -> list[Teacher]:
    """The networks that a run learns from; a name without a suffix is that of a model.

    Raises
    ------
    UsageError, ModelError
        if one of them cannot be read or has other outputs, or if there is none to label unlabelled faces.
    """
    if recipe.unlabelled and not recipe.teachers:
        raise UsageError("unlabelled faces need teachers", "give the checkpoints of other runs as teachers")
    return [_open_teacher(name) for name in recipe.teachers]


def _open_teacher(name: str) -> Teacher:
    """A teacher that takes faces of any size."""
    if Path(name).suffix not in ("", ".onnx"):
        source, network = averaged_network(Path(name))
        return lambda luma: network(_resized(luma, source.size_px))
    session = open_session(model_path(name), "cpu")
    if [output.name for output in session.get_outputs()] != list(OUTPUTS):
        raise ModelError(f"{name} has not the outputs {', '.join(OUTPUTS)}", "teachers are made by feelit train")
    given = session.get_inputs()[0]

    def served(luma: Tensor) -> tuple[Tensor, Tensor]:
        pixels = _resized(luma, given.shape[2]).round().to(torch.uint8)  # the file takes bytes
        first, second = session.run(list(OUTPUTS), {given.name: pixels.numpy()})
        return torch.from_numpy(first), torch.from_numpy(second)

    return served


def _resized(luma: Tensor, size_px: int) -> Tensor:
    size = (size_px, size_px)
    return luma if luma.shape[2] == size_px else nn.functional.interpolate(luma, size=size, mode="bilinear")


def monitored(curve: Curve, name: str) -> list[float]:
    """The monitored score of every epoch, signed so that larger is better; -inf where it is missing or NaN."""
    found = [scores.get(name, math.nan) * (-1 if name in SMALLER_IS_BETTER else 1) for _, scores in curve]
    return [-math.inf if math.isnan(value) else value for value in found]


def best_epoch(scores: Sequence[float]) -> int:
    """The index of the best epoch, the first of equal ones; -1 if there is none."""
    return max(range(len(scores)), key=lambda i: (scores[i], -i), default=-1)


def stops_early(scores: Sequence[float], recipe: Recipe) -> bool:
    """Whether early stopping ends the run after these epochs."""
    return 0 < recipe.early_stopping <= len(scores) - 1 - best_epoch(scores)


def rate_at(epoch: float, recipe: Recipe, scores: Sequence[float] = ()) -> float:
    """The learning rate at a time in epochs; it depends on recipe and scores alone, so a resumed run goes on alike.

    After a linear warm-up, "cosine" falls along half a cosine (Loshchilov & Hutter 2017), with a second one for the final
    epochs of weaker augmentation. "plateau" lowers the rate after every `patience` epochs without improvement.

    Parameters
    ----------
    scores : the monitored scores of the epochs before, see `monitored`
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
    """The number of stretches of `patience` epochs without improvement."""
    best, waited, plateaus = -math.inf, 0, 0
    for value in scores:
        best, waited = (value, 0) if value > best else (best, waited + 1)
        if waited >= max(patience, 1):
            plateaus, waited = plateaus + 1, 0
    return plateaus
