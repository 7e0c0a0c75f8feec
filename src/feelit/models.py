"""Where the models that feelit ships lie, and what a model's name means."""

from __future__ import annotations

from pathlib import Path

from feelit.errors import ModelError

BUILT_IN = {"face": "face-v1.onnx", "expression": "expression-v1.onnx"}
"""Name on the command line -> file in models/."""


def models_folder() -> Path:
    """The folder of the built-in models: inside the installed package, or at the top of a source checkout."""
    package = Path(__file__).parent
    installed = package / "model_files"
    return installed if installed.is_dir() else package.parent.parent / "models"


def model_path(name: str) -> Path:
    """The file that a built-in name or a path stands for.

    Raises
    ------
    ModelError
        if it is neither, or cannot be read.
    """
    path = models_folder() / BUILT_IN[name] if name in BUILT_IN else Path(name)
    try:
        if path.is_file():
            return path.resolve()
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise ModelError(f"model {name} cannot be read: {error.strerror}", "give the path of an .onnx file") from error
    hint = f"built-in models: {', '.join(BUILT_IN)}; anything else is the path of an .onnx file with its card"
    raise ModelError(f"model {name} does not exist", hint)
