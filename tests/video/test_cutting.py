"""Stretches are cut to the frame, and their sound to the sample."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from feelit.errors import OutputError, VideoReadError
from feelit.types import Sampling, Segment, View
from feelit.video.cutting import Cutting, Stretch
from feelit.video.decoding import SegmentDecoder
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from feelit.video.writer import Encoding, Picture
from tests.video import clips
from tests.video.test_writer import files_no_larger_than, lumas, samples, shown_at

SOUND_HZ = 48_000


def cut(
    video: Path,
    start_s: float,
    end_s: float,
    out: Path,
    encoding: Encoding | None = None,
    draw: Callable[[Picture], None] | None = None,
) -> Cutting:
    """Cut a stretch out of a video."""
    cutting = Cutting(probe(video), Stretch(start_s, end_s), out, encoding or Encoding())
    with closing(iter(cutting)) as pictures:
        for picture in pictures:
            if draw is not None:
                draw(picture)
    return cutting


def numbers(path: Path) -> list[int]:
    """The numbers that are written on all frames."""
    return [clips.number_of(luma) for luma in lumas(path)]


def length_of(path: Path, kind: str) -> Fraction:
    """How long a track of a file is, in seconds."""
    with av.open(str(path)) as source:
        stream = next(s for s in source.streams if s.type == kind)
        return (stream.duration or 0) * (stream.time_base or Fraction(0))


KINDS = [
    pytest.param(("a.mp4", clips.plain), id="constant rate"),
    pytest.param(("a.mp4", lambda p: clips.plain(p, rate=Fraction(30000, 1001))), id="29.97 a second"),
    pytest.param(("a.mp4", clips.vfr), id="variable rate"),
    pytest.param(("a.mkv", clips.vfr), id="variable rate in milliseconds"),
    pytest.param(("a.mp4", clips.fps120), id="120 a second"),
    pytest.param(("a.mp4", lambda p: clips.plain(p, options={"bf": "3"}, gop=50)), id="B-frames, one keyframe"),
    pytest.param(("a.ts", clips.b_frames_open_gop), id="open groups, MPEG-2"),
    pytest.param(("a.mkv", lambda p: clips.b_frames_open_gop(p, codec="libx264")), id="open groups, H.264"),
    pytest.param(("a.mp4", lambda p: clips.plain(p, codec="libx265")), id="HEVC"),
    pytest.param(("a.ts", clips.plain), id="transport stream, begins at 1.4 s"),
    pytest.param(("a.mkv", clips.starts_at_an_hour), id="begins at an hour"),
    pytest.param(("a.mp4", clips.starts_at_an_hour), id="begins at an hour, by an edit list"),
    pytest.param(("a.mp4", lambda p: clips.plain(p, size=(321, 181), pix_fmt="yuv444p")), id="odd size"),
    pytest.param(("a.ts", clips.jumping_back), id="timestamps jump back"),
    pytest.param(("a.gif", clips.gif), id="gif"),
]


@pytest.fixture(scope="module", params=KINDS)
def every_kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of every kind."""
    name, maker = request.param
    path: Path = maker(tmp_path_factory.mktemp("kind") / name)
    return path


@pytest.mark.parametrize(
    ("start_s", "end_s"),
    [
        pytest.param(0.0, 0.4, id="beginning", marks=pytest.mark.slow),
        pytest.param(0.3, 0.75, id="across a keyframe"),
        pytest.param(0.44, 0.52, id="about a keyframe", marks=pytest.mark.slow),
        pytest.param(0.48, 0.76, id="from a keyframe", marks=pytest.mark.slow),
        pytest.param(0.613, 0.614 + 0.04, id="between two frames", marks=pytest.mark.slow),
        pytest.param(0.5, 99.0, id="to the end"),
    ],
)
def test_the_frames_are_those_of_the_stretch_at_their_times(
    every_kind: Path, tmp_path: Path, start_s: float, end_s: float
) -> None:
    times, written = seen(every_kind)
    inside = [i for i, t in enumerate(times) if start_s <= float(t) < end_s]
    cutting = cut(every_kind, start_s, end_s, tmp_path / "out.mp4")
    assert numbers(tmp_path / "out.mp4") == [written[i] for i in inside]
    assert shown_at(tmp_path / "out.mp4") == [times[i] - times[inside[0]] for i in inside]
    assert cutting.frames == len(inside)
    assert cutting.start_s == float(times[inside[0]])


