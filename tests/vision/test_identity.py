"""The shipped model of identity: one face gives one embedding, whatever is beside it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from feelit.errors import ModelError
from feelit.models.paths import model_path
from feelit.types import UInt8
from feelit.vision.identity import TEMPLATE, IdentityModel

LEVELS = np.arange(256, dtype=np.uint8)


@pytest.fixture(scope="module")
def model() -> IdentityModel:
    return IdentityModel(model_path("identity"), "cpu")


def faces(count: int) -> UInt8:
    rng = np.random.default_rng(0)
    return np.stack(
        [
            cv2.resize(rng.integers(0, 256, (20, 20)).astype(np.uint8), (150, 150), interpolation=cv2.INTER_CUBIC)
            for _ in range(count)
        ]
    )


def test_embeddings_have_length_one_and_do_not_depend_on_their_neighbours(model: IdentityModel) -> None:
    crops = faces(3)
    together = model.embed(crops)
    assert together.shape == (3, 128)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(together, np.concatenate([model.embed(crop[None]) for crop in crops]))
    assert (together @ together.T)[0, 1] < 0.999


def test_no_faces_are_no_rows(model: IdentityModel) -> None:
    assert model.embed(np.zeros((0, 150, 150), np.uint8)).shape == (0, 128)
    assert model.crop(faces(1)[0], LEVELS, np.zeros((0, 5, 2), np.float32)).shape == (0, 150, 150)


def test_a_face_that_lies_at_the_template_is_not_moved(model: IdentityModel) -> None:
    picture = faces(1)[0]
    points = (TEMPLATE * 150 - 0.5).astype(np.float32)[None]
    np.testing.assert_array_equal(model.crop(picture, LEVELS, points)[0], picture)
    np.testing.assert_array_equal(model.crop(picture, LEVELS[::-1].copy(), points)[0], 255 - picture)


def test_other_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a model for face, not for identity"):
        IdentityModel(model_path("face"), "cpu")
    with pytest.raises(ModelError, match="does not exist"):
        IdentityModel(tmp_path / "gone.onnx", "cpu")
