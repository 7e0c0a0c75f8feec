"""The recipe of an expression classifier: labelled faces in, an ONNX file with its card out.

Read it from top to bottom: recipe, state, epochs, scores. It runs on one core; a run that was stopped goes on from its last
epoch, and ends with the same weights.
"""

from __future__ import annotations

import copy
import logging
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import trange

from feelit.errors import UsageError
from feelit.evaluation.classification import class_scores, confusion
from feelit.labelled.names import FER2013
from feelit.labelled.read import read_splits
from feelit.training import baselines
from feelit.training.curves import Curve, draw_curves
from feelit.training.expression_augment import CALM, WILD, augment
from feelit.training.expression_card import publish
from feelit.training.expression_data import Lesson, aligned, contact_sheet, prepare
from feelit.training.expression_network import ExpressionNet, residual
from feelit.types import EMOTIONS, Float32, Float64, Int64, UInt8

log = logging.getLogger(__name__)

CHECKPOINT = "last.pt"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what comes out, besides the data; every checkpoint carries it."""

    network: str = "residual"
    size_px: int = 48
    stem: int = 32  # this and the next three describe the residual network
    channels: tuple[int, ...] = (48, 128, 256)
    blocks: tuple[int, ...] = (2, 2, 1)
    strides: tuple[int, ...] = (2, 2, 2)
    dropout: float = 0.1
    epochs: int = 120
    batch: int = 128
    learning_rate: float = 0.1
    warmup_epochs: float = 2.0
    calm_epochs: int = 30  # further ones, of pictures more as they are, at a rate that begins anew
    calm_rate: float = 0.02
    momentum: float = 0.9
    weight_decay: float = 5e-4
    mixup: float = 0.2  # both parameters of the Beta distribution that mixing shares are drawn from
    rare: float = 0.25  # an image is drawn in proportion to the frequency of its label to the power of -rare
    ema: float = 0.999  # decay a step of the averaged weights, which are the ones that are served
    fer2013: float = 0.4  # weight of the loss of the second head, which names FER2013's own label
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


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Learn, export, score; gives the path of the ONNX file `out`/`name`.onnx, beside which its card lies.

    Parameters
    ----------
    data : labelled faces with the splits train and valid, in any format that docs/evaluation.md tells of
    out : a folder of this run; if it holds a checkpoint of the same recipe, the run goes on from there

    Raises
    ------
    UsageError
        if the data cannot be used, or the folder holds a checkpoint of another recipe.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(recipe.seed)
    state = State(recipe)
    if (out / CHECKPOINT).exists():
        state.load(out / CHECKPOINT)
    splits = read_splits(data)
    if missing := [split for split in ("train", "valid") if split not in splits]:
        raise UsageError(f"{data} has no split {missing[0]}", "docs/evaluation.md tells how splits are named")
    learning = splits["train"].rows(~splits["train"].held_out)
    log.info("%d pictures to learn from, %d to check with", len(learning), len(splits["valid"]))
    lesson = prepare(learning, recipe.size_px, out / "landmarks-train.npz")
    check = prepare(splits["valid"], recipe.size_px, out / "landmarks-valid.npz")
    _show(lesson, out / "crops.png")
    while state.epoch < recipe.epochs + recipe.calm_epochs:
        begun_s = time.monotonic()
        loss = train_epoch(state, lesson)
        scores = score(state.average, check)
        state.curve.add(state.epoch, {"loss": loss} | scores)
        text = " ".join(f"{key} {value:.4f}" for key, value in scores.items())
        whole = recipe.epochs + recipe.calm_epochs
        log.info("epoch %d of %d: loss %.4f %s, %.0f s", state.epoch, whole, loss, text, time.monotonic() - begun_s)
        state.save(out / CHECKPOINT)
        draw_curves(state.curve, out / "curves.png")
    return publish(state.average, f"feelit train {name}: {recipe}", check, data, out / f"{name}.onnx")


def _show(lesson: Lesson, path: Path) -> None:
    """The first crops, for a person who wants to see what is learnt."""
    first = lesson.rows(np.arange(min(128, len(lesson))))
    captions = [EMOTIONS[k][:9] if share.any() else "-" for k, share in zip(first.share.argmax(1), first.share, strict=True)]
    cv2.imwrite(str(path), contact_sheet(aligned(first), captions))


class State:
    """What a run has come to, so that it can be stopped and go on."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.epoch = 0
        self.steps = 0
        self.curve = Curve()
        self.network = recipe.build().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        other = [p for p in self.network.parameters() if p.ndim <= 1]
        groups: list[dict[str, Any]] = [{"params": decayed}, {"params": other, "weight_decay": 0.0}]
        self.optimizer = torch.optim.SGD(
            groups, recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay, nesterov=True
        )

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

    def step(self, loss: Tensor) -> None:
        """One step of the optimiser and of the average."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.steps += 1
        keep = min(self.recipe.ema, self.steps / (self.steps + 10))  # the first steps are not worth remembering
        averaged = self.average.state_dict()
        for name, value in self.network.state_dict().items():
            if value.dtype.is_floating_point:
                averaged[name].lerp_(value, 1 - keep)
            else:
                averaged[name].copy_(value)


def train_epoch(state: State, lesson: Lesson) -> float:
    """As many pictures as the lesson holds, drawn with replacement; gives the mean loss. Depends on the seed and epoch only."""
    recipe = state.recipe
    rng = np.random.default_rng([recipe.seed, state.epoch])
    torch.manual_seed(recipe.seed + 1000 * state.epoch)  # dropout
    drawn = rng.choice(len(lesson), len(lesson), p=draw_probability(lesson.share, recipe.rare))
    steps = max(1, len(lesson) // recipe.batch)
    losses = []
    for step in trange(steps, desc=f"epoch {state.epoch + 1}", leave=False, disable=None):
        for group in state.optimizer.param_groups:
            group["lr"] = rate_at(state.epoch + step / steps, recipe)
        loss = _loss(state, lesson, drawn[step * recipe.batch : (step + 1) * recipe.batch], rng)
        state.step(loss)
        losses.append(loss.item())
    state.epoch += 1
    return float(np.mean(losses))


def _loss(state: State, lesson: Lesson, index: Int64, rng: np.random.Generator) -> Tensor:
    """What the network gets wrong on a batch of changed and mixed pictures (Zhang et al. 2018, "mixup")."""
    recipe, calm = state.recipe, state.epoch >= state.recipe.epochs
    pixels = torch.from_numpy(augment(lesson, index, CALM if calm else WILD, rng))[:, None].float()
    target = torch.from_numpy(lesson.share[index])
    own = torch.from_numpy(np.eye(len(FER2013) + 1, len(FER2013), dtype=np.float32)[lesson.fer2013[index]])  # -1: zeros
    if not calm:
        lam, other = float(rng.beta(recipe.mixup, recipe.mixup)), torch.from_numpy(rng.permutation(len(index)))
        pixels, target, own = (x.lerp(x[other], 1 - lam) for x in (pixels, target, own))
    with torch.autocast("cpu", torch.bfloat16):
        logits, named = state.network.train()(pixels.contiguous(memory_format=torch.channels_last))
    loss = nn.functional.cross_entropy(logits.float(), target)  # nothing for pictures of which nothing was said
    return loss + recipe.fer2013 * nn.functional.cross_entropy(named.float(), own)


def draw_probability(share: Float32, rare: float) -> Float64:
    """(N, 8) vote shares -> (N,) probabilities of being drawn: more often, the rarer an image's labels are."""
    frequency = share.mean(axis=0, dtype=np.float64)
    weight = share @ np.maximum(frequency, 1e-6) ** -rare
    weight[share.sum(axis=1) == 0] = np.median(weight)
    return weight / weight.sum()