@cache
def seen(video: Path) -> tuple[list[Fraction], list[int]]:
    """Times on the player's clock and numbers of all frames; a second recording in the same file follows the first."""
    times = shown_at(video)
    jump = next((i for i in range(1, len(times)) if times[i] <= times[i - 1]), len(times))
    again = [t - times[jump] + times[jump - 1] + Fraction(1, 25) for t in times[jump:]] if jump < len(times) else []
    return times[:jump] + again, numbers(video)


def test_a_stretch_of_the_second_of_two_joined_recordings(tmp_path: Path) -> None:
    video = clips.jumping_back(tmp_path / "a.ts")
    cut(video, 3.0, 3.2, tmp_path / "out.mp4")
    assert numbers(tmp_path / "out.mp4") == [25, 26, 27, 28, 29]


@pytest.mark.parametrize(
    ("start_s", "end_s", "start", "end"),
    [
        pytest.param(0.5, 1.0, Fraction(13, 25), Fraction(1), id="both on frames"),
        pytest.param(0.52, 1.01, Fraction(13, 25), Fraction(101, 100), id="the last frame is cut short"),
        pytest.param(0.5, 0.53, Fraction(13, 25), Fraction(53, 100), id="a part of a frame"),
        pytest.param(0.3 - 0.1, 0.1 + 0.7, Fraction(5, 25), Fraction(20, 25), id="sums of floats"),
        pytest.param(1.9, 7.0, Fraction(48, 25), Fraction(2), id="beyond the end"),
    ],
)
def test_the_cut_is_as_long_as_it_says(tmp_path: Path, start_s: float, end_s: float, start: Fraction, end: Fraction) -> None:
    video, out = clips.with_audio(tmp_path / "a.mp4"), tmp_path / "out.mp4"
    cutting = cut(video, start_s, end_s, out)
    assert cutting.start_s == float(start)
    assert cutting.end_s == pytest.approx(float(end), abs=1e-4)
    assert float(length_of(out, "video")) == pytest.approx(float(end - start), abs=1e-4)
    assert float(length_of(out, "audio")) == pytest.approx(float(end - start), abs=1e-4)


def test_a_pause_is_as_long_as_in_the_video(tmp_path: Path) -> None:
    video, out = clips.vfr(tmp_path / "a.mp4"), tmp_path / "out.mp4"
    cutting = cut(video, 2.5, 4.0, out)  # the frame of 2.96 s stands for two seconds
    assert shown_at(out)[-1] == Fraction(4, 10)
    assert cutting.end_s == 4.0
    assert float(length_of(out, "video")) == pytest.approx(4.0 - 2.56, abs=1e-4)


@pytest.mark.parametrize("turn_deg", [90, 180, 270])
def test_rotated_video_comes_out_upright(tmp_path: Path, turn_deg: int) -> None:
    video = clips.rotated(tmp_path / "a.mp4", size=(320, 180), turn_deg=turn_deg)
    cut(video, 0.4, 0.6, tmp_path / "out.mp4")
    out = lumas(tmp_path / "out.mp4")
    assert out[0].shape == ((320, 180) if turn_deg % 180 else (180, 320))
    assert [clips.number_of(luma) for luma in out] == [10, 11, 12, 13, 14]


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9"])
def test_every_codec_keeps_frames_and_times(tmp_path: Path, codec: str) -> None:
    video, out = clips.with_audio(tmp_path / "a.mp4"), tmp_path / "out.mp4"
    cut(video, 0.5, 0.9, out, Encoding(codec))
    assert numbers(out) == list(range(13, 23))
    assert shown_at(out) == [Fraction(n, 25) for n in range(10)]


