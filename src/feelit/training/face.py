"""Train the face detector.

    python -m feelit.training.face --data DIR --out DIR

`--data` holds train-*.parquet and val.parquet (see `face_data`). `--out` receives the decoded images and last.pt, from which
an interrupted run resumes. The checkpoint carries its recipe.
`feelit.training.face_export` makes an ONNX file and a card of it.
"""

from __future__ import annotations

import argparse
import copy
import logging
import math
import time
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from feelit.training.face_augment import Spoiler
from feelit.training.face_data import FaceImages, load_images
from feelit.training.face_distractors import Distractors
from feelit.training.face_evaluate import Question, score_detector
from feelit.training.face_loss import Batch, losses
from feelit.training.face_network import FaceNet
from feelit.training.face_scenes import Scene, SceneMaker, Turn
from feelit.training.face_targets import assign, cells_of
from feelit.types import Detections, UInt8
from feelit.vision.detector import select_faces, view_of

log = logging.getLogger("feelit.training.face")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what comes out."""

    widths: tuple[int, ...] = (32, 48, 64, 96)
    depths: tuple[int, ...] = (1, 2, 1)
    neck: int = 48
    size_px: int = 256
    least_face_px: float = 8.0
    most_face_px: float = 200.0
    batch: int = 32
    steps: int = 12000
    warmup: int = 300
    rate: float = 2e-3
    decay: float = 0.02
    average: float = 0.998
    turned: float = 0.5
    turned_deg: float = 40.0
    distractors: float = 0.35
    score_weight: float = 4.0
    box_weight: float = 4.0
    landmark_weight: float = 4.0
    seed: int = 0


@dataclass(slots=True, eq=False)
class Run:
    """A training run between two steps."""

    recipe: Recipe
    net: FaceNet
    averaged: FaceNet
    optimizer: torch.optim.Optimizer
    step: int = 0
    history: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # earlier recipes, and the steps that they ended at

    @classmethod
    def start(cls, recipe: Recipe) -> Run:
        """A run that has seen nothing yet."""
        torch.manual_seed(recipe.seed)
        net = FaceNet(recipe.widths, recipe.depths, recipe.neck).to(memory_format=torch.channels_last)
        plain = [p for p in net.parameters() if p.ndim == 1]  # norms and biases are not decayed
        decayed = [p for p in net.parameters() if p.ndim > 1]
        groups = [{"params": decayed, "weight_decay": recipe.decay}, {"params": plain, "weight_decay": 0.0}]
        return cls(recipe, net, copy.deepcopy(net), torch.optim.AdamW(groups, lr=recipe.rate))

    @classmethod
    def load(cls, path: Path) -> Run:
        """The run that `save` wrote."""
        content = torch.load(path, weights_only=True)
        run = cls.start(Recipe(**content["recipe"]))
        run.net.load_state_dict(content["net"])
        run.averaged.load_state_dict(content["averaged"])
        run.optimizer.load_state_dict(content["optimizer"])
        run.step, run.history = content["step"], content["history"]
        return run

    def change(self, recipe: Recipe) -> None:
        """Go on by another recipe for the same network; the former one is remembered."""
        if recipe != self.recipe:
            self.history.append((self.step, asdict(self.recipe)))
            self.recipe = recipe

    def save(self, path: Path) -> None:
        """Write atomically, so that an interruption leaves the previous checkpoint."""
        content = {
            "recipe": asdict(self.recipe),
            "net": self.net.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "history": self.history,
        }
        torch.save(content, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def advance(self, batch: Batch) -> dict[str, float]:
        """One step of the optimizer; returns the parts of the loss."""
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, self.step)
        luma = batch.luma.to(memory_format=torch.channels_last)
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16):
            prediction = self.net(luma)
        part = losses(prediction, batch)
        total = recipe.score_weight * part.score + recipe.box_weight * part.box + recipe.landmark_weight * part.landmarks
        self.optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return {f.name: float(getattr(part, f.name).detach()) for f in fields(part)}

    @torch.no_grad()
    def _follow(self) -> None:
        """Let the averaged weights follow, at first closely."""
        keep = min(self.recipe.average, self.step / (self.step + 100))
        for mean, now in zip(self.averaged.state_dict().values(), self.net.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


def learning_rate(recipe: Recipe, step: int) -> float:
    """A linear rise, then a cosine down to a hundredth."""
    if step < recipe.warmup:
        return recipe.rate * (step + 1) / recipe.warmup
    done = min(1.0, (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup))
    return recipe.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


class Feeder:
    """Batches by step number: the same step of the same recipe always gets the same scenes, also after a restart."""

    def __init__(self, recipe: Recipe, images: FaceImages) -> None:
        self._recipe = recipe
        turn = Turn(recipe.turned, recipe.turned_deg)
        self._maker = SceneMaker(images, recipe.size_px, (recipe.least_face_px, recipe.most_face_px), turn)
        self._distractors = Distractors()
        self._spoiler = Spoiler(recipe.size_px)
        self._cells = cells_of(recipe.size_px)

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        rng = np.random.default_rng((self._recipe.seed, step))
        scenes = [self._scene(rng) for _ in range(self._recipe.batch)]
        return Batch.of(scenes, [assign(scene, self._cells) for scene in scenes])

    def _scene(self, rng: np.random.Generator) -> Scene:
        scene = self._maker.make(rng)
        if rng.random() < self._recipe.distractors:
            self._distractors.add(scene, rng)
        return self._spoiler.spoil(scene, rng)


@torch.inference_mode()
def detect_with(net: FaceNet, images: UInt8, min_score: float = 0.1) -> Detections:
    """Detections of a network in px of the images, by the same selection that serves users."""
    net.eval()
    found = net(torch.from_numpy(images[:, None]))
    height, width = images.shape[1:]
    raw = (found.logit.sigmoid().numpy(), found.box.numpy(), found.landmarks.numpy())
    return select_faces(raw, view_of(width, height, 0), min_score)


def train(run: Run, feeder: Feeder, valid: FaceImages, out: Path, every_s: float) -> None:
    """Run to the last step; save and score now and then."""
    seen: list[dict[str, float]] = []
    started = saved = time.monotonic()
    first = run.step
    while run.step < run.recipe.steps:
        seen.append(run.advance(feeder.batch(run.step)))
        if run.step % 100 == 0:
            mean = {name: round(sum(part[name] for part in seen) / len(seen), 4) for name in seen[0]}
            speed = (run.step - first) * run.recipe.batch / (time.monotonic() - started)
            log.info("step %d of %d  %s  %.0f scenes/s", run.step, run.recipe.steps, mean, speed)
            seen.clear()
        if time.monotonic() - saved > every_s or run.step == run.recipe.steps:
            run.save(out / "last.pt")
            scores = score_detector(lambda luma: detect_with(run.averaged, luma), valid, Question())
            log.info("step %d valid %s", run.step, scores)
            saved = time.monotonic()


def main() -> None:
    """Parse the command line, then train or resume."""
    parser = argparse.ArgumentParser(prog="python -m feelit.training.face", description="Train the face detector.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train-*.parquet and val.parquet")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint and the decoded images")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every-s", type=float, default=300.0, help="seconds between checkpoints and validations")
    for f in fields(Recipe):
        if not isinstance(f.default, tuple):
            parser.add_argument(f"--{f.name.replace('_', '-')}", type=type(f.default), default=None)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(arguments.threads)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    chosen = {f.name: v for f in fields(Recipe) if (v := getattr(arguments, f.name, None)) is not None}
    run = Run.load(out / "last.pt") if (out / "last.pt").exists() else Run.start(Recipe(**chosen))
    run.change(replace(run.recipe, **chosen))
    images = load_images(sorted(arguments.data.glob("train-*.parquet")), out / "train.npz")
    valid = load_images([arguments.data / "val.parquet"], out / "val.npz")
    log.info("%s from step %d, %d images, %d parameters", run.recipe, run.step, len(images), count_parameters(run.net))
    train(run, Feeder(run.recipe, images), valid, out, arguments.every_s)


def count_parameters(net: nn.Module) -> int:
    """How many numbers are learnt."""
    return sum(p.numel() for p in net.parameters())


if __name__ == "__main__":
    main()
