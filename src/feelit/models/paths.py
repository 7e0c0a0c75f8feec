"""Paths of model files, and the resolution of model names. Nothing is downloaded here."""

from __future__ import annotations

import re
from pathlib import Path

from feelit.errors import ModelError, UsageError
from feelit.models.catalogue import catalogue
from feelit.storage.atomic import cache_folder

BUILT_IN = {
    "face": "face-v5.onnx",
    "expression": "expression-v5.onnx",
    "identity": "identity-v1.onnx",
    "signals": "signals-v3.onnx",
}
"""Name on the command line -> file in models/."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
"""Valid names of models in the cache."""


def models_folder() -> Path:
    """The folder of the built-in models: inside the installed package, or at the top of a source checkout."""
    package = Path(__file__).parents[1]
    installed = package / "model_files"
    return installed if installed.is_dir() else package.parent.parent / "models"


def cached_path(name: str) -> Path:
    """The path of a model in the user's cache, whether it exists or not.

    Raises
    ------
    UsageError
        if the user has no cache.
    """
    return cache_folder() / "models" / f"{name}.onnx"


def cached_names() -> list[str]:
    """The models in the user's cache, in alphabetical order."""
    try:
        files = sorted(cached_path("").parent.glob("*.onnx"))
        return [file.stem for file in files if NAME.fullmatch(file.stem) and file.is_file()]
    except (UsageError, OSError):  # there is none, or none that this user may read
        return []


def model_path(name: str) -> Path:
    """The file of a model: of a built-in one, else of one in the user's cache, else the given path.

    Raises
    ------
    ModelError
        if it is none of them, or cannot be read.
    """
    path = Path(name).expanduser() if name.startswith("~/") else Path(name)
    if name in BUILT_IN:
        path = models_folder() / BUILT_IN[name]
    elif name in cached_names():
        path = cached_path(name)
    try:
        if path.is_file():
            return path.resolve()
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise ModelError(f"model {name} cannot be read: {error.strerror}", "give the path of an .onnx file") from error
    if name in catalogue():
        raise ModelError(f"model {name} is not on this computer", f"`feelit models pull {name}` fetches it")
    others = "`feelit models list` shows others; anything else is the path of an .onnx file with its card"
    raise ModelError(f"model {name} does not exist", f"built-in models: {', '.join(BUILT_IN)}; {others}")
