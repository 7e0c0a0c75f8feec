"""Checkpoints of training runs: the recipe of a run and its state."""

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


def write_checkpoint(path: Path, recipe: DataclassInstance, state: Mapping[str, Any]) -> None:
    """Write atomically, so that an interruption leaves the previous checkpoint."""
    torch.save({"recipe": asdict(recipe), **state}, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def read_checkpoint(path: Path, kind: type[R], legacy: Mapping[str, Any]) -> tuple[R, dict[str, Any]]:
    """Read the recipe of a checkpoint, and all of its content.

    Parameters
    ----------
    kind : class of the recipe
    legacy : values of the recipe's fields that older checkpoints lack

    Raises
    ------
    UsageError
        if it cannot be read, or belongs to another kind of run.
    """
    content = read_content(path)
    try:
        return kind(**{**legacy, **content["recipe"]}), content
    except (LookupError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is no checkpoint of such a run", HINT) from error


def read_content(path: Path) -> dict[str, Any]:
    """Read everything that a checkpoint holds, whatever its recipe.

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
