"""`feelit.Analyzer`: faces of pictures that are arrays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import feelit
from feelit.types import EMOTIONS, LANDMARKS, UInt8
from tests.video import clips

SIZE = (320, 180)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("analyzer") / "face.mp4"
    clips.plain(path, frames=12, face=True)
    return path


@pytest.fixture(scope="module")
def frames(video: Path) -> list[UInt8]:
    """(180, 320, 3) RGB each."""
    with av.open(str(video)) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def analyzer() -> Iterator[feelit.Analyzer]:
    with feelit.Analyzer(device="cpu") as analyzer:
        yield analyzer


def test_the_face_of_a_picture_is_described(analyzer: feelit.Analyzer, frames: list[UInt8]) -> None:
    (face,) = analyzer.analyze(frames[0])
    truth = np.array(clips.face_box(0, SIZE))
    assert np.abs(np.array(face.box).reshape(2, 2).mean(0) - truth.reshape(2, 2).mean(0)).max() < 10
    assert face.track_id is None
    assert (tuple(face.landmarks), tuple(face.probabilities)) == (LANDMARKS, EMOTIONS)
    assert face.landmarks["right_eye"][0] < face.landmarks["left_eye"][0]
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-3)
    assert face.readable
    assert face.emotion == max(face.probabilities, key=lambda name: face.probabilities[name])
    assert face.confidence == face.probabilities[face.emotion]


def test_a_grey_picture_shows_the_same(analyzer: feelit.Analyzer, frames: list[UInt8]) -> None:
    grey = np.round(frames[0] @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    (colour,), (same,) = analyzer.analyze(frames[0]), analyzer.analyze(grey)
    np.testing.assert_allclose(same.box, colour.box, atol=1)
    assert same.emotion == colour.emotion
    upside_down = analyzer.analyze(frames[0][::-1, ::-1])  # strides of any kind
    assert all(face.box != colour.box for face in upside_down)


def test_an_unreadable_face_claims_no_emotion(analyzer: feelit.Analyzer, frames: list[UInt8]) -> None:
    import cv2

    blurred = np.asarray(cv2.GaussianBlur(frames[0], (0, 0), 5), np.uint8)
    for face in analyzer.analyze(blurred):
        assert (face.readable, face.emotion, face.confidence) == (False, None, None)


def test_nobody_is_in_an_empty_picture(analyzer: feelit.Analyzer) -> None:
    assert analyzer.analyze(np.zeros((1, 1), np.uint8)) == []
    assert analyzer.analyze(np.full((90, 160, 3), 128, np.uint8)) == []


@pytest.mark.usefixtures("serial")
def test_a_stream_is_tracked_as_its_video_is(analyzer: feelit.Analyzer, frames: list[UInt8], video: Path) -> None:
    rows = feelit.analyze(video, rate="native", device="cpu", people=False).to_pandas()
    analyzer.reset()
    apart_px = []
    for n, frame in enumerate(frames):
        (face,) = analyzer.update(frame, n / 25)
        expected = rows.iloc[n]
        assert face.track_id == expected["track_id"] == 1
        assert face.readable == expected["readable"]
        apart_px.append(np.abs(face.box - expected[["x0", "y0", "x1", "y1"]].to_numpy(float)))
    # luma from RGB is rounded once more, so another of a face's overlapping detections may score highest
    assert np.median(apart_px) < 0.5
    assert np.max(apart_px) < 4


def test_a_picture_in_between_leaves_the_stream_alone(analyzer: feelit.Analyzer, frames: list[UInt8]) -> None:
    analyzer.reset()
    analyzer.update(frames[0], 0.0)
    analyzer.analyze(np.zeros((50, 60), np.uint8))
    assert [face.track_id for face in analyzer.update(frames[1], 0.04)] == [1]


def test_a_stream_goes_forward_and_keeps_its_size(analyzer: feelit.Analyzer, frames: list[UInt8]) -> None:
    analyzer.reset()
    analyzer.update(frames[0], 1.0)
    for time_s in (1.0, 0.5, float("nan"), float("inf")):
        with pytest.raises(feelit.UsageError, match="is not later than 1"):
            analyzer.update(frames[1], time_s)
    with pytest.raises(feelit.UsageError, match="a frame of 160 x 90 px follows on 320 x 180 px") as caught:
        analyzer.update(frames[1][:90, :160], 1.1)
    assert "reset" in caught.value.hint
    analyzer.update(frames[1], 1.2)  # as if nothing had happened
    analyzer.reset()
    assert [face.track_id for face in analyzer.update(frames[0], 0.0)] == [1]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        pytest.param(np.zeros((4, 4, 3), np.float32), "not of float32", id="floats"),
        pytest.param(np.zeros((4, 4, 4), np.uint8), r"shape \(4, 4, 4\) is no picture", id="alpha"),
        pytest.param(np.zeros((2, 4, 4, 3), np.uint8), "is no picture", id="several"),
        pytest.param(np.zeros((0, 4), np.uint8), "4 x 0 px cannot be looked at", id="empty"),
        pytest.param(np.broadcast_to(np.zeros((), np.uint8), (1 << 14, 1 << 14)), "cannot be looked at", id="huge"),
        pytest.param("face.png", "'face.png' is no picture", id="path"),
        pytest.param(None, "not of object", id="none"),
    ],
)
def test_what_is_no_picture_is_refused(analyzer: feelit.Analyzer, image: Any, message: str) -> None:
    with pytest.raises(feelit.UsageError, match=message) as caught:
        analyzer.analyze(image)
    assert caught.value.hint


def _counted(function: Any, called: list[str]) -> Any:
    def call(*given: Any, **named: Any) -> Any:
        called.append(function.__name__)
        return function(*given, **named)

    return call


def test_models_are_loaded_once_and_let_go(frames: list[UInt8], monkeypatch: pytest.MonkeyPatch) -> None:
    from feelit.api import analyzer as module

    opened: list[str] = []
    for name in ("FaceDetector", "ExpressionModel"):
        monkeypatch.setattr(module, name, _counted(getattr(module, name), opened))
    with feelit.Analyzer(device="cpu", min_face_px=40) as analyzer:
        for n in range(3):
            analyzer.analyze(frames[n])
            analyzer.update(frames[n], n / 25)
        assert repr(analyzer) == "<Analyzer: face, expression on CPU>"
    assert opened == ["FaceDetector", "ExpressionModel"]
    assert repr(analyzer) == "<Analyzer: closed>"
    with pytest.raises(feelit.UsageError, match="is closed"):
        analyzer.analyze(frames[0])


@pytest.mark.parametrize("options", [{"prior": "as-trained"}, {"mirrored": True}])
def test_options_of_the_classifier_count(frames: list[UInt8], options: dict[str, Any]) -> None:
    with feelit.Analyzer(device="cpu") as plain, feelit.Analyzer(device="cpu", **options) as other:
        (face, *_), (changed, *_) = plain.analyze(frames[0]), other.analyze(frames[0])
    assert face.box == changed.box
    assert face.probabilities != changed.probabilities


def test_options_are_checked() -> None:
    for wrong in ({"rate_hz": 0}, {"rate_hz": float("nan")}, {"min_face_px": 0}, {"device": "tpu"}):
        with pytest.raises(feelit.UsageError):
            feelit.Analyzer(**wrong)
    with pytest.raises(feelit.ModelError):
        feelit.Analyzer(detector="gone")
