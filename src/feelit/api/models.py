"""What can be done with models: fetch one, train one."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from feelit.options.expand import keywords
from feelit.options.kinds import expanded
from feelit.options.training import PullOptions, TrainOptions

if TYPE_CHECKING:
    from feelit.training.run import Trained


@keywords()
def pull_model(name: str, *, options: PullOptions, progress: Callable[[float], None] | None = None) -> Path:
    """Fetch a public model into the user's cache, where its name as `detector` or `classifier` finds it.

    Nothing is fetched if it is there already, and nothing but a file with the checksum of the catalogue is taken.

    Parameters
    ----------
    name : in the catalogue, see `feelit models list`
    progress : called with the share that is there, 0..1

    Returns
    -------
    the path of the model

    Raises
    ------
    FeelitError
        of the kinds in errors.py.
    """
    from feelit.models.pull import pull

    return pull(name, options.mirror, options.file, progress or (lambda share: None))


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
    FeelitError
        of the kinds in errors.py; MissingExtraError without PyTorch.
    """
    from feelit.training.run import run_recipe

    return run_recipe(expanded(recipe), options)
