# ruff: noqa: E402  (what needs torch is imported after asking for it)
"""How long a run learns, at which rate, and what it prints."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
torch.set_num_threads(1)

from torch import nn

from feelit.errors import UsageError
from feelit.training.checkpoint import CHECKPOINT, read_checkpoint
from feelit.training.expression import train as expression
from feelit.training.expression.run import LEGACY, Recipe, State, best_epoch, monitored, rate_at, stops_early
from feelit.training.expression.train import train, train_epoch
from feelit.types import EMOTIONS
from tests.training.conftest import Trained
from tests.training.test_expression import SMALL
from tests.training.test_expression_data import small_examples, write_data


def test_learning_rate_rises_then_falls_to_nothing_twice() -> None:
    recipe = Recipe(epochs=15, warmup_epochs=2, calm_epochs=5)
    rates = [rate_at(e, recipe) for e in np.arange(0, 10, 0.25)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(recipe.learning_rate)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 0.001
    calm = [rate_at(e, recipe) for e in np.arange(10, 15.01, 0.25)]
    assert calm == sorted(calm, reverse=True)
    assert (calm[0], calm[-1]) == pytest.approx((recipe.calm_rate, 0), abs=1e-9)


@pytest.mark.parametrize(
    ("epochs", "calm", "first"),
    [
        pytest.param(75, 15, 60, id="as given"),
        pytest.param(1, 15, 1, id="one epoch"),
        pytest.param(10, 15, 5, id="at most half"),
        pytest.param(4, 0, 4, id="none"),
    ],
)
def test_calm_epochs_are_counted_within_the_epochs(epochs: int, calm: int, first: int) -> None:
    assert Recipe(epochs=epochs, calm_epochs=calm).first_calm == first
    assert Recipe(epochs=epochs, calm_epochs=calm, schedule="plateau").first_calm == epochs


def test_the_rate_falls_after_every_plateau() -> None:
    recipe = Recipe(schedule="plateau", patience=2, factor=0.5, learning_rate=0.4, warmup_epochs=1)
    scores = [1.0, 2.0, 1.9, 2.0, 1.8, 1.7, 3.0]  # no better one for two epochs, for two more, then a better one
    rates = [rate_at(epoch, recipe, scores[:epoch]) for epoch in range(1, 8)]
    assert rates == [0.4, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1]
    assert rate_at(0.5, recipe) < 0.4, "it begins with a warm-up"


def test_a_run_stops_after_so_many_epochs_without_a_better_one() -> None:
    recipe = Recipe(early_stopping=2)
    assert [stops_early([3.0, 4.0, 4.0, 1.0][:n], recipe) for n in range(5)] == [False, False, False, False, True]
    assert not stops_early([4.0] + [1.0] * 50, Recipe(early_stopping=0))
    assert best_epoch([3.0, 4.0, 4.0, 1.0]) == 1
    assert best_epoch([]) == -1


def test_a_loss_is_better_when_smaller_and_nan_is_worst() -> None:
    curve = [(1, {"validation loss": 2.0, "accuracy": 0.5}), (2, {"validation loss": float("nan"), "accuracy": 0.6})]
    assert monitored(curve, "validation loss") == [-2.0, float("-inf")]
    assert monitored(curve, "accuracy") == [0.5, 0.6]
    assert monitored(curve, "FER2013") == [float("-inf")] * 2


def test_early_stopping_keeps_the_weights_of_the_best_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_data(tmp_path)
    averages, scores = [], iter([0.3, 0.5, 0.4, 0.1, 0.9])

    def scored(network: nn.Module, check: object, fer2013: float | None = None) -> dict[str, float]:
        if fer2013 is None:
            return {"accuracy": 0.0}
        averages.append(network.state_dict()["head.weight"].clone())
        return {"accuracy": next(scores)}

    monkeypatch.setattr(expression, "score", scored)
    served: list[nn.Module] = []

    def publish(network: nn.Module, *given: object) -> Path:
        served.append(network)
        return tmp_path / "mine.onnx"

    monkeypatch.setattr(expression, "publish", publish)
    recipe = replace(SMALL, epochs=9, early_stopping=2, monitor="accuracy", int8=False)
    with caplog.at_level(logging.INFO, "feelit.training"):
        train("mine", recipe, tmp_path, tmp_path)
        train("mine", recipe, tmp_path, tmp_path)  # from its checkpoint: it has learnt enough
    assert len(averages) == 4
    for network in served:
        assert torch.equal(network.state_dict()["head.weight"], averages[1])
    assert caplog.messages[-1] == "stopped early: accuracy was best after epoch 2, whose weights are kept"


def test_a_run_prints_what_is_usual(trained: Trained) -> None:
    scores = r"loss \d\.\d{4}, validation loss \d\.\d{4}, accuracy \d\.\d{4}, macro F1 \d\.\d{4}, FER2013 \d\.\d{4}"
    learnt = r"training accuracy \d\.\d{4}, training FER2013 \d\.\d{4}"
    lines = [line for line in trained.messages if line.startswith("epoch")]
    assert re.fullmatch(rf"epoch 1 of 2: {scores}, {learnt}, learning rate \S+, \d+ s, at most \d+ min left", lines[0])
    assert re.fullmatch(rf"epoch 2 of 2: {scores}, {learnt}, learning rate \S+, \d+ s", lines[1])
    assert "16 training images, 16 validation images" in trained.messages
    assert f"by majority: {', '.join(f'{name} 2' for name in EMOTIONS)}" in trained.messages
    assert any(re.fullmatch(r"residual: \d+ parameters", line) for line in trained.messages)


def test_l1_drives_weights_to_nothing() -> None:
    """Of two runs on the same pictures, the one that pays for weights ends with smaller ones."""
    size = {}
    for l1 in (0.0, 0.05):
        torch.manual_seed(0)
        state = State(replace(SMALL, l1=l1, muon=0.0, weight_decay=0.0, learning_rate=0.05))
        for _ in range(2):
            train_epoch(state, small_examples(32))
        size[l1] = sum(float(p.detach().abs().sum()) for p in state.network.parameters() if p.ndim > 1)
    assert size[0.05] < 0.9 * size[0.0]


@pytest.mark.parametrize("augmentation", ["strong", "light", "none"])
def test_pictures_are_changed_as_the_recipe_says(augmentation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    examples, seen = small_examples(32), []
    state = State(replace(SMALL, augmentation=augmentation, mixup=0.0))
    state.network.register_forward_pre_hook(lambda module, given: seen.append(given[0].numpy().copy()))
    train_epoch(state, examples)
    shown = {picture.tobytes() for picture in np.concatenate(seen)[:, 0].astype(np.uint8)}
    known = {picture.tobytes() for picture in examples.image}
    assert (shown <= known) == (augmentation == "none")


@pytest.mark.parametrize("field", ["schedule", "augmentation", "monitor"])
def test_words_that_are_none_are_refused_with_those_that_are(field: str) -> None:
    change: dict[str, Any] = {field: "soup"}
    with pytest.raises(UsageError, match=f"{field} cannot be 'soup'") as raised:
        replace(Recipe(), **change)
    assert "'" in (raised.value.hint or "")


def test_checkpoints_of_recipes_that_counted_calm_epochs_apart_go_on_as_they_were_meant(tmp_path: Path) -> None:
    recipe, new = replace(SMALL, epochs=5, calm_epochs=2), set(LEGACY) - {"muon", "unlabelled"}
    State(recipe).save(tmp_path / CHECKPOINT)
    content = read_checkpoint(tmp_path / CHECKPOINT, Recipe, LEGACY)[1]
    before = {name: value for name, value in content["recipe"].items() if name not in new}
    torch.save(content | {"recipe": before | {"epochs": 3}}, tmp_path / CHECKPOINT)
    State(recipe).load(tmp_path / CHECKPOINT)
    with pytest.raises(UsageError, match="another recipe"):
        State(replace(recipe, epochs=3)).load(tmp_path / CHECKPOINT)
