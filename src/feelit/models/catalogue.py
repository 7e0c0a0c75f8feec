"""The catalogue of public models that can be downloaded by name: address, checksum and card of each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue.

    Attributes
    ----------
    name : on the command line, and of the file in the cache
    address : of the file, pinned to a version
    size_bytes, sha256 : of the file
    source : who publishes it, and which version is meant
    card : the fields of its card, see `models.card`, without the checksum
    """

    name: str
    address: str
    size_bytes: int
    sha256: str
    source: str
    card: dict[str, Any]


@cache
def catalogue() -> dict[str, Entry]:
    """The entries by their names."""
    content = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {name: Entry(name, **fields) for name, fields in content.items()}
