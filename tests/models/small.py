"""A catalogue of one small classifier, made by hand, and a web server that has it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from feelit.models import catalogue
from tests.storage.sites import Site, serving
from tests.vision.test_expression import SIDE, network

CARD = {
    "name": "small",
    "task": "expression",
    "adapter": "classifier",
    "licence": "MIT (made for a test)",
    "size_px": SIDE,
    "labels": ["happy", "sad"],
    "training_data": [{"name": "nothing", "licence": "none"}],
    "scores": {"nowhere": {"accuracy": 0.5}},
    "limitations": ["It says light from dark."],
}


@dataclass(frozen=True)
class Small:
    """The model, where the catalogue says it is, and where the cache is."""

    content: bytes
    site: Site
    catalogue: Path
    cache: Path

    @property
    def model(self) -> Path:
        """Where it goes."""
        return self.cache / "models" / "small.onnx"

    @property
    def part(self) -> Path:
        """What has arrived of it."""
        return self.model.with_name("small.onnx.part")


@contextmanager
def small_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    """The catalogue in place of feelit's, for as long as the block."""
    content = network(folder / "made.onnx").read_bytes()
    file, cache = folder / "catalogue.toml", folder / "cache"
    monkeypatch.setattr(catalogue, "CATALOGUE", file)
    monkeypatch.setenv("FEELIT_CACHE", str(cache))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "feelit_mirror"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving(content) as site:
        entry = {
            "address": f"{site.address}/version-1/made.onnx",
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "source": "this computer",
        }
        file.write_text("[small]\n" + _toml(entry) + "[small.card]\n" + _toml(CARD), encoding="utf-8")
        catalogue.catalogue.cache_clear()
        yield Small(content, site, file, cache)
    catalogue.catalogue.cache_clear()


def _toml(fields: dict[str, object]) -> str:
    """Flat JSON is TOML but for the inside of tables, whose colons are equals signs there."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in fields.items())


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)
