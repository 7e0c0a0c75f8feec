from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from feelit.datasets.read import read_splits
from feelit.training.expression import data as expression_data
from feelit.training.expression.augment import Augmentation, augment
from feelit.training.expression.data import Examples, aligned, contact_sheet, framing, prepare, template
from feelit.types import UInt8
from feelit.vision.align import TEMPLATE
from tests.datasets.made import pictures, unanimous, write_folders, write_parquet
from tests.video.clips import face_patch

STILL = Augmentation(*[0.0] * 12)


def small_examples(count: int = 6, side: int = 48) -> Examples:
    """Blurred noise whose landmarks lie on the template."""
    image = np.stack([cv2.GaussianBlur(picture, (0, 0), 2) for picture in pictures(count, side)]).astype(np.uint8)
    number = np.arange(count, dtype=np.int64)
    share = np.eye(8, dtype=np.float32)[number % 8]
    return Examples(image, np.repeat(template(side)[None], count, axis=0), share, number % 8, number % 7)


def write_data(folder: Path, count: int = 16, side: int = 48) -> None:
    """Two splits of a Parquet data set without a picture in common."""
    image = pictures(2 * count, side)
    for name, part in (("train", image[:count]), ("valid", image[count:])):
        votes = unanimous([i % 8 for i in range(count)])
        write_parquet(folder / f"{name}.parquet", part, votes, fer2013=[i % 7 for i in range(count)])


def portrait(side: int) -> UInt8:
    """The sample's face, which the detector finds."""
    patch, (x0, y0, x1, y1) = face_patch()
    face = cv2.cvtColor(patch[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def test_pictures_of_the_right_size_stay_as_they_are(tmp_path: Path) -> None:
    write_data(tmp_path)
    faces = read_splits(tmp_path)["train"]
    examples = prepare(faces, 48)
    np.testing.assert_array_equal(examples.image, pictures(32)[:16])
    assert examples.share.sum(axis=1).tolist() == [1.0] * 16
    assert examples.fer2013.tolist() == [i % 7 for i in range(16)]


def test_faces_in_larger_pictures_are_cropped_as_those_of_videos_are(tmp_path: Path) -> None:
    write_folders(tmp_path / "train", np.stack([portrait(200)] * 2), ["happy", "sad"])
    examples = prepare(read_splits(tmp_path)["train"], 48)
    np.testing.assert_array_equal(examples.landmarks[0], template(48))
    assert np.abs(aligned(examples).astype(int) - examples.image).max() <= 1


def test_landmarks_are_looked_for_once_unless_the_pictures_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_data(tmp_path)
    faces = read_splits(tmp_path)
    first = prepare(faces["train"], 48, tmp_path / "landmarks.npz")
    asked: list[object] = []

    def find(*given: object) -> list[object]:
        asked.append(given)
        return []

    monkeypatch.setattr(expression_data, "find_face", find)
    again = prepare(faces["train"], 48, tmp_path / "landmarks.npz")
    np.testing.assert_array_equal(first.landmarks, again.landmarks)
    assert asked == []
    prepare(faces["valid"], 48, tmp_path / "landmarks.npz")
    assert len(asked) == 16


def test_landmarks_on_the_template_leave_the_image_alone() -> None:
    examples = small_examples()
    assert np.abs(aligned(examples).astype(int) - examples.image).max() <= 1


def test_image_without_landmarks_stays_as_it_is() -> None:
    examples = small_examples()
    examples.landmarks[0] = np.nan
    examples.landmarks[1] += 7
    crops = aligned(examples)
    np.testing.assert_array_equal(crops[0], examples.image[0])
    assert np.abs(crops[1].astype(int) - examples.image[1]).max() > 20


@pytest.mark.parametrize(("count", "rows"), [(3, [0, 4, 9]), (1, [0]), (10, list(range(10))), (99, list(range(10)))])
def test_some_pictures_come_from_all_over_the_data(count: int, rows: list[int]) -> None:
    examples = small_examples(10)
    np.testing.assert_array_equal(examples.some(count).image, examples.image[rows])


def test_framing_of_mirrored_faces_is_symmetric() -> None:
    examples = small_examples(2)
    examples.landmarks[0] += np.array([3, 0], np.float32)
    examples.landmarks[1] = np.nan
    np.testing.assert_allclose(framing(examples), TEMPLATE, atol=1e-6)


def test_pictures_in_which_no_face_is_found_are_framed_as_crops() -> None:
    examples = small_examples(2)
    examples.landmarks[:] = np.nan
    np.testing.assert_allclose(framing(examples), TEMPLATE, atol=1e-6)


@pytest.mark.parametrize("side", [48, 64])
def test_augmentation_depends_on_the_generator_only(side: int) -> None:
    examples, index = small_examples(side=side), np.arange(6)
    once, again, other = (augment(examples, index, Augmentation(), np.random.default_rng(s))[0] for s in (1, 1, 2))
    assert once.shape == (6, side, side)
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_no_augmentation_flips_at_most() -> None:
    examples = small_examples()
    for image, crop in zip(examples.image, augment(examples, np.arange(6), STILL, np.random.default_rng(3))[0], strict=True):
        difference = min(np.abs(crop.astype(int) - image).max(), np.abs(crop[:, ::-1].astype(int) - image).max())
        assert difference <= 1


def test_covers_hide_a_part_of_the_face_and_leave_the_rest() -> None:
    examples = small_examples(200)
    how = replace(STILL, covered=1.0)
    shown, clear = augment(examples, np.arange(200), how, np.random.default_rng(0))
    plain, _ = augment(examples, np.arange(200), STILL, np.random.default_rng(0))
    np.testing.assert_array_equal(clear, plain)
    hidden = (np.abs(shown.astype(int) - plain) > 2).mean(axis=(1, 2))
    assert hidden.min() > 0.02
    assert hidden.max() < 0.62


def test_contact_sheet_has_a_cell_a_crop() -> None:
    assert contact_sheet(small_examples().image, ["x"] * 6, columns=4).shape == (2 * 112, 4 * 100)
