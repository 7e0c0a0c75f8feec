"""What is pulled is in the cache, whole, with its card; and no other file ever is."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import feelit
from feelit.errors import FeelitError, ModelError, OutputError, UsageError
from feelit.models.card import card_path, read_card
from feelit.models.paths import model_path
from feelit.models.pull import pull_model
from feelit.storage import web
from feelit.storage.locks import held
from feelit.vision.expression import ExpressionModel
from tests.models.small import Small
from tests.storage.sites import cut, status


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PAUSES_S", ())


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_model_is_found_by_its_name_once_it_was_pulled(small: Small) -> None:
    with pytest.raises(ModelError, match="model small is not on this computer") as caught:
        model_path("small")
    assert caught.value.hint == "`feelit models pull small` fetches it"
    assert pull_model("small") == small.model
    assert names(small.model.parent) == ["small.json", "small.onnx"]
    assert model_path("small") == small.model.resolve()
    card = ExpressionModel(model_path("small"), "cpu").card
    assert (card.labels, card.licence) == (("happy", "sad"), "MIT (made for a test)")
    assert "this computer" in card.recipe
    assert small.site.asked[0][":line"] == "GET /models/version-1/made.onnx HTTP/1.1"


def test_python_pulls_as_the_command_does(small: Small, tmp_path: Path) -> None:
    assert feelit.pull_model("small", mirror=small.site.address) == small.model
    small.model.unlink()
    assert feelit.pull_model("small", file=str(tmp_path / "made.onnx")) == small.model
    assert len(small.site.asked) == 1


def test_what_is_there_is_not_fetched_again(small: Small) -> None:
    pull_model("small")
    before = small.model.stat()
    pull_model("small")
    assert len(small.site.asked) == 1
    assert small.model.stat() == before


def lose_card(model: Path) -> None:
    card_path(model).unlink()


def alter_card(model: Path) -> None:
    card_path(model).write_text(card_path(model).read_text().replace("sad", "fear"))


def alter_model(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-1] + b"\0")


@pytest.mark.parametrize(
    ("harm", "requests"), [(lose_card, 1), (alter_card, 1), (alter_model, 2)], ids=["no card", "another card", "another model"]
)
def test_only_a_file_that_is_wrong_is_fetched_again(harm: Callable[[Path], None], requests: int, small: Small) -> None:
    pull_model("small")
    card = read_card(small.model)
    harm(small.model)
    pull_model("small")
    assert small.model.read_bytes() == small.content
    assert read_card(small.model) == card
    assert len(small.site.asked) == requests


def test_a_mirror_has_the_file_under_the_models_name(small: Small) -> None:
    pull_model("small", mirror=f"{small.site.address}/")
    assert small.site.asked[0][":line"] == "GET /models/small.onnx HTTP/1.1"


def test_a_mirror_that_is_no_address_is_refused(small: Small) -> None:
    with pytest.raises(UsageError):
        pull_model("small", mirror="/srv/models")


def test_an_interrupted_pull_goes_on(small: Small) -> None:
    small.site.troubles.append(cut(500))
    with pytest.raises(ModelError, match="broke off"):
        pull_model("small")
    assert names(small.model.parent) == ["small.onnx.part", "small.onnx.part.json"]
    pull_model("small")
    assert small.site.asked[1]["Range"] == "bytes=500-"
    assert names(small.model.parent) == ["small.json", "small.onnx"]


def test_a_pull_that_fails_leaves_what_was_there(small: Small) -> None:
    pull_model("small")
    alter_model(small.model)
    old = small.model.read_bytes()
    small.site.troubles.append(status(404))
    with pytest.raises(ModelError, match="404"):
        pull_model("small")
    assert small.model.read_bytes() == old


@pytest.mark.parametrize("name", ["", "other", "SMALL", "../small", "/etc/passwd", "small.onnx", "a\0b", "x" * 5000], ids=repr)
def test_only_names_of_the_catalogue_are_pulled(name: str, small: Small) -> None:
    with pytest.raises(ModelError, match="the catalogue has no model") as caught:
        pull_model(name)
    assert caught.value.hint == "it has small"
    assert not small.cache.exists()


def test_a_built_in_model_is_there_already(small: Small) -> None:
    with pytest.raises(ModelError, match="comes with feelit"):
        pull_model("face")


def test_a_copy_is_taken_in(small: Small, tmp_path: Path) -> None:
    assert pull_model("small", file=tmp_path / "made.onnx") == small.model
    assert small.model.read_bytes() == small.content
    assert names(small.model.parent) == ["small.json", "small.onnx"]
    assert small.site.asked == []


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda file, content: None, "No such file or directory", id="missing"),
        pytest.param(lambda file, content: file.mkdir(), "is not small: it has", id="a folder"),
        pytest.param(lambda file, content: os.mkfifo(file), "is not small: it has 0 bytes", id="a pipe"),
        pytest.param(lambda file, content: file.write_bytes(content[:-1]), "is not small: it has", id="too short"),
        pytest.param(lambda file, content: file.write_bytes(bytes(len(content))), "is not small: its SHA-256 is", id="other"),
    ],
)
def test_a_copy_of_something_else_is_refused(
    make: Callable[[Path, bytes], object], reason: str, small: Small, tmp_path: Path
) -> None:
    make(tmp_path / "copy", small.content)
    with pytest.raises(ModelError, match=reason) as caught:
        pull_model("small", file=tmp_path / "copy")
    assert small.site.address in caught.value.hint
    assert names(small.model.parent) == []


def test_a_copy_that_changes_while_it_is_read_is_refused(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(source: Path, target: Path) -> None:
        target.write_bytes(bytes(len(source.read_bytes())))

    monkeypatch.setattr(shutil, "copyfile", other)
    with pytest.raises(ModelError, match="changes while it is read"):
        pull_model("small", file=tmp_path / "made.onnx")
    assert names(small.model.parent) == []


def test_two_do_not_fetch_the_same_model_at_once(small: Small) -> None:
    with held(small.model.with_suffix(".lock")) as mine:
        assert mine
        with pytest.raises(OutputError, match="another process is fetching small"):
            pull_model("small")
    pull_model("small")
    assert names(small.model.parent) == ["small.json", "small.onnx"]


def test_a_disk_with_too_little_room_is_reported_before(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=9))
    with pytest.raises(OutputError, match="the disk has 9 left") as caught:
        pull_model("small")
    assert "FEELIT_CACHE" in caught.value.hint
    assert small.site.asked == []


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "no space left on the disk"), (errno.EROFS, "permission denied"), (errno.EIO, "Input/output error")],
    ids=["full", "read-only", "broken"],
)
def test_a_cache_that_cannot_be_written_is_reported(
    number: int, reason: str, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(web, "_pieces", fail)
    with pytest.raises(OutputError, match=reason) as caught:
        pull_model("small")
    assert str(small.model) in caught.value.message
    assert "--out" not in caught.value.hint


def test_a_file_in_place_of_the_cache_is_reported(small: Small) -> None:
    small.cache.write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        pull_model("small")


def test_without_a_cache_there_is_no_pull(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEELIT_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(UsageError, match="no home folder"):
        pull_model("small")
    with pytest.raises(FeelitError, match="is not on this computer"):
        model_path("small")
