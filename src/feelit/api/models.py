"""What can be done with models."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from feelit.options.kinds import expanded


def pull_model(name: str, *, mirror: str | None = None, file: str | PathLike[str] | None = None) -> Path:
    """Fetch a public model into the user's cache, where its name as `detector` or `classifier` finds it.

    Nothing is fetched if it is there already, and nothing but a file with the checksum of the catalogue is taken.

    Parameters
    ----------
    name : in the catalogue, see `feelit models list`
    mirror : the folder of another web server that has the file as NAME.onnx
    file : a copy of the file on this computer, to be taken instead

    Returns
    -------
    the path of the model

    Raises
    ------
    FeelitError
        of the kinds in errors.py.
    """
    from feelit.models.pull import pull

    return pull(name, mirror, Path(expanded(file)) if file is not None else None)
