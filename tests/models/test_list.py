from __future__ import annotations

from pathlib import Path

import pytest

from feelit.models import list as listing
from feelit.models.card import card_path
from feelit.models.list import Listed, list_models
from feelit.models.paths import BUILT_IN
from feelit.models.pull import pull_model
from tests.models.small import Small


def by_name() -> dict[str, Listed]:
    return {model.name: model for model in list_models()}


def test_models_are_built_in_or_public_or_in_the_cache(small: Small) -> None:
    before = by_name()
    assert list(before) == [*BUILT_IN, "small"]
    assert {(before[name].origin, before[name].present) for name in BUILT_IN} == {("built-in", True)}
    assert all(before[name].sha256 and before[name].licence and before[name].size_bytes for name in BUILT_IN)
    public = before["small"]
    assert (public.origin, public.present, public.path, public.task) == ("catalogue", False, None, "expression")
    assert (public.licence, public.source, public.size_bytes) == ("MIT (made for a test)", "this computer", len(small.content))
    pull_model("small")
    after = by_name()["small"]
    assert (after.origin, after.present, after.path) == ("cache", True, small.model)
    assert (after.sha256, after.size_bytes) == (public.sha256, public.size_bytes)


def test_what_else_is_in_the_cache_is_listed_whatever_it_is(small: Small) -> None:
    folder = small.model.parent
    pull_model("small")
    (folder / "mine.onnx").write_bytes(small.content)
    card_path(folder / "mine.onnx").write_text(card_path(small.model).read_text())
    (folder / "damaged.onnx").write_bytes(b"no model")
    card_path(folder / "damaged.onnx").write_text("{")
    (folder / "Odd name.onnx").write_bytes(b"")
    (folder / "a-folder.onnx").mkdir()
    (folder / "face.onnx").write_bytes(b"hidden by the built-in one")
    listed = by_name()
    assert list(listed) == [*BUILT_IN, "small", "damaged", "mine"]
    assert (listed["mine"].licence, listed["mine"].task) == ("MIT (made for a test)", "expression")
    damaged = listed["damaged"]
    assert (damaged.task, damaged.licence, damaged.size_bytes) == (None, "", 8)
    assert listed["face"].origin == "built-in"


def test_a_built_in_model_that_is_gone_is_not_present(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "models_folder", lambda: tmp_path)
    face = by_name()["face"]
    assert (face.origin, face.present, face.path) == ("built-in", False, None)
