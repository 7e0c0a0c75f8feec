"""A still is the very frame that was analysed at that time, upright and in its colours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from feelit.errors import VideoReadError
from feelit.types import Sampling, Segment, UInt8, View
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from feelit.video.stills import stills
from tests.video import clips

GREY = np.array([0.299, 0.587, 0.114])


def number(picture: UInt8) -> int:
    return clips.number_of((picture @ GREY).astype(np.uint8))


def analysed(path: Path) -> dict[float, int]:
    """Time → number of every frame, as `feelit analyze --rate native` sees them."""
    info = probe(path).info
    whole = Segment(0, None, None, info.packets)
    reader = SegmentReader(info, whole, Sampling(None), View(32, 32, 32, 32, 1.0, 1.0, "luma"))
    return {s.time_s: clips.number_of(s.levels[s.luma]) for s in reader}


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda folder: clips.plain(folder / "a.mp4"), id="plain"),
        pytest.param(lambda folder: clips.vfr(folder / "a.mkv"), id="variable frame rate"),
        pytest.param(lambda folder: clips.b_frames_open_gop(folder / "a.ts"), id="open groups"),
        pytest.param(lambda folder: clips.starts_at_an_hour(folder / "a.mkv"), id="from an hour on"),
        pytest.param(lambda folder: clips.jumping_back(folder / "a.ts"), id="timestamps jump back"),
        pytest.param(lambda folder: clips.rotated(folder / "a.mp4", turn_deg=90), id="turned by 90"),
        pytest.param(lambda folder: clips.rotated(folder / "a.mp4", turn_deg=270), id="turned by 270"),
        pytest.param(lambda folder: clips.ten_bit(folder / "a.mp4"), id="10 bit"),
        pytest.param(lambda folder: clips.grey(folder / "a.mkv"), id="grey"),
        pytest.param(lambda folder: clips.gif(folder / "a.gif"), id="gif"),
        pytest.param(lambda folder: clips.one_frame(folder / "a.mp4"), id="one frame"),
        pytest.param(lambda folder: clips.corrupt_packet(folder / "a.mkv"), id="damaged"),
    ],
)
def test_stills_are_the_frames_of_the_analysis(make: Callable[[Path], Path], tmp_path: Path) -> None:
    path = make(tmp_path)
    truth = analysed(path)
    chosen = list(truth)[:: max(1, len(truth) // 9)]
    found = {time_s: number(picture) for time_s, picture in stills(path, chosen[::-1] + chosen[:1], threads=2)}
    assert found == {time_s: truth[time_s] for time_s in chosen}
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("time_s", "frame"),
    [
        pytest.param(-1.0, 0, id="before the first frame"),
        pytest.param(0.039, 0, id="while a frame is shown"),
        pytest.param(0.0399999, 1, id="when the next one is shown, but for rounding"),
        pytest.param(0.5, 12, id="between two keyframes"),
        pytest.param(99.0, 49, id="behind the end"),
    ],
)
def test_at_any_time_the_frame_is_the_one_that_is_shown(time_s: float, frame: int, tmp_path: Path) -> None:
    ((_, picture),) = stills(clips.plain(tmp_path / "a.mp4"), [time_s])
    assert number(picture) == frame


def test_pictures_are_upright_and_in_colour(tmp_path: Path) -> None:
    path = clips.rotated(tmp_path / "a.mp4", turn_deg=90, size=(320, 180))
    ((_, picture),) = stills(path, [0.4])
    truth = clips.picture(10, {**clips.DEFAULT, "size": (180, 320)})[..., :3]
    assert picture.shape == (320, 180, 3)
    assert np.abs(picture.astype(int) - truth).mean() < 4


def test_nothing_asked_for_is_nothing_done(tmp_path: Path) -> None:
    assert list(stills(tmp_path / "gone.mp4", [])) == []


def test_what_is_no_video_is_reported(tmp_path: Path) -> None:
    with pytest.raises(VideoReadError, match="not a video"):
        next(stills(clips.not_a_video(tmp_path / "a.mp4"), [0.0]))
