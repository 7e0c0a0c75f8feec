"""Other people's detectors: what they are fed, and their answers beside boxes computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from feelit.errors import ModelError
from feelit.models.card import ModelCard, write_card
from feelit.scaling import detector_view
from feelit.timeline.schema import LANDMARK_COLUMNS
from feelit.types import Detections
from feelit.vision.adapters import ADAPTERS
from feelit.vision.detector import FaceDetector, mean_landmarks, view_of
from tests.conftest import Command
from tests.vision.networks import floats, scrfd, spot, ultraface

RED, GREEN, WHITE = (0, 0, 255), (0, 255, 0), (255, 255, 255)
POINTS = (0.5, 0.25, 1.5, 0.25, 1, 1, 0.5, 1.75, 1.5, 1.75)
LEVELS = {
    8: ((1.0, 0.0), (1, 2, 3, 4), POINTS),
    16: ((0.0, 0.9), (1, 2, 3, 4), POINTS),
    32: ((0.8, 0.0), (1, 2, 3, 4), POINTS),
}


def opened(path: Path, adapter: Any, **said: Any) -> FaceDetector:
    write_card(ModelCard(adapter, "face", adapter, **{"color": "rgb", **said}), path)
    return FaceDetector(path, "cpu")


def seen(detector: FaceDetector, *pictures: np.ndarray[Any, np.dtype[np.uint8]], min_face_px: float = 15) -> Detections:
    """What is found in frames (H, W, 3) BGR of one size."""
    view = detector.view_of(pictures[0].shape[1], pictures[0].shape[0], min_face_px)
    return detector.detect(np.stack([detector_view(picture, view) for picture in pictures]), view)


@pytest.mark.parametrize(
    ("adapter", "expected"),
    [
        pytest.param("yunet", [10, 20, 30], id="yunet-bgr-as-it-is"),
        pytest.param("ultraface", [(30 - 127) / 128, (20 - 127) / 128, (10 - 127) / 128], id="ultraface"),
        pytest.param("scrfd", [(30 - 127.5) / 128, (20 - 127.5) / 128, (10 - 127.5) / 128], id="scrfd"),
    ],
)
def test_what_networks_are_fed(adapter: str, expected: list[float]) -> None:
    picture = np.full((2, 4, 6, 3), (10, 20, 30), np.uint8)
    given = ADAPTERS[adapter].feed(picture)
    assert given.shape == (2, 3, 4, 6)
    assert given.flags.c_contiguous
    np.testing.assert_allclose(given[1, :, 3, 5], expected, rtol=1e-6)


def test_our_own_is_fed_bytes() -> None:
    given = ADAPTERS["feelit"].feed(np.full((2, 4, 6), 7, np.uint8))
    assert given.shape == (2, 1, 4, 6)
    assert given.dtype == np.uint8


@pytest.mark.parametrize("batched", [False, True], ids=["flat", "batched"])
@pytest.mark.parametrize("sides", [("?", "?"), (96, 160)], ids=["free", "fixed"])
def test_scrfd_boxes_are_distances_from_the_corner_of_a_cell_in_strides(
    batched: bool, sides: tuple[int | str, int | str], tmp_path: Path
) -> None:
    detector = opened(scrfd(tmp_path / "s.onnx", LEVELS, batched=batched, sides=sides), "scrfd")
    found = seen(detector, spot(96, 160, (70, 45, RED)))
    # The pixel lies in the cells (8, 5), (4, 2) and (2, 1) of the three levels; their corners are (64, 40), (64, 32), (64, 32).
    np.testing.assert_allclose(found.score, [1, 0.9, 0.8], atol=1e-6)
    np.testing.assert_allclose(found.box, [[56, 24, 88, 72], [48, 0, 112, 96], [32, -32, 160, 160]])
    corners, stride = floats((64, 40), (64, 32), (64, 32)), floats((8,), (16,), (32,))
    points = np.tile(corners, 5) + np.array(POINTS, np.float32) * stride
    np.testing.assert_allclose(found.landmarks.reshape(3, 10), points)
    assert detector.has_landmarks


def test_scrfd_reads_the_second_anchor_of_a_cell_beside_the_first(tmp_path: Path) -> None:
    levels = LEVELS | {16: ((0.7, 0.9), *LEVELS[16][1:])}
    detector = opened(scrfd(tmp_path / "s.onnx", levels), "scrfd")
    found = seen(detector, spot(96, 160, (70, 45, RED)))
    assert found.score.tolist() == pytest.approx([1, 0.9, 0.8])  # one box of the two that lie on one another


@pytest.mark.parametrize("network", ["ultraface", "scrfd"])
def test_only_red_is_looked_at_where_networks_want_rgb(network: str, tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path = scrfd(path, LEVELS) if network == "scrfd" else ultraface(path, [[0.1, 0.1, 0.3, 0.3]])
    detector = opened(path, network)
    assert len(seen(detector, spot(96, 160, (70, 45, GREEN)))) == 0
    assert len(seen(detector, spot(96, 160, (70, 45, (0, 0, 120))))) == 0  # 0.47, below the threshold
    found = seen(detector, spot(96, 160, (70, 45, (255, 255, 204))))
    assert found.score[0] == pytest.approx(0.8, abs=1e-6)


def test_ultraface_boxes_are_shares_of_the_input(tmp_path: Path) -> None:
    path = ultraface(tmp_path / "u.onnx", [[0.1, 0.2, 0.3, 0.6], [0.5, 0.1, 0.75, 0.5]])
    found = seen(opened(path, "ultraface"), np.full((720, 1280, 3), 255, np.uint8))
    # 1280 x 720 becomes 320 x 180 of 320 x 240: a quarter of the size.
    np.testing.assert_allclose(found.box, [[128, 192, 384, 576], [640, 96, 960, 480]], atol=1e-3)


def test_what_lies_below_the_picture_in_an_input_of_fixed_size_is_no_face(tmp_path: Path) -> None:
    path = ultraface(tmp_path / "u.onnx", [[0.1, 0.6, 0.3, 0.98], [0.1, 0.1, 0.3, 0.4]])
    found = seen(opened(path, "ultraface"), np.full((720, 1280, 3), 255, np.uint8))
    np.testing.assert_allclose(found.box, [[128, 96, 384, 384]], atol=1e-3)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        pytest.param(1280, 720, (320, 180), id="wide"),
        pytest.param(720, 1280, (135, 240), id="high"),
        pytest.param(160, 90, (160, 90), id="never-enlarged"),
        pytest.param(320, 240, (320, 240), id="exact"),
        pytest.param(4000, 2, (320, 1), id="content-never-vanishes"),
    ],
)
def test_a_fixed_input_holds_as_much_of_a_picture_as_fits(width: int, height: int, expected: tuple[int, int]) -> None:
    view = view_of(width, height, 1, "bgr", (240, 320))
    assert (view.width_px, view.height_px) == expected
    assert (view.padded_width_px, view.padded_height_px) == (320, 240)
    assert (view.scale_x, view.scale_y) == (expected[0] / width, expected[1] / height)


def test_the_smallest_face_does_not_change_a_fixed_view(tmp_path: Path) -> None:
    detector = opened(ultraface(tmp_path / "u.onnx", [[0.1, 0.2, 0.5, 0.6]]), "ultraface")
    assert detector.view_of(1280, 720, 20) == detector.view_of(1280, 720, 500)


@pytest.mark.parametrize("network", ["ultraface", "scrfd"])
def test_networks_for_one_picture_get_one_at_a_time(network: str, tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path = scrfd(path, LEVELS) if network == "scrfd" else ultraface(path, [[0.1, 0.1, 0.3, 0.3]])
    detector = opened(path, network)
    pictures = [spot(96, 160, (70, 45, RED)), spot(96, 160), spot(96, 160, (40, 20, (0, 0, 200)))]
    together = seen(detector, *pictures)
    alone = [seen(detector, picture) for picture in pictures]
    assert np.bincount(together.row, minlength=3).tolist() == [len(found) for found in alone]
    assert [len(found) for found in alone] == ([3, 0, 3] if network == "scrfd" else [1, 0, 1])
    np.testing.assert_array_equal(together.box, np.concatenate([found.box for found in alone]))


def test_landmarks_that_a_network_does_not_give_are_those_of_the_mean_face(tmp_path: Path) -> None:
    detectors = [
        opened(ultraface(tmp_path / "u.onnx", [[0.1, 0.1, 0.2, 0.3]]), "ultraface"),
        opened(scrfd(tmp_path / "s.onnx", LEVELS, landmarks=False), "scrfd"),
    ]
    for detector in detectors:
        found = seen(detector, spot(96, 160, (70, 45, RED)))
        assert not detector.has_landmarks
        np.testing.assert_allclose(found.landmarks.reshape(-1, 10), mean_landmarks(found.box), atol=1e-4)
        right_eye, left_eye, nose, right_mouth, left_mouth = found.landmarks.transpose(1, 0, 2)
        assert (right_eye[:, 0] < nose[:, 0]).all()
        assert (nose[:, 0] < left_eye[:, 0]).all()
        assert (right_eye[:, 1] == left_eye[:, 1]).all()
        assert (right_mouth[:, 1] > nose[:, 1]).all()
        assert ((left_mouth > found.box[:, :2]) & (left_mouth < found.box[:, 2:])).all()


def test_mean_landmarks_by_hand() -> None:
    np.testing.assert_allclose(
        mean_landmarks(floats((100, 200, 200, 400))),
        [[128, 274.6, 172, 274.6, 150, 317, 131.3, 347.8, 168.7, 347.8]],
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("adapter", "said", "message"),
    [
        pytest.param("ultraface", {"color": "bgr"}, "another colour than bgr", id="bgr"),
        pytest.param("ultraface", {"mean": 127.5, "scale": 128}, "another mean and scale than 127.5 and 128", id="other-mean"),
        pytest.param("scrfd", {}, "has 2 outputs, not 6 or 9", id="other-family"),
        pytest.param("feelit", {"color": "luma"}, "lacks the outputs box, landmarks, score", id="own"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(adapter: str, said: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = ultraface(tmp_path / "u.onnx", [[0.1, 0.2, 0.5, 0.6]])
    with pytest.raises(ModelError, match=message):
        opened(path, adapter, **said)


def test_a_card_may_say_the_mean_and_scale_of_its_adapter(tmp_path: Path) -> None:
    path = ultraface(tmp_path / "u.onnx", [[0.1, 0.2, 0.5, 0.6]])
    assert opened(path, "ultraface", mean=127, scale=128).threshold == 0.5


@pytest.mark.parametrize(
    ("made", "message"),
    [
        pytest.param({"batch": 4}, "takes 4 pictures at a time", id="batch-of-four"),
        pytest.param({"sides": (8, 100_000)}, "takes pictures of 100000 x 8 px", id="endless"),
        pytest.param({"box": [[0.1, 0.2, 0.5]]}, r"boxes is \(1, 1, 3\)", id="three-sides"),
    ],
)
def test_networks_that_no_video_can_be_fed_to_are_refused(made: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = ultraface(tmp_path / "u.onnx", **{"box": [[0.1, 0.2, 0.5, 0.6]], **made})
    with pytest.raises(ModelError, match=message):
        opened(path, "ultraface")


def test_scrfd_outputs_of_another_shape_are_reported_by_their_place(tmp_path: Path) -> None:
    levels = LEVELS | {16: ((1.0, 0.0), (1, 2, 3), POINTS)}
    with pytest.raises(ModelError, match=r"boxes of stride 16 is \(8, 3\) float32, not \(8, 4\) or \(1, 8, 4\)"):
        opened(scrfd(tmp_path / "s.onnx", levels), "scrfd")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_what_no_face_can_be_is_left_out(value: float, tmp_path: Path) -> None:
    found = [
        seen(opened(ultraface(tmp_path / "u.onnx", [[0.1, 0.2, value, 0.6]]), "ultraface"), spot(96, 160, (70, 45, WHITE))),
        seen(
            opened(scrfd(tmp_path / "s.onnx", dict.fromkeys(LEVELS, ((1.0, 0.0), (1, 2, value, 4), POINTS))), "scrfd"),
            spot(96, 160, (70, 45, WHITE)),
        ),
    ]
    assert [len(faces) for faces in found] == [0, 0]


@pytest.mark.usefixtures("serial")
@pytest.mark.parametrize("batch", [1, 7])
def test_rows_of_a_network_for_one_picture_do_not_depend_on_the_batch(batch: int, command: Command, tmp_path: Path) -> None:
    """And have landmarks, though it gives none."""
    path = ultraface(tmp_path / "u.onnx", [[0.1, 0.1, 0.2, 0.3], [0.6, 0.2, 0.75, 0.5]])
    opened(path, "ultraface")
    sample = Path(__file__).parents[2] / "sample_videos" / "sample.mp4"
    out = tmp_path / "rows.parquet"
    asked = ("--end", 3, "--rate", 5, "--batch", batch, "--workers", 1, "--device", "cpu", "--detector", path)
    assert command("analyze", sample, "--out", out, *asked).code == 0
    table = pq.read_table(out)
    assert table.num_rows == 2 * 15
    assert all(np.isfinite(table[name].to_numpy()).all() for name in LANDMARK_COLUMNS)
    assert np.abs(table["yaw_deg"].to_numpy()).max() < 1
    boxes = np.stack([table[name].to_numpy() for name in ("x0", "y0", "x1", "y1")], axis=1)
    # 960 x 540 in 320 x 240: a third of the size.
    expected = floats((96, 72, 192, 216), (576, 144, 720, 360))
    assert all(np.abs(boxes - one).max(axis=1).min() <= 0.125 for one in expected)
