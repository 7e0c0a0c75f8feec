"""The recipe of an expression classifier: labelled faces in, an ONNX file with its card out.

Read it from top to bottom: epochs, loss, scores. It runs on one core; a run that was stopped goes on from its last
epoch, and ends with the same weights.
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

from feelit.datasets.names import FER2013
from feelit.datasets.read import read_splits
from feelit.errors import UsageError
from feelit.evaluation.classifier.metrics import class_scores, confusion
from feelit.training.checkpoint import CHECKPOINT
from feelit.training.curves import draw_curves
from feelit.training.export import count_parameters
from feelit.training.expression.augment import AUGMENTATIONS, augment
from feelit.training.expression.card import Origin, publish
from feelit.training.expression.data import Lesson, aligned, contact_sheet, framing, prepare, to_learn_from, unlabelled
from feelit.training.expression.network import ExpressionNet
from feelit.training.expression.run import Recipe, State, best_epoch, has_learnt_enough, monitored, open_teachers, rate_at
from feelit.training.optimizer import autocast
from feelit.types import EMOTIONS, Float32, Float64, Int64, UInt8

log = logging.getLogger(__name__)

QUANTIZED_BY = 512
"""Pictures from which the ranges of the numbers in the network are taken."""


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Learn, export, score; gives the path of the ONNX file `out`/`name`.onnx, beside which its card lies.

    Parameters
    ----------
    data : labelled faces with the splits train and valid, in any format of docs/evaluation.md
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
    elif recipe.begin:
        state.begin(recipe.begin)
    teachers = open_teachers(recipe)
    splits = read_splits(data)
    if missing := [split for split in ("train", "valid") if split not in splits]:
        raise UsageError(f"{data} has no split {missing[0]}", "docs/evaluation.md says how splits are named")
    learning = to_learn_from(splits["train"])
    log.info("%d pictures to learn from, %d to check with", len(learning), len(splits["valid"]))
    counts = tuple(np.bincount(learning.label[learning.label >= 0], minlength=len(EMOTIONS)).tolist())
    log.info("by majority: %s", ", ".join(f"{name} {count}" for name, count in zip(EMOTIONS, counts, strict=True)))
    log.info("%s: %d parameters", recipe.network, count_parameters(state.network))
    lesson = prepare(learning, recipe.size_px, out / "landmarks-train.npz")
    check = prepare(splits["valid"], recipe.size_px, out / "landmarks-valid.npz")
    _show(lesson, out / "crops.png")
    pictures = aligned(lesson.some(QUANTIZED_BY)) if recipe.int8 else None
    sources: frozenset[str] = frozenset()
    if recipe.unlabelled:
        faces, sources = unlabelled(Path(recipe.unlabelled), recipe.size_px, framing(lesson))
        more = labelled_by(teachers, faces)
        log.info("%d faces of which the teachers say what they show", len(more))
        lesson = lesson.joined(more)
    _learn(state, lesson, check, teachers, out)
    origin = Origin(f"feelit train {name}: {recipe}", data, sources, counts)
    return publish(state.served(), origin, check, out / f"{name}.onnx", pictures)


def _learn(state: State, lesson: Lesson, check: Lesson, teachers: Sequence[ExpressionNet], out: Path) -> None:
    """The epochs that remain; after each, a line in the log, a checkpoint and the curves."""
    recipe, sample = state.recipe, lesson.rows(lesson.label >= 0).some(len(check))
    began_s, first = time.monotonic(), state.epoch
    scores = monitored(state.curve, recipe.monitor)
    while state.epoch < recipe.epochs and not has_learnt_enough(scores, recipe):
        begun_s = time.monotonic()
        loss, rate = train_epoch(state, lesson, teachers), rate_at(state.epoch - 0.5, recipe, scores)
        known = score(state.average, sample)
        found = score(state.average, check, recipe.fer2013)
        found |= {f"training {name}": known[name] for name in ("accuracy", "FER2013") if name in known}
        state.curve.add(state.epoch, {"loss": loss} | found)
        scores = monitored(state.curve, recipe.monitor)
        if recipe.early_stopping and best_epoch(scores) == len(scores) - 1:
            state.best = copy.deepcopy(state.average.state_dict())
        state.save(out / CHECKPOINT)
        draw_curves(state.curve, out / "curves.png")
        now_s = time.monotonic()
        left_s = (recipe.epochs - state.epoch) * (now_s - began_s) / (state.epoch - first)
        log.info("%s", epoch_line(state, rate, now_s - begun_s, left_s))
    if state.epoch < recipe.epochs:
        best = best_epoch(scores) + 1
        log.info("stopped early: %s was best after epoch %d, whose weights are kept", recipe.monitor, best)


def epoch_line(state: State, rate: float, took_s: float, left_s: float) -> str:
    """What a run prints after an epoch."""
    epoch, scores = state.curve.rows[-1]
    text = ", ".join(f"{key} {value:.4f}" for key, value in scores.items())
    left = f", at most {left_s / 60:.0f} min left" if epoch < state.recipe.epochs else ""
    return f"epoch {epoch} of {state.recipe.epochs}: {text}, learning rate {rate:.2g}, {took_s:.0f} s{left}"


def _show(lesson: Lesson, path: Path) -> None:
    """Some crops, for a person who wants to see what is learnt."""
    some = lesson.some(128)
    captions = [EMOTIONS[k][:9] if share.any() else "-" for k, share in zip(some.share.argmax(1), some.share, strict=True)]
    cv2.imwrite(str(path), contact_sheet(aligned(some), captions))


def train_epoch(state: State, lesson: Lesson, teachers: Sequence[ExpressionNet] = ()) -> float:
    """As many pictures as the lesson holds, drawn with replacement; gives the mean loss. Depends on the seed and epoch only."""
    recipe = state.recipe
    rng = np.random.default_rng([recipe.seed, state.epoch])
    torch.manual_seed(recipe.seed + 1000 * state.epoch)  # dropout
    drawn = rng.choice(len(lesson), len(lesson), p=draw_probability(lesson.share, recipe.rare))
    steps = max(1, len(lesson) // recipe.batch)
    losses, scores = [], monitored(state.curve, recipe.monitor)
    for step in trange(steps, desc=f"epoch {state.epoch + 1}", leave=False, disable=None):
        loss = _loss(state, lesson, teachers, drawn[step * recipe.batch : (step + 1) * recipe.batch], rng)
        state.step(loss, rate_at(state.epoch + step / steps, recipe, scores))
        losses.append(loss.item())
    state.epoch += 1
    return float(np.mean(losses))


def _loss(state: State, lesson: Lesson, teachers: Sequence[ExpressionNet], index: Int64, rng: np.random.Generator) -> Tensor:
    """What the network gets wrong on a batch of changed and mixed pictures (Zhang et al. 2018, "mixup")."""
    recipe, calm = state.recipe, state.epoch >= state.recipe.first_calm
    how = AUGMENTATIONS[recipe.augmentation][calm]
    pixels, clear = (torch.from_numpy(part)[:, None].float() for part in augment(lesson, index, how, rng))
    target = torch.from_numpy(lesson.share[index])
    own = torch.from_numpy(_own_labels(lesson.fer2013[index]))
    if recipe.mixup and not calm:
        lam, other = float(rng.beta(recipe.mixup, recipe.mixup)), torch.from_numpy(rng.permutation(len(index)))
        pixels, clear, target, own = (x.lerp(x[other], 1 - lam) for x in (pixels, clear, target, own))
    if teachers:
        opinions = _opinions(teachers, clear.contiguous(memory_format=torch.channels_last))
        target, own = (said.lerp(opinion, recipe.taught) for said, opinion in zip((target, own), opinions, strict=True))
    with autocast():
        logits, named = state.network.train()(pixels.contiguous(memory_format=torch.channels_last))
    loss = nn.functional.cross_entropy(logits.float(), target)  # nothing for pictures of which nothing was said
    return loss + recipe.fer2013 * nn.functional.cross_entropy(named.float(), own)


@torch.inference_mode()
def _opinions(teachers: Sequence[ExpressionNet], pixels: Tensor) -> list[Tensor]:
    """What several networks say on average (Hinton et al. 2015) of the very pictures that another one learns from, but for
    what hides or blurs the face there (Beyer et al. 2022 explain why the same ones): (N, 8) and (N, 7).
    """
    with autocast():
        parts = [teacher.eval()(pixels) for teacher in teachers]
    return [torch.stack([logits.float().softmax(1) for logits in head]).mean(0) for head in zip(*parts, strict=True)]


def labelled_by(teachers: Sequence[ExpressionNet], lesson: Lesson) -> Lesson:
    """Pictures with the opinion of several networks on their aligned crops in place of people's."""
    crops = torch.from_numpy(aligned(lesson))[:, None].float()
    share = torch.cat([_opinions(teachers, part.contiguous(memory_format=torch.channels_last))[0] for part in crops.split(256)])
    return replace(lesson, share=share.numpy())


