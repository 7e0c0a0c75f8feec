"""What a model's name means, and whether the shipped models are what their cards say."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from feelit.errors import ModelError
from feelit.models import paths as models
from feelit.models.card import read_card, sha256_of
from feelit.models.catalogue import catalogue
from feelit.models.paths import BUILT_IN, cached_names, cached_path, model_path, models_folder
from feelit.types import EMOTIONS


@pytest.mark.parametrize("task", BUILT_IN)
def test_a_built_in_name_is_a_file_with_a_card_that_fits(task: str) -> None:
    path = model_path(task)
    card = read_card(path)
    assert path.is_absolute()
    assert path.parent == models_folder().resolve()
    assert card.task == task
    assert card.sha256 == sha256_of(path)
    assert card.licence
    assert card.training_data
    assert card.limitations


def test_the_classifier_knows_the_eight_labels() -> None:
    assert read_card(model_path("expression")).labels == EMOTIONS


def test_a_path_stands_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert model_path("own.onnx") == model_path(str(file)) == file.resolve()


def test_built_in_names_come_before_those_of_the_cache_and_these_before_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEELIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("face", "mine"):
        Path(name).write_bytes(b"beside")
    assert model_path("face").parent == models_folder().resolve()
    assert model_path("mine") == (tmp_path / "mine").resolve()
    for name in ("face", "mine", ".hidden", "Other"):
        cached_path(name).parent.mkdir(parents=True, exist_ok=True)
        cached_path(name).write_bytes(b"cached")
    assert model_path("face").parent == models_folder().resolve()
    assert model_path("mine") == cached_path("mine").resolve()
    assert model_path("./mine") == (tmp_path / "mine").resolve()
    assert cached_names() == ["face", "mine"]


@pytest.mark.parametrize("name", catalogue())
def test_a_public_model_that_was_not_fetched_says_how(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEELIT_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="is not on this computer") as caught:
        model_path(name)
    assert f"feelit models pull {name}" in caught.value.hint


@pytest.mark.parametrize("name", ["gone.onnx", "", ".", "faces", "\0"], ids=repr)
def test_anything_else_is_an_error_with_a_hint(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="does not exist") as caught:
        model_path(name)
    assert all(known in caught.value.hint for known in BUILT_IN)


def test_a_name_that_is_too_long_is_reported() -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        model_path("x" * 5000)


def test_an_installed_package_uses_the_models_that_are_packed_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    packed = tmp_path / project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]["models"]
    packed.mkdir(parents=True)
    monkeypatch.setattr(models, "__file__", str(tmp_path / "feelit" / "models" / "paths.py"))
    assert models_folder() == packed


def test_a_path_may_begin_with_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.onnx").touch()
    assert model_path("~/mine.onnx") == (tmp_path / "mine.onnx").resolve()
