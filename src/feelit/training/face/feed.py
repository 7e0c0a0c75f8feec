"""Batches of scenes with their targets, by step number.

Making a batch takes as long as a training step. So every batch is cached in the folder of the run, a separate process makes
them in advance, and after the last one they repeat, mirrored every other time and in another light.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from feelit.models.paths import model_path
from feelit.training.face.augment import Degrader, Distractors, random_tones
from feelit.training.face.data import FaceImages, load_images
from feelit.training.face.network import STRIDES
from feelit.training.face.recipe import Recipe
from feelit.training.face.scenes import MIRRORED, Scene, SceneMaker, Turn
from feelit.training.face.targets import LEAST_SCORE, Batch, Teacher, cells_of
from feelit.types import UInt8

WAIT_S = 0.1

SCENES = ("seed", "size_px", "least_face_px", "most_face_px", "batch", "turned", "turned_deg", "distractors", "teacher")
"""The fields of a recipe that scenes depend on."""


def batch_folder(recipe: Recipe, data_key: str, out: Path) -> Path:
    """The folder for the batches of a recipe and of images with the hash `data_key`, see `data.content_hash`."""
    content = json.dumps([data_key, *(getattr(recipe, name) for name in SCENES)])
    return out / f"batches-{hashlib.blake2b(content.encode(), digest_size=8).hexdigest()}"


class BatchMaker:
    """Makes batches; a batch depends on the recipe and its number alone."""

    def __init__(self, recipe: Recipe, images: FaceImages) -> None:
        self._recipe = recipe
        turn = Turn(recipe.turned, recipe.turned_deg)
        self._scenes = SceneMaker(images, recipe.size_px, (recipe.least_face_px, recipe.most_face_px), turn)
        self._distractors = Distractors()
        self._degrader = Degrader(recipe.size_px)
        self._teacher = Teacher(model_path(recipe.teacher), cells_of(recipe.size_px), recipe.size_px)

    def batch(self, number: int) -> Batch:
        """The batch of a number."""
        rng = np.random.default_rng((self._recipe.seed, number))
        scenes = [self._scene(rng) for _ in range(self._recipe.batch)]
        return Batch.of(scenes, self._teacher.targets(scenes))

    def images(self, count: int) -> UInt8:
        """(N, S, S) luma of scenes that are in no batch."""
        rng = np.random.default_rng((self._recipe.seed, 2**32))
        return np.stack([self._scene(rng).luma for _ in range(count)])

    def _scene(self, rng: np.random.Generator) -> Scene:
        scene = self._scenes.make(rng)
        if rng.random() < self._recipe.distractors:
            self._distractors.add(scene, rng)
        return self._degrader.degrade(scene, rng)


class Feed:
    """Gives the batch of each step, which depends on the recipe and the step alone."""

    def __init__(self, recipe: Recipe, maker: BatchMaker, folder: Path, ahead: BaseProcess | None = None) -> None:
        self._recipe, self._maker, self._folder, self._ahead = recipe, maker, folder, ahead

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        repeats, number = divmod(step, self._recipe.batches)
        path = _path(self._folder, number)
        while not path.exists() and self._ahead is not None and self._ahead.is_alive():
            time.sleep(WAIT_S)
        if not path.exists():
            save_batch(self._maker.batch(number), path)
        batch = load_batch(path)
        if repeats % 2:
            batch = mirrored(batch)
        return relit(batch, np.random.default_rng((self._recipe.seed, 1, step))) if repeats else batch


@contextlib.contextmanager
def prefetching(recipe: Recipe, cache: Path, folder: Path, step: int) -> Iterator[BaseProcess]:
    """A process that makes the missing batches from that of a step on; it ends with the block."""
    first = step if step < recipe.batches else 0
    process = multiprocessing.get_context("spawn").Process(target=_make, args=(recipe, cache, folder, first), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join()


def _make(recipe: Recipe, cache: Path, folder: Path, first: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training process, which ends this one
    cv2.setNumThreads(1)
    maker, parent = BatchMaker(recipe, load_images([], cache)), multiprocessing.parent_process()
    with contextlib.suppress(OSError):  # the training process gets the same error and reports it
        for number in range(first, recipe.batches):
            if parent is not None and not parent.is_alive():
                return
            if not _path(folder, number).exists():
                save_batch(maker.batch(number), _path(folder, number))


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.pt"


def save_batch(batch: Batch, path: Path) -> None:
    """Write a batch, with the boxes and landmarks of the few cells that give a loss for them."""
    sure = (batch.score > LEAST_SCORE).flatten().nonzero()[:, 0]
    content = {"luma": batch.luma, "score": batch.score.half(), "silent": batch.silent, "sure": sure.int()}
    content |= {name: getattr(batch, name).flatten(0, 1)[sure] for name in ("box", "landmarks", "weight")}
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(f".{multiprocessing.current_process().pid}.part")  # two processes may make the same batch
    torch.save(content, part)
    part.replace(path)


def load_batch(path: Path) -> Batch:
    """Read a batch that `save_batch` wrote."""
    content = torch.load(path, weights_only=True)
    shape, sure = content["score"].shape, content["sure"].long()
    whole: dict[str, Tensor] = {}
    for name in ("box", "landmarks", "weight"):
        flat = torch.zeros(shape.numel(), content[name].shape[1])
        flat[sure] = content[name]
        whole[name] = flat.unflatten(0, shape)
    return Batch(luma=content["luma"], score=content["score"].float(), silent=content["silent"], **whole)


def mirrored(batch: Batch) -> Batch:
    """The scenes mirrored; right and left landmarks change places."""
    side = batch.luma.shape[-1]
    cells, count = [], 0
    for stride in STRIDES:
        wide = side // stride
        cells.append(torch.arange(count, count + wide * wide).view(wide, wide).flip(1).flatten())
        count += wide * wide
    cell = torch.cat(cells)
    box, points, weight = (getattr(batch, name)[:, cell] for name in ("box", "landmarks", "weight"))
    box = torch.stack([side - box[..., 2], box[..., 1], side - box[..., 0], box[..., 3]], dim=-1)
    points = points.unflatten(-1, (5, 2))[..., MIRRORED, :]
    points = torch.stack([side - points[..., 0], points[..., 1]], dim=-1).flatten(-2)
    weight = weight.unflatten(-1, (5, 2))[..., MIRRORED, :].flatten(-2)
    changed: dict[str, Any] = {"luma": batch.luma.flip(-1), "box": box, "landmarks": points, "weight": weight}
    return replace(batch, **changed, score=batch.score[:, cell], silent=batch.silent[:, cell])


def relit(batch: Batch, rng: np.random.Generator) -> Batch:
    """The scenes with random tone curves."""
    tables = [random_tones(rng) for _ in range(len(batch.luma))]
    luma = [table[scene] for table, scene in zip(tables, batch.luma.numpy(), strict=True)]
    return replace(batch, luma=torch.from_numpy(np.stack(luma)))
