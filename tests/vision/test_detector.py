"""Working sizes, thresholds and suppression with a hand-made network, and our YuNet adapter beside OpenCV's own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from feelit.errors import ModelError
from feelit.models.card import ModelCard, card_path, write_card
from feelit.scaling import detector_view
from feelit.types import UInt8
from feelit.vision import detector
from feelit.vision.detector import FaceDetector, select_faces, view_of
from feelit.vision.session import CPU, has_nvidia_driver, open_session

SHARED = Path(__file__).parents[2] / "../shared"
CARD = ModelCard("test", "face", "feelit")


@pytest.fixture
def brightest(tmp_path: Path) -> Path:
    """A network in which every pixel is an anchor: its score is brightness ÷ 255, its box is 8 px wide at a fixed place."""
    box = np.zeros((32 * 32, 4), np.float32)
    y, x = np.divmod(np.arange(32 * 32), 32)
    box[:] = np.stack([x - 4, y - 4, x + 4, y + 4], axis=1)
    nodes = [
        helper.make_node("Cast", ["luma"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["float", "flat"], ["rows"]),
        helper.make_node("Div", ["rows", "white"], ["score"]),
        helper.make_node("Mul", ["score", "zero"], ["nought"]),
        helper.make_node("Unsqueeze", ["nought", "two"], ["column"]),
        helper.make_node("Add", ["column", "place"], ["box"]),
        helper.make_node("Concat", ["box", "box", "column", "column"], ["landmarks"], axis=2),
    ]
    constants = {
        "flat": np.array([0, 1024], np.int64),
        "white": np.float32(255),
        "zero": np.float32(0),
        "two": np.array([2], np.int64),
        "place": box,
    }
    graph = helper.make_graph(
        nodes,
        "brightest",
        [helper.make_tensor_value_info("luma", TensorProto.UINT8, ["n", 1, 32, 32])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("score", "box", "landmarks")],
        [onnx.numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path / "brightest.onnx"
    onnx.save(model, path)
    write_card(CARD, path)
    return path


def frames(*spots: tuple[int, int, int, int], count: int = 1) -> UInt8:
    """Black 32x32 frames with single pixels (frame, x, y, brightness)."""
    images = np.zeros((count, 32, 32), np.uint8)
    for frame, x, y, value in spots:
        images[frame, y, x] = value
    return images


@pytest.mark.parametrize(
    ("width", "height", "min_face", "expected"),
    [
        pytest.param(1280, 720, 60, (320, 192, 320, 180), id="hd-frame"),
        pytest.param(1280, 720, 5, (1280, 736, 1280, 720), id="never-enlarged"),
        pytest.param(30, 7, 10, (32, 32, 30, 7), id="tiny-frame"),
        pytest.param(4000, 2, 300, (224, 32, 200, 1), id="content-never-vanishes"),
    ],
)
def test_the_view_is_as_small_as_the_smallest_face_allows(
    width: int, height: int, min_face: float, expected: tuple[int, int, int, int]
) -> None:
    size = view_of(width, height, min_face)
    assert (size.padded_width_px, size.padded_height_px, size.width_px, size.height_px) == expected
    assert size.scale_x == expected[2] / width


@pytest.mark.parametrize("shape", [(64, 100), (64, 100, 3)], ids=["luma", "bgr"])
def test_what_is_shrunk_is_padded_with_black(shape: tuple[int, ...]) -> None:
    small = detector_view(np.full(shape, 200, np.uint8), view_of(100, 64, 30))
    assert (small[:32, :50] == 200).all()
    assert (small[:, 50:] == 0).all()


def test_faces_come_by_frame_then_by_score_in_full_size_pixels(brightest: Path) -> None:
    detector = FaceDetector(brightest, "cpu")
    images = frames((0, 5, 5, 140), (0, 20, 20, 250), (0, 21, 20, 240), (2, 10, 12, 200), count=3)
    found = detector.detect(images, view_of(64, 64, 30))
    assert found.row.tolist() == [0, 0, 2]
    np.testing.assert_allclose(found.score, np.array([250, 140, 200]) / 255, atol=1e-6)
    np.testing.assert_array_equal(found.box[0], [32, 32, 48, 48])
    assert found.landmarks.shape == (3, 5, 2)
    assert {found.box.dtype, found.landmarks.dtype, found.score.dtype} == {np.dtype(np.float32)}


def test_no_face_gives_empty_columns_of_the_right_shape(brightest: Path) -> None:
    found = FaceDetector(brightest, "cpu").detect(frames(), view_of(32, 32, 10))
    assert (len(found), found.box.shape, found.landmarks.shape) == (0, (0, 4), (0, 5, 2))


def test_a_lower_score_finds_more(brightest: Path) -> None:
    detector, size = FaceDetector(brightest, "cpu"), view_of(32, 32, 10)
    images = frames((0, 5, 5, 60), (0, 20, 20, 250))
    assert [len(detector.detect(images, size, s)) for s in (0.2, 0.5)] == [2, 1]


def test_what_lies_in_the_padding_is_no_face(brightest: Path) -> None:
    found = FaceDetector(brightest, "cpu").detect(frames((0, 5, 20, 250), (0, 5, 5, 250)), view_of(32, 16, 10))
    assert found.box[:, 1].tolist() == [1]


def test_other_sizes_than_announced_are_refused(brightest: Path) -> None:
    with pytest.raises(ValueError, match="not \\(64, 64\\)"):
        FaceDetector(brightest, "cpu").detect(frames(), view_of(64, 64, 10))


def test_a_model_without_card_is_refused_unless_it_is_yunet(brightest: Path) -> None:
    card_path(brightest).unlink()
    with pytest.raises(ModelError, match=r"brightest\.onnx has no card"):
        FaceDetector(brightest, "cpu")


@pytest.mark.parametrize(
    ("card", "message"),
    [
        pytest.param(ModelCard("x", "expression", "classifier"), "not a face detector", id="wrong-task"),
        pytest.param(ModelCard("x", "face", "classifier"), "the adapter classifier is none of a detector", id="wrong-adapter"),
        pytest.param(ModelCard("x", "face", "yunet", color="bgr"), "lacks the outputs bbox_16", id="wrong-adapter"),
        pytest.param(ModelCard("x", "face", "feelit", color="rgb"), "another colour", id="wrong-colour"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(brightest: Path, card: ModelCard, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        FaceDetector(brightest, "cpu", card)


def test_missing_and_damaged_models_are_reported_in_one_line(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no protobuf" * 99)
    for path in (damaged, tmp_path / "gone.onnx"):
        with pytest.raises(ModelError, match=path.name) as error:
            open_session(path)
        assert "\n" not in error.value.message


@pytest.mark.skipif(has_nvidia_driver(), reason="only for machines without a GPU")
def test_cuda_that_does_not_load_is_an_error_and_auto_falls_back(brightest: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="CUDA"):
        open_session(brightest, "cuda")
    assert open_session(brightest, "auto").get_providers() == [CPU]
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared YuNet and clips")
@pytest.mark.parametrize("min_face", [10, 60], ids=["full-size", "quarter"])
def test_yunet_adapter_agrees_with_opencv(min_face: float) -> None:
    path = SHARED / "models/yunet_n_dynamic.onnx"
    ok, frame = cv2.VideoCapture(str(SHARED / "clips/gallery4.mp4")).read()
    assert ok
    detector = FaceDetector(path, "cpu")
    size = detector.view_of(1280, 720, min_face)
    images = detector_view(frame.astype(np.uint8), size)[None]
    found = detector.detect(images, size)
    content = images[0, : size.height_px, : size.width_px]
    reference = cv2.FaceDetectorYN.create(str(path), "", (content.shape[1], content.shape[0]), 0.6, 0.4)
    rows = np.asarray(reference.detect(np.ascontiguousarray(content))[1])
    rows = rows[np.argsort(-rows[:, 14])]
    assert len(found) == len(rows) == 4
    scale = 1 / size.scale_x
    np.testing.assert_allclose(found.score, rows[:, 14], atol=2e-3)
    np.testing.assert_allclose(found.box[:, :2], rows[:, :2] * scale, atol=0.1 * scale)
    np.testing.assert_allclose(found.box[:, 2:] - found.box[:, :2], rows[:, 2:4] * scale, atol=0.1 * scale)
    np.testing.assert_allclose(found.landmarks.reshape(-1, 10), rows[:, 4:14] * scale, atol=0.1 * scale)


def constant_detector(path: Path, score: float, box: list[float], landmark: float, shapes: dict[str, list[int]]) -> Path:
    """A network after the contract of the adapter `feelit` that always says the same of one anchor."""
    said = {
        "score": np.full((1, 1), score, np.float32),
        "box": np.array([[box]], np.float32),
        "landmarks": np.full((1, 1, 10), landmark, np.float32),
    }
    said = {name: np.resize(value, shapes.get(name, value.shape)) for name, value in said.items()}
    nodes = [helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(v)) for name, v in said.items()]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("luma", TensorProto.UINT8, [1, 1, "h", "w"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in said],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    write_card(CARD, path)
    return path


@pytest.mark.parametrize(
    ("score", "box", "landmark", "faces"),
    [
        pytest.param(0.9, [4, 4, 20, 20], 10, 1, id="sound"),
        pytest.param(np.nan, [4, 4, 20, 20], 10, 0, id="no-score"),
        pytest.param(50.0, [4, 4, 20, 20], 10, 0, id="score-in-percent"),
        pytest.param(0.9, [4, 4, np.nan, 20], 10, 0, id="half-a-box"),
        pytest.param(0.9, [-np.inf, 4, np.inf, 20], 10, 0, id="endless-box"),
        pytest.param(0.9, [-1e9, 4, 1e9, 20], 10, 0, id="huge-box"),
        pytest.param(0.9, [4, 4, 20, 20], np.inf, 0, id="landmarks-nowhere"),
    ],
)
def test_what_no_face_can_be_is_left_out(score: float, box: list[float], landmark: float, faces: int, tmp_path: Path) -> None:
    detector = FaceDetector(constant_detector(tmp_path / "c.onnx", score, box, landmark, {}), "cpu")
    found = detector.detect(frames(), view_of(32, 32, 1))
    assert len(found) == faces


@pytest.mark.parametrize(
    ("output", "shape"),
    [
        pytest.param("score", [1, 2], id="more-scores-than-boxes"),
        pytest.param("score", [1, 1, 1], id="one-axis-more"),
        pytest.param("box", [1, 1, 3], id="three-sides"),
        pytest.param("landmarks", [1, 1, 8], id="four-landmarks"),
        pytest.param("landmarks", [0, 1, 10], id="no-pictures"),
    ],
)
def test_outputs_of_another_shape_are_reported_before_the_first_video(output: str, shape: list[int], tmp_path: Path) -> None:
    path = constant_detector(tmp_path / "c.onnx", 0.9, [4, 4, 20, 20], 10, {output: shape})
    with pytest.raises(ModelError, match=r"c\.onnx: \w+ is .*, not .* of floats"):
        FaceDetector(path, "cpu")


def test_candidates_are_limited_by_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """At equal scores the earlier ones stay, and what another frame holds changes nothing."""
    monkeypatch.setattr(detector, "MAX_CANDIDATES", 3)
    score = np.array([[0.9, 0.6, 0.6, 0.6, 0.8], [0.0, 0.7, 0.0, 0.0, 0.0], [0.6, 0.6, 0.6, 0.6, 0.6]], np.float32)
    corner = np.arange(5, dtype=np.float32)[:, None] * 20
    box = np.repeat(np.concatenate([corner, corner, corner + 10, corner + 10], axis=1)[None], 3, axis=0)
    view = view_of(128, 128, 15)
    together = select_faces((score, box, None), view, 0.5)
    assert [together.box[together.row == i, 0].tolist() for i in range(3)] == [[0, 80, 20], [20], [0, 20, 40]]
    for i in range(3):
        alone = select_faces((score[i : i + 1], box[i : i + 1], None), view, 0.5)
        np.testing.assert_array_equal(alone.box, together.box[together.row == i])
