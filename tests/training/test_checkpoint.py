# ruff: noqa: E402  (what needs torch is imported after asking for it)
from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from feelit.errors import UsageError
from feelit.training.checkpoint import read_checkpoint, write_checkpoint
from feelit.training.expression import run as expression_run
from feelit.training.expression.run import Recipe
from feelit.training.face import recipe as face_recipe
from feelit.training.face import train as face

RECIPE = replace(Recipe(), epochs=3, teachers=("a.pt", "b.pt"))


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "last.pt", RECIPE, {"steps": 7, "weight": torch.arange(3)})
    recipe, content = read_checkpoint(tmp_path / "last.pt", Recipe, {})
    assert (recipe, content["steps"], content["weight"].tolist()) == (RECIPE, 7, [0, 1, 2])
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.parametrize(
    ("recipe", "before", "field"),
    [
        pytest.param(Recipe(muon=0.0), expression_run.LEGACY, "muon", id="stochastic gradient descent"),
        pytest.param(Recipe(), expression_run.LEGACY, "unlabelled", id="labelled faces only"),
        pytest.param(face_recipe.Recipe(rounded=0), face.LEGACY, "rounded", id="nothing rounded"),
    ],
)
def test_fields_that_recipes_did_not_have_yet_tell_how_it_was(
    recipe: Recipe | face_recipe.Recipe, before: dict[str, object], field: str, tmp_path: Path
) -> None:
    values = {name: value for name, value in asdict(recipe).items() if name != field}
    torch.save({"recipe": values}, tmp_path / "last.pt")
    assert read_checkpoint(tmp_path / "last.pt", type(recipe), before)[0] == recipe


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read: No such file", id="missing"),
        pytest.param(b"", "no checkpoint", id="empty"),
        pytest.param(b"no checkpoint at all", "no checkpoint", id="text"),
        pytest.param({"weights": 1}, "no checkpoint", id="without a recipe"),
        pytest.param({"recipe": asdict(face_recipe.Recipe())}, "no checkpoint", id="of the detector"),
        pytest.param([1], "no checkpoint", id="a list"),
    ],
)
def test_other_files_are_refused(content: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(UsageError, match=message):
        read_checkpoint(path, Recipe, expression_run.LEGACY)


def test_half_a_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    write_checkpoint(path, RECIPE, {"weight": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UsageError, match="no checkpoint"):
        read_checkpoint(path, Recipe, {})
