"""A file in the place of a camera: the frames of the file, at their time, over and over if asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import pytest

from feelit.errors import VideoReadError
from feelit.types import Sampling, Segment
from feelit.video.capture import Captured, FileCapture, Schedule
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from feelit.vision.detector import view_of
from tests.video import clips

NATIVE = Sampling(None)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are due at once."""
    monkeypatch.setattr(Schedule, "due_s", lambda self, time_s: time.monotonic())


def frames_of(path: Path, sampling: Sampling = NATIVE, loop: bool = False, most: int | None = None) -> list[Captured]:
    return list(islice(FileCapture(path, sampling, loop), most))


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    "make", [clips.plain, clips.vfr, clips.starts_at_an_hour, clips.one_frame, clips.b_frames_open_gop, clips.corrupt_packet]
)
@pytest.mark.parametrize(
    "sampling", [NATIVE, Sampling(Fraction(7)), Sampling(Fraction(10), end_s=1.0)], ids=["all", "7 Hz", "1 s"]
)
def test_frames_are_those_of_a_batch_run(make: Callable[[Path], Path], sampling: Sampling, tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4")
    info = probe(path).info
    view = view_of(info.width_px, info.height_px, 60)
    reader = SegmentReader(info, Segment(0, None, None, info.packets), sampling, view)
    expected = [(s.frame, s.pts, s.time_s, s.tick, clips.number_of(s.luma)) for s in reader]
    source = FileCapture(path, sampling, False)
    samples = [(c.decoded.sample(info, view)) for c in source]
    assert [(s.frame, s.pts, s.time_s, s.tick, clips.number_of(s.luma)) for s in samples] == expected
    assert (source.decoded, source.errors) == (reader.decoded, reader.errors)
    assert source.seen() == info


def test_a_file_is_played_at_its_own_speed(tmp_path: Path) -> None:
    times_s = (0.0, 0.04, 0.3, 0.34, 0.8)
    path = clips.plain(tmp_path / "a.mp4", times_s=times_s)
    begun_s = time.time()
    late_s = []
    for captured in FileCapture(path, NATIVE, False):
        assert captured.decoded.time_s == pytest.approx(times_s[captured.decoded.index])
        late_s.append(captured.at_s - begun_s - captured.decoded.time_s)
        assert captured.at_s <= time.time()
    assert len(late_s) == 5
    assert max(late_s) - min(late_s) < 0.01, "one was due too early or too late"


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("frames", [50, 10, 1])
def test_time_goes_on_when_a_file_begins_again(frames: int, tmp_path: Path) -> None:
    source = FileCapture(clips.plain(tmp_path / "a.mp4", frames=frames), NATIVE, True)
    taken = list(islice(source, 3 * frames + 1))
    assert [c.decoded.index for c in taken] == list(range(3 * frames + 1))
    assert [c.decoded.time_s for c in taken] == pytest.approx([i / 25 for i in range(3 * frames + 1)])
    assert source.seen().duration_s == pytest.approx((3 * frames + 1) / 25)
    assert not source.seen().fingerprint


@pytest.mark.usefixtures("hurried")
def test_damage_is_counted_in_every_round(tmp_path: Path) -> None:
    path = clips.corrupt_packet(tmp_path / "a.mp4")
    once = FileCapture(path, NATIVE, False)
    frames = len(list(once))
    assert once.errors > 0
    again = FileCapture(path, NATIVE, True)
    list(islice(again, 2 * frames + 1))
    assert again.errors >= 2 * once.errors


def test_a_stop_is_heeded_while_it_waits(tmp_path: Path) -> None:
    source = FileCapture(clips.plain(tmp_path / "a.mp4", times_s=(0.0, 60.0)), NATIVE, False)
    threading.Timer(0.1, source.stop).start()
    begun_s = time.monotonic()
    assert len(list(source)) == 1
    assert time.monotonic() - begun_s < 5


@pytest.mark.parametrize("make", [clips.empty, clips.not_a_video, clips.audio_only], ids=lambda make: make.__name__)
def test_what_is_no_video_is_reported(make: Callable[[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(VideoReadError):
        FileCapture(make(tmp_path / "a.wav"), NATIVE, False)


def test_a_player_that_falls_behind_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr("feelit.video.capture.time.monotonic", lambda: now_s[0])
    schedule = Schedule(patience_s=10.0)
    assert schedule.due_s(5.0) == 100.0
    now_s[0] = 101.4
    assert schedule.due_s(6.0) == 101.0, "a little late: it hurries after the clock"
    now_s[0] = 104.0
    assert schedule.due_s(7.0) == 104.0, "too late: all that follows is shifted"
    assert schedule.due_s(7.5) == 104.5
    assert schedule.due_s(100.0) == 104.0, "timestamps jumped ahead"


@pytest.mark.usefixtures("hurried")
def test_a_picture_has_the_colours_and_no_more_than_the_width(tmp_path: Path) -> None:
    path = clips.rotated(tmp_path / "a.mp4", size=(320, 180))
    info = probe(path).info
    decoded = frames_of(path, most=1)[0].decoded
    assert decoded.picture(info, 1280).shape == (320, 180, 3)
    assert decoded.picture(info, 90).shape == (160, 90, 3)
    assert decoded.picture(info, 1).shape[1] == 1


@pytest.mark.usefixtures("hurried")
def test_ticks_are_sampled_once(tmp_path: Path) -> None:
    ticks = [c.decoded.tick for c in frames_of(clips.vfr(tmp_path / "a.mp4"), Sampling(Fraction(3)))]
    assert all(a < b for a, b in pairwise(ticks))
