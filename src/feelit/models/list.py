"""The list of models: built-in, downloaded, and in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from feelit.errors import FeelitError
from feelit.models.card import ModelCard, Task, make_card, read_card
from feelit.models.catalogue import Entry, catalogue
from feelit.models.paths import BUILT_IN, cached_names, cached_path, models_folder

Origin = Literal["built-in", "cache", "catalogue"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One model; `origin` says where it is: built in, in the cache, or only in the catalogue.

    Fields from a damaged card are empty. `path` is None where there is no file.
    """

    name: str
    task: Task | None
    origin: Origin
    present: bool
    path: Path | None
    licence: str
    source: str
    sha256: str
    size_bytes: int


def list_models() -> list[Listed]:
    """The models that come with feelit, those that can be fetched, and the others in the user's cache.

    Returns
    -------
    One record per model: its name, task, licence, source, checksum and size, and its path where it is on this computer.
    """
    built_in = [_on_disk(name, models_folder() / file, "built-in") for name, file in BUILT_IN.items()]
    mine = {name: _on_disk(name, cached_path(name), "cache") for name in cached_names() if name not in BUILT_IN}
    public = [_public(entry, mine.pop(name, None)) for name, entry in catalogue().items()]
    return [*built_in, *public, *mine.values()]


def card_of(entry: Entry) -> ModelCard:
    """The card of a model of the catalogue."""
    card = make_card(entry.card, f"{entry.name} in the catalogue")
    return replace(card, sha256=entry.sha256, recipe=f"as published: {entry.source}; {entry.address}")


def _public(entry: Entry, mine: Listed | None) -> Listed:
    """An entry of the catalogue; whether the file in the cache is the same is checked by `verify` alone."""
    card = card_of(entry)
    path = mine.path if mine else None
    origin: Origin = "cache" if mine else "catalogue"
    known = (card.licence, entry.source, entry.sha256, entry.size_bytes)
    return Listed(entry.name, card.task, origin, mine is not None, path, *known)


def _on_disk(name: str, path: Path, origin: Origin) -> Listed:
    try:
        size_bytes, present = path.stat().st_size, True
    except OSError:
        size_bytes, present = 0, False
    place = path if present else None
    try:
        card = read_card(path)
    except FeelitError:
        return Listed(name, None, origin, present, place, "", "", "", size_bytes)
    source = "feelit" if origin == "built-in" else card.recipe
    return Listed(name, card.task, origin, present, place, card.licence, source, card.sha256, size_bytes)
