"""Damaged and odd streams give the same frames however they are cut and by however many threads they are decoded."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
import pytest

from feelit.errors import VideoReadError
from feelit.run.plan import cut
from feelit.types import Sample, Sampling, View
from feelit.video.clock import REORDER, Clock
from feelit.video.probe import fingerprint, probe
from feelit.video.reader import SegmentReader
from tests.video import clips

EVERY_FRAME = Sampling(None)
SMALL = (128, 64)


@pytest.fixture(autouse=True)
def every_keyframe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments may begin at any."""
    monkeypatch.setattr("feelit.run.plan.LEAST_APART_S", 0.0)


def read(path: Path, segment_s: float = 100.0, threads: int = 1) -> tuple[list[Sample], int, int]:
    """All frames of a video read by segments, how many were decoded, and the errors."""
    found = probe(path)
    samples: list[Sample] = []
    decoded = errors = 0
    for segment in cut(found, EVERY_FRAME, segment_s).segments:
        reader = SegmentReader(found.info, segment, EVERY_FRAME, View(32, 32, 32, 32, 1.0, 1.0, "luma"), threads)
        samples += reader
        decoded, errors = decoded + reader.decoded, errors + reader.errors
    return samples, decoded, errors


def count_frames(path: Path) -> int:
    """What PyAV makes of it by itself, with one thread."""
    frames = 0
    with av.open(f"file:{path}") as source:
        source.streams.video[0].codec_context.thread_count = 1
        for packet in source.demux(video=0):
            try:
                frames += len(packet.decode())
            except av.error.FFmpegError:
                continue
    return frames


def damaged(path: Path, packet: int, sound_bytes: int, codec: str) -> Path:
    """A clip in which one packet is noise but for its first bytes, so that a keyframe is still taken for one."""
    with av.open(str(clips.plain(path, codec=codec, size=SMALL))) as source:
        start, length = [(p.pos, p.size) for p in source.demux(video=0) if p.size][packet]
    data = bytearray(path.read_bytes())
    noise = np.random.default_rng(1).integers(0, 256, length - sound_bytes, np.uint8).tobytes()
    data[(start or 0) + sound_bytes : (start or 0) + length] = noise
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("codec", "packet", "sound_bytes"),
    [
        pytest.param("libx264", 0, 0, id="h264-first"),
        pytest.param("libx264", 24, 6, id="h264-keyframe"),
        pytest.param("libx264", 25, 6, id="h264-after-a-keyframe"),
        pytest.param("libx264", 26, 0, id="h264-middle"),
        pytest.param("libx264", 47, 0, id="h264-near-the-end"),
        pytest.param("libx264", 48, 0, id="h264-last-but-one"),
        pytest.param("libx264", 49, 0, id="h264-last"),
        pytest.param("libx265", 21, 0, id="hevc-keyframe"),
        pytest.param("libx265", 25, 0, id="hevc-middle"),
        pytest.param("libx265", 48, 0, id="hevc-last-but-one"),
        pytest.param("mpeg2video", 24, 6, id="mpeg2-keyframe"),
        pytest.param("mpeg4", 25, 6, id="mpeg4-middle"),
    ],
)
def test_a_damaged_packet_costs_the_same_however_the_video_is_read(
    codec: str, packet: int, sound_bytes: int, tmp_path: Path
) -> None:
    path = damaged(tmp_path / "a.mp4", packet, sound_bytes, codec)
    whole, decoded, errors = read(path)
    assert decoded == len(whole) == count_frames(path)
    assert 35 <= decoded <= 50
    assert decoded == 50 or errors == 1 or codec in ("libx265", "mpeg2video")  # their decoders drop frames without a word
    pts, times = [s.pts for s in whole], [s.time_s for s in whole]
    assert pts == sorted(set(pts))
    assert times == pytest.approx([float(p * probe(path).info.time_base) for p in pts])
    for segment_s, threads in ((100.0, 3), (0.1, 1), (0.1, 3)):
        again, *counts = read(path, segment_s, threads)
        assert ([s.pts for s in again], counts) == (pts, [decoded, errors]), (segment_s, threads)
        # What FFmpeg paints in place of what is missing, up to the next keyframe, depends on what its memory held before.
        sound = [a for a in zip(again, whole, strict=True) if not packet <= round(a[0].time_s * 25) < packet + 12]
        assert len(sound) >= 35
        assert all(np.array_equal(a.luma, b.luma) for a, b in sound), (segment_s, threads)


