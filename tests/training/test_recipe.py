"""Recipes as files: what is read, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
import typer

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import torch

from feelit.cli import application
from feelit.errors import UsageError
from feelit.training.expression import linear
from feelit.training.expression import run as expression_run
from feelit.training.expression.run import averaged_network
from feelit.training.face import recipe as face_recipe
from feelit.training.recipe import built_in, read_recipe
from tests.conftest import Command
from tests.training.conftest import Trained
from tests.training.test_expression import SMALL
from tests.training.test_expression_data import write_data

GROUP: Any = typer.main.get_command(application())
COMMAND = GROUP.commands["train"]


@pytest.mark.parametrize("name", built_in())
def test_built_in_recipes_can_be_followed(name: str) -> None:
    given, recipe = read_recipe(name)
    assert given == name
    if isinstance(recipe, expression_run.Recipe):
        recipe.build()


def test_the_recipes_of_the_models_are_the_defaults() -> None:
    assert read_recipe("expression")[1] == expression_run.Recipe()
    assert read_recipe("face")[1] == face_recipe.Recipe()
    assert read_recipe("hog")[1] == linear.Recipe()


def test_values_can_be_changed(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'kind = "expression"\nepochs = 7\nlearning_rate = 1\nchannels = [16, 32, 64]\nint8 = false\n'
    )
    name, recipe = read_recipe(str(tmp_path / "mine.toml"), ["epochs=3", 'network="cnn3"', 'teachers=["a.pt"]'])
    wanted = replace(
        expression_run.Recipe(),
        epochs=3,
        learning_rate=1.0,
        channels=(16, 32, 64),
        network="cnn3",
        int8=False,
        teachers=("a.pt",),
    )
    assert (name, recipe) == ("mine", wanted)
    assert asdict(recipe)["epochs"] == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('kind = "expression"\nepoch = 3', "unknown: epoch", id="unknown"),
        pytest.param('kind = "cook"', "kind is .cook.", id="kind"),
        pytest.param("epochs = 3", "kind is None", id="no-kind"),
        pytest.param('kind = "expression"\nepochs = 1.5', "epochs cannot be 1.5", id="type"),
        pytest.param('kind = "expression"\nepochs = true', "epochs cannot be True", id="bool"),
        pytest.param('kind = "expression"\nepochs = -1', "epochs cannot be -1", id="negative"),
        pytest.param('kind = "expression"\nlearning_rate = nan', "learning_rate cannot be nan", id="nan"),
        pytest.param('kind = "expression"\nchannels = ["a"]', "channels cannot be", id="list"),
        pytest.param('kind = "expression"\nteachers = [1]', "teachers cannot be", id="list of words"),
        pytest.param('kind = "expression"\nschedule = "steps"', "schedule cannot be 'steps'", id="schedule"),
        pytest.param('kind = "expression"\nl1 = -1', "l1 cannot be -1", id="l1"),
        pytest.param('kind = "expression"\nint8 = 1', "int8 cannot be 1", id="yes or no"),
        pytest.param("kind = ", "is no TOML", id="no-toml"),
    ],
)
def test_what_is_no_recipe_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        read_recipe(str(tmp_path / "mine.toml"))


def test_a_recipe_that_is_not_there_is_reported_with_those_that_are(tmp_path: Path, command: Command) -> None:
    ran = command("train", "soup", "--data", tmp_path, "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (2, "")
    assert ran.lines[-1].startswith(
        "feelit: recipe soup cannot be read: No such file or directory (give a .toml file, or one of "
    )
    assert not (tmp_path / "out").exists()


def test_the_command_goes_on_where_a_run_was(tmp_path: Path, command: Command, trained: Trained) -> None:
    """Which has ended: nothing is left to learn, and all is written once more."""
    out = tmp_path / "out"
    shutil.copytree(trained.out, out)
    for path in (*out.glob("*.onnx"), *out.glob("*.json"), out / "saliency.png"):
        path.unlink()
    small = [f"{f.name}={json.dumps(getattr(SMALL, f.name))}" for f in fields(SMALL) if getattr(SMALL, f.name) != f.default]
    asked = [word for one in small for word in ("--set", one)]
    ran = command("train", "expression", "--data", trained.data, "--out", out, *asked)
    assert (ran.code, ran.out) == (0, f"{out / 'expression.onnx'}\n")
    assert "epoch" not in ran.err
    assert {"expression.json", "saliency.png", "last.pt"} <= {path.name for path in out.iterdir()}


@pytest.mark.slow
def test_a_run_from_the_command_line_goes_on_where_it_was(tmp_path: Path, command: Command) -> None:
    write_data(tmp_path)
    small = ["--set", "stem=16", "--set", "channels=[16]", "--set", "blocks=[1]", "--set", "strides=[2]", "--set", "epochs=1"]
    for runs in (1, 0):
        ran = command("train", "expression", "--data", tmp_path, "--out", tmp_path / "out", *small, "--set", "batch=8")
        assert ran.code == 0, ran.err
        assert (ran.code, ran.out) == (0, f"{tmp_path / 'out' / 'expression.onnx'}\n")
        assert re.findall(r"epoch \d+ of \d+", ran.err) == ["epoch 1 of 1"] * runs
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        *("crops.png", "curves.png", "expression.json", "expression.onnx"),
        *("landmarks-train.npz", "landmarks-valid.npz", "last.pt"),
        *("evaluation", "evaluation-fer2013", "saliency.png"),
    }


def recipe_file(folder: Path, name: str, **values: object) -> Path:
    """A recipe of a tiny network."""
    small = {"kind": "expression", **asdict(SMALL), "epochs": 1} | values
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in small.items()]
    (folder / f"{name}.toml").write_text("".join(lines))
    return folder / f"{name}.toml"


def test_a_recipe_begins_with_another_one(tmp_path: Path, command: Command) -> None:
    write_data(tmp_path)
    first, out = recipe_file(tmp_path, "first", size_px=48), tmp_path / "out"
    last = recipe_file(tmp_path, "last", begin=str(first), learning_rate=0.0)
    ran = command("train", last, "--data", tmp_path, "--out", out)
    assert (ran.code, ran.out) == (0, f"{out / 'last.onnx'}\n")
    assert "last begins with first" in ran.err
    assert len(re.findall(r"epoch 1 of 1", ran.err)) == 2
    weights = [averaged_network(path / "last.pt")[1].head.weight for path in (out / "first", out)]
    assert torch.allclose(*weights, atol=1e-7), "at a learning rate of 0 the weights stay"
    shutil.rmtree(out / "first")
    again = command("train", last, "--data", tmp_path, "--out", out)
    assert (again.code, "epoch" in again.err) == (0, False), "a run that has begun does not need the first one"


@pytest.mark.parametrize("begin", ["mine.toml", "other.toml", "face", "none.toml"])
def test_a_recipe_that_cannot_be_first_is_refused(begin: str, tmp_path: Path, command: Command) -> None:
    write_data(tmp_path)
    mine = recipe_file(tmp_path, "mine", begin=str(tmp_path / begin) if "." in begin else begin)
    recipe_file(tmp_path, "other", begin=str(mine))
    ran = command("train", mine, "--data", tmp_path, "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (2, "")
    assert re.search("cannot begin with|cannot be read", ran.lines[-1])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("recipe", ["expression", "hog", "face"])
def test_data_that_cannot_be_learnt_from_leave_no_folder(recipe: str, tmp_path: Path, command: Command) -> None:
    write_data(tmp_path)
    (tmp_path / "valid.parquet").unlink()
    (tmp_path / "there").mkdir()
    for out in ("there", "new/runs/mine"):
        ran = command("train", recipe, "--data", tmp_path, "--out", tmp_path / out)
        assert (ran.code, len(ran.lines)) == (2, 1)
        assert ("has no train-0.parquet" if recipe == "face" else "has no split valid") in ran.err
    assert {path.name for path in tmp_path.iterdir()} == {"train.parquet", "there"}


def test_a_run_that_fails_after_its_beginning_keeps_what_it_has(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str, recipe: object, data: Path, out: Path) -> Path:
        (out / "last.pt").write_bytes(b"begun")
        raise UsageError("no more", "rest")

    monkeypatch.setattr("feelit.training.expression.train.train", fail)
    assert command("train", "expression", "--data", tmp_path, "--out", tmp_path / "new" / "out").code == 2
    assert [path.name for path in (tmp_path / "new" / "out").iterdir()] == ["last.pt"]


def test_help_names_every_built_in_recipe() -> None:
    (page,) = [p.help for p in COMMAND.params if p.name == "recipe"]
    assert sorted(re.findall(r"[a-z0-9-]+", page[page.index("(") : page.index(")")])) == built_in()


def test_without_pytorch_one_line_says_what_to_install(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ran = command("train", "expression", "--data", tmp_path, "--out", tmp_path / "out")
    assert ran.err == "feelit: training needs PyTorch, which is not installed (pip install 'feelit[train]')\n"
    assert not (tmp_path / "out").exists()
