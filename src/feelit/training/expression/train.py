"""Training of expression classifiers: labelled faces in, an ONNX file with its card out.

Read it from top to bottom: epochs, loss, scores. It runs on one core; an interrupted run resumes from its last epoch and ends
with the same weights.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import trange

from feelit.evaluation.classifier.metrics import class_scores, confusion
from feelit.training.checkpoint import CHECKPOINT
from feelit.training.curves import draw_curves
from feelit.training.export import count_parameters
from feelit.training.expression.augment import AUGMENTATIONS, augment
from feelit.training.expression.card import Origin, publish
from feelit.training.expression.data import Examples, aligned, contact_sheet, framing, read_examples, read_unlabelled
from feelit.training.expression.run import Recipe, State, Teacher, best_epoch, monitored, open_teachers, rate_at, stops_early
from feelit.training.optimizer import autocast
from feelit.types import EMOTIONS, Float32, Float64, Int64, UInt8

log = logging.getLogger(__name__)

CALIBRATION_IMAGES = 512
"""Images from which quantisation takes the ranges of activations."""


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Train, export and score; gives the path of the ONNX file `out`/`name`.onnx, with its card beside it.

    Parameters
    ----------
    data : labelled faces with the splits train and valid, in any format of docs/evaluation.md
    out : folder of the run; from a checkpoint of the same recipe in it, the run resumes

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
    elif recipe.begin:
        state.begin(recipe.beginning(out))
    teachers = open_teachers(recipe)
    training, valid = read_examples(data, recipe.size_px, out)
    counts = training.counts()
    log.info("%d training images, %d validation images", len(training), len(valid))
    log.info("by majority: %s", ", ".join(f"{name} {count}" for name, count in zip(EMOTIONS, counts, strict=True)))
    log.info("%s: %d parameters", recipe.network, count_parameters(state.network))
    _write_contact_sheet(training, out / "crops.png")
    calibration = aligned(training.some(CALIBRATION_IMAGES)) if recipe.int8 else None
    sources: frozenset[str] = frozenset()
    if recipe.unlabelled:
        faces, sources = read_unlabelled(Path(recipe.unlabelled), recipe.size_px, framing(training))
        log.info("%d faces labelled by the teachers alone", len(faces))
        training = Examples.join([training, pseudo_labelled(teachers, faces)])
    _run_epochs(state, training, valid, teachers, out)
    origin = Origin(f"feelit train {name}: {recipe}", data, sources, counts)
    return publish(state.served(), origin, valid, out / f"{name}.onnx", calibration)


def _run_epochs(state: State, training: Examples, valid: Examples, teachers: Sequence[Teacher], out: Path) -> None:
    """Run the remaining epochs; after each, log a line, write a checkpoint and draw the curves."""
    recipe, sample = state.recipe, training.rows(training.label >= 0).some(len(valid))
    started_s, first = time.monotonic(), state.epoch
    scores = monitored(state.curve, recipe.monitor)
    while state.epoch < recipe.epochs and not stops_early(scores, recipe):
        epoch_started_s = time.monotonic()
        loss, rate = train_epoch(state, training, teachers), rate_at(state.epoch - 0.5, recipe, scores)
        on_training = score(state.average, sample)
        found = score(state.average, valid, recipe.fer2013)
        found |= {f"training {name}": on_training[name] for name in ("accuracy", "FER2013") if name in on_training}
        state.curve.append((state.epoch, {"loss": loss} | found))
        scores = monitored(state.curve, recipe.monitor)
        if recipe.early_stopping and best_epoch(scores) == len(scores) - 1:
            state.best = copy.deepcopy(state.average.state_dict())
        state.save(out / CHECKPOINT)
        draw_curves(state.curve, out / "curves.png")
        now_s = time.monotonic()
        left_s = (recipe.epochs - state.epoch) * (now_s - started_s) / (state.epoch - first)
        log.info("%s", epoch_line(state, rate, now_s - epoch_started_s, left_s))
    if state.epoch < recipe.epochs:
        best = best_epoch(scores) + 1
        log.info("stopped early: %s was best after epoch %d, whose weights are kept", recipe.monitor, best)


def epoch_line(state: State, rate: float, took_s: float, left_s: float) -> str:
    """The log line of an epoch."""
    epoch, scores = state.curve[-1]
    text = ", ".join(f"{key} {value:.4f}" for key, value in scores.items())
    left = f", at most {left_s / 60:.0f} min left" if epoch < state.recipe.epochs else ""
    return f"epoch {epoch} of {state.recipe.epochs}: {text}, learning rate {rate:.2g}, {took_s:.0f} s{left}"


def _write_contact_sheet(examples: Examples, path: Path) -> None:
    """Write a picture of some aligned crops with their labels."""
    some = examples.some(128)
    captions = [EMOTIONS[k][:9] if share.any() else "-" for k, share in zip(some.share.argmax(1), some.share, strict=True)]
    cv2.imwrite(str(path), contact_sheet(aligned(some), captions))


def train_epoch(state: State, training: Examples, teachers: Sequence[Teacher] = ()) -> float:
    """Train on as many images as there are, drawn with replacement; gives the mean loss. Depends on seed and epoch only."""
    recipe = state.recipe
    rng = np.random.default_rng([recipe.seed, state.epoch])
    torch.manual_seed(recipe.seed + 1000 * state.epoch)  # dropout
    drawn = rng.choice(len(training), len(training), p=draw_probability(training.share, recipe.rare))
    steps = max(1, len(training) // recipe.batch)
    losses, scores = [], monitored(state.curve, recipe.monitor)
    for step in trange(steps, desc=f"epoch {state.epoch + 1}", leave=False, disable=None):
        loss = _loss(state, training, teachers, drawn[step * recipe.batch : (step + 1) * recipe.batch], rng)
        state.step(loss, rate_at(state.epoch + step / steps, recipe, scores))
        losses.append(loss.item())
    state.epoch += 1
    return float(np.mean(losses))


def _loss(state: State, training: Examples, teachers: Sequence[Teacher], index: Int64, rng: np.random.Generator) -> Tensor:
    """The cross-entropy of both heads on a batch of augmented images, with mixup (Zhang et al. 2018)."""
    recipe, calm = state.recipe, state.epoch >= state.recipe.first_calm
    augmentation = AUGMENTATIONS[recipe.augmentation][calm]
    pixels, clear = (torch.from_numpy(part)[:, None].float() for part in augment(training, index, augmentation, rng))
    batch = training.rows(index)
    target, fer2013 = torch.from_numpy(batch.share), torch.from_numpy(batch.fer2013_one_hot())
    if recipe.mixup and not calm:
        lam, other = float(rng.beta(recipe.mixup, recipe.mixup)), torch.from_numpy(rng.permutation(len(index)))
        pixels, clear, target, fer2013 = (x.lerp(x[other], 1 - lam) for x in (pixels, clear, target, fer2013))
    if teachers:
        taught = teacher_probabilities(teachers, clear.contiguous(memory_format=torch.channels_last))
        target, fer2013 = (own.lerp(other, recipe.taught) for own, other in zip((target, fer2013), taught, strict=True))
    with autocast():
        logits, fer2013_logits = state.network.train()(pixels.contiguous(memory_format=torch.channels_last))
    loss = nn.functional.cross_entropy(logits.float(), target)  # 0 for images without a label
    return loss + recipe.fer2013 * nn.functional.cross_entropy(fer2013_logits.float(), fer2013)


@torch.inference_mode()
def teacher_probabilities(teachers: Sequence[Teacher], pixels: Tensor) -> list[Tensor]:
    """(N, 8) and (N, 7): the mean probabilities of several networks (knowledge distillation, Hinton et al. 2015).

    They see the same augmented images as the student (Beyer et al. 2022 explain why), but without occlusion and blur.
    """
    with autocast():
        parts = [teacher(pixels) for teacher in teachers]
    return [torch.stack([logits.float().softmax(1) for logits in head]).mean(0) for head in zip(*parts, strict=True)]


def pseudo_labelled(teachers: Sequence[Teacher], examples: Examples) -> Examples:
    """The examples with the teachers' probabilities on their aligned crops as vote shares."""
    crops = torch.from_numpy(aligned(examples))[:, None].float()
    parts = (part.contiguous(memory_format=torch.channels_last) for part in crops.split(256))
    share = torch.cat([teacher_probabilities(teachers, part)[0] for part in parts])
    return replace(examples, share=share.numpy())


