"""The clips that other tests build on are what they claim to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.video import clips


@dataclass(frozen=True)
class Seen:
    """What PyAV makes of a clip."""

    pix_fmt: str
    size: tuple[int, int]
    rotation_deg: int
    time_s: list[float]
    numbers: list[int]
    errors: int
    sound: bool


def look(path: Path) -> Seen:
    """Decode every frame, going on after a packet that cannot be decoded."""
    with av.open(str(path)) as source:
        video = source.streams.video[0]
        frames: list[av.VideoFrame] = []
        errors = 0
        for packet in source.demux(video):
            try:
                frames += packet.decode()
            except av.InvalidDataError:
                errors += 1
        return Seen(
            pix_fmt=str(video.pix_fmt),
            size=(video.width, video.height),
            rotation_deg=frames[0].rotation,
            time_s=[f.time for f in frames],
            numbers=[number(f) for f in frames],
            errors=errors,
            sound=bool(source.streams.audio),
        )


def number(frame: av.VideoFrame) -> int:
    """The number written on a frame, turned upright."""
    if frame.width < 128 or frame.height < 48:
        return -1
    grey = frame.reformat(format="gray").to_ndarray().astype(np.uint8)
    return clips.number_of(np.rot90(grey, frame.rotation // 90))


EVEN = [n / 25 for n in range(50)]
SOUND = [
    pytest.param(clips.plain, "a.mp4", {}, "yuv420p", EVEN, id="mp4"),
    pytest.param(clips.plain, "a.mkv", {"face": True, "cuts": (20, 30)}, "yuv420p", EVEN, id="face-and-cuts"),
    pytest.param(clips.plain, "a.mp4", {"muxer": {"movflags": "faststart"}}, "yuv420p", EVEN, id="faststart"),
    pytest.param(clips.plain, "a.avi", {"codec": "mpeg4", "frames": 9}, "yuv420p", EVEN[:9], id="avi"),
    pytest.param(clips.ten_bit, "a.mp4", {}, "yuv420p10le", EVEN, id="hevc-10-bit"),
    pytest.param(clips.ten_bit, "a.mp4", {"codec": "libx264"}, "yuv420p10le", EVEN, id="h264-10-bit"),
    pytest.param(clips.grey, "a.mkv", {}, "gray", EVEN, id="grey"),
    pytest.param(clips.alpha, "a.mov", {}, "argb", EVEN, id="alpha-mov"),
    pytest.param(clips.alpha, "a.webm", {}, "yuv420p", EVEN, id="alpha-webm"),  # FFmpeg's own decoder leaves alpha out
    pytest.param(clips.gif, "a.gif", {}, "bgra", EVEN[:20], id="gif"),
    pytest.param(clips.fps120, "a.mp4", {}, "yuv420p", [n / 120 for n in range(120)], id="120-fps"),
    pytest.param(clips.starts_at_an_hour, "a.mp4", {}, "yuv420p", [3600 + t for t in EVEN], id="hour-mp4"),
    pytest.param(clips.starts_at_an_hour, "a.mkv", {}, "yuv420p", [3600 + t for t in EVEN], id="hour-mkv"),
    pytest.param(clips.starts_at_an_hour, "a.ts", {}, "yuv420p", [3600 + t for t in EVEN], id="hour-ts"),
    pytest.param(clips.one_frame, "a.mp4", {}, "yuv420p", [0.0], id="one-frame"),
    pytest.param(clips.b_frames_open_gop, "a.mp4", {}, "yuv420p", EVEN, id="open-gop-mpeg2"),
    pytest.param(clips.b_frames_open_gop, "a.mkv", {"codec": "libx264"}, "yuv420p", EVEN, id="open-gop-h264"),
]


@pytest.mark.parametrize(("make", "name", "asked", "pix_fmt", "time_s"), SOUND)
def test_a_sound_clip_has_its_frames_in_order_and_on_time(
    tmp_path: Path, make: Callable[..., Path], name: str, asked: dict[str, Any], pix_fmt: str, time_s: list[float]
) -> None:
    seen = look(make(tmp_path / name, **asked))
    assert seen.numbers == list(range(len(time_s)))
    assert seen.time_s == pytest.approx(time_s, abs=0.001)
    assert (seen.pix_fmt, seen.size, seen.rotation_deg) == (pix_fmt, (320, 180), 0)
    assert (seen.errors, seen.sound) == (0, False)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_vfr_has_uneven_steps(tmp_path: Path, name: str) -> None:
    seen = look(clips.vfr(tmp_path / name))
    assert sorted(set(np.diff(seen.time_s).round(3))) == [0.02, 0.04, 0.1, 2.0]
    assert seen.numbers == list(range(50))


@pytest.mark.parametrize(("turn_deg", "ffmpeg_deg"), [(0, 0), (90, -90), (180, -180), (270, 90)])
def test_rotated_is_upright_after_the_turn(tmp_path: Path, turn_deg: int, ffmpeg_deg: int) -> None:
    seen = look(clips.rotated(tmp_path / "a.mp4", turn_deg=turn_deg, frames=5))
    assert seen.rotation_deg == ffmpeg_deg
    assert seen.size == (320, 180)
    assert seen.numbers == list(range(5))


def test_jumping_back_starts_over_in_the_middle(tmp_path: Path) -> None:
    steps = np.diff(look(clips.jumping_back(tmp_path / "a.ts")).time_s)
    assert len(steps) == 99
    assert [n for n, step in enumerate(steps) if step < 0] == [49]


@pytest.mark.parametrize("suffix", [".mov", ".gif", ".mp4"])
@pytest.mark.parametrize("size", [(1, 1), (4001, 3), (3, 401), (5, 7)])
def test_sized_is_of_that_size(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    seen = look(clips.sized(tmp_path / f"a{suffix}", *size))
    assert seen.size == size
    assert len(seen.time_s) == 5


def test_open_gops_have_frames_that_lead_their_keyframe(tmp_path: Path) -> None:
    for codec in ("mpeg2video", "libx264"):
        with av.open(str(clips.b_frames_open_gop(tmp_path / "a.mp4", codec=codec))) as source:
            packets = [(p.pts, p.is_keyframe) for p in source.demux(video=0) if p.pts is not None]
        keys = [n for n, (_, key) in enumerate(packets) if key]
        assert len(keys) >= 4
        assert all(packets[n + 1][0] < packets[n][0] for n in keys[1:]), codec


def test_with_audio_has_a_tone_as_long_as_the_picture(tmp_path: Path) -> None:
    path = clips.with_audio(tmp_path / "a.mp4")
    assert look(path).sound
    with av.open(str(path)) as source:
        sound = np.concatenate([f.to_ndarray()[0] for f in source.decode(audio=0)])
    assert len(sound) / clips.SOUND_HZ == pytest.approx(2, abs=0.05)
    assert np.abs(sound).max() > 0.05


def test_audio_only_opens_and_has_no_video(tmp_path: Path) -> None:
    for name in ("a.wav", "a.mkv"):
        with av.open(str(clips.audio_only(tmp_path / name))) as source:
            assert (len(source.streams.video), len(source.streams.audio)) == (0, 1)


@pytest.mark.parametrize("make", [clips.empty, clips.not_a_video, clips.truncated], ids=lambda f: f.__name__)
def test_a_hopeless_mp4_does_not_open(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path / "a.mp4")
    with pytest.raises(av.InvalidDataError):
        av.open(str(path))


@pytest.mark.parametrize(
    ("name", "asked"),
    [("a.mkv", {}), ("a.ts", {}), ("a.mp4", {"muxer": {"movflags": "faststart"}})],
    ids=["mkv", "ts", "mp4-index-first"],
)
def test_a_truncated_file_gives_its_first_part(tmp_path: Path, name: str, asked: dict[str, Any]) -> None:
    seen = look(clips.truncated(tmp_path / name, **asked))
    assert 20 < len(seen.numbers) < 40
    assert seen.numbers[:20] == list(range(20))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_one_corrupt_packet_costs_one_error_and_few_frames(tmp_path: Path, name: str) -> None:
    seen = look(clips.corrupt_packet(tmp_path / name))
    assert seen.errors == 1
    assert 40 <= len(seen.numbers) < 50
    assert seen.numbers[-1] == 49


def test_the_face_lies_where_it_is_said_to(tmp_path: Path) -> None:
    for n in (0, 12, 37):
        x0, y0, x1, y1 = (round(v) for v in clips.face_box(n, (640, 360)))
        with av.open(str(clips.plain(tmp_path / "a.mkv", face=True, frames=n + 1, size=(640, 360)))) as source:
            face = list(source.decode(video=0))[n].to_ndarray(format="rgb24")[y0:y1, x0:x1]
        patch, (left, top, right, bottom) = clips.face_patch()
        expected = cv2.resize(patch[top:bottom, left:right], (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
        assert np.abs(face.astype(float) - expected).mean() < 8
