"""Recipes: TOML files with all settings of a training run besides its data.

    kind = "expression"
    epochs = 120
    channels = [48, 64, 128, 256]

`kind` names the training loop; settings that are not given have the defaults of its `Recipe`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import Field, fields
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

from feelit.encodings import text_of
from feelit.errors import UsageError
from feelit.training.expression import linear
from feelit.training.expression import run as expression_run
from feelit.training.expression import train as expression
from feelit.training.face import recipe as face_recipe
from feelit.training.face import train as face
from feelit.training.identity import train as identity
from feelit.training.signals import train as signals

Recipe = expression_run.Recipe | face_recipe.Recipe | identity.Recipe | linear.Recipe | signals.Recipe

KINDS: dict[str, ModuleType] = {
    "expression": expression,
    "face": face,
    "identity": identity,
    "linear": linear,
    "signals": signals,
}
"""The module of every kind, with its `Recipe` and its `train`."""

FOLDER = resources.files("feelit.training") / "recipes"
MOST_BYTES = 1 << 20


def built_in() -> list[str]:
    """The names of the recipes that come with feelit."""
    return sorted(file.name.removesuffix(".toml") for file in FOLDER.iterdir() if file.name.endswith(".toml"))


def read_recipe(given: str, changes: Iterable[str] = ()) -> tuple[str, Recipe]:
    """Read a recipe; gives its name and its settings.

    Parameters
    ----------
    given : a built-in name, or the path of a .toml file
    changes : settings that replace those of the recipe, such as "epochs=10" or "channels=[48, 96]"

    Raises
    ------
    UsageError
        if there is no such recipe, it is no TOML, or a setting is unknown, of another type or out of range.
    """
    name, text = (given, (FOLDER / f"{given}.toml").read_text("utf-8")) if given in built_in() else _read(Path(given))
    values = _parsed(text, given)
    kind = values.pop("kind", None)
    if kind not in KINDS:
        raise UsageError(f"recipe {given}: kind is {kind!r}", f"it is one of {', '.join(KINDS)}")
    values |= _parsed("\n".join(changes), "--set")
    make: Any = KINDS[kind].Recipe
    known = {field.name: field for field in fields(make)}
    if unknown := sorted(set(values) - set(known)):
        raise UsageError(f"recipe {given}: unknown: {', '.join(unknown)}", f"known: {', '.join(known)}")
    recipe: Recipe = make(**{key: _checked(known[key], value, given) for key, value in values.items()})
    return name, recipe


def _read(path: Path) -> tuple[str, str]:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES)
        return path.stem, text_of(content)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        names = ", ".join(built_in())
        raise UsageError(f"recipe {path} cannot be read: {reason}", f"give a .toml file, or one of {names}") from error


def _parsed(text: str, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{origin} is no TOML: {error}", "lines are name = value, with text in quotes") from error


def _checked(field: Field[Any], value: object, origin: str) -> object:
    """A setting, converted to the type of its default."""
    default = field.default
    if isinstance(default, tuple):
        words = "str" in str(field.type)
        fits = isinstance(value, list) and all(isinstance(v, str) if words else _is_whole(v) and v > 0 for v in value)
        result: object = tuple(value) if isinstance(value, list) else value
    elif isinstance(default, float):
        fits = _is_whole(value) or isinstance(value, float)
        result = float(value) if isinstance(value, int | float) else value
    else:
        fits, result = type(value) is type(default), value
    if not fits or (isinstance(result, int | float) and not 0 <= result < 1e9):
        shown = list(default) if isinstance(default, tuple) else default
        raise UsageError(f"recipe {origin}: {field.name} cannot be {value!r}", f"the default is {shown}")
    return result


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