def test_a_single_frame_that_comes_late_does_not_move_the_clock() -> None:
    clock = Clock(Fraction(1, 90_000), 0, Fraction(25))
    assert [clock.units(3600 * n) // 3600 for n in (0, 1, 2, 13, 3, 14, 4, 15, 16)] == [0, 1, 2, 13, 13, 14, 14, 15, 16]


@pytest.mark.parametrize("length", [3, REORDER, 100])
def test_a_recording_that_starts_over_carries_the_clock_on(length: int) -> None:
    clock = Clock(Fraction(1, 25), 0, Fraction(25))
    units = [clock.units(n) for n in [*range(length)] * 3]
    assert all(b > a for a, b in pairwise(units))
    assert units == [*range(3 * length)]


@pytest.mark.parametrize("pts", [[0] * 50, [None] * 50], ids=["all-the-same", "none"])
def test_frames_without_times_follow_the_frame_rate(pts: list[int | None]) -> None:
    clock = Clock(Fraction(1, 90_000), 0, Fraction(25))
    assert [clock.units(p) for p in pts] == [3600 * n for n in range(50)]


def test_a_video_that_changes_its_size_is_scaled_to_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream: av.VideoStream | None = None
        for i, size in enumerate(((256, 128), (128, 64))):
            part = clips.plain(tmp_path / f"{i}.mkv", codec="libvpx-vp9", size=size, frames=10)
            with av.open(str(part)) as source:
                stream = stream or out.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.pts is not None and packet.dts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + 400 * i, packet.dts + 400 * i, stream
                        out.mux(packet)
    samples, decoded, errors = read(path)
    assert (decoded, errors) == (20, 0)
    assert {s.luma.shape for s in samples} == {(128, 256)}
    assert [clips.number_of(s.luma) for s in samples] == [*range(10)] * 2


@pytest.mark.parametrize(
    ("make", "name", "duration_s"),
    [
        pytest.param(clips.vfr, "a.mp4", 5.08, id="pause-before-the-end"),
        pytest.param(clips.starts_at_an_hour, "a.ts", 2.0, id="hour-ts"),
        pytest.param(clips.starts_at_an_hour, "a.mkv", 2.0, id="hour-mkv"),
        pytest.param(clips.jumping_back, "a.ts", 4.0, id="jumping-back"),
        pytest.param(clips.one_frame, "a.mp4", 0.04, id="one-frame"),
    ],
)
def test_the_duration_is_that_of_what_is_shown(make: Any, name: str, duration_s: float, tmp_path: Path) -> None:
    assert probe(make(tmp_path / name)).info.duration_s == pytest.approx(duration_s)


@pytest.mark.parametrize("name", ["10:30.mp4", "concat:a.mp4", "data:a.mp4", "a%03d.mp4", "-a.mp4", "~a.mp4", "a b'\"[/c.mp4"])
def test_no_name_is_taken_for_an_address(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = name.replace("/", "_")
    clips.plain(tmp_path / "plain.mp4", frames=3, size=SMALL).rename(tmp_path / name)
    assert probe(Path(name)).info.packets == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("gone.mp4", "does not exist", id="missing"),
        pytest.param(".", "is a folder", id="folder"),
        pytest.param("x" * 300 + ".mp4", "cannot be read: File name too long", id="name-too-long"),
        pytest.param("a.mp4/b.mp4", "does not exist", id="file-for-a-folder"),
    ],
)
def test_what_cannot_be_opened_is_reported_with_a_hint(name: str, message: str, tmp_path: Path) -> None:
    clips.not_a_video(tmp_path / "a.mp4")
    with pytest.raises(VideoReadError, match=message) as caught:
        probe(tmp_path / name)
    assert caught.value.hint


def test_a_file_that_vanishes_or_refuses_is_a_failure_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clips.one_frame(tmp_path / "a.mp4")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(VideoReadError, match="cannot be read"):
        fingerprint(tmp_path / "gone.mp4")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        with pytest.raises(VideoReadError, match="permission denied"):
            probe(path)
    monkeypatch.setattr(av, "open", refuse)
    with pytest.raises(VideoReadError, match="permission denied"):
        probe(path)
