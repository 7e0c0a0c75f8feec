"""The recipe of the expression classifier: FER2013 images and FER+ votes in, an ONNX file with its card out.

    python -m feelit.training.expression --data DIR --teacher yunet.onnx --out DIR

DIR holds train.parquet and valid.parquet. Read it from top to bottom: data, network, optimiser, epochs, export. It runs on
one core; a run that was stopped goes on from its last epoch.
"""

from __future__ import annotations

import argparse
import copy
import logging
import math
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from feelit.errors import UsageError
from feelit.evaluation.classification import (
    accuracy,
    confusion,
    expected_calibration_error,
    f1_scores,
    fit_temperature,
    macro_f1,
    softmax,
)
from feelit.labelled.votes import majority_labels
from feelit.training.export import count_parameters, export_onnx
from feelit.training.expression_augment import Augmentation, augment
from feelit.training.expression_card import Scores, describe
from feelit.training.expression_data import Split, aligned, contact_sheet, read_split, vote_shares
from feelit.training.expression_network import ExpressionNet
from feelit.types import EMOTIONS, Float32, Float64, Int64, UInt8
from feelit.vision.card import write_card

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what comes out, besides the data; every checkpoint carries it."""

    epochs: int = 70
    batch: int = 128
    learning_rate: float = 0.1
    warmup_epochs: float = 2.0
    momentum: float = 0.9
    weight_decay: float = 5e-4
    mixup: float = 0.2  # both parameters of the Beta distribution that mixing shares are drawn from
    rare: float = 0.25  # an image is drawn in proportion to the frequency of its label to the power of -rare
    ema: float = 0.999  # decay a step of the averaged weights, which are the ones that are served
    dropout: float = 0.1
    stem: int = 32
    channels: tuple[int, ...] = (64, 128, 192)
    blocks: tuple[int, ...] = (2, 1, 1)
    strides: tuple[int, ...] = (2, 2, 2)
    seed: int = 1

    def network(self) -> ExpressionNet:
        """An untrained network of this recipe."""
        return ExpressionNet(self.stem, tuple(zip(self.channels, self.blocks, self.strides, strict=True)), self.dropout)


def main(arguments: list[str] | None = None) -> None:
    """Train, export, score."""
    recipe, paths = _parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    paths.out.mkdir(parents=True, exist_ok=True)

    train = read_split(paths.data / "train.parquet", paths.teacher, paths.out / "landmarks-train.npz")
    valid = read_split(paths.data / "valid.parquet", paths.teacher, paths.out / "landmarks-valid.npz")
    share = vote_shares(train.votes)
    use = ~train.held_out & (share.sum(axis=1) > 0)
    train, share = train.rows(use), share[use]
    valid = valid.rows(majority_labels(valid.votes) >= 0)
    log.info("%d images to learn from, %d to check with", len(train), len(valid))
    first = train.rows(np.arange(len(train)) < 128)
    captions = [EMOTIONS[k][:9] for k in share[:128].argmax(axis=1)]
    cv2.imwrite(str(paths.out / "crops.png"), contact_sheet(aligned(first), captions))

    torch.manual_seed(recipe.seed)
    state = State(recipe)
    if (paths.out / "last.pt").exists():
        state.load(paths.out / "last.pt")
    while state.epoch < recipe.epochs:
        started = time.monotonic()
        loss = train_epoch(state, train, share)
        scores, _ = score(state.average, valid, temperature=1.0)
        log.info(
            "epoch %d loss %.4f aligned %.4f original %.4f macro-F1 %.4f, %.0f s",
            *(
                state.epoch,
                loss,
                scores.accuracy_aligned,
                scores.accuracy_original,
                scores.macro_f1,
                time.monotonic() - started,
            ),
        )
        state.save(paths.out / "last.pt")
    publish(state, valid, len(train), paths.out / "expression.onnx")


class State:
    """What a run has come to, so that it can be stopped and go on."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.epoch = 0
        self.steps = 0
        self.network = recipe.network().to(memory_format=torch.channels_last)
        self.average: nn.Module = copy.deepcopy(self.network).eval()
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
        torch.save(
            content | {"recipe": asdict(self.recipe), "epoch": self.epoch, "steps": self.steps}, path.with_suffix(".part")
        )
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe."""
        content = torch.load(path, weights_only=True)
        if content["recipe"] != asdict(self.recipe):
            raise UsageError(f"{path} belongs to another recipe: {content['recipe']}", "choose another --out, or delete it")
        self.network.load_state_dict(content["network"])
        self.average.load_state_dict(content["average"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.epoch, self.steps = content["epoch"], content["steps"]

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


def train_epoch(state: State, train: Split, share: Float32) -> float:
    """As many images as the split holds, drawn with replacement; gives the mean loss. Depends on the seed and epoch only."""
    recipe = state.recipe
    rng = np.random.default_rng([recipe.seed, state.epoch])
    torch.manual_seed(recipe.seed + 1000 * state.epoch)  # dropout
    drawn = rng.choice(len(train), len(train), p=draw_probability(share, recipe.rare))
    steps = len(train) // recipe.batch
    network, losses = state.network.train(), []
    for step in range(steps):
        for group in state.optimizer.param_groups:
            group["lr"] = rate_at(state.epoch + step / steps, recipe)
        index = drawn[step * recipe.batch : (step + 1) * recipe.batch]
        pixels = torch.from_numpy(augment(train, index, Augmentation(), rng))[:, None].float()
        target = torch.from_numpy(share[index])
        lam, other = float(rng.beta(recipe.mixup, recipe.mixup)), torch.from_numpy(rng.permutation(len(index)))
        pixels, target = pixels.lerp(pixels[other], 1 - lam), target.lerp(target[other], 1 - lam)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(pixels.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(logits.float(), target)
        state.step(loss)
        losses.append(loss.item())
    state.epoch += 1
    return float(np.mean(losses))


def draw_probability(share: Float32, rare: float) -> Float64:
    """(N, 8) vote shares -> (N,) probabilities of being drawn: more often, the rarer an image's labels are."""
    frequency = share.mean(axis=0, dtype=np.float64)
    weight = share @ np.maximum(frequency, 1e-6) ** -rare
    return weight / weight.sum()


