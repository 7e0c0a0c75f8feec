# ruff: noqa: E402  (what needs torch is imported after asking for it)
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from feelit.errors import UsageError
from feelit.models.card import read_card
from feelit.training.expression.data import LEAST_PX, aligned, read_unlabelled
from feelit.training.expression.train import pseudo_labelled, train
from feelit.types import EMOTIONS, Float32, UInt8
from feelit.vision.align import TEMPLATE
from tests.training.conftest import Trained
from tests.training.test_expression import SMALL
from tests.training.test_expression_data import small_examples

FRAMING: Float32 = ((TEMPLATE - 0.5) * 0.8 + 0.5).astype(np.float32)
"""Faces a little smaller than crops show them."""


def dotted(points: Float32) -> UInt8:
    """A bright picture with a dark spot on every landmark."""
    luma = np.full((200, 240), 200, np.uint8)
    for x, y in points:
        cv2.circle(luma, (round(float(x)), round(float(y))), 3, 20, -1)
    return luma


def write_faces(folder: Path, points: list[Float32], side: float = 80.0, masked: int = 0, ignore: bool = False) -> None:
    """One picture a face, with a box of that side around it."""
    box = [np.concatenate([p.mean(axis=0) - side / 2, p.mean(axis=0) + side / 2]).tolist() for p in points]
    table = {
        "image": [cv2.imencode(".png", dotted(p))[1].tobytes() for p in points],
        "source": ["muxspace"] * len(points),
        "masked": [masked] * len(points),
        "box": [[b] for b in box],
        "landmarks": [[p.ravel().tolist()] for p in points],
        "ignore": [[ignore]] * len(points),
    }
    pq.write_table(pa.table(table), folder / "train-0.parquet")


@given(
    size=st.floats(45, 120),
    x=st.floats(60, 180),
    y=st.floats(60, 140),
)
def test_faces_lie_where_the_framing_says(size: float, x: float, y: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("faces")
    points = ((TEMPLATE - TEMPLATE.mean(axis=0)) * size + (x, y)).astype(np.float32)
    write_faces(folder, [points])
    examples, _ = read_unlabelled(folder, 64, FRAMING)
    np.testing.assert_allclose((examples.landmarks[0] + 0.5) / 64, FRAMING, atol=0.025)
    spots = cv2.remap(examples.image[0], examples.landmarks[0, :, :1], examples.landmarks[0, :, 1:], cv2.INTER_LINEAR)
    assert (spots < 110).all(), "landmarks lie where the picture has them"


@pytest.mark.parametrize("turned_deg", [40, 95, 180])
def test_rolled_faces_are_cut_as_wide(turned_deg: float, tmp_path: Path) -> None:
    angle = np.deg2rad(turned_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    write_faces(tmp_path, [((TEMPLATE - TEMPLATE.mean(axis=0)) * 60 @ turn.T + (120, 100)).astype(np.float32)])
    landmarks = read_unlabelled(tmp_path, 64, FRAMING)[0].landmarks[0]
    eyes = np.linalg.norm(landmarks[1] - landmarks[0]) / 64
    assert eyes == pytest.approx(FRAMING[1, 0] - FRAMING[0, 0], abs=0.02)


def test_nothing_is_said_of_them(tmp_path: Path) -> None:
    write_faces(tmp_path, [((TEMPLATE - 0.5) * 60 + (120, 100)).astype(np.float32)] * 3)
    examples, sources = read_unlabelled(tmp_path, 48, FRAMING)
    assert (len(examples), sources) == (3, frozenset({"muxspace"}))
    assert examples.image.shape == (3, 48, 48)
    assert not examples.share.any()
    assert (examples.label.tolist(), examples.fer2013.tolist()) == ([-1] * 3, [-1] * 3)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"side": LEAST_PX - 1}, id="too small"),
        pytest.param({"masked": 1}, id="masked"),
        pytest.param({"ignore": True}, id="unsure"),
    ],
)
def test_faces_that_tell_nothing_are_left_out(change: dict[str, float], tmp_path: Path) -> None:
    write_faces(tmp_path, [((TEMPLATE - 0.5) * 60 + (120, 100)).astype(np.float32)], **change)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no faces of 40 px"):
        read_unlabelled(tmp_path, 64, FRAMING)


def test_teachers_say_what_nobody_said() -> None:
    teacher = SMALL.build()
    torch.nn.init.zeros_(teacher.head.weight)
    with torch.no_grad():
        teacher.head.bias.copy_(20.0 * torch.eye(8)[EMOTIONS.index("fear")])
    examples = small_examples(300)  # more than are asked about at once
    said = pseudo_labelled([teacher, teacher], examples)
    assert (said.share.argmax(axis=1) == EMOTIONS.index("fear")).all()
    np.testing.assert_allclose(said.share.sum(axis=1), 1, atol=1e-3)
    np.testing.assert_array_equal(aligned(said), aligned(examples))


@pytest.mark.slow
def test_a_run_learns_from_faces_without_labels_too(tmp_path: Path, trained: Trained, caplog: pytest.LogCaptureFixture) -> None:
    faces, out = tmp_path / "faces", tmp_path / "out"
    for folder in (faces, out):
        folder.mkdir()
    write_faces(faces, [((TEMPLATE - 0.5) * 60 + (120, 100)).astype(np.float32)] * 5)
    recipe = replace(SMALL, teachers=(str(trained.out / "last.pt"),), unlabelled=str(faces), epochs=1, calm_epochs=0)
    with caplog.at_level("INFO", "feelit.training"):
        model = train("second", recipe, trained.data, out)
    assert read_card(model).training_data[-1]["name"] == "muxspace/facial_expressions"
    assert "5 faces labelled by the teachers alone" in caplog.text
