"""Faces are found and cropped as in an analysis, and in small and close images as well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feelit.errors import UsageError, VideoReadError
from feelit.explaining.faces import Source, find_faces
from feelit.models.paths import model_path
from feelit.run.segment import Networks, detect_and_classify, open_networks
from feelit.run.task import Models
from feelit.types import Sampling, Segment, View
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from feelit.vision.multi_scale import MultiScaleDetector
from tests.explaining.made import group, nobody, portrait, saved
from tests.video import clips

SIZE = (320, 180)


@pytest.fixture(scope="module")
def networks() -> Networks:
    return open_networks(Models(model_path("face"), model_path("expression"), None, "cpu"))


@pytest.mark.parametrize(
    ("kind", "ask_s", "frame"),
    [
        pytest.param("plain", 0.6, 15, id="a frame's own time"),
        pytest.param("plain", 0.63, 15, id="while it is shown"),
        pytest.param("plain", 0.0, 0, id="the first"),
        pytest.param("plain", 2.0, 49, id="the end"),
        pytest.param("rotated", 0.6, 15, id="turned"),
        pytest.param("ten_bit", 0.6, 15, id="10 bit"),
    ],
)
def test_a_moment_is_the_frame_that_the_analysis_sees(
    kind: str, ask_s: float, frame: int, tmp_path: Path, networks: Networks
) -> None:
    make = {"plain": clips.plain, "rotated": clips.rotated, "ten_bit": clips.ten_bit}[kind]
    path = make(tmp_path / "a.mp4", face=True, size=SIZE[::-1] if kind == "rotated" else SIZE)
    info = probe(path).info
    multi_scale = MultiScaleDetector(networks.detector, info.width_px, info.height_px, None)
    samples = list(SegmentReader(info, Segment(0, None, None, info.packets), Sampling(None), multi_scale.view))
    seen = detect_and_classify([samples[frame]], multi_scale, networks, 16)
    seen = seen.rows(seen.score >= networks.detector.threshold)  # an analysis keeps doubtful boxes for its tracks
    faces = find_faces(Source(path, ask_s), networks)
    assert faces.found
    assert faces.time_s == samples[frame].time_s
    np.testing.assert_allclose(faces.box, seen.box, atol=1 / 16)
    np.testing.assert_allclose(networks.expression.probabilities(faces.crop), seen.probability, atol=1 / 8192 + 1e-6)


def test_an_image_gives_the_faces_of_the_video(tmp_path: Path, networks: Networks) -> None:
    path = clips.plain(tmp_path / "a.mp4", frames=5, face=True, size=(640, 360))
    image = saved(tmp_path / "a.png", clips.picture(3, {**clips.DEFAULT, "face": True, "size": (640, 360)})[..., :3])
    of_image, of_video = find_faces(Source(image), networks), find_faces(Source(path, 3 / 25), networks)
    assert of_image.time_s is None
    np.testing.assert_allclose(of_image.box, of_video.box, atol=3)
    assert np.abs(of_image.crop.astype(int) - of_video.crop).mean() < 6


def test_faces_are_counted_from_the_left(tmp_path: Path, networks: Networks) -> None:
    faces = find_faces(Source(group(tmp_path / "a.png")), networks)
    assert len(faces.crop) == 3
    assert (np.diff(faces.box[:, 0]) > 0).all()
    width = faces.box[:, 2] - faces.box[:, 0]
    assert width.argmax() == 1


@pytest.mark.parametrize("side", [32, 48, 96, 200, 600])
def test_close_crops_are_found_and_reported_in_their_own_pixels(side: int, tmp_path: Path, networks: Networks) -> None:
    faces = find_faces(Source(portrait(tmp_path / "a.png", side)), networks)
    assert faces.found
    assert len(faces.box) == 1
    x0, y0, x1, y1 = faces.box[0] / side
    assert abs((x0 + x1) / 2 - 0.5) < 0.12
    assert abs((y0 + y1) / 2 - 0.5) < 0.12
    assert 0.7 < y1 - y0 < 1.3


def test_the_crop_does_not_depend_on_the_size_of_the_image(tmp_path: Path, networks: Networks) -> None:
    small, large = (find_faces(Source(portrait(tmp_path / "a.png", side)), networks).crop[0] for side in (96, 480))
    assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.85


def test_without_a_face_the_middle_square_is_the_crop(tmp_path: Path, networks: Networks) -> None:
    faces = find_faces(Source(nobody(tmp_path / "a.png")), networks)
    assert not faces.found
    assert faces.box.tolist() == [[15, 0, 105, 90]]
    assert faces.crop.shape == (1, 64, 64)
    y, x = np.mgrid[0:64, 0:64]
    np.testing.assert_allclose(faces.crop[0], 15 + (x + y + 1) * 90 / 64 - 1, atol=1.5)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (3000, 2), (48, 48)], ids=str)
def test_any_size_of_image_will_do(size: tuple[int, int], tmp_path: Path, networks: Networks) -> None:
    image = np.full((*size, 3), 90, np.uint8)
    faces = find_faces(Source(saved(tmp_path / "a.png", image)), networks)
    assert not faces.found
    assert (faces.crop == 90).all()


def test_a_detector_for_colour_is_given_colour(tmp_path: Path, networks: Networks) -> None:
    given: list[tuple[int, ...]] = []

    class Colour:
        color, any_size, threshold = "bgr", True, networks.detector.threshold

        def view_of(self, width_px: int, height_px: int, min_face_px: float) -> View:
            return replace(networks.detector.view_of(width_px, height_px, min_face_px), color="bgr")

        def detect(self, images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], view: object, least: float) -> object:
            given.append(images.shape)
            return networks.detector.detect(images[..., 1], view, least)  # type: ignore[arg-type]  # the view it made itself

    both = Networks(Colour(), networks.expression, None)  # type: ignore[arg-type]  # as far as it is asked
    assert find_faces(Source(group(tmp_path / "a.png")), both).found
    assert given[0][3] == 3


@pytest.mark.parametrize(
    ("make", "time_s", "kind", "reported"),
    [
        pytest.param(lambda p: clips.plain(p, frames=5), 0.1, UsageError, "no face was found", id="nobody"),
        pytest.param(lambda p: clips.plain(p, frames=5), 9.0, UsageError, "ends at 0.2 s, before 9 s", id="beyond the end"),
        pytest.param(lambda p: clips.not_a_video(p), 0.0, VideoReadError, "is not a video", id="no video"),
        pytest.param(lambda p: p, 0.0, VideoReadError, "does not exist", id="missing"),
    ],
)
def test_moments_that_show_nothing_are_reported(
    make: object, time_s: float, kind: type[Exception], reported: str, tmp_path: Path, networks: Networks
) -> None:
    assert callable(make)
    with pytest.raises(kind, match=reported):
        find_faces(Source(make(tmp_path / "a.mp4"), time_s), networks)
