"""The catalogue that comes with feelit: addresses that stay what they are, and cards that feelit understands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from feelit.models.catalogue import catalogue
from feelit.models.list import card_of
from feelit.models.paths import BUILT_IN, NAME
from feelit.storage.web import check_address
from feelit.types import EMOTIONS
from feelit.vision.adapters import ADAPTERS
from feelit.vision.session import MOST_MODEL_BYTES

NAMES = list(catalogue())


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_names_one_version_of_one_file(name: str) -> None:
    entry = catalogue()[name]
    assert NAME.fullmatch(name)
    assert name not in BUILT_IN
    check_address(entry.address)
    assert entry.address.startswith("https://")
    (commit,) = re.findall(r"/([0-9a-f]{40})/", entry.address)
    assert commit[:8] in entry.source
    assert entry.address.endswith(".onnx")
    assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
    assert 0 < entry.size_bytes < MOST_MODEL_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_has_a_whole_card(name: str) -> None:
    entry = catalogue()[name]
    card = card_of(entry)
    assert not {"sha256", "recipe"} & set(entry.card), "these follow from the entry"
    assert (card.name, card.sha256) == (name, entry.sha256)
    assert entry.address in card.recipe
    assert card.licence
    assert card.description
    assert card.training_data
    assert all(data["licence"] for data in card.training_data)
    assert card.limitations
    assert set(card.labels) <= set(EMOTIONS)
    assert bool(card.labels) == (card.task == "expression")


@pytest.mark.parametrize("name", [name for name in NAMES if catalogue()[name].card["task"] == "face"])
def test_the_card_of_a_detector_states_what_its_adapter_does(name: str) -> None:
    card = card_of(catalogue()[name])
    adapter = ADAPTERS[card.adapter]
    assert (card.color, card.mean, card.scale) == (adapter.color, adapter.mean, adapter.scale)


def test_no_two_entries_are_one_file() -> None:
    assert len({entry.sha256 for entry in catalogue().values()}) == len(NAMES)


def test_the_page_on_models_lists_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    reported = re.findall(r"^\| `([\w-]+)` \| `(face|expression)` \| .* \| ([\d.]+) \|$", page, re.MULTILINE)
    entries = [(name, card_of(entry).task, f"{entry.size_bytes / 1e6:.1f}") for name, entry in catalogue().items()]
    assert reported == entries