def draw_probability(share: Float32, rare: float) -> Float64:
    """(N, 8) vote shares -> (N,) probabilities of being drawn, higher for images with rare labels."""
    frequency = share.mean(axis=0, dtype=np.float64)
    weight = share @ np.maximum(frequency, 1e-6) ** -rare
    weight[share.sum(axis=1) == 0] = np.median(weight)
    return weight / weight.sum()


def logits_of(network: nn.Module, image: UInt8) -> tuple[Float32, Float32]:
    """(N, S, S) uint8 -> (N, 8) and (N, 7) float32."""
    with torch.inference_mode():
        parts = [network(torch.from_numpy(image[i : i + 256])[:, None]) for i in range(0, len(image), 256)]
    first, second = (torch.cat(part).float().numpy() for part in zip(*parts, strict=True))
    return first, second


def score(network: nn.Module, examples: Examples, fer2013: float = 0.0) -> dict[str, float]:
    """Scores on aligned crops: the loss, in which the second head has the weight `fer2013`; accuracy and macro F1 on images
    with a majority label; the accuracy of the second head on FER2013's own labels, where there are any.
    """
    logits, fer2013_logits = logits_of(network, aligned(examples))
    labelled, named = examples.label >= 0, examples.fer2013 >= 0
    right = logits.argmax(axis=1) == examples.label
    matrix = confusion(examples.label[labelled], logits[labelled].argmax(axis=1).astype(np.int64), len(EMOTIONS))
    second = _cross_entropy(fer2013_logits, examples.fer2013_one_hot())
    scores = {
        "validation loss": _cross_entropy(logits, examples.share) + fer2013 * second,
        "accuracy": float(right[labelled].mean()),
        "macro F1": float(class_scores(matrix).macro("f1")),
    }
    fer2013_right = fer2013_logits.argmax(axis=1) == examples.fer2013
    return scores | ({"FER2013": float(fer2013_right[named].mean())} if named.any() else {})


def _cross_entropy(logits: Float32, target: Float32) -> float:
    return nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(target)).item()