def rate_at(epoch: float, recipe: Recipe) -> float:
    """The learning rate: a linear start, then half a cosine down to nothing (Loshchilov & Hutter 2017), and a second one."""
    if epoch >= recipe.epochs:
        return recipe.calm_rate * 0.5 * (1 + math.cos(math.pi * min((epoch - recipe.epochs) / recipe.calm_epochs, 1.0)))
    if epoch < recipe.warmup_epochs:
        return recipe.learning_rate * (epoch + 0.05) / (recipe.warmup_epochs + 0.05)
    done = (epoch - recipe.warmup_epochs) / max(recipe.epochs - recipe.warmup_epochs, 1e-9)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def logits_of(network: nn.Module, image: UInt8) -> tuple[Float32, Float32]:
    """(N, S, S) uint8 -> (N, 8) and (N, 7) float32."""
    with torch.inference_mode():
        parts = [network(torch.from_numpy(image[i : i + 256])[:, None]) for i in range(0, len(image), 256)]
    first, second = (torch.cat(part).float().numpy() for part in zip(*parts, strict=True))
    return first, second


def score(network: nn.Module, check: Lesson) -> dict[str, float]:
    """Scores of crops as they are served, on the pictures with a majority label or, for the second head, with FER2013's own."""
    logits, own = logits_of(network, aligned(check))
    decided, named = check.label >= 0, check.fer2013 >= 0
    right = logits.argmax(axis=1) == check.label
    matrix = confusion(check.label[decided], logits[decided].argmax(axis=1).astype(np.int64), len(EMOTIONS))
    scores = {"accuracy": float(right[decided].mean()), "macro F1": float(class_scores(matrix).macro("f1"))}
    own_right = own.argmax(axis=1) == check.fer2013
    return scores | ({"FER2013": float(own_right[named].mean())} if named.any() else {})
