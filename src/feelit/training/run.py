"""The entry point of training: checks the installation and the inputs, reads the recipe, sets up the log."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from feelit.errors import MissingExtraError, UsageError
from feelit.options.expand import keywords
from feelit.options.kinds import expanded
from feelit.options.models import TrainOptions
from feelit.storage.atomic import no_empty_folders, output_errors, refuse_to_overwrite
from feelit.storage.stat import InputFiles, files_below

if TYPE_CHECKING:
    from feelit.training.recipe import Recipe

log = logging.getLogger("feelit.training")

NEEDED = {"torch": "PyTorch", "onnx": "onnx", "matplotlib": "matplotlib", "sklearn": "scikit-learn"}

WRITTEN = (".onnx", ".json", ".npz", ".png", ".pt")
"""Endings of what a run writes into its folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What a training run made."""

    model: Path
    recipe: Mapping[str, object]


@keywords()
def train(recipe: str | PathLike[str], *, options: TrainOptions) -> Trained:
    """Train a model to the end of a recipe; docs/cli.md describes recipes and data.

    Progress goes to standard error: one line per epoch, and a bar on a terminal.

    Parameters
    ----------
    recipe : a built-in name, or the path of a .toml file

    Returns
    -------
    The path of the `model`, and the values of the `recipe`.

    Raises
    ------
    MissingExtraError
        if the extra `train` is not installed.
    UsageError
        if recipe or data cannot be used, or `out` holds a run of another recipe, or an input that would be overwritten.
    OutputError
        if `out` cannot be written.
    """
    if missing := [title for module, title in NEEDED.items() if importlib.util.find_spec(module) is None]:
        raise MissingExtraError(f"training needs {missing[0]}, which is not installed", "pip install 'feelit[train]'")
    from feelit.training.recipe import read_recipe

    data, out, given = options.data, options.out, expanded(recipe)
    name, values = read_recipe(given, options.changes)
    _refuse_inputs(out, Path(given), data)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        with output_errors(out):
            model = _follow(name, values, data, out)
    finally:
        log.removeHandler(handler)
    return Trained(model=model, recipe=asdict(values))


def _follow(name: str, recipe: Recipe, data: Path, out: Path, above: tuple[str, ...] = ()) -> Path:
    """Train a recipe in the folder `out`, after the recipe that it begins with, in a folder of that one's name below."""
    from feelit.training.checkpoint import CHECKPOINT
    from feelit.training.recipe import KINDS, read_recipe

    with no_empty_folders(out):
        out.mkdir(parents=True, exist_ok=True)
        given = getattr(recipe, "first", "")
        if given and not (out / CHECKPOINT).exists():
            first_name, first = read_recipe(given)
            if given in above or type(first) is not type(recipe):
                raise UsageError(f"recipe {name} cannot begin with {given}", "begin with a recipe or a checkpoint of its kind")
            log.info("%s begins with %s", name, first_name)
            _refuse_inputs(out / first_name, Path(given), data)
            _follow(first_name, first, data, out / first_name, (*above, given))
        kind = next(module for module in KINDS.values() if type(recipe) is module.Recipe)
        return kind.train(name, recipe, data, out)


def _refuse_inputs(out: Path, recipe: Path, data: Path) -> None:
    """Refuse to overwrite inputs that lie in the folder of the run."""
    from feelit.training.checkpoint import CHECKPOINT

    mine = {name.name for name in out.iterdir() if name.suffix in WRITTEN} if out.is_dir() else set()
    own = mine if mine and data.is_dir() and out.samefile(data) else set()  # of earlier runs, in the folder of the data itself
    given = files_below(data, own)
    if (out / CHECKPOINT).exists():  # an earlier run's folder, which may lie below the data
        given = (file for file in given if file.parent.resolve() != out.resolve())
    inputs = InputFiles(chain([recipe], given))
    for name in sorted(mine):
        refuse_to_overwrite(out / name, True, inputs)
