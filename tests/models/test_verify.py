"""A model is what its card and the catalogue say, and runs; or what is wrong is reported."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from feelit.models import verify as check
from feelit.models.card import ModelCard, card_path, read_card, write_card
from feelit.models.paths import BUILT_IN, models_folder
from feelit.models.pull import pull_model
from feelit.models.verify import check_model, verify_models
from tests.models.small import Small
from tests.vision.test_expression import network


def test_all_that_are_present_are_checked(small: Small) -> None:
    assert [(model.name, model.ok) for model in verify_models([])] == [(name, True) for name in BUILT_IN]
    pull_model("small")
    (small.model.parent / "face.onnx").write_bytes(b"hidden by the built-in one")
    checked = verify_models([])
    assert [(model.name, model.ok) for model in checked] == [(name, True) for name in (*BUILT_IN, "small")]
    assert "as its card says; opens" in checked[0].message
    assert "as the catalogue says; opens" in checked[-1].message
    assert [model.remedy for model in checked] == [""] * (len(BUILT_IN) + 1)


def lose_card(model: Path) -> None:
    card_path(model).unlink()


def alter_model(model: Path) -> None:
    model.write_bytes(model.read_bytes() + b"\0")


def alter_both(model: Path) -> None:
    alter_model(model)
    write_card(read_card(model), model)


def alter_card(model: Path) -> None:
    card_path(model).write_text(card_path(model).read_text().replace("MIT", "CC0"))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        pytest.param(lose_card, "small.onnx has no card", id="no card"),
        pytest.param(alter_model, "the catalogue says", id="another model"),
        pytest.param(alter_both, "the catalogue says", id="another model with its card"),
        pytest.param(alter_card, "is not the card of the catalogue", id="another card"),
    ],
)
def test_a_model_of_the_catalogue_that_is_wrong(harm: Callable[[Path], None], reason: str, small: Small) -> None:
    pull_model("small")
    harm(small.model)
    found = verify_models(["small", "face"])
    assert [model.ok for model in found] == [False, True]
    assert reason in found[0].message
    assert found[0].remedy


CARD = ModelCard("mine", "expression", "classifier", size_px=8, labels=("happy", "sad"))


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        pytest.param(CARD, "as its card says; opens", id="right"),
        pytest.param(replace(CARD, size_px=9), "does not take the input", id="another size"),
        pytest.param(replace(CARD, labels=("happy", "sad", "fear")), "its card names 3 labels", id="other labels"),
        pytest.param(replace(CARD, task="face"), "the adapter classifier is none of a detector", id="another task"),
        pytest.param(replace(CARD, color="rgb"), "does not take the input", id="other channels"),
    ],
)
def test_a_card_must_fit_its_network(card: ModelCard, reason: str, tmp_path: Path) -> None:
    path = network(tmp_path / "mine.onnx")
    write_card(card, path)
    found = check_model(str(path))
    assert reason in found.message
    assert found.ok == (card == CARD)


def test_a_card_without_a_checksum_says_so(tmp_path: Path) -> None:
    path = network(tmp_path / "mine.onnx")
    write_card(CARD, path)
    card_path(path).write_text(card_path(path).read_text().replace(read_card(path).sha256, ""))
    found = check_model(str(path))
    assert found.ok
    assert "which its card does not state" in found.message


def test_a_file_that_is_no_model_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"no model")
    write_card(CARD, path)
    assert "cannot be loaded" in check_model(str(path)).message


@pytest.mark.parametrize("name", ["small", "gone.onnx", "", "../x", "a\nb"], ids=repr)
def test_what_is_not_there_is_reported(name: str, small: Small) -> None:
    found = check_model(name)
    assert (found.ok, found.name) == (False, name)
    assert found.remedy


def test_a_built_in_model_that_is_gone_comes_with_an_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(models_folder(), tmp_path / "models")
    monkeypatch.setattr(check, "models_folder", lambda: tmp_path / "models")
    assert check_model("face").ok
    (tmp_path / "models" / BUILT_IN["face"]).unlink()
    found = check_model("face")
    assert "is missing" in found.message
    assert found.remedy.startswith("install feelit again")
