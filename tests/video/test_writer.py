"""Pictures pass through the writer with their time, their place and their sound."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from feelit.errors import OutputError, UsageError, VideoReadError
from feelit.types import UInt8
from feelit.video.probe import probe
from feelit.video.transcoding import transcode
from feelit.video.writer import CODECS, Encoding, Picture
from tests.video import clips

Maker = Callable[[Path], Path]


def rewrite(
    video: Path, out: Path, encoding: Encoding | None = None, below_px: int = 0, draw: Callable[[Picture], None] | None = None
) -> Path:
    """Pass a video through the writer."""
    with closing(transcode(probe(video).info, out, encoding or Encoding(), below_px)) as pictures:
        for picture in pictures:
            if draw is not None:
                draw(picture)
    return out


def shown_at(path: Path) -> list[Fraction]:
    """When every frame is shown, in seconds on the player's clock, exactly."""
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        base = stream.time_base or Fraction(0)
        origin = round(Fraction(max(source.start_time or 0, 0), av.time_base) / base) * base
        return [(frame.pts or 0) * base - origin for frame in source.decode(stream)]


def lumas(path: Path) -> list[UInt8]:
    """The luma of all frames, (H, W) as stored."""
    with av.open(str(path)) as source:
        return [_luma(frame) for frame in source.decode(video=0)]


def _luma(frame: av.VideoFrame) -> UInt8:
    if frame.format.name not in ("yuv420p", "yuv444p") or frame.color_range == 2:
        return np.asarray(frame.reformat(format="gray").to_ndarray(), np.uint8)
    plane = frame.planes[0]  # FFmpeg's conversion takes longer than the decoding
    return FULL_RANGE[np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]]


FULL_RANGE = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)
"""The grey level of a luma between 16 and 235."""


