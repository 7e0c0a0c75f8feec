"""Training of the face detector: labelled images in, an ONNX file with its card out.

The folder of a run receives the decoded images, the batches and last.pt, from which an interrupted run resumes. The checkpoint
holds its recipe, and the earlier ones that the run followed.
"""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import asdict
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
from feelit.training.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint
from feelit.training.curves import Curve, draw_curves
from feelit.training.export import count_parameters, rounded
from feelit.training.face.data import content_hash, load_images
from feelit.training.face.export import VALIDATION, Origin, export, publish
from feelit.training.face.feed import BatchMaker, Feed, batch_folder, prefetching
from feelit.training.face.network import HEAD, FaceNet, Prediction
from feelit.training.face.recipe import Recipe
from feelit.training.face.targets import LEAST_SCORE, Batch
from feelit.training.optimizer import Learner, Optimizer, autocast

log = logging.getLogger(__name__)

OUTER = ("stem", HEAD)
"""Prefixes of the weights' names in the first and last layers."""

LEGACY = {"rounded": 0}
"""Values of the recipe's fields that older checkpoints lack."""

LEGACY_STATE = {"net": "network", "averaged": "average", "step": "steps"}
"""Names in older checkpoints, and what they are called now."""

SAVE_EVERY_S = 300.0

CALIBRATION_SCENES = 256
"""Scenes from which quantisation takes the ranges of activations."""


class Run(Learner[FaceNet]):
    """A training run between two steps."""

    def __init__(self, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        net = FaceNet(recipe.widths, recipe.depths, recipe.neck).to(memory_format=torch.channels_last)
        super().__init__(net, Optimizer.muon(net, OUTER, recipe.muon, recipe.decay), recipe.average, lag=100)
        self.recipe = recipe
        self.curve: Curve = []
        self.history: list[tuple[int, dict[str, Any]]] = []  # earlier recipes, each with the step at which it ended

    @classmethod
    def load(cls, path: Path) -> Run:
        """Read the run that `save` wrote."""
        recipe, content = read_checkpoint(path, Recipe, LEGACY)
        run = cls(recipe)
        run.load_state_dict({LEGACY_STATE.get(name, name): value for name, value in content.items()})
        run.history, run.curve = content["history"], content["curve"]
        return run

    def change(self, recipe: Recipe) -> None:
        """Go on by another recipe for the same network; the former one is kept in the history."""
        if recipe != self.recipe:
            self.history.append((self.steps, asdict(self.recipe)))
            self.recipe, self.decay, state = recipe, recipe.average, self.optimizer.state_dict()
            self.optimizer = Optimizer.muon(self.network, OUTER, recipe.muon, recipe.decay)
            self.optimizer.load_state_dict(state)

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        write_checkpoint(path, self.recipe, self.state_dict() | {"history": self.history, "curve": self.curve})

    def advance(self, batch: Batch) -> dict[str, float]:
        """One step on a batch; returns the parts of the loss."""
        recipe = self.recipe
        luma = batch.luma.to(memory_format=torch.channels_last)
        self.network.train()
        weights = rounded(self.network, (HEAD,)) if recipe.int8 and self.steps >= recipe.steps - recipe.rounded else {}
        with autocast():
            prediction: Prediction = functional_call(self.network, weights, (luma,))
        part = losses(prediction, batch)
        total = (
            recipe.score_weight * part["score"] + recipe.box_weight * part["box"] + recipe.landmark_weight * part["landmarks"]
        )
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.update(learning_rate(recipe, self.steps))
        return {name: float(value.detach()) for name, value in part.items()}


def losses(prediction: Prediction, batch: Batch) -> dict[str, Tensor]:
    """The three parts of the loss by their names, each a scalar, normalised by the sum of the target scores.

    Scores are fitted by the quality focal loss (Li et al. 2020, "Generalized Focal Loss"), boxes by GIoU (Rezatofighi et al.
    2019), landmarks by their distance relative to the face's size. Boxes and landmarks are weighted by the target score.
    """
    score = prediction.logit.sigmoid().detach()
    focus = (batch.score - score).square() * ~batch.silent
    entropy = binary_cross_entropy_with_logits(prediction.logit, batch.score, reduction="none")
    face = (batch.score > LEAST_SCORE) & ~batch.silent
    weight = batch.score[face]
    total = weight.sum().clamp(min=1)
    box = batch.box[face]
    size = (box[:, 2:] - box[:, :2]).clamp(min=1).prod(dim=1, keepdim=True).sqrt()
    miss = (prediction.landmarks[face] - batch.landmarks[face]).abs() / size
    wing = torch.log1p(miss / 0.05) * 0.05  # steep where the error is small, so that good landmarks become better
    return {
        "score": (focus * entropy).sum() / total,
        "box": ((1 - _giou(prediction.box[face], box)) * weight).sum() / total,
        "landmarks": ((miss + 2 * wing) * batch.weight[face] * weight[:, None]).sum() / total,
    }


def _giou(a: Tensor, b: Tensor) -> Tensor:
    """GIoU of the rows of two (P, 4) lists of boxes."""
    inter = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - inter
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    return inter / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)


