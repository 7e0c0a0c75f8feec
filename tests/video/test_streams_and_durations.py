"""Which stream of a file is its video, and how long it lasts."""

from __future__ import annotations

import subprocess
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from shutil import which

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.stream import VideoStream

from feelit.errors import VideoReadError
from feelit.types import Sampling, Segment, View
from feelit.video.cutting import Cutting, Stretch
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from feelit.video.transcoding import transcode
from feelit.video.writer import CODECS, Encoding
from tests.video import clips

HELD_S = [0.0] + [30 + n / 25 for n in range(74)]


def several(path: Path, *streams: tuple[tuple[int, int], Disposition]) -> Path:
    """A file with a stream of video of each size, each with its disposition."""
    with av.open(str(path), "w") as out:
        made: list[VideoStream] = []
        for size, disposition in streams:
            cover = disposition == Disposition.attached_pic
            stream = out.add_stream("mjpeg" if cover else "libx264", rate=25)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height = size
            stream.pix_fmt = "yuvj420p" if cover else "yuv420p"
            stream.disposition = disposition
            made.append(stream)
        for n in range(5):
            for stream in made:
                if n == 0 or stream.disposition != Disposition.attached_pic:
                    grey = np.full((stream.height, stream.width, 3), 40 * n, np.uint8)
                    out.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "rgb24")))
        for stream in made:
            out.mux(stream.encode())
    return path


NONE, DEFAULT, COVER = Disposition(0), Disposition.default, Disposition.attached_pic


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize(
    ("streams", "size"),
    [
        pytest.param([((160, 120), NONE), ((320, 180), DEFAULT)], (320, 180), id="default"),
        pytest.param([((320, 180), NONE), ((160, 120), DEFAULT)], (160, 120), id="a small one by default"),
        pytest.param([((160, 120), DEFAULT), ((320, 180), DEFAULT)], (320, 180), id="the larger of two"),
        pytest.param([((160, 120), DEFAULT), ((120, 160), DEFAULT)], (160, 120), id="the first of equals"),
    ],
)
def test_the_stream_that_players_show_is_analysed(
    name: str, streams: list[tuple[tuple[int, int], Disposition]], size: tuple[int, int], tmp_path: Path
) -> None:
    info = probe(several(tmp_path / name, *streams)).info
    assert (info.width_px, info.height_px) == size
    assert info.packets == 5


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    info = probe(several(tmp_path / "a.mp4", ((640, 480), COVER), ((160, 120), DEFAULT))).info
    assert (info.width_px, info.height_px) == (160, 120)
    with pytest.raises(VideoReadError, match="no video and a cover picture"):
        probe(several(tmp_path / "b.mp4", ((64, 64), COVER)))


@pytest.mark.skipif(not which("ffmpeg"), reason="needs the program ffmpeg")
def test_sound_with_a_cover_picture_is_sound(tmp_path: Path) -> None:
    clips.plain(tmp_path / "a.png", codec="png", frames=1, pix_fmt="rgb24", muxer={"update": "1"})
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        "-i",
        "a.png",
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "mjpeg",
    ]
    subprocess.run([*command, "-disposition:v", "attached_pic", "a.mp3"], check=True, cwd=tmp_path)
    with pytest.raises(VideoReadError, match="only sound and a cover picture"):
        probe(tmp_path / "a.mp3")


@pytest.mark.parametrize(
    ("name", "codec"), [("a.h264", "libx264"), ("a.hevc", "libx265"), ("a.m4v", "mpeg4"), ("a.mjpeg", "mjpeg")]
)
def test_a_raw_stream_lasts_as_long_as_its_frames(name: str, codec: str, tmp_path: Path) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = clips.plain(tmp_path / name, codec=codec, frames=29, pix_fmt=pix_fmt)
    info = probe(path).info
    view = View(32, 18, 32, 18, 0.1, 0.1, "luma")
    times_s = [s.time_s for s in SegmentReader(info, Segment(0, None, None, info.packets), Sampling(None), view)]
    assert times_s == pytest.approx([n / 25 for n in range(29)], abs=1e-3)
    assert info.duration_s == pytest.approx(29 / 25, abs=1e-3)


def lengths(path: Path) -> dict[str, float]:
    """How long a file says that it lasts, and its video."""
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        assert source.duration is not None
        assert stream.duration is not None
        return {"file": source.duration / av.time_base, "video": float(stream.duration * (stream.time_base or Fraction(1)))}


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    "times_s",
    [
        pytest.param(HELD_S, id="the first frame held"),
        pytest.param([0.0, 1.4, 1.44], id="short"),
        pytest.param([*(n / 25 for n in range(20)), 1.7, 2.6, 3.5, 4.4], id="slower in the end"),
        pytest.param([n / 25 for n in range(40)], id="even"),
    ],
)
def test_a_held_frame_does_not_make_the_video_longer(times_s: list[float], codec: str, tmp_path: Path) -> None:
    path = clips.plain(tmp_path / "a.mp4", frames=len(times_s), times_s=times_s, size=(160, 90))
    info = probe(path).info
    assert info.steady == (times_s[-1] < 1.57 and len(times_s) > 3)
    with closing(transcode(info, tmp_path / "out.mp4", Encoding(codec))) as pictures:
        assert [picture.time_s for picture in pictures] == pytest.approx(times_s, abs=1e-4)
    assert lengths(tmp_path / "out.mp4") == pytest.approx({"file": info.duration_s, "video": info.duration_s}, abs=2e-3)
    with av.open(str(tmp_path / "out.mp4")) as again:
        assert [frame.time for frame in again.decode(video=0)] == pytest.approx(times_s, abs=1e-3)


def test_a_clip_of_a_held_frame_is_as_long_as_its_stretch(tmp_path: Path) -> None:
    path = clips.plain(tmp_path / "a.mp4", frames=75, times_s=HELD_S, size=(160, 90), sound=True)
    cutting = Cutting(probe(path), Stretch(0.0, 31.0), tmp_path / "clip.mp4", Encoding())
    assert sum(1 for _ in cutting) == 26
    assert lengths(tmp_path / "clip.mp4") == pytest.approx({"file": 31.0, "video": 31.0}, abs=0.03)
