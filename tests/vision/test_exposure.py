"""Dark and flat crops are made as bright as others, and nothing else is touched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.models.card import read_card
from feelit.models.paths import models_folder
from feelit.types import UInt8
from feelit.vision.exposure import even_exposure
from feelit.vision.expression import ExpressionModel
from tests.video.clips import face_patch

LIMITS = 140, 80


def crops(*ranges: tuple[int, int], side: int = 64) -> UInt8:
    """Ramps of grey from left to right, one an entry."""
    return np.stack([np.tile(np.linspace(low, high, side).round().astype(np.uint8), (side, 1)) for low, high in ranges])


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        pytest.param(20, 240, (20, 240), id="neither-dark-nor-flat"),
        pytest.param(10, 30, (0, 140), id="dark-and-flat"),
        pytest.param(110, 130, (50, 190), id="flat"),
        pytest.param(235, 255, (115, 255), id="bright-and-flat"),
    ],
)
def test_what_becomes_of_a_crop(low: int, high: int, expected: tuple[int, int]) -> None:
    """A stretched range may reach farther by what lies beyond its quantiles, and be lifted where it is dark."""
    (found,) = even_exposure(crops((low, high)), 140, 1)
    assert (int(found.min()), int(found.max())) == pytest.approx(expected, abs=6)
    assert (np.diff(found.astype(int), axis=1) >= 0).all()


def test_a_dark_face_before_a_bright_wall_is_brightened_and_the_wall_stays_white() -> None:
    image = np.full((1, 64, 64), 255, np.uint8)
    image[:, 8:, 8:56] = 40
    image[:, :8, :8] = 0
    found = even_exposure(image, *LIMITS)
    assert np.median(found[0, 16:56, 12:52]) == pytest.approx(80, abs=1)
    assert (found[0, 0, 0], found[0, 0, -1]) == (0, 255)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=6))
def test_each_crop_depends_on_itself_alone(ranges: list[tuple[int, int]]) -> None:
    images = crops(*((min(r), max(r)) for r in ranges), side=16)
    before = images.copy()
    together = even_exposure(images, *LIMITS)
    assert (together == np.concatenate([even_exposure(image[None], *LIMITS) for image in images])).all()
    assert (images == before).all()


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_a_crop_of_one_grey_is_no_error(level: int) -> None:
    assert even_exposure(np.full((1, 64, 64), level, np.uint8), *LIMITS).shape == (1, 64, 64)


def test_no_crops_are_no_error() -> None:
    assert len(even_exposure(np.zeros((0, 64, 64), np.uint8), *LIMITS)) == 0


def test_the_built_in_networks_are_given_the_same_pixels() -> None:
    """Signals and expressions come from one run of one network, whichever of the two files is used."""
    cards = [read_card(models_folder() / f"{name}.onnx") for name in ("expression-v5", "signals-v3")]
    assert [card.exposure for card in cards] == [LIMITS, LIMITS]


@pytest.fixture(scope="module")
def model() -> ExpressionModel:
    return ExpressionModel(models_folder() / "expression-v5.onnx")


def test_the_dark_changes_little(model: ExpressionModel) -> None:
    """A face at an eighth of its light gets nearly the same probabilities."""
    patch, (x0, y0, x1, y1) = face_patch()
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)[y0:y1, x0:x1]
    face = np.asarray(cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA), np.uint8)
    bright, dim = model.probabilities(np.stack([face, (face * 0.125).astype(np.uint8)]))
    assert np.abs(bright - dim).max() < 0.1