def learning_rate(recipe: Recipe, step: int) -> float:
    """A linear warm-up, then a cosine down to a hundredth."""
    if step < recipe.warmup:
        return recipe.rate * (step + 1) / recipe.warmup
    done = min(1.0, (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup))
    return recipe.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Train, export and score; gives the path of the ONNX file `out`/`name`.onnx, with its card beside it.

    Parameters
    ----------
    data : a folder with train-*.parquet, val.parquet and test.parquet, see `face.data`
    out : folder of the run; from a checkpoint in it, the run resumes, by this recipe from now on

    Raises
    ------
    UsageError
        if the data lack a file, or the checkpoint belongs to another network.
    """
    torch.set_num_threads(1)
    files = sorted(data.glob("train-*.parquet"))
    if missing := [f for f in ("train-0", "val", "test") if not (data / f"{f}.parquet").exists()]:
        raise UsageError(f"{data} has no {missing[0]}.parquet", "docs/models.md says what data the detector's recipe needs")
    run = Run(recipe)
    if (out / CHECKPOINT).exists():
        run = Run.load(out / CHECKPOINT)
        if (run.recipe.widths, run.recipe.depths, run.recipe.neck) != (recipe.widths, recipe.depths, recipe.neck):
            raise UsageError(f"{out / CHECKPOINT} belongs to another network", "choose another --out, or delete it")
        run.change(recipe)
    data_key = content_hash(files)
    cache = out / f"train-{data_key}.npz"
    images = load_images(files, cache)
    log.info("%s from step %d, %d images, %d parameters", recipe, run.steps, len(images), count_parameters(run.network))
    maker = BatchMaker(recipe, images)
    batches = batch_folder(recipe, data_key, out)
    with prefetching(recipe, cache, batches, run.steps) as ahead:
        run_steps(run, Feed(recipe, maker, batches, ahead), data / "val.parquet", out)
    calibration = maker.images(CALIBRATION_SCENES) if recipe.int8 else None
    origin = Origin(recipes_text(name, run), recipe.teacher, frozenset(images.source))
    return publish(run.average, origin, data, out / f"{name}.onnx", calibration)


def recipes_text(name: str, run: Run) -> str:
    """Every recipe that a run followed, with its last step."""
    parts = [*run.history, (run.steps, asdict(run.recipe))]
    return f"feelit train {name}: " + "; then ".join(f"to step {step} {json.dumps(recipe)}" for step, recipe in parts)


def run_steps(run: Run, feed: Feed, valid: Path, out: Path) -> None:
    """Run to the last step; save and score every few minutes."""
    parts: list[dict[str, float]] = []
    saved = time.monotonic()
    for _ in trange(run.steps, run.recipe.steps, initial=run.steps, total=run.recipe.steps, desc="steps", disable=None):
        parts.append(run.advance(feed.batch(run.steps)))
        if time.monotonic() - saved > SAVE_EVERY_S or run.steps == run.recipe.steps:
            mean = {name: sum(part[name] for part in parts) / len(parts) for name in parts[0]}
            scores = score(run.average, valid)
            run.curve.append((run.steps, {"loss": sum(mean.values())} | scores))
            text = " ".join(f"{name} {value:.4f}" for name, value in (mean | scores).items())
            log.info("step %d of %d: %s", run.steps, run.recipe.steps, text)
            run.save(out / CHECKPOINT)
            draw_curves(run.curve, out / "curves.png")
            parts.clear()
            saved = time.monotonic()


def score(net: FaceNet, valid: Path) -> dict[str, float]:
    """Recall, average precision and landmark error on a file of labelled images, at a long side of 320 px."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "face.onnx"
        export(net, path)
        write_card(ModelCard(path.stem, "face", "feelit"), path)
        found = evaluate_faces(path, valid, VALIDATION)
    best = found.sizes[0]
    scores = {"recall": best.recall_at_one_false_in_ten_images, "AP": best.average_precision}
    return scores | ({} if found.landmark_error is None else {"landmark error": found.landmark_error})
