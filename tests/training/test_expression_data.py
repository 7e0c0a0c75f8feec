from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from feelit.errors import ModelError, UsageError
from feelit.labelled.votes import majority_labels
from feelit.training import expression_data
from feelit.training.expression_augment import Augmentation, augment
from feelit.training.expression_data import VOTES, Split, aligned, contact_sheet, framing, read_split, vote_shares
from feelit.types import Float32
from feelit.vision.align import TEMPLATE

SHARED = Path(__file__).parents[2] / "../shared"


def template_px() -> Float32:
    return (TEMPLATE * 48 - 0.5).astype(np.float32)


def small_split(images: int = 6) -> Split:
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (48, 48 * images), np.uint8), (0, 0), 2)
    votes = np.zeros((images, 10), np.uint8)
    votes[np.arange(images), np.arange(images) % 8] = 10
    landmarks = np.repeat(template_px()[None], images, axis=0)
    pixels = np.asarray(image, np.uint8).reshape(48, images, 48).transpose(1, 0, 2).copy()
    return Split(pixels, votes, landmarks, np.zeros(images, bool))


def write_table(path: Path, split: Split) -> None:
    columns: dict[str, object] = {"image": [cv2.imencode(".png", i)[1].tobytes() for i in split.image]}
    columns |= {f"votes_{v}": split.votes[:, k] for k, v in enumerate(VOTES)}
    parquet.write_table(pa.table(columns | {"copy_held_out": split.held_out}), path)


@pytest.mark.parametrize(
    ("votes", "shares"),
    [
        pytest.param([6, 4, 0, 0, 0, 0, 0, 0, 0, 0], [0.6, 0.4, 0, 0, 0, 0, 0, 0], id="two labels"),
        pytest.param([6, 2, 1, 1, 0, 0, 0, 0, 0, 0], [0.75, 0.25, 0, 0, 0, 0, 0, 0], id="slips are dropped"),
        pytest.param([6, 0, 0, 0, 0, 0, 0, 0, 4, 0], [1, 0, 0, 0, 0, 0, 0, 0], id="unknown is left out of the shares"),
        pytest.param([0, 4, 0, 0, 0, 0, 0, 0, 0, 6], [0, 0, 0, 0, 0, 0, 0, 0], id="not a face"),
        pytest.param([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0], id="nothing but slips"),
    ],
)
def test_vote_shares(votes: list[int], shares: list[float]) -> None:
    assert vote_shares(np.array([votes], np.uint8))[0] == pytest.approx(shares)


def test_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    split = small_split()
    write_table(tmp_path / "valid.parquet", split)
    read = read_split(tmp_path / "valid.parquet")
    np.testing.assert_array_equal(read.image, split.image)
    np.testing.assert_array_equal(read.votes, split.votes)
    assert np.isnan(read.landmarks).all()


def test_landmarks_are_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = small_split()
    write_table(tmp_path / "valid.parquet", split)
    monkeypatch.setattr(expression_data, "find_landmarks", lambda *_: split.landmarks)
    first = read_split(tmp_path / "valid.parquet", Path("teacher"), tmp_path / "cache.npz")
    monkeypatch.setattr(expression_data, "find_landmarks", lambda *_: pytest.fail("asked again"))
    second = read_split(tmp_path / "valid.parquet", Path("teacher"), tmp_path / "cache.npz")
    np.testing.assert_array_equal(first.landmarks, second.landmarks)


def test_file_that_is_no_table_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_bytes(b"nothing")
    with pytest.raises(UsageError, match=r"train\.parquet cannot be read"):
        read_split(tmp_path / "train.parquet")


def test_teacher_that_is_no_model_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "teacher.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"teacher\.onnx cannot be read"):
        expression_data.find_landmarks(small_split().image, tmp_path / "teacher.onnx")


def test_landmarks_on_the_template_leave_the_image_alone() -> None:
    split = small_split()
    assert np.abs(aligned(split).astype(int) - split.image).max() <= 1


def test_image_without_landmarks_stays_as_it_is() -> None:
    split = small_split()
    split.landmarks[0] = np.nan
    split.landmarks[1] += 7
    crops = aligned(split)
    np.testing.assert_array_equal(crops[0], split.image[0])
    assert np.abs(crops[1].astype(int) - split.image[1]).max() > 20


def test_framing_of_mirrored_faces_is_symmetric() -> None:
    turned = template_px() + np.array([3, 0], np.float32)
    mean = framing(np.stack([turned, np.full((5, 2), np.nan, np.float32)]))
    np.testing.assert_allclose(mean, TEMPLATE, atol=1e-6)


def test_augmentation_depends_on_the_generator_only() -> None:
    split, index = small_split(), np.arange(6)
    once, again, other = (augment(split, index, Augmentation(), np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_no_augmentation_flips_at_most() -> None:
    split = small_split()
    still = Augmentation(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    for image, crop in zip(split.image, augment(split, np.arange(6), still, np.random.default_rng(3)), strict=True):
        difference = min(np.abs(crop.astype(int) - image).max(), np.abs(crop[:, ::-1].astype(int) - image).max())
        assert difference <= 1


def test_contact_sheet_has_a_cell_a_crop() -> None:
    assert contact_sheet(small_split().image, ["x"] * 6, columns=4).shape == (2 * 112, 4 * 100)


@pytest.mark.skipif(not (SHARED / "data/fer/valid.parquet").exists(), reason="needs FER2013 with FER+ votes")
def test_majority_protocol_leaves_the_published_number_of_validation_images() -> None:
    votes = read_split(SHARED / "data/fer/valid.parquet").votes
    assert (majority_labels(votes) >= 0).sum() == 3199


@pytest.mark.skipif(not (SHARED / "models/yunet_n_dynamic.onnx").exists(), reason="needs the teacher")
def test_teacher_finds_both_eyes_of_faces_and_nothing_in_noise(capfd: pytest.CaptureFixture[str]) -> None:
    table = SHARED / "data/fer/valid.parquet"
    image = read_split(table).image[:20] if table.exists() else np.zeros((0, 48, 48), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    found = expression_data.find_landmarks(np.concatenate([image, noise]), SHARED / "models/yunet_n_dynamic.onnx")
    capfd.readouterr()  # OpenCV writes a warning about targets
    assert np.isnan(found[-2:]).all()
    faces = found[: len(image)]
    faces = faces[np.isfinite(faces).all(axis=(1, 2))]
    assert len(faces) >= 18
    assert (faces[:, 0, 0] < faces[:, 1, 0]).all()  # the subject's right eye is on the left of the picture
    assert (faces[:, :2, 1].mean(axis=1) < faces[:, 3:, 1].mean(axis=1)).all()
