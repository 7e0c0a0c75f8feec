"""Checkpoints of training runs: everything that a run has come to, with the recipe by which it did."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from feelit.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    R = TypeVar("R", bound=DataclassInstance)

CHECKPOINT = "last.pt"
HINT = f"give the {CHECKPOINT} of another run of the same kind"


def write_checkpoint(path: Path, recipe: DataclassInstance, content: Mapping[str, Any]) -> None:
    """Write atomically, so that an interruption leaves the previous checkpoint."""
    torch.save({"recipe": asdict(recipe), **content}, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def read_checkpoint(path: Path, kind: type[R], before: Mapping[str, Any]) -> tuple[R, dict[str, Any]]:
    """The recipe of a checkpoint, and everything that it holds.

    Parameters
    ----------
    kind : what the recipe is
    before : what came of runs before recipes had these fields, by their names

    Raises
    ------
    UsageError
        if it cannot be read, or is none of such a run.
    """
    content = read_content(path)
    try:
        return kind(**{**before, **content["recipe"]}), content
    except (LookupError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is no checkpoint of such a run", HINT) from error


def read_content(path: Path) -> dict[str, Any]:
    """Everything that a checkpoint holds, whatever its recipe.

    Raises
    ------
    UsageError
        if it cannot be read.
    """
    try:
        content: dict[str, Any] = torch.load(path, weights_only=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", HINT) from error
    except (pickle.UnpicklingError, RuntimeError, LookupError, TypeError, ValueError, EOFError) as error:
        raise UsageError(f"{path} is no checkpoint of such a run", HINT) from error
    return content