def colours(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The first frame as a player shows it, (H, W, 3) RGB."""
    with av.open(str(path)) as source:
        return next(source.decode(video=0)).to_ndarray(format="rgb24").astype(np.uint8)


def sound_packets(path: Path) -> list[tuple[Fraction, bytes]]:
    """Time on the player's clock and content of every packet of sound."""
    with av.open(str(path)) as source:
        stream = source.streams.audio[0]
        base = stream.time_base or Fraction(0)
        origin = round(Fraction(max(source.start_time or 0, 0), av.time_base) / base) * base
        return [(p.pts * base - origin, bytes(p)) for p in source.demux(stream) if p.size and p.pts is not None]


def samples(path: Path) -> tuple[float, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """When the sound begins on the player's clock, in seconds, and its samples, (S,) float32."""
    with av.open(str(path)) as source:
        frames = list(source.decode(audio=0))
        parts = [
            f.to_ndarray().astype(np.float32).reshape(-1, 1 if f.format.is_planar else f.layout.nb_channels) for f in frames
        ]
        planar = [
            p.reshape(f.layout.nb_channels, -1)[0] if f.format.is_planar else p[:, 0]
            for p, f in zip(parts, frames, strict=True)
        ]
        return float(frames[0].time or 0.0), np.concatenate(planar)


def top_boxes(path: Path) -> list[bytes]:
    """The names of an .mp4's outermost boxes, in order."""
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        names.append(name)
        at += size if size > 1 else struct.unpack_from(">Q", data, at + 8)[0]
    return names


@pytest.mark.parametrize(
    ("name", "maker"),
    [
        pytest.param("a.mp4", clips.plain, id="constant rate"),
        pytest.param("a.mp4", clips.vfr, id="variable rate"),
        pytest.param("a.mkv", clips.vfr, id="variable rate, milliseconds"),
        pytest.param("a.mp4", clips.fps120, id="120 a second"),
        pytest.param("a.mp4", clips.b_frames_open_gop, id="open groups"),
        pytest.param("a.ts", clips.plain, id="transport stream, begins at 1.4 s"),
        pytest.param("a.mkv", clips.starts_at_an_hour, id="begins at an hour"),
        pytest.param("a.gif", clips.gif, id="gif"),
        pytest.param("a.mp4", clips.one_frame, id="one frame"),
        pytest.param("a.mp4", lambda p: clips.plain(p, rate=Fraction(30000, 1001)), id="29.97 a second"),
    ],
)
def test_every_frame_keeps_its_time_exactly(tmp_path: Path, name: str, maker: Maker) -> None:
    video = maker(tmp_path / name)
    assert shown_at(rewrite(video, tmp_path / "out.mp4")) == shown_at(video)


def test_time_is_given_on_the_players_clock(tmp_path: Path) -> None:
    video = clips.vfr(tmp_path / "a.ts")
    with closing(transcode(probe(video).info, tmp_path / "out.mp4", Encoding())) as pictures:
        assert [p.time_s for p in pictures] == pytest.approx([float(t) for t in shown_at(video)])


@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
def test_rotated_video_comes_out_upright(tmp_path: Path, turn_deg: int) -> None:
    video = clips.rotated(tmp_path / "a.mp4", size=(320, 180), turn_deg=turn_deg, frames=12)
    out = lumas(rewrite(video, tmp_path / "out.mp4"))
    assert out[0].shape == ((320, 180) if turn_deg % 180 else (180, 320))
    assert [clips.number_of(luma) for luma in out] == list(range(12))
    with av.open(str(tmp_path / "out.mp4")) as source:
        assert next(source.decode(video=0)).rotation == 0


@pytest.mark.parametrize("name", ["out.mp4", "out.m4v", "out.mov"])
def test_output_plays_anywhere(tmp_path: Path, name: str) -> None:
    out = rewrite(clips.ten_bit(tmp_path / "a.mp4", frames=5), tmp_path / name)
    with av.open(str(out)) as source:
        context = source.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
    boxes = top_boxes(out)
    assert boxes.index(b"moov") < boxes.index(b"mdat")


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_encodes(tmp_path: Path, codec: str) -> None:
    video = clips.plain(tmp_path / "a.mp4", frames=8)
    out = lumas(rewrite(video, tmp_path / "out.mp4", Encoding(codec)))
    assert [clips.number_of(luma) for luma in out] == list(range(8))


def test_crf_trades_size_for_quality(tmp_path: Path) -> None:
    video = clips.plain(tmp_path / "a.mp4", face=True)
    fine, coarse = (rewrite(video, tmp_path / f"{crf}.mp4", Encoding(crf=crf)).stat().st_size for crf in (10, 40))
    assert fine > 2 * coarse


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_sound_is_copied_packet_by_packet(tmp_path: Path, name: str) -> None:
    video = clips.with_audio(tmp_path / name)
    assert sound_packets(rewrite(video, tmp_path / "out.mp4")) == sound_packets(video)


def test_sound_of_a_transport_stream_is_copied_in_time(tmp_path: Path) -> None:
    video = clips.with_audio(tmp_path / "a.ts")
    copied, original = sound_packets(rewrite(video, tmp_path / "out.mp4")), sound_packets(video)
    assert len(copied) == len(original)
    for (at, content), (at_before, content_before) in zip(copied, original, strict=True):
        assert abs(at - at_before) < Fraction(1, 10_000)
        assert content == content_before[7:]  # without the ADTS header


@pytest.mark.parametrize(("rate", "layout"), [(48000, "mono"), (44100, "stereo"), (22222, "stereo")])
def test_sound_that_an_mp4_cannot_hold_is_encoded_again_in_sync(tmp_path: Path, rate: int, layout: str) -> None:
    video = with_pcm(tmp_path / "a.mkv", rate, layout)
    begin, wave = samples(rewrite(video, tmp_path / "out.mp4"))
    with av.open(str(tmp_path / "out.mp4")) as source:
        context = source.streams.audio[0].codec_context
        assert (context.name, context.layout.name) == ("aac", layout)
        rate = context.sample_rate
    # The tone begins a second into the video and lasts for one: where it is loud says whether it is in sync.
    loud = np.flatnonzero(np.abs(wave) > 0.05) / rate + begin
    assert loud[0] == pytest.approx(1.0, abs=0.05)
    assert loud[-1] == pytest.approx(2.0, abs=0.05)


def test_sound_may_begin_later_than_the_picture(tmp_path: Path) -> None:
    video = with_pcm(tmp_path / "a.mkv", 48000, "mono", begins_s=1.5)
    begin, wave = samples(rewrite(video, tmp_path / "out.mp4"))
    loud = np.flatnonzero(np.abs(wave) > 0.05) / 48000 + begin
    assert loud[0] == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize("first_pts", [1, 7, 61])
def test_the_picture_may_begin_later_than_the_sound(tmp_path: Path, first_pts: int) -> None:
    video = with_pcm(tmp_path / "a.mov", 48000, "mono", first_pts=first_pts)
    out = rewrite(video, tmp_path / "out.mp4")
    assert shown_at(out) == shown_at(video)
    assert shown_at(out)[0] == Fraction(first_pts, 24)
    begin, wave = samples(out)
    assert np.flatnonzero(np.abs(wave) > 0.05)[0] / 48000 + begin == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("name", "size"),
    [("a.mov", (1, 1)), ("a.mov", (3, 5)), ("a.mov", (16, 16)), ("a.mp4", (17, 33)), ("a.gif", (5, 2)), ("a.mp4", (161, 91))],
    ids=lambda v: str(v),
)
@pytest.mark.parametrize("below_px", [0, 20])
def test_any_size_is_padded_to_even(tmp_path: Path, name: str, size: tuple[int, int], below_px: int) -> None:
    video = clips.sized(tmp_path / name, *size)
    out = lumas(rewrite(video, tmp_path / "out.mp4", Encoding(crf=1), below_px))
    assert len(out) == 5
    height, width = size[1] + size[1] % 2, size[0] + size[0] % 2
    assert out[0].shape == (height + below_px, width)
    assert np.abs(out[0][: size[1], width - 1].astype(int) - out[0][: size[1], size[0] - 1]).max() < 12  # the edge repeats
    assert (out[0][height:] < 4).all()  # black below


def test_odd_rotated_frames_stay_upright(tmp_path: Path) -> None:
    video = clips.rotated(tmp_path / "a.mp4", size=(321, 181), codec="libx264", pix_fmt="yuv444p", frames=3)
    out = lumas(rewrite(video, tmp_path / "out.mp4"))
    assert out[0].shape == (322, 182)
    assert [clips.number_of(luma[:321, :181]) for luma in out] == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        pytest.param("a.mp4", {}, id="yuv420p"),
        pytest.param("a.mkv", {"codec": "libx264rgb", "pix_fmt": "rgb24"}, id="rgb"),
        pytest.param("a.mov", {"codec": "png", "pix_fmt": "rgb24"}, id="packed rgb"),
        pytest.param("a.mkv", {"codec": "ffv1", "pix_fmt": "yuv444p"}, id="4:4:4"),
        pytest.param("a.mkv", {"codec": "ffv1", "pix_fmt": "yuv422p10le"}, id="10 bit"),
        pytest.param("a.mkv", {"codec": "ffv1", "pix_fmt": "gray"}, id="grey"),
        pytest.param("a.mov", {"codec": "mjpeg", "pix_fmt": "yuvj420p", "options": {"qscale": "2"}}, id="full range"),
        pytest.param("a.gif", {"codec": "gif", "pix_fmt": "rgb8"}, id="palette"),
    ],
)
def test_colours_stay_what_they_are(tmp_path: Path, name: str, asked: clips.Recipe) -> None:
    recipe: clips.Recipe = {**asked, "frames": 2}
    video = clips.plain(tmp_path / name, **recipe)
    before, after = colours(video), colours(rewrite(video, tmp_path / "out.mp4", Encoding(crf=4)))
    blurred = [cv2.blur(image, (9, 9)).astype(int) for image in (before, after)]  # 4:2:0 smears the edges of colours
    assert np.abs(blurred[0] - blurred[1]).mean() < 1.6


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libsvtav1", "libx264"])
def test_full_range_becomes_limited(tmp_path: Path, codec: str) -> None:
    video = tmp_path / "a.mkv"
    with av.open(str(video), "w") as made:
        stream = made.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.color_range = 2
        grey = av.VideoFrame(64, 64, "yuv420p")
        for plane, value in zip(grey.planes, (250, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        grey.color_range = 2
        grey.pts = 0
        made.mux(stream.encode(grey))
        made.mux(stream.encode())
    with av.open(str(rewrite(video, tmp_path / "out.mp4"))) as source:
        frame = next(source.decode(video=0))
        assert frame.color_range != 2
        stored = np.frombuffer(memoryview(frame.planes[0]), np.uint8)[:64]
    assert stored == pytest.approx(16 + 250 * 219 / 255, abs=2)


def test_what_is_drawn_is_written_and_the_rest_stays(tmp_path: Path) -> None:
    def draw(picture: Picture) -> None:
        picture.y[60:80, 100:140] = 235
        picture.u[30:40, 50:70] = 128
        picture.v[30:40, 50:70] = 128

    video = clips.plain(tmp_path / "a.mp4", frames=5)
    plain, drawn = (lumas(rewrite(video, tmp_path / f"{i}.mp4", Encoding(crf=4), draw=d)) for i, d in enumerate((None, draw)))
    assert (drawn[4][62:78, 102:138] > 250).all()
    assert np.abs(drawn[4][100:].astype(int) - plain[4][100:]).max() < 8


def test_a_damaged_packet_costs_little(tmp_path: Path) -> None:
    video = clips.corrupt_packet(tmp_path / "a.mp4", sound=True)
    out = rewrite(video, tmp_path / "out.mp4")
    times = shown_at(out)
    assert len(times) >= 45
    assert times[-1] == shown_at(clips.plain(tmp_path / "sound.mp4"))[-1]
    assert len(sound_packets(out)) == len(sound_packets(video))


@pytest.mark.parametrize("name", ["a.mkv", "a.ts"])
def test_a_truncated_video_is_written_as_far_as_it_goes(tmp_path: Path, name: str) -> None:
    times = shown_at(rewrite(clips.truncated(tmp_path / name, sound=True), tmp_path / "out.mp4"))
    assert 10 < len(times) < 50


def test_timestamps_that_jump_back_carry_on(tmp_path: Path) -> None:
    times = shown_at(rewrite(clips.jumping_back(tmp_path / "a.ts", sound=True), tmp_path / "out.mp4"))
    assert len(times) == 100
    assert times == sorted(set(times))


def test_not_a_video_is_reported(tmp_path: Path) -> None:
    video = clips.plain(tmp_path / "a.mp4", frames=2)
    info = probe(video).info
    video.unlink()
    with (
        pytest.raises(VideoReadError, match="does not exist"),
        closing(transcode(info, tmp_path / "o.mp4", Encoding())) as pictures,
    ):
        next(pictures)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_output_is_removed(tmp_path: Path, error: type[BaseException]) -> None:
    video = clips.with_audio(tmp_path / "a.mp4")

    def fail(picture: Picture) -> None:
        if picture.time_s > 1:
            raise error

    with pytest.raises(error):
        rewrite(video, tmp_path / "out.mp4", draw=fail)
    assert list(tmp_path.iterdir()) == [video]


def test_a_video_that_the_codec_refuses_leaves_nothing(tmp_path: Path) -> None:
    video = clips.sized(tmp_path / "a.mov", 1, 1)
    with pytest.raises(OutputError, match="libx265"):
        rewrite(video, tmp_path / "out.mp4", Encoding("libx265"))
    assert list(tmp_path.iterdir()) == [video]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    video = clips.plain(tmp_path / "a.mp4", face=True)
    with files_no_larger_than(4096), pytest.raises(OSError, match="File too large"):
        rewrite(video, tmp_path / "out.mp4", Encoding(crf=1))
    assert list(tmp_path.iterdir()) == [video]


@pytest.mark.parametrize(
    ("codec", "crf", "message"),
    [("theora", None, "cannot encode with theora"), ("libx264", 52, "out of range"), ("libvpx-vp9", -1, "out of range")],
)
def test_impossible_encodings_are_refused(codec: str, crf: int | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Encoding(codec, crf)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Writing beyond fails, as on a full disk."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def with_pcm(path: Path, rate: int, layout: str, begins_s: float = 0.0, first_pts: int = 0) -> Path:
    """75 frames, the first of them at `first_pts` / 24 s, with a tone from the first to the second second, uncompressed."""
    muxer = {"movie_timescale": "24000"} if path.suffix == ".mov" else {}  # or a late start would be rounded to a millisecond
    with av.open(str(path), "w", options=muxer) as out:
        video = out.add_stream("libx264", rate=24, options=clips.QUIET["libx264"])
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=rate, layout=layout)
        channels = sound.codec_context.channels
        at = np.arange(round(begins_s * rate), 3 * rate)
        wave = np.where((at >= rate) & (at < 2 * rate), 12000 * np.sin(at * 2 * np.pi * 440 / rate), 0).astype(np.int16)
        for n in range(75):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 3 * n, np.uint8), format="rgb24")
            frame.pts, frame.time_base = n + first_pts, Fraction(1, 24)
            out.mux(video.encode(frame))
        for start in range(0, len(wave), 1000):
            part = np.repeat(wave[start : start + 1000], channels)[None]
            block = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
            block.sample_rate, block.pts, block.time_base = rate, int(at[start]), Fraction(1, rate)
            out.mux(sound.encode(block))
        out.mux(video.encode())
        out.mux(sound.encode())
    return path