def rate_at(epoch: float, recipe: Recipe) -> float:
    """The learning rate: a linear start, then half a cosine down to nothing (Loshchilov & Hutter 2017)."""
    if epoch < recipe.warmup_epochs:
        return recipe.learning_rate * (epoch + 0.05) / (recipe.warmup_epochs + 0.05)
    done = (epoch - recipe.warmup_epochs) / (recipe.epochs - recipe.warmup_epochs)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def logits_of(network: nn.Module, image: UInt8) -> Float32:
    """(N, 48, 48) uint8 -> (N, 8) float32."""
    with torch.inference_mode():
        parts = [network(torch.from_numpy(image[i : i + 256])[:, None]) for i in range(0, len(image), 256)]
    return torch.cat(parts).float().numpy()


def score(network: nn.Module, valid: Split, temperature: float | None = None) -> tuple[Scores, float]:
    """Scores on the images with a majority label, and the temperature, which is fitted to them when it is not given."""
    labels = majority_labels(valid.votes)
    served, original = logits_of(network, aligned(valid)), logits_of(network, valid.image)
    if temperature is None:
        temperature = fit_temperature(served, labels)
    matrix = _confusion(served, labels)
    return Scores(
        images=len(valid),
        accuracy_aligned=accuracy(matrix),
        accuracy_original=accuracy(_confusion(original, labels)),
        macro_f1=macro_f1(matrix),
        macro_f1_original=macro_f1(_confusion(original, labels)),
        f1={name: float(f1) for name, f1 in zip(EMOTIONS, f1_scores(matrix), strict=True)},
        ece_raw=expected_calibration_error(softmax(served), labels),
        ece=expected_calibration_error(softmax(served, temperature), labels),
    ), temperature


def _confusion(logits: Float32, labels: Int64) -> Int64:
    return confusion(labels, logits.argmax(axis=1).astype(np.int64), len(EMOTIONS))


def publish(state: State, valid: Split, learnt_from: int, path: Path) -> None:
    """Export the averaged weights, score them and write the card."""
    network = state.average.eval()
    scores, temperature = score(network, valid)
    example = torch.from_numpy(aligned(valid)[:32])[:, None].contiguous()
    difference = export_onnx(network, example, path, ("logits",))
    card = describe(path.stem, scores, temperature, count_parameters(network), learnt_from, str(state.recipe))
    write_card(card, path)
    log.info("%s: temperature %.3f, ONNX differs by %.1e at most, %s", path, temperature, difference, scores)


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a run reads and writes."""

    data: Path
    out: Path
    teacher: Path | None


def _parse(arguments: list[str] | None) -> tuple[Recipe, Paths]:
    parser = argparse.ArgumentParser(prog="python -m feelit.training.expression", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train.parquet and valid.parquet")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, model and card")
    parser.add_argument("--teacher", type=Path, help="YuNet as ONNX; without it the images keep their framing")
    for field in fields(Recipe):
        default = field.default
        many = isinstance(default, tuple)
        kind = int if many else type(default)
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=default, nargs="+" if many else None)
    given = vars(parser.parse_args(arguments))
    paths = Paths(given.pop("data"), given.pop("out"), given.pop("teacher"))
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
    return Recipe(**values), paths


if __name__ == "__main__":
    main()
