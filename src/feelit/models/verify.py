"""Verification of models against their cards and the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from feelit.errors import FeelitError, ModelError
from feelit.models.card import card_path, read_card, sha256_of
from feelit.models.catalogue import catalogue
from feelit.models.list import card_of
from feelit.models.paths import BUILT_IN, cached_names, cached_path, model_path, models_folder
from feelit.options import Device
from feelit.options.kinds import expanded

AGAIN = "install feelit again; the models are part of it"


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one model; `remedy` is empty if it is sound."""

    name: str
    ok: bool
    message: str
    remedy: str = ""


def verify_models(models: Sequence[str | PathLike[str]] = ()) -> list[Checked]:
    """Compare models with their checksums, load them, and check whether their cards fit.

    Parameters
    ----------
    models : names or paths; none stands for all that are on this computer

    Returns
    -------
    One record per model: whether it is `ok`, and if not, what is wrong and what to do about it.
    """
    return [check_model(expanded(model)) for model in models or dict.fromkeys((*BUILT_IN, *cached_names()))]


def check_model(name: str) -> Checked:
    """Compare checksums, load the network and try it with a black picture, as a run would."""
    try:
        path = models_folder() / BUILT_IN[name] if name in BUILT_IN else model_path(name)
        match = compare(name, path)
        _try(path)
    except FeelitError as error:
        return Checked(name, False, error.message, AGAIN if name in BUILT_IN else error.hint)
    return Checked(name, True, f"{match}; opens, and takes and gives what its card says")


def compare(name: str, path: Path) -> str:
    """Compare a model's checksum with its card's, and both with the catalogue where it comes from there.

    Returns
    -------
    what was found, as a sentence

    Raises
    ------
    ModelError
        if they differ, or the model or its card is missing or cannot be read.
    """
    if not path.is_file():
        raise ModelError(f"{path} is missing", "give the path of an .onnx file")
    card = read_card(path)
    try:
        checksum = sha256_of(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}", "fix its permissions") from error
    entry = catalogue().get(name) if path == _cached(name) else None
    again = f"`feelit models pull {name}` puts it right"
    if entry and entry.sha256 != checksum:
        raise ModelError(f"{path} has SHA-256 {checksum}, the catalogue says {entry.sha256}", again)
    if entry and card_of(entry) != card:
        raise ModelError(f"{card_path(path)} is not the card of the catalogue", again)
    if not card.sha256 and name not in BUILT_IN and not entry:
        return f"{path.name}, SHA-256 {checksum[:12]}..., which its card does not state"
    if card.sha256 != checksum:
        hint = "take the file and its card from one source"
        raise ModelError(f"{path} has SHA-256 {checksum}, its card says {card.sha256 or 'none'}", hint)
    return f"{path.name}, SHA-256 {checksum[:12]}... as {'the catalogue' if entry else 'its card'} says"


def _cached(name: str) -> Path | None:
    return cached_path(name).resolve() if name in cached_names() else None


def _try(path: Path) -> None:
    from feelit.vision.detector import FaceDetector
    from feelit.vision.expression import ExpressionModel
    from feelit.vision.identity import IdentityModel
    from feelit.vision.signals import SignalsModel

    openers: dict[str, Callable[[Path, Device], object]] = {
        "face": FaceDetector,
        "expression": ExpressionModel,
        "identity": IdentityModel,
        "signals": lambda model, device: SignalsModel(model, (), device),
    }
    openers[read_card(path).task](path, "cpu")
