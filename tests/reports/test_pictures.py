"""Pictures show the face that they are of, at the time they are of, and no more than there is room for."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from feelit.reports.pictures import MOMENT_PX, PORTRAIT_PX, PictureRequest, cut_pictures
from feelit.types import UInt8
from tests.reports.films import SIZE, film, rows_of_film
from tests.video import clips

ROWS = rows_of_film()
TIMES = [float(t) for t in ROWS.time_s]
BOXES = {(time_s, 1): box for time_s, box in zip(TIMES, ROWS.box, strict=True)}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film") / "a.mp4")


def decoded(url: str) -> UInt8:
    kind, _, data = url.partition(",")
    assert kind == "data:image/jpeg;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(picture, np.uint8)[..., ::-1]


def test_a_picture_is_cut_around_the_face(video: Path) -> None:
    wanted = [PictureRequest.moment(TIMES[3], 1), PictureRequest.portrait(TIMES[7], 1)]
    shares: list[float] = []
    pictures = cut_pictures(video, BOXES, wanted, 10**6, shares.append)
    assert list(pictures) == wanted
    assert [decoded(pictures[w]).shape for w in wanted] == [(MOMENT_PX, MOMENT_PX, 3), (PORTRAIT_PX, PORTRAIT_PX, 3)]
    assert shares[-1] == 1.0
    frame = round(TIMES[7] * 25)
    x0, y0, x1, y1 = clips.face_box(frame, SIZE)
    side = max(x1 - x0, y1 - y0) * 1.5
    left, top = np.clip((x0 + x1 - side) / 2, 0, SIZE[0] - side), np.clip((y0 + y1 - side) / 2, 0, SIZE[1] - side)
    truth = clips.picture(frame, {**clips.DEFAULT, "size": SIZE, "face": True})[..., :3]
    cut = truth[round(top) : round(top + side), round(left) : round(left + side)]
    expected = cv2.resize(cut, (PORTRAIT_PX, PORTRAIT_PX), interpolation=cv2.INTER_AREA)
    assert np.abs(decoded(pictures[wanted[1]]).astype(int) - expected).mean() < 12


def test_what_comes_first_is_kept_where_room_is_short(video: Path) -> None:
    wanted = [PictureRequest.moment(time_s, 1) for time_s in TIMES[::-1]]
    everything = cut_pictures(video, BOXES, wanted, 10**6, lambda share: None)
    room = sum(len(everything[w]) for w in wanted[:3])
    assert list(cut_pictures(video, BOXES, wanted, room, lambda share: None)) == wanted[:3]
    assert cut_pictures(video, BOXES, wanted, 10, lambda share: None) == {}


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(PictureRequest.moment(TIMES[0], 9), id="no such person"),
        pytest.param(PictureRequest.moment(TIMES[0] + 0.01, 1), id="no such sample"),
    ],
)
def test_what_was_not_seen_has_no_picture(wanted: PictureRequest, video: Path) -> None:
    assert cut_pictures(video, BOXES, [wanted], 10**6, lambda share: None) == {}


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((-30, -40, 20, 30), id="cut by the edge"),
        pytest.param((0, 0, 320, 180), id="as large as the picture"),
        pytest.param((100, 50, 101, 51), id="of one pixel"),
    ],
)
def test_any_box_gives_a_picture_of_the_right_size(box: tuple[int, ...], video: Path) -> None:
    boxes = {(TIMES[0], 1): np.array(box, np.float32)}
    (url,) = cut_pictures(video, boxes, [PictureRequest.portrait(TIMES[0], 1)], 10**6, lambda share: None).values()
    assert decoded(url).shape == (PORTRAIT_PX, PORTRAIT_PX, 3)
