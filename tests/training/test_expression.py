# ruff: noqa: E402  (what needs torch is imported after asking for it)
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
torch.set_num_threads(1)

from feelit.datasets.read import read_split
from feelit.errors import ModelError, UsageError
from feelit.evaluation.classifier.evaluate import evaluate_classifier
from feelit.models.card import read_card
from feelit.options.models import EvaluateOptions
from feelit.training import export
from feelit.training.export import count_parameters, export_onnx
from feelit.training.expression.run import DESIGNS, Recipe, State, averaged_network, open_teachers
from feelit.training.expression.train import draw_probability, train, train_epoch
from feelit.types import EMOTIONS
from feelit.vision.session import open_session
from tests.training.conftest import Trained
from tests.training.test_expression_data import small_examples

SMALL = Recipe(size_px=48, stem=16, channels=(16,), blocks=(1,), strides=(2,), batch=8, epochs=2, calm_epochs=1)


LARGE = {"resnet50", "vgg16"}
"""Networks of which a single step takes seconds."""


def test_rare_labels_are_drawn_more_often_but_not_as_often_as_common_ones() -> None:
    share = np.zeros((102, 8), np.float32)
    share[:100, 0], share[100, 5] = 1, 1
    probability = draw_probability(share, 0.5)
    assert probability.sum() == pytest.approx(1)
    assert probability[100] / probability[0] == pytest.approx(10)  # (100 / 1) ** 0.5
    assert probability[101] == pytest.approx(probability[0]), "of which nothing was said: for the second head"


def test_average_follows_the_weights() -> None:
    state = State(Recipe(stem=16, channels=(16,), blocks=(1,), strides=(2,), ema=0.5))
    before = state.average.state_dict()["head.bias"].clone()
    state.step(state.network(torch.zeros(2, 1, 48, 48))[0][:, 0].sum(), 0.1)
    after, target = state.average.state_dict()["head.bias"], state.network.state_dict()["head.bias"]
    keep = 1 / 11  # the first step forgets fast
    assert torch.allclose(after, before.lerp(target, 1 - keep))
    assert not torch.equal(before, target)


@pytest.mark.parametrize(
    "network", [pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in ("residual", *DESIGNS)]
)
def test_every_network_learns_and_gives_both_heads(network: str) -> None:
    state = State(Recipe(network=network, size_px=48, stem=16, channels=(16,), blocks=(1,), strides=(2,), batch=4))
    assert np.isfinite(train_epoch(state, small_examples(4)))
    first, second = state.network.eval()(torch.zeros(3, 1, 48, 48, dtype=torch.uint8))
    assert (first.shape, second.shape) == ((3, 8), (3, 7))


def test_a_bottleneck_block_passes_its_input_on_at_first() -> None:
    block = DESIGNS["resnet50"]().layers[5]
    features = torch.rand(2, 256, 6, 6)
    assert torch.equal(block(features), features)


