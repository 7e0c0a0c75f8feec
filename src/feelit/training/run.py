"""The beginning of a training run: whether all is there, the recipe, the log."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from feelit.errors import MissingExtraError
from feelit.storage.atomic import output_errors

NEEDED = {"torch": "PyTorch", "onnx": "onnx", "matplotlib": "matplotlib", "sklearn": "scikit-learn"}


def run_recipe(given: str, changes: Sequence[str], data: Path, out: Path) -> tuple[Path, Mapping[str, object]]:
    """Train by a recipe to its end; returns the path of the model and the values of the recipe.

    Progress goes to standard error: one line per epoch, and a bar on a terminal.

    Raises
    ------
    MissingExtraError
        if the extra `train` is not installed.
    UsageError
        if recipe or data cannot be used, or `out` holds a run of another recipe.
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

    name, recipe = read_recipe(given, changes)
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
            elif isinstance(recipe, linear.Recipe):
                model = linear.train(name, recipe, data, out)
            else:
                model = expression.train(name, recipe, data, out)
    finally:
        log.removeHandler(handler)
    return model, as_values(recipe)


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
