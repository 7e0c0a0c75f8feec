"""The recipe of the face detector: labelled pictures in, an ONNX file with its card out.

The folder of a run receives the decoded images, the batches and last.pt, from which an interrupted run resumes. The checkpoint
carries its recipe, and those by which it went before.
"""

from __future__ import annotations

import copy
import json
import logging
import math
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm import trange

from feelit.errors import UsageError
from feelit.evaluation.detector.evaluate import evaluate_faces
from feelit.models.card import ModelCard, write_card
from feelit.options.models import EvaluateFacesOptions
from feelit.training.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint
from feelit.training.curves import Curve, draw_curves
from feelit.training.export import count_parameters, rounded
from feelit.training.face.data import key_of, load_images
from feelit.training.face.export import Origin, export, publish
from feelit.training.face.feed import Feed, Maker, batches_of, making_ahead
from feelit.training.face.network import HEAD, FaceNet, Prediction
from feelit.training.face.recipe import Recipe
from feelit.training.face.teacher import LEAST_SCORE, Batch
from feelit.training.optimizer import Optimizer, autocast, follow

log = logging.getLogger(__name__)

OUTER = ("stem", HEAD)
"""First and last layers, as their weights are named."""

BEFORE = {"rounded": 0}
"""What came of runs before recipes had these fields."""

SAVE_EVERY_S = 300.0

QUANTIZED_BY = 256
"""So many scenes give the ranges of the numbers in the network."""


@dataclass(slots=True, eq=False)
class Run:
    """A training run between two steps."""

    recipe: Recipe
    net: FaceNet
    averaged: FaceNet
    optimizer: Optimizer
    step: int = 0
    history: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # earlier recipes, and the steps that they ended at
    curve: Curve = field(default_factory=Curve)

    @classmethod
    def start(cls, recipe: Recipe) -> Run:
        """A run that has seen nothing yet."""
        torch.manual_seed(recipe.seed)
        net = FaceNet(recipe.widths, recipe.depths, recipe.neck).to(memory_format=torch.channels_last)
        return cls(recipe, net, copy.deepcopy(net), Optimizer.muon(net, OUTER, recipe.muon, recipe.decay))

    @classmethod
    def load(cls, path: Path) -> Run:
        """The run that `save` wrote."""
        recipe, content = read_checkpoint(path, Recipe, BEFORE)
        run = cls.start(recipe)
        run.net.load_state_dict(content["net"])
        run.averaged.load_state_dict(content["averaged"])
        run.optimizer.load_state_dict(content["optimizer"])
        run.step, run.history, run.curve = content["step"], content["history"], Curve(content["curve"])
        return run

    def change(self, recipe: Recipe) -> None:
        """Go on by another recipe for the same network; the former one is remembered."""
        if recipe != self.recipe:
            self.history.append((self.step, asdict(self.recipe)))
            self.recipe, before = recipe, self.optimizer.state_dict()
            self.optimizer = Optimizer.muon(self.net, OUTER, recipe.muon, recipe.decay)
            self.optimizer.load_state_dict(before)

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        content = {
            "net": self.net.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "history": self.history,
            "curve": self.curve.rows,
        }
        write_checkpoint(path, self.recipe, content)

    def advance(self, batch: Batch) -> dict[str, float]:
        """One step of the optimizer; returns the parts of the loss."""
        recipe = self.recipe
        luma = batch.luma.to(memory_format=torch.channels_last)
        self.net.train()
        weights = rounded(self.net, (HEAD,)) if recipe.int8 and self.step >= recipe.steps - recipe.rounded else {}
        with autocast():
            prediction: Prediction = functional_call(self.net, weights, (luma,))
        part = losses(prediction, batch)
        total = recipe.score_weight * part.score + recipe.box_weight * part.box + recipe.landmark_weight * part.landmarks
        total.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.optimizer.step(learning_rate(recipe, self.step))
        self.step += 1
        follow(self.averaged, self.net, min(self.recipe.average, self.step / (self.step + 100)))  # at first closely
        return {f.name: float(getattr(part, f.name).detach()) for f in fields(part)}


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """The three parts, each a scalar per unit of score that is wanted."""

    score: Tensor
    box: Tensor
    landmarks: Tensor


def losses(prediction: Prediction, batch: Batch) -> Losses:
    """The parts of the loss.

    Scores are fitted by the quality focal loss (Li et al. 2020, "Generalized Focal Loss"), boxes by GIoU (Rezatofighi et al.
    2019), landmarks by their distance in shares of the face's size. The surer a cell shall be, the more these two count.
    """
    score = prediction.logit.sigmoid().detach()
    focus = (batch.score - score).square() * ~batch.silent
    entropy = binary_cross_entropy_with_logits(prediction.logit, batch.score, reduction="none")
    sure = (batch.score > LEAST_SCORE) & ~batch.silent
    weight = batch.score[sure]
    whole = weight.sum().clamp(min=1)
    wanted = batch.box[sure]
    _, generalized = _overlaps(prediction.box[sure], wanted)
    size = (wanted[:, 2:] - wanted[:, :2]).clamp(min=1).prod(dim=1, keepdim=True).sqrt()
    miss = (prediction.landmarks[sure] - batch.landmarks[sure]).abs() / size
    wing = torch.log1p(miss / 0.05) * 0.05  # steep where the error is small, so that good landmarks become better
    return Losses(
        score=(focus * entropy).sum() / whole,
        box=((1 - generalized) * weight).sum() / whole,
        landmarks=((miss + 2 * wing) * batch.weight[sure] * weight[:, None]).sum() / whole,
    )