def test_time_is_given_on_the_clock_of_the_whole_video(tmp_path: Path) -> None:
    video = clips.starts_at_an_hour(tmp_path / "a.mkv")
    times: list[float] = []
    cut(video, 1.0, 1.1, tmp_path / "out.mp4", draw=lambda picture: times.append(picture.time_s))
    assert times == pytest.approx([1.0, 1.04, 1.08])


# Sound


def clicks(path: Path, codec: str, rate_hz: int = SOUND_HZ, layout: str = "mono", seconds: float = 4.0) -> Path:
    """A video of 25 frames a second with a click, one sample loud, at every tenth of a second; frame n and sound begin at 0."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25, options=clips.QUIET["libx264"])
        video.width, video.height, video.pix_fmt, video.gop_size = 128, 48, "yuv420p", 50
        sound = out.add_stream(codec, rate=rate_hz, layout=layout)
        assert isinstance(video, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        recipe: clips.Recipe = {**clips.DEFAULT, "size": (128, 48)}
        wave = np.zeros(round(seconds * rate_hz), np.float32)
        wave[:: rate_hz // 10] = 0.9
        for n in range(round(seconds * 25)):
            frame = av.VideoFrame.from_ndarray(clips.picture(n, recipe), format="rgba")
            frame.pts, frame.time_base = n, Fraction(1, 25)
            out.mux(video.encode(frame))
            first, last = n * rate_hz // 25, (n + 1) * rate_hz // 25
            part = np.repeat(wave[None, first:last], sound.codec_context.channels, axis=0)
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), format="fltp", layout=layout)
            block.sample_rate, block.pts, block.time_base = rate_hz, first, Fraction(1, rate_hz)
            out.mux(sound.encode(block))
        out.mux(video.encode())
        out.mux(sound.encode())
    return path


def click_times(path: Path, rate_hz: int = SOUND_HZ) -> list[float]:
    """When the clicks of a file are heard, in seconds on the player's clock."""
    begin, wave = samples(path)
    with av.open(str(path)) as source:
        begin -= max(source.start_time or 0, 0) / av.time_base
    loud = np.abs(wave)
    peaks = [i for i in np.flatnonzero(loud > 0.25) if loud[i] == loud[max(i - 200, 0) : i + 200].max()]
    return [begin + i / rate_hz for i in peaks]


@pytest.mark.parametrize(
    ("name", "codec", "off_s"),
    [
        pytest.param("a.mkv", "pcm_s16le", 1.5e-3, id="uncompressed, milliseconds"),
        pytest.param("a.mov", "pcm_s16le", 1e-4, id="uncompressed", marks=pytest.mark.slow),
        pytest.param("a.mp4", "aac", 1e-4, id="AAC"),
        pytest.param("a.mkv", "aac", 1.5e-3, id="AAC, milliseconds", marks=pytest.mark.slow),
        pytest.param("a.ts", "aac", 1e-3, id="AAC in a transport stream"),
        pytest.param("a.mp4", "libopus", 1e-3, id="Opus"),
        pytest.param("a.mkv", "flac", 1.5e-3, id="FLAC", marks=pytest.mark.slow),
    ],
)
def test_sound_stays_in_sync_with_the_picture(tmp_path: Path, name: str, codec: str, off_s: float) -> None:
    video = clicks(tmp_path / name, codec)
    for start_s in (0.0, 0.52, 2.04):
        in_sync(video, start_s, off_s, tmp_path / f"{start_s}.mp4")


def in_sync(video: Path, start_s: float, off_s: float, out: Path) -> None:
    """Cut a second out of a video of clicks, and look at its frames and its clicks."""
    cutting = cut(video, start_s, start_s + 1, out)
    assert numbers(out) == list(range(round(25 * start_s), round(25 * start_s) + 25))
    expected = [t - cutting.start_s for t in click_times(video) if 0.01 < t - cutting.start_s < 0.97]
    assert len(expected) >= 9
    heard = [t for t in click_times(out) if t > 0.005]
    assert heard[: len(expected)] == pytest.approx(expected, abs=off_s)
    assert all(t > 0.96 for t in heard[len(expected) :])
    assert samples(out)[0] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(("rate_hz", "layout"), [(44_100, "stereo"), (22_222, "mono"), (8_000, "mono"), (96_000, "stereo")])
