"""The beginning of a training run: whether all is there, the recipe, the log."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from feelit.errors import MissingExtraError
from feelit.options.training import TrainOptions
from feelit.storage.atomic import output_errors, refuse_to_overwrite
from feelit.storage.stat import InputFiles, files_below

NEEDED = {"torch": "PyTorch", "onnx": "onnx", "matplotlib": "matplotlib", "sklearn": "scikit-learn"}

WRITTEN = (".onnx", ".json", ".npz", ".png", ".pt")
"""Endings of what a run writes into its folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What a training run made."""

    model: Path
    recipe: Mapping[str, object]


def run_recipe(given: str, options: TrainOptions) -> Trained:
    """Train by a recipe to its end.

    Progress goes to standard error: one line per epoch, and a bar on a terminal.

    Raises
    ------
    MissingExtraError
        if the extra `train` is not installed.
    UsageError
        if recipe or data cannot be used, or `out` holds a run of another recipe, or one of the inputs under a name that is
        written.
    OutputError
        if `out` cannot be written.
    """
    if missing := [words for module, words in NEEDED.items() if importlib.util.find_spec(module) is None]:
        raise MissingExtraError(f"training needs {missing[0]}, which is not installed", "pip install 'feelit[train]'")
    from feelit.training.expression import linear
    from feelit.training.expression import train as expression
    from feelit.training.face import recipe as face_recipe
    from feelit.training.face import train as face
    from feelit.training.identity import train as identity
    from feelit.training.recipe import as_values, read_recipe
    from feelit.training.signals import train as signals

    data, out = options.data, options.out
    name, recipe = read_recipe(given, options.changes)
    _refuse_inputs(out, Path(given), data)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log = logging.getLogger("feelit.training")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        with _folder(out):
            if isinstance(recipe, face_recipe.Recipe):
                model = face.train(name, recipe, data, out)
            elif isinstance(recipe, identity.Recipe):
                model = identity.train(name, recipe, data, out)
            elif isinstance(recipe, signals.Recipe):
                model = signals.train(name, recipe, data, out)
            elif isinstance(recipe, linear.Recipe):
                model = linear.train(name, recipe, data, out)
            else:
                model = expression.train(name, recipe, data, out)
    finally:
        log.removeHandler(handler)
    return Trained(model=model, recipe=as_values(recipe))


def _refuse_inputs(out: Path, recipe: Path, data: Path) -> None:
    """Nothing that a run writes directly into its folder replaces an input."""
    from feelit.training.checkpoint import CHECKPOINT

    mine = {name.name for name in out.iterdir() if name.suffix in WRITTEN} if out.is_dir() else set()
    own = mine if mine and data.is_dir() and out.samefile(data) else set()  # of earlier runs, in the folder of the data itself
    given = files_below(data, own)
    if (out / CHECKPOINT).exists():  # an earlier run's folder, which may lie below the data
        given = (file for file in given if file.parent.resolve() != out.resolve())
    inputs = InputFiles(chain([recipe], given))
    for name in sorted(mine):
        refuse_to_overwrite(out / name, True, inputs)


@contextlib.contextmanager
def _folder(out: Path) -> Iterator[None]:
    """The folder of a run, with those above it; what is new of them and still empty in the end goes again."""
    with output_errors(out):
        new = [folder for folder in (out, *out.parents) if not folder.exists()]
        out.mkdir(parents=True, exist_ok=True)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # it holds something
                for folder in new:
                    folder.rmdir()