def _overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and GIoU of the rows of two (P, 4) lists of boxes."""
    inter = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - inter
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    overlap = inter / union.clamp(min=1e-6)
    return overlap, overlap - (hull - union) / hull.clamp(min=1e-6)


def learning_rate(recipe: Recipe, step: int) -> float:
    """A linear rise, then a cosine down to a hundredth."""
    if step < recipe.warmup:
        return recipe.rate * (step + 1) / recipe.warmup
    done = min(1.0, (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup))
    return recipe.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Learn, export, score; gives the path of the ONNX file `out`/`name`.onnx, beside which its card lies.

    Parameters
    ----------
    data : a folder with train-*.parquet, val.parquet and test.parquet (see `face_data`)
    out : a folder of this run; if it holds a checkpoint, the run goes on from there, by this recipe from now on

    Raises
    ------
    UsageError
        if the data lack a file, or the checkpoint belongs to another network.
    """
    torch.set_num_threads(1)
    files = sorted(data.glob("train-*.parquet"))
    if missing := [f for f in ("train-0", "val", "test") if not (data / f"{f}.parquet").exists()]:
        raise UsageError(f"{data} has no {missing[0]}.parquet", "docs/models.md says what the recipe of the detector wants")
    run = Run.start(recipe)
    if (out / CHECKPOINT).exists():
        run = Run.load(out / CHECKPOINT)
        if (run.recipe.widths, run.recipe.depths, run.recipe.neck) != (recipe.widths, recipe.depths, recipe.neck):
            raise UsageError(f"{out / CHECKPOINT} belongs to another network", "choose another --out, or delete it")
        run.change(recipe)
    data_key = key_of(files)
    cache = out / f"train-{data_key}.npz"
    images = load_images(files, cache)
    log.info("%s from step %d, %d images, %d parameters", recipe, run.step, len(images), count_parameters(run.net))
    maker = Maker(recipe, images)
    batches = batches_of(recipe, data_key, out)
    with making_ahead(recipe, cache, batches, run.step) as ahead:
        learn(run, Feed(recipe, maker, batches, ahead), data / "val.parquet", out)
    pictures = maker.pictures(QUANTIZED_BY) if recipe.int8 else None
    origin = Origin(story(name, run), recipe.teacher, frozenset(images.source))
    return publish(run.averaged, origin, data, out / f"{name}.onnx", pictures)


def story(name: str, run: Run) -> str:
    """How the weights came about, in words: every recipe and the step up to which it was followed."""
    parts = [*run.history, (run.step, asdict(run.recipe))]
    return f"feelit train {name}: " + "; then ".join(f"to step {step} {json.dumps(recipe)}" for step, recipe in parts)


def learn(run: Run, feed: Feed, valid: Path, out: Path) -> None:
    """Run to the last step; save and score now and then."""
    seen: list[dict[str, float]] = []
    saved = time.monotonic()
    for _ in trange(run.step, run.recipe.steps, initial=run.step, total=run.recipe.steps, desc="steps", disable=None):
        seen.append(run.advance(feed.batch(run.step)))
        if time.monotonic() - saved > SAVE_EVERY_S or run.step == run.recipe.steps:
            mean = {name: sum(part[name] for part in seen) / len(seen) for name in seen[0]}
            scores = score(run.averaged, valid)
            run.curve.add(run.step, {"loss": sum(mean.values())} | scores)
            text = " ".join(f"{name} {value:.4f}" for name, value in (mean | scores).items())
            log.info("step %d of %d: %s", run.step, run.recipe.steps, text)
            run.save(out / CHECKPOINT)
            draw_curves(run.curve, out / "curves.png")
            seen.clear()
            saved = time.monotonic()


def score(net: FaceNet, valid: Path) -> dict[str, float]:
    """What matters of a network's scores on a file of labelled images, at a long side of 320 px."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "face.onnx"
        export(net, path)
        write_card(ModelCard(path.stem, "face", "feelit"), path)
        found = evaluate_faces(path, valid, EvaluateFacesOptions(min_face_px=20.0, long_px=320))
    asked = found.sizes[0]
    scores = {"recall": asked.recall_at_one_false_in_ten_images, "AP": asked.average_precision}
    return scores | ({} if found.landmark_error is None else {"landmark error": found.landmark_error})
