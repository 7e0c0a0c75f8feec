"""The description of one model, as text and as JSON: its card, and the inputs and outputs of its network."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from feelit.errors import FeelitError
from feelit.models.card import ModelCard, read_card
from feelit.models.catalogue import catalogue
from feelit.models.list import card_of
from feelit.models.paths import BUILT_IN, model_path
from feelit.options.kinds import expanded
from feelit.storage.names import as_text, one_line
from feelit.vision.adapters import ADAPTERS
from feelit.vision.session import Port, open_session, ports_of

WIDTH = 100
MARGIN = 14

KINDS = {
    "face": "a detector of faces",
    "expression": "a classifier of expressions",
    "identity": "a network that distinguishes people",
    "signals": "a network of head pose, gaze and action units",
}


@dataclass(frozen=True, slots=True)
class Described:
    """A model. Where it is not downloaded, `path` is None, and inputs and outputs are unknown.

    `problem` says why a network does not load.
    """

    name: str
    path: Path | None
    size_bytes: int
    card: ModelCard
    inputs: list[Port]
    outputs: list[Port]
    problem: str = ""

    def record(self) -> dict[str, Any]:
        """The description for `json.dumps`."""
        content = {"name": self.name, "present": self.path is not None, "path": as_text(self.path) if self.path else None}
        ports = {side: [port._asdict() for port in getattr(self, side)] for side in ("inputs", "outputs")}
        return content | {"size_bytes": self.size_bytes, "card": asdict(self.card)} | ports | {"problem": self.problem or None}

    def text(self) -> str:
        """The description as text."""
        return "\n".join(_lines(self)) + "\n"


def describe_model(model: str | PathLike[str]) -> Described:
    """A model's card, and the inputs and outputs of its network.

    Parameters
    ----------
    model : a name of `list_models`, or the path of an .onnx file; one of the catalogue need not be downloaded

    Raises
    ------
    ModelError
        if there is no such model, or its card is missing or damaged.
    """
    name = expanded(model)
    try:
        path = model_path(name)
    except FeelitError:
        entry = catalogue().get(name)
        if entry is None:
            raise
        return Described(name, None, entry.size_bytes, card_of(entry), [], [])
    card, size_bytes = read_card(path), path.stat().st_size
    known = name if name in BUILT_IN or name in catalogue() else card.name
    try:
        return Described(known, path, size_bytes, card, *ports_of(open_session(path, "cpu")))
    except FeelitError as error:
        return Described(known, path, size_bytes, card, [], [], error.message)


def _lines(model: Described) -> Iterator[str]:
    card = model.card
    yield f"{model.name}: {KINDS[card.task]}"
    if card.description:
        yield from ("", *textwrap.wrap(card.description, WIDTH))
    yield ""
    facts = {
        "file": one_line(as_text(model.path))
        if model.path
        else f"not on this computer; `feelit models pull {model.name}` fetches it",
        "size": f"{model.size_bytes} bytes",
        "SHA-256": card.sha256 or "not stated",
        "licence": card.licence or "not stated",
        "adapter": card.adapter,
        "input": _input(card),
        "labels": ", ".join(card.labels),
        "parameters": str(card.parameters or ""),
        "inputs": "; ".join(map(_port, model.inputs)),
        "outputs": "; ".join(map(_port, model.outputs)),
        "problem": model.problem,
        "made by": card.recipe,
    }
    for title, fact in facts.items():
        if fact:
            yield from _paragraph(f"{title:<{MARGIN}}", fact, MARGIN)
    for title, content in (("training data", card.training_data), ("scores", card.scores), ("limitations", card.limitations)):
        if content:
            yield from ("", title, *_outline(content, 2))


def _input(card: ModelCard) -> str:
    fed = ADAPTERS.get(card.adapter, card)  # mean and scale of detectors are those of their adapters
    pixel = f"(pixel - {fed.mean:g}) / {fed.scale:g}" if (fed.mean, fed.scale) != (0, 1) else "pixels 0..255"
    if card.task == "face":
        return f"{card.color}, {pixel}; a box of {card.threshold:g} or more is a face"
    side = f"{card.size_px} x {card.size_px} px, " if card.size_px else ""
    if card.task == "identity":
        return f"{side}{card.color}, {pixel}, aligned by landmarks; gives an embedding"
    if card.task == "signals":
        return f"{side}{card.color}, {pixel}, aligned by landmarks; gives {len(card.labels)} numbers"
    gives = "gives probabilities" if card.temperature is None else f"gives logits, of temperature {card.temperature:g}"
    return f"{side}{card.color}, {pixel}, {'aligned by landmarks' if card.crop == 'aligned' else 'cut out by the box'}; {gives}"


def _port(port: Port) -> str:
    return f"{port.name} {port.type.removeprefix('tensor').strip('()')} ({', '.join(map(str, port.shape))})"


def _outline(content: object, indent: int) -> Iterator[str]:
    """The content of JSON as an indented list."""
    margin = " " * indent
    if isinstance(content, Mapping):
        for key, value in content.items():
            if isinstance(value, Mapping | list | tuple) and value:
                yield from (f"{margin}{key}", *_outline(value, indent + 2))
            else:
                yield from _paragraph(f"{margin}{key}: ", str(value), indent + 2)
    elif isinstance(content, Sequence) and not isinstance(content, str):
        for value in content:
            if isinstance(value, Mapping):
                yield from _paragraph(f"{margin}- ", "; ".join(f"{key}: {part}" for key, part in value.items()), indent + 2)
            else:
                yield from _paragraph(f"{margin}- ", str(value), indent + 2)


def _paragraph(begin: str, text: str, indent: int) -> list[str]:
    wrapper = textwrap.TextWrapper(WIDTH, begin, " " * indent, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text) or [begin.rstrip()]
