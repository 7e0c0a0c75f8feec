"""Cards: what is written is what is read, and a bad card is reported before any video is opened."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from feelit.errors import ModelError
from feelit.models.card import KINDS, MOST_CARD_BYTES, ModelCard, card_path, read_card, write_card

LEAST: dict[str, Any] = {"name": "n", "task": "expression", "adapter": "classifier"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "own.v2.onnx"
    path.write_bytes(b"weights")
    return path


def put(model: Path, content: object) -> None:
    card_path(model).write_text(json.dumps(content), encoding="utf-8")


def test_a_card_comes_back_as_it_was_written_with_the_checksum(model: Path) -> None:
    card = ModelCard(
        name="Größe",
        task="expression",
        adapter="classifier",
        licence="MIT",
        description="d",
        color="rgb",
        crop="box",
        size_px=64,
        mean=127.5,
        scale=128,
        labels=("happy", "sad"),
        temperature=None,
        threshold=0.25,
        parameters=7,
        training_data=({"name": "set", "licence": "CC"},),
        scores={"accuracy": 0.5},
        limitations=("few",),
        recipe="r",
    )
    write_card(card, model)
    read = read_card(model)
    assert card_path(model).name == "own.v2.json"
    assert read.sha256 == hashlib.sha256(b"weights").hexdigest()
    for f in fields(ModelCard):
        if f.name != "sha256":
            assert getattr(read, f.name) == getattr(card, f.name), f.name


def test_three_fields_are_enough(model: Path) -> None:
    put(model, LEAST)
    assert read_card(model) == ModelCard("n", "expression", "classifier")


def test_every_field_has_a_kind() -> None:
    assert set(KINDS) == {f.name for f in fields(ModelCard)}


def test_a_missing_card_is_reported_with_its_name(model: Path) -> None:
    with pytest.raises(ModelError, match="has no card") as caught:
        read_card(model)
    assert "own.v2.json" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"\x00"], ids=repr)
def test_what_is_no_json_is_reported(content: bytes, model: Path) -> None:
    card_path(model).write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read"):
        read_card(model)


@pytest.mark.parametrize("content", [b"[" * 500_000, b'{"name":' * 100_000, b"9" * 10_000], ids=["lists", "objects", "digits"])
def test_json_that_only_wants_to_exhaust_is_reported(content: bytes, model: Path) -> None:
    card_path(model).write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read"):
        read_card(model)


def test_a_card_has_an_end(model: Path) -> None:
    put(model, {**LEAST, "description": "x" * MOST_CARD_BYTES})
    with pytest.raises(ModelError, match="is larger than 1 MiB"):
        read_card(model)


def test_a_folder_in_place_of_the_card_is_reported(model: Path) -> None:
    card_path(model).mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        read_card(model)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param([], "is not a JSON object", id="list"),
        pytest.param(None, "is not a JSON object", id="null"),
        pytest.param({}, "lacks a required field", id="nothing"),
        pytest.param({"name": "n", "task": "face"}, "lacks a required field", id="no-adapter"),
        pytest.param({**LEAST, "colour": "luma"}, "unknown fields: colour", id="misspelt"),
        pytest.param({**LEAST, "task": "age"}, "task is 'age', not one of", id="unknown-task"),
        pytest.param({**LEAST, "adapter": ["classifier"]}, "adapter is", id="unknown-adapter"),
        pytest.param({**LEAST, "color": None}, "color is None", id="no-color"),
        pytest.param({**LEAST, "crop": "square"}, "crop is 'square'", id="unknown-crop"),
        pytest.param({**LEAST, "name": 5}, "name cannot be 5", id="name-a-number"),
        pytest.param({**LEAST, "labels": 5}, "labels cannot be 5", id="labels-a-number"),
        pytest.param({**LEAST, "labels": "happy"}, "labels cannot be 'happy'", id="labels-a-word"),
        pytest.param({**LEAST, "labels": [1, 2]}, "labels cannot be", id="labels-of-numbers"),
        pytest.param({**LEAST, "limitations": None}, "limitations cannot be None", id="limitations-null"),
        pytest.param({**LEAST, "size_px": "48"}, "size_px cannot be '48'", id="size-a-word"),
        pytest.param({**LEAST, "size_px": 48.5}, "size_px cannot be", id="size-a-fraction"),
        pytest.param({**LEAST, "size_px": 0}, "size_px cannot be 0", id="no-size"),
        pytest.param({**LEAST, "size_px": 2**40}, "size_px cannot be", id="size-beyond-memory"),
        pytest.param({**LEAST, "mean": 1e308}, "mean cannot be", id="mean-beyond-float32"),
        pytest.param({**LEAST, "scale": 1e-300}, "scale cannot be", id="scale-next-to-nothing"),
        pytest.param({**LEAST, "temperature": 1e-300}, "temperature cannot be", id="temperature-next-to-nothing"),
        pytest.param({**LEAST, "labels": ["happy"] * 9, "weights": "../../secret"}, "unknown fields: weights", id="path"),
        pytest.param({**LEAST, "size_px": True}, "size_px cannot be True", id="size-true"),
        pytest.param({**LEAST, "mean": [0.5]}, "mean cannot be", id="mean-a-list"),
        pytest.param({**LEAST, "mean": float("nan")}, "mean cannot be nan", id="mean-nan"),
        pytest.param({**LEAST, "scale": 0}, "scale cannot be 0", id="scale-zero"),
        pytest.param({**LEAST, "temperature": 0}, "temperature cannot be 0", id="temperature-zero"),
        pytest.param({**LEAST, "temperature": -1.5}, "temperature cannot be", id="temperature-negative"),
        pytest.param({**LEAST, "temperature": float("inf")}, "temperature cannot be inf", id="temperature-infinite"),
        pytest.param({**LEAST, "threshold": 60}, "threshold cannot be 60", id="threshold-in-percent"),
        pytest.param({**LEAST, "threshold": 0}, "threshold cannot be 0", id="everything-a-face"),
        pytest.param({**LEAST, "threshold": 1}, "threshold cannot be 1", id="nothing-a-face"),
        pytest.param({**LEAST, "threshold": None}, "threshold cannot be None", id="threshold-null"),
        pytest.param({**LEAST, "scores": []}, "scores cannot be", id="scores-a-list"),
    ],
)
def test_a_bad_card_is_reported(content: object, message: str, model: Path) -> None:
    put(model, content)
    with pytest.raises(ModelError, match=message) as caught:
        read_card(model)
    assert caught.value.message.startswith("own.v2.json")
    assert caught.value.hint
