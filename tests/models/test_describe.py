from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from feelit.errors import ModelError
from feelit.models.card import ModelCard, card_path, read_card, write_card
from feelit.models.describe import describe_model
from feelit.models.paths import model_path
from feelit.models.pull import pull_model
from tests.models.small import Small
from tests.models.test_verify import CARD


def test_a_built_in_model_is_described_from_its_card_and_its_network() -> None:
    found, card = describe_model("face"), read_card(model_path("face"))
    assert [port.name for port in found.outputs] == ["score", "box", "landmarks"]
    text = found.text()
    assert text.startswith("face: a detector of faces\n")
    for words in (
        card.sha256[:8],
        "luma uint8 (n, 1, h, w)",
        "training data",
        "scores",
        f"recall_at_0.1_false: {card.scores['validation images, 320 px, faces from 20 px']['recall_at_0.1_false']}",
        "limitations",
    ):
        assert words in text
    assert max(map(len, text.splitlines())) <= 100
    record = json.loads(json.dumps(found.record()))
    assert (record["present"], record["card"]["task"], record["problem"]) == (True, "face", None)
    assert record["inputs"] == [{"name": "luma", "shape": ["n", 1, "h", "w"], "type": "tensor(uint8)"}]


def test_a_public_model_is_described_before_it_is_fetched(small: Small) -> None:
    found = describe_model("small")
    assert (found.path, found.inputs, found.outputs) == (None, [], [])
    assert "not on this computer; `feelit models pull small` fetches it" in found.text()
    assert "MIT (made for a test)" in found.text()
    assert small.site.asked == []
    pull_model("small")
    assert "face float (n, 1, 8, 8)" in describe_model("small").text()
    assert (
        "8 x 8 px, luma, pixels 0..255, aligned by landmarks; gives logits, of temperature 1" in describe_model("small").text()
    )


def test_a_detector_is_fed_as_its_adapter_says(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"no model")
    write_card(ModelCard("mine", "face", "scrfd", color="rgb"), tmp_path / "mine.onnx")
    assert "rgb, (pixel - 127.5) / 128; a box of 0.5 or more is a face" in describe_model(str(tmp_path / "mine.onnx")).text()


def test_a_network_that_does_not_load_has_a_card_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"no model")
    write_card(CARD, tmp_path / "mine.onnx")
    found = describe_model(str(tmp_path / "mine.onnx"))
    assert "cannot be loaded" in found.problem
    assert "cannot be loaded" in " ".join(found.text().split())
    assert found.name == "mine"


@pytest.mark.parametrize(
    "scores", [{}, {"a": {}}, {"a": {"b": {"c": [1, {"d": None}]}}}, {"a": "", "b": []}, {"long": "x" * 300}], ids=repr
)
def test_whatever_a_card_holds_is_shown(scores: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"no model")
    write_card(replace(CARD, scores=scores, limitations=("",)), tmp_path / "mine.onnx")
    text = describe_model(str(tmp_path / "mine.onnx")).text()
    assert all(str(key) in text for key in scores)


@pytest.mark.parametrize("name", ["gone.onnx", "", "other"], ids=repr)
def test_what_nobody_knows_is_an_error(name: str, small: Small) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        describe_model(name)


def test_a_model_without_a_card_is_an_error(small: Small) -> None:
    pull_model("small")
    card_path(small.model).unlink()
    with pytest.raises(ModelError, match="has no card"):
        describe_model("small")