def test_sound_of_any_rate_stays_in_sync(tmp_path: Path, rate_hz: int, layout: str) -> None:
    video, out = tmp_path / "a.mkv", tmp_path / "out.mp4"
    sounding(video, 1.0, 1.5, rate_hz=rate_hz, layout=layout)
    cut(video, 0.52, 2.0, out)
    with av.open(str(out)) as source:
        context = source.streams.audio[0].codec_context
        assert (context.name, context.layout.name) == ("aac", layout)
        heard_hz = context.sample_rate
    begin, wave = samples(out)
    loud = np.flatnonzero(np.abs(wave) > 0.1) / heard_hz + begin
    assert loud[0] == pytest.approx(0.48, abs=0.003)
    assert loud[-1] == pytest.approx(0.98, abs=0.003)
    assert float(length_of(out, "audio")) == pytest.approx(1.48, abs=0.001)


def sounding(path: Path, *between_s: float, rate_hz: int = SOUND_HZ, layout: str = "mono", begin_s: float = 0.0) -> Path:
    """A video of 3 s; its sound, uncompressed, begins at `begin_s`, ends at 2.5 s, and is a tone between two times."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25, options=clips.QUIET["libx264"])
        sound = out.add_stream("pcm_s16le", rate=rate_hz, layout=layout)
        assert isinstance(video, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        video.width, video.height, video.pix_fmt, video.gop_size = 128, 48, "yuv420p", 25
        recipe: clips.Recipe = {**clips.DEFAULT, "size": (128, 48)}
        for n in range(75):
            frame = av.VideoFrame.from_ndarray(clips.picture(n, recipe), format="rgba")
            frame.pts, frame.time_base = n, Fraction(1, 25)
            out.mux(video.encode(frame))
        at = np.arange(round(begin_s * rate_hz), round(2.5 * rate_hz))
        tone = 9000 * np.sin(at * 2 * np.pi * 440 / rate_hz)
        wave = np.where((at >= between_s[0] * rate_hz) & (at < between_s[1] * rate_hz), tone, 0).astype(np.int16)
        for first in range(0, len(at), 1000):
            part = np.repeat(wave[first : first + 1000], sound.codec_context.channels)[None]
            block = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
            block.sample_rate, block.pts, block.time_base = rate_hz, int(at[first]), Fraction(1, rate_hz)
            out.mux(sound.encode(block))
        out.mux(video.encode())
        out.mux(sound.encode())
    return path


@pytest.mark.parametrize(
    ("begin_s", "start_s", "end_s", "loud_s"),
    [
        pytest.param(1.5, 1.0, 2.0, (0.5, 1.0), id="the sound begins within the stretch"),
        pytest.param(0.0, 2.0, 3.0, (0.0, 0.5), id="the sound ends within the stretch"),
        pytest.param(2.0, 0.4, 0.8, (), id="the sound begins after the stretch"),
        pytest.param(0.0, 2.6, 3.0, (), id="the sound ends before the stretch"),
    ],
)
def test_where_there_is_no_sound_there_is_silence(
    tmp_path: Path, begin_s: float, start_s: float, end_s: float, loud_s: tuple[float, ...]
) -> None:
    video, out = sounding(tmp_path / "a.mkv", 0.0, 3.0, begin_s=begin_s), tmp_path / "out.mp4"
    cut(video, start_s, end_s, out)
    begin, wave = samples(out)
    loud = np.flatnonzero(np.abs(wave) > 0.05) / SOUND_HZ + begin
    assert [loud[0], loud[-1]] == pytest.approx(loud_s, abs=0.003) if loud_s else len(loud) == 0
    assert float(length_of(out, "audio")) == pytest.approx(end_s - start_s, abs=1e-4)


def test_a_gap_in_the_sound_is_silence_of_its_length(tmp_path: Path) -> None:
    video, out = clicks(tmp_path / "a.mkv", "flac"), tmp_path / "out.mp4"
    gappy = tmp_path / "gap.mkv"
    with av.open(str(video)) as source, av.open(str(gappy), "w") as target:
        tracks = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            lost = packet.stream.type == "audio" and 1.5 < (packet.pts or 0) * packet.time_base < 2.5
            if packet.size and not lost:
                packet.stream = tracks[packet.stream_index]
                target.mux(packet)
    cut(gappy, 1.0, 3.0, out)
    heard = click_times(out)
    assert [t for t in heard if 0.65 < t < 1.4] == []
    assert [t for t in heard if 1.65 < t < 1.95] == pytest.approx([1.7, 1.8, 1.9], abs=2e-3)


def test_a_video_without_sound_gives_a_cut_without(tmp_path: Path) -> None:
    cut(clips.plain(tmp_path / "a.mp4"), 0.4, 0.8, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as source:
        assert [s.type for s in source.streams] == ["video"]


# Damage, and what cannot be done


@pytest.mark.parametrize("packet", [20, 24, 25], ids=["within a group", "the keyframe before the stretch", "after it"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_damaged_stretch_gives_the_frames_that_the_analysis_saw(tmp_path: Path, name: str, packet: int) -> None:
    video = clips.corrupt_packet(tmp_path / name, packet=packet, sound=True)
    info = probe(video).info
    reader = SegmentReader(info, Segment(0, None, None, 0), Sampling(None), View(32, 32, 32, 32, 1.0, 1.0, "luma"))
    times = [sample.time_s for sample in reader if 0.6 <= sample.time_s < 1.6]
    assert 10 < len(times) < 25 or packet == 25
    drawn: list[float] = []
    cutting = cut(video, 0.6, 1.6, tmp_path / "out.mp4", draw=lambda picture: drawn.append(picture.time_s))
    assert drawn == times
    assert [float(t) for t in shown_at(tmp_path / "out.mp4")] == pytest.approx([t - times[0] for t in times], abs=1e-6)
    assert float(length_of(tmp_path / "out.mp4", "audio")) == pytest.approx(cutting.end_s - cutting.start_s, abs=1e-4)


def test_only_the_group_before_a_late_stretch_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = clips.with_audio(tmp_path / "a.mp4", frames=150, size=(160, 96))
    decoded = 0

    class Counted(SegmentDecoder):
        def __iter__(self) -> Iterator[av.VideoFrame]:
            nonlocal decoded
            for frame in super().__iter__():
                decoded += 1
                yield frame

    monkeypatch.setattr("feelit.video.cutting.SegmentDecoder", Counted)
    cut(video, 5.5, 6.0, tmp_path / "out.mp4")
    assert numbers(tmp_path / "out.mp4") == list(range(138, 150))
    assert decoded < 12 + 13


@pytest.mark.parametrize(("start_s", "end_s"), [(2.0, 3.0), (50.0, 60.0), (0.41, 0.43), (1.0, 1.0), (1.0, 0.5)])
def test_a_stretch_without_a_frame_is_reported(tmp_path: Path, start_s: float, end_s: float) -> None:
    video = clips.with_audio(tmp_path / "a.mp4")
    with pytest.raises(VideoReadError, match="has no frame between"):
        cut(video, start_s, end_s, tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == [video]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_cut_is_removed(tmp_path: Path, error: type[BaseException]) -> None:
    video = clips.with_audio(tmp_path / "a.mp4")

    def fail(picture: Picture) -> None:
        if picture.time_s > 1:
            raise error

    with pytest.raises(error):
        cut(video, 0.5, 1.5, tmp_path / "out.mp4", draw=fail)
    assert list(tmp_path.iterdir()) == [video]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    video = clips.plain(tmp_path / "a.mp4", face=True)
    with files_no_larger_than(4096), pytest.raises(OSError, match="File too large"):
        cut(video, 0.0, 1.5, tmp_path / "out.mp4", Encoding(crf=1))
    assert list(tmp_path.iterdir()) == [video]


def test_what_the_codec_refuses_leaves_nothing(tmp_path: Path) -> None:
    video = clips.sized(tmp_path / "a.mov", 1, 1)
    with pytest.raises(OutputError, match="libx265"):
        cut(video, 0.0, 1.0, tmp_path / "out.mp4", Encoding("libx265"))
    assert list(tmp_path.iterdir()) == [video]