def draw_probability(share: Float32, rare: float) -> Float64:
    """(N, 8) vote shares -> (N,) probabilities of being drawn: more often, the rarer an image's labels are."""
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


def score(network: nn.Module, check: Lesson, fer2013: float = 0.0) -> dict[str, float]:
    """Scores of crops as they are served: the loss, in which the second head has the weight `fer2013`; accuracy and macro F1 on
    the pictures with a majority label; and, where there are any, the accuracy of the second head on FER2013's own.
    """
    logits, own = logits_of(network, aligned(check))
    decided, named = check.label >= 0, check.fer2013 >= 0
    right = logits.argmax(axis=1) == check.label
    matrix = confusion(check.label[decided], logits[decided].argmax(axis=1).astype(np.int64), len(EMOTIONS))
    scores = {
        "validation loss": _cross_entropy(logits, check.share) + fer2013 * _cross_entropy(own, _own_labels(check.fer2013)),
        "accuracy": float(right[decided].mean()),
        "macro F1": float(class_scores(matrix).macro("f1")),
    }
    own_right = own.argmax(axis=1) == check.fer2013
    return scores | ({"FER2013": float(own_right[named].mean())} if named.any() else {})


def _cross_entropy(logits: Float32, target: Float32) -> float:
    return nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(target)).item()


def _own_labels(fer2013: Int64) -> Float32:
    """(N,) FER2013's numbers -> (N, 7) one-hot; -1 gives zeros."""
    return np.eye(len(FER2013) + 1, len(FER2013), dtype=np.float32)[fer2013]
