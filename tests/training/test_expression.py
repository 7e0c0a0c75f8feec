# ruff: noqa: E402  (what needs torch is imported after asking for it)
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from feelit.errors import ModelError, UsageError
from feelit.training import export
from feelit.training.export import count_parameters, export_onnx
from feelit.training.expression import Paths, Recipe, State, _parse, draw_probability, main, rate_at
from feelit.types import EMOTIONS
from feelit.vision.card import read_card
from feelit.vision.session import open_session
from tests.training.test_expression_data import small_split, write_table

SMALL = ["--stem", "16", "--channels", "16", "32", "--blocks", "1", "1", "--strides", "2", "2", "--batch", "8"]


def test_options_become_the_recipe() -> None:
    recipe, paths = _parse(["--data", "d", "--out", "o", "--epochs", "3", "--channels", "8", "16"])
    assert (recipe.epochs, recipe.channels, recipe.batch) == (3, (8, 16), Recipe().batch)
    assert paths == Paths(Path("d"), Path("o"), None)


def test_learning_rate_rises_then_falls_to_nothing() -> None:
    recipe = Recipe(epochs=10, warmup_epochs=2)
    rates = [rate_at(e, recipe) for e in np.arange(0, 10.01, 0.25)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(recipe.learning_rate)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_rare_labels_are_drawn_more_often_but_not_as_often_as_common_ones() -> None:
    share = np.zeros((101, 8), np.float32)
    share[:100, 0], share[100, 5] = 1, 1
    probability = draw_probability(share, 0.5)
    assert probability.sum() == pytest.approx(1)
    assert probability[100] / probability[0] == pytest.approx(10)  # (100 / 1) ** 0.5


def test_average_follows_the_weights() -> None:
    state = State(Recipe(stem=16, channels=(16,), blocks=(1,), strides=(2,), ema=0.5))
    before = state.average.state_dict()["head.bias"].clone()
    state.step(state.network(torch.zeros(2, 1, 48, 48))[:, 0].sum())
    after, target = state.average.state_dict()["head.bias"], state.network.state_dict()["head.bias"]
    keep = 1 / 11  # the first step forgets fast
    assert torch.allclose(after, before.lerp(target, 1 - keep))
    assert not torch.equal(before, target)


def test_run_trains_exports_resumes_and_is_deterministic(tmp_path: Path) -> None:
    for name in ("train", "valid"):
        write_table(tmp_path / f"{name}.parquet", small_split(32))
    threads = torch.get_num_threads()
    for out, parts in {"whole": ["2"], "again": ["2", "2"]}.items():
        for epochs in parts:
            main(["--data", str(tmp_path), "--out", str(tmp_path / out), "--epochs", epochs, *SMALL])
    torch.set_num_threads(threads)
    whole, again = (torch.load(tmp_path / out / "last.pt")["average"] for out in ("whole", "again"))
    assert all(torch.equal(whole[k], again[k]) for k in whole)

    card = read_card(tmp_path / "whole/expression.onnx")
    assert card.labels == EMOTIONS
    assert card.scores["images"] == 32
    assert "epochs=2" in card.recipe
    session = open_session(tmp_path / "whole/expression.onnx", "cpu")
    logits = session.run(["logits"], {"luma": np.zeros((3, 1, 48, 48), np.uint8)})[0]
    assert np.asarray(logits).shape == (3, 8)


def test_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    small = {"stem": 16, "channels": (16,), "blocks": (1,), "strides": (2,)}
    State(Recipe(**small)).save(tmp_path / "last.pt")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="another recipe"):
        State(Recipe(**small, seed=2)).load(tmp_path / "last.pt")  # type: ignore[arg-type]


def test_interrupted_run_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    from feelit.training.expression import train_epoch
    from feelit.training.expression_data import vote_shares

    split = small_split(32)
    share = vote_shares(split.votes)
    recipe = Recipe(epochs=2, batch=8, stem=16, channels=(16,), blocks=(1,), strides=(2,))

    def fresh() -> State:
        torch.manual_seed(0)
        return State(recipe)

    straight, first, second = fresh(), fresh(), fresh()
    train_epoch(straight, split, share)
    train_epoch(straight, split, share)
    train_epoch(first, split, share)
    first.save(tmp_path / "last.pt")
    second.load(tmp_path / "last.pt")
    train_epoch(second, split, share)
    assert torch.equal(straight.network.head.weight, second.network.head.weight)
    assert torch.equal(straight.average.state_dict()["head.weight"], second.average.state_dict()["head.weight"])


def test_export_that_computes_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Recipe(stem=16, channels=(16,), blocks=(1,), strides=(2,)).network().eval()
    example = torch.from_numpy(small_split().image)[:, None].contiguous()
    assert export_onnx(network, example, tmp_path / "good.onnx", ("logits",)) < 1e-4
    assert count_parameters(network) == sum(p.numel() for p in network.parameters())
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match=r"bad\.onnx differs"):
        export_onnx(network, example, tmp_path / "bad.onnx", ("logits",))


def test_card_is_json_that_anyone_can_read(tmp_path: Path) -> None:
    write_table(tmp_path / "train.parquet", small_split(16))
    write_table(tmp_path / "valid.parquet", small_split(16))
    main(["--data", str(tmp_path), "--out", str(tmp_path), "--epochs", "1", *SMALL])
    content = json.loads((tmp_path / "expression.json").read_text())
    assert {d["name"] for d in content["training_data"]} == {"FER2013", "FER+"}
    assert all(d["licence"] for d in content["training_data"])
