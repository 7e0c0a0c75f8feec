"""Functions of models: list, describe, check, fetch and train them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from feelit.options.expand import keywords
from feelit.options.kinds import expanded
from feelit.options.models import PullOptions, TrainOptions

if TYPE_CHECKING:
    from feelit.models.describe import Described
    from feelit.models.list import Listed
    from feelit.models.verify import Checked
    from feelit.training.run import Trained


def list_models() -> list[Listed]:
    """The models that come with feelit, those in the user's cache, and those that can be fetched.

    Returns
    -------
    One record per model: its name, task, licence, source, checksum and size, and its path where it is on this computer.
    """
    from feelit.models import list as listing

    return listing.list_models()


def describe_model(model: str | PathLike[str]) -> Described:
    """A model's card, and the inputs and outputs of its network.

    Parameters
    ----------
    model : a name of `list_models`, or the path of an .onnx file

    Raises
    ------
    ModelError
        if there is no such model, or its card is missing or damaged.
    """
    from feelit.models.describe import describe

    return describe(expanded(model))


def verify_models(models: Sequence[str | PathLike[str]] = ()) -> list[Checked]:
    """Compare models with their checksums, load them, and check whether their cards fit.

    Parameters
    ----------
    models : names or paths; none stands for all that are on this computer

    Returns
    -------
    One record per model: whether it is `ok`, and if not, what is wrong and what to do about it.
    """
    from feelit.models.verify import check_models

    return check_models([expanded(model) for model in models])


@keywords()
def pull_model(name: str, *, options: PullOptions, progress: Callable[[float], None] | None = None) -> Path:
    """Fetch a public model into the user's cache, where its name as `detector` or `classifier` finds it.

    Nothing is fetched if it is there already. Only a file with the checksum of the catalogue is accepted.

    Parameters
    ----------
    name : in the catalogue, see `feelit models list`
    progress : called with the share that is fetched, 0..1

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
