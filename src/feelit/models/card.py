"""Model cards: the JSON file beside every ONNX file that describes a model, its input and its output."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from feelit.encodings import text_of
from feelit.errors import ModelError

Task = Literal["face", "expression", "identity", "signals"]
Adapter = Literal["feelit", "yunet", "ultraface", "scrfd", "classifier"]
Color = Literal["luma", "bgr", "rgb"]
Crop = Literal["aligned", "box"]

MOST_CARD_BYTES = 1 << 20
MOST_SIDE_PX = 1024
MOST_NUMBER = 1e6
"""Limits for cards of unknown origin: larger values make no sense, and would only take memory or overflow."""

NUMBER = (int, float)
KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "task", "adapter", "sha256", "licence", "description"), (str,)),
    **dict.fromkeys(("color", "crop", "recipe", "trunk"), (str,)),
    **dict.fromkeys(("labels", "training_data", "limitations", "prior", "exposure"), (list,)),
    **dict.fromkeys(("mean", "scale", "threshold"), NUMBER),
    **dict.fromkeys(("temperature", "prior_temperature"), (*NUMBER, type(None))),
    "size_px": (int, type(None)),
    "parameters": (int,),
    "scores": (dict,),
}
"""The JSON types of each field of a card."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a program needs to run a model, and a person to judge it.

    `adapter` names the code that feeds the model and reads its outputs. A classifier's input values are
    `(pixel - mean) / scale`, `size_px` is the side of its square input; for a detector, both follow from the adapter or the
    ONNX file. `threshold` is a detector's default score. `temperature` divides a classifier's logits before the softmax; None
    means that the outputs are probabilities. `prior` holds the shares of the labels in the training data, in their order;
    `prior_temperature` calibrates probabilities for another prior and, where it is given, makes that the default, see
    `vision.expression.weights`. `exposure` holds the least range of grey levels and the least median of the crops that the
    network is given, see `vision.exposure`; without it crops stay as they are. `trunk` is the SHA-256 of the classifier whose
    outputs a signals model also has, bit for bit.
    """

    name: str
    task: Task
    adapter: Adapter
    sha256: str = ""
    licence: str = ""
    description: str = ""
    color: Color = "luma"
    crop: Crop = "aligned"
    size_px: int | None = None
    mean: float = 0.0
    scale: float = 1.0
    labels: tuple[str, ...] = ()
    temperature: float | None = 1.0
    prior: tuple[float, ...] = ()
    prior_temperature: float | None = None
    exposure: tuple[float, ...] = ()
    threshold: float = 0.5
    parameters: int = 0
    training_data: tuple[dict[str, Any], ...] = ()
    scores: dict[str, Any] = field(default_factory=dict)
    limitations: tuple[str, ...] = ()
    recipe: str = ""
    trunk: str = ""


def card_path(model: Path) -> Path:
    """The path of a model's card: that of the model, with the ending .json."""
    return model.with_suffix(".json")


def sha256_of(model: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with model.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def card_text(card: ModelCard) -> str:
    """The content of a card's file."""
    return json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n"


def write_card(card: ModelCard, model: Path) -> None:
    """Write `card` beside `model`, with the model's checksum filled in."""
    card_path(model).write_text(card_text(replace(card, sha256=sha256_of(model))), encoding="utf-8")


def read_card(model: Path) -> ModelCard:
    """Read and check the card of a model file.

    Raises
    ------
    ModelError
        if the card is missing, is not JSON, lacks a field or holds an unknown one, names a task, adapter, colour or crop
        that feelit does not know, or holds a value of the wrong kind or out of range.
    """
    path = card_path(model)
    try:
        with path.open("rb") as file:
            text = file.read(MOST_CARD_BYTES + 1)
        if len(text) > MOST_CARD_BYTES:
            raise ModelError(f"{path.name} is larger than {MOST_CARD_BYTES >> 20} MiB", "a card is a page of text")
        content = json.loads(text_of(text))
    except FileNotFoundError:
        raise ModelError(f"{model.name} has no card", f"write {path.name} beside it; docs/models.md says how") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path.name} cannot be read: {error}", "a card is one JSON object in UTF-8") from error
    return make_card(content, path.name)


def card_beside(model: Path) -> ModelCard:
    """Read the card of a model file that exists.

    Raises
    ------
    ModelError
        if there is no such file, and as `read_card` does.
    """
    if not model.is_file():
        raise ModelError(f"model {model} does not exist", "give a built-in name or the path of an .onnx file")
    return read_card(model)


def make_card(content: object, name: str) -> ModelCard:
    """Make a card from the content of a JSON or TOML file; `name` is for error messages.

    Raises
    ------
    ModelError
        as `read_card` does.
    """
    hint = "docs/models.md lists the fields of a card"
    if not isinstance(content, dict):
        raise ModelError(f"{name} is not a JSON object", hint)
    known = {f.name for f in fields(ModelCard)}
    if unknown := sorted(set(content) - known):
        raise ModelError(f"{name} has unknown fields: {', '.join(unknown)}", hint)
    for key, allowed in {"task": Task, "adapter": Adapter, "color": Color, "crop": Crop}.items():
        if key in content and content[key] not in get_args(allowed):
            raise ModelError(f"{name}: {key} is {content[key]!r}, not one of {', '.join(get_args(allowed))}", hint)
    for key, value in content.items():
        if not isinstance(value, KINDS[key]) or isinstance(value, bool):
            raise ModelError(f"{name}: {key} cannot be {value!r}", hint)
    lists = {key: tuple(value) for key, value in content.items() if isinstance(value, list)}
    try:
        card = ModelCard(**content | lists)
    except TypeError as error:
        raise ModelError(f"{name} lacks a required field: {error}", hint) from error
    for key, sound in _ranges(card).items():
        if not sound:
            raise ModelError(f"{name}: {key} cannot be {getattr(card, key)!r}", hint)
    return card


def _is_number(value: object) -> bool:
    return isinstance(value, NUMBER) and not isinstance(value, bool)


def _ranges(card: ModelCard) -> dict[str, bool]:
    """Whether the value of each field is within its limits."""
    return {
        "size_px": card.size_px is None or 0 < card.size_px <= MOST_SIDE_PX,
        "mean": abs(card.mean) <= MOST_NUMBER,
        "scale": 1 / MOST_NUMBER <= abs(card.scale) <= MOST_NUMBER,
        "temperature": card.temperature is None or 1 / MOST_NUMBER <= card.temperature <= MOST_NUMBER,
        "threshold": 0 < card.threshold < 1,
        "prior_temperature": card.prior_temperature is None or 1 / MOST_NUMBER <= card.prior_temperature <= MOST_NUMBER,
        "prior": not card.prior
        or (len(card.prior) == len(card.labels) and all(_is_number(share) and 0 < share <= 1 for share in card.prior)),
        "exposure": not card.exposure
        or (len(card.exposure) == 2 and all(_is_number(limit) and 0 < limit <= 200 for limit in card.exposure)),
        "labels": all(isinstance(label, str) for label in card.labels),
    }