@pytest.mark.parametrize(("rate", "differ"), [pytest.param(0.0, 0, id="none"), pytest.param(0.25, 1, id="a quarter")])
def test_dropout_of_blocks_is_that_of_the_recipe(rate: float, differ: int) -> None:
    network = Recipe(network="cnn4", size_px=48, block_dropout=rate).build()
    blocks, faces = network.features[:16].train(), torch.rand(4, 1, 48, 48)
    assert (not torch.equal(blocks(faces), blocks(faces))) == differ


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        pytest.param("cnn3", 322_000, id="cnn3"),
        pytest.param("cnn4", 4_480_000, id="cnn4"),
        pytest.param("mini-xception", 50_815, id="mini-xception"),
        pytest.param("vgg16", 14_730_000, id="vgg16"),
        pytest.param("resnet50", 23_530_000, id="resnet50"),
        pytest.param("residual", 1_599_000, id="ours"),
    ],
)
def test_networks_have_the_size_that_they_are_known_for(network: str, parameters: int) -> None:
    assert count_parameters(Recipe(network=network, size_px=48).build()) == pytest.approx(parameters, rel=0.01)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        pytest.param(Recipe(network="huge"), "there is no network huge", id="unknown"),
        pytest.param(Recipe(channels=(16, 32), blocks=(1,)), "differ in length", id="stages"),
    ],
)
def test_what_is_no_network_is_refused(recipe: Recipe, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        recipe.build()


def test_run_trains_exports_and_scores_as_users_will(trained: Trained) -> None:
    model = trained.model
    card = read_card(model)
    assert (model.name, card.name, card.labels) == ("mine.onnx", "mine", EMOTIONS)
    assert card.scores["aligned crops, as videos give them"]["images"] == 16
    assert "epochs=2" in card.recipe
    session = open_session(model, "cpu")
    logits, own = session.run(["logits", "fer2013"], {"luma": np.zeros((3, 1, 48, 48), np.uint8)})
    assert (np.shape(logits), np.shape(own)) == ((3, 8), (3, 7))
    for picture in ("curves.png", "saliency.png", "evaluation/confusion.png", "evaluation-fer2013/confusion.png"):
        assert (trained.out / picture).read_bytes().startswith(b"\x89PNG")
    report = json.loads((trained.out / "evaluation-fer2013" / "scores.json").read_text())
    assert (report["labels"], list(report["classes"])) == ("fer2013", [name for name in EMOTIONS if name != "contempt"])
    content = json.loads(model.with_suffix(".json").read_text())
    assert all(d["licence"] for d in content["training_data"])


def test_the_second_output_answers_for_the_labels_of_fer2013(trained: Trained) -> None:
    options = EvaluateOptions(split="valid", framing="original", labels="fer2013")
    scores = evaluate_classifier(trained.model, trained.data, options)
    image = np.stack(list(read_split(trained.data, "valid").images))
    own = np.asarray(open_session(trained.model, "cpu").run(["fer2013"], {"luma": image[:, None]})[0]).argmax(axis=1)
    assert scores.accuracy.value == pytest.approx((own == [i % 7 for i in range(16)]).mean())
    assert "contempt" not in scores.classes
    assert (scores.labels, scores.calibration_votes) == ("fer2013", None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"teachers": ("none.pt",)}, "cannot be read", id="missing checkpoint"),
        pytest.param({"teachers": ("none.onnx",)}, "does not exist", id="missing model"),
        pytest.param({"teachers": ("face",)}, "face has not the outputs logits, fer2013", id="model of another task"),
        pytest.param({"unlabelled": "faces"}, "need teachers", id="nobody to say it"),
    ],
)
def test_teachers_that_cannot_be_asked_are_reported_before_anything_is_read(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises((UsageError, ModelError), match=message):
        train("mine", replace(SMALL, **change), tmp_path / "no data", tmp_path / "out")


def test_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    State(SMALL).save(tmp_path / "last.pt")
    other = Recipe(size_px=48, stem=16, channels=(16,), blocks=(1,), strides=(2,), batch=8, epochs=2, calm_epochs=1, seed=2)
    with pytest.raises(UsageError, match="another recipe"):
        State(other).load(tmp_path / "last.pt")


def test_interrupted_run_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    examples = small_examples(32)

    def fresh() -> State:
        torch.manual_seed(0)
        return State(SMALL)

    straight, first, second = fresh(), fresh(), fresh()
    train_epoch(straight, examples)
    train_epoch(straight, examples)
    train_epoch(first, examples)
    first.curve.append((1, {"loss": 2.0}))
    first.save(tmp_path / "last.pt")
    second.load(tmp_path / "last.pt")
    train_epoch(second, examples)
    assert torch.equal(straight.network.head.weight, second.network.head.weight)
    assert torch.equal(straight.average.state_dict()["head.weight"], second.average.state_dict()["head.weight"])
    assert second.curve == [(1, {"loss": 2.0})]


def test_a_run_begins_with_the_weights_of_another_one(trained: Trained) -> None:
    before = str(trained.out / "last.pt")
    state = State(replace(SMALL, begin=before))
    state.begin(Path(before))
    assert torch.equal(state.network.head.weight, averaged_network(Path(before))[1].head.weight)


@pytest.mark.slow
def test_a_run_learns_from_another_one_and_says_so(tmp_path: Path, trained: Trained) -> None:
    before = str(trained.out / "last.pt")
    model = train("second", replace(SMALL, begin=before, teachers=(before, before), taught=0.5), trained.data, tmp_path)
    assert "teachers=" in read_card(model).recipe


@pytest.mark.parametrize("side", [pytest.param(48, id="its own size"), pytest.param(64, id="larger faces")])
def test_checkpoint_and_onnx_file_teach_the_same(side: int, trained: Trained) -> None:
    faces = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 1, side, side)).astype(np.float32))
    checkpoint, model = open_teachers(replace(SMALL, teachers=(str(trained.out / "last.pt"), str(trained.model))))
    with torch.inference_mode():
        for first, second in zip(checkpoint(faces), model(faces), strict=True):
            assert torch.allclose(first, second, atol=0.05)  # one is given whole levels of luma
            assert first.std() > 0.05


def test_the_built_in_model_teaches_by_its_name() -> None:
    (teacher,) = open_teachers(replace(SMALL, teachers=("expression",)))
    first, second = teacher(torch.full((3, 1, 48, 48), 128.0))
    assert (first.shape, second.shape) == ((3, 8), (3, 7))


def test_what_teachers_say_counts() -> None:
    """Of teachers that always say fear, a network learns to say fear, of whatever people thought."""
    teacher = SMALL.build()
    torch.nn.init.zeros_(teacher.head.weight)
    with torch.no_grad():
        teacher.head.bias.copy_(20.0 * torch.eye(8)[EMOTIONS.index("fear")])
    examples = small_examples(32)
    found = {}
    for taught in (0.0, 1.0):
        torch.manual_seed(0)
        state = State(replace(SMALL, taught=taught, epochs=9, learning_rate=0.01))
        for _ in range(8):
            train_epoch(state, examples, [teacher])
        logits = state.average(torch.from_numpy(examples.image)[:, None])[0]
        found[taught] = float(logits.detach().softmax(1)[:, EMOTIONS.index("fear")].mean())
    assert found[1.0] > 0.8
    assert found[0.0] < 0.5


@pytest.mark.parametrize(
    ("name", "message"),
    [pytest.param("none.pt", "cannot be read", id="missing"), pytest.param("last.pt", "another network", id="another network")],
)
def test_weights_that_cannot_be_begun_with_are_refused(name: str, message: str, tmp_path: Path) -> None:
    State(Recipe(network="cnn3")).save(tmp_path / "last.pt")
    with pytest.raises(UsageError, match=message):
        State(SMALL).begin(tmp_path / name)


def test_export_that_computes_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = SMALL.build()
    example = torch.from_numpy(small_examples().image)[:, None].contiguous()
    assert export_onnx(network, example, tmp_path / "good.onnx", ("logits", "fer2013")) < 1e-4
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match=r"bad\.onnx differs"):
        export_onnx(network, example, tmp_path / "bad.onnx", ("logits", "fer2013"))
