"""Pictures whose pixels are not square, that are to be turned or mirrored, or that change their shape on the way."""

from __future__ import annotations

import gc
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream

from feelit.types import Sampling, Segment, UInt8, View
from feelit.video.cutting import Cutting, Stretch
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from feelit.video.shape import Shape, fit
from feelit.video.stills import stills
from feelit.video.transcoding import transcode
from feelit.video.writer import Encoding

ONE = 1 << 16
# Orientation: its matrix (a, b, c, d) of x' = ax + cy, y' = bx + dy, and the same by NumPy.
MATRICES = {
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}


def pattern(width: int = 96, height: int = 64) -> UInt8:
    """(height, width) luma without any symmetry."""
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    picture = 90 + 50 * x + 30 * y
    picture[: height // 3, : width // 4] = 220
    picture[height // 2 : height // 2 + 8, width // 2 :] = 30
    return np.asarray(picture, np.uint8)


def displayed(stored: UInt8, orientation: int) -> UInt8:
    """Every stored pixel, put where the matrix says (ISO 14496-12, 8.5.2): slow and plain."""
    a, b, c, d = MATRICES[orientation]
    height, width = stored.shape
    out = np.zeros((width, height) if orientation >= 5 else (height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            out[(b * x + d * y) % out.shape[0], (a * x + c * y) % out.shape[1]] = stored[y, x]
    return np.roll(out, (_negative(b, d), _negative(a, c)), (0, 1))


def _negative(first: int, second: int) -> int:
    """An axis that runs backwards begins at 0, and its next pixel lies at -1."""
    return -1 if first + second < 0 else 0


def film(
    path: Path,
    pictures: Sequence[UInt8],
    orientation: int = 1,
    aspect: Fraction | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
) -> Path:
    """A video of grey pictures, 25 a second."""
    with av.open(str(path), "w") as out:
        stream = cast(VideoStream, out.add_stream(codec, rate=25, options={"crf": "8", "preset": "ultrafast", "bf": "2"}))
        stream.height, stream.width = pictures[0].shape
        stream.pix_fmt, stream.codec_context.gop_size = pix_fmt, 5
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if orientation != 1:
            a, b, c, d = (ONE * v for v in MATRICES[orientation])
            stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))
        for picture in pictures:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.repeat(picture[..., None], 3, 2), "rgb24")))
        out.mux(stream.encode())
    return path


def analysed(path: Path, color: str = "luma", threads: int = 1) -> list[tuple[UInt8, UInt8]]:
    """Every frame as the analysis sees it: luma of full range, and the detector's view in grey at full size."""
    info = probe(path).info
    view = View(info.width_px, info.height_px, info.width_px, info.height_px, 1.0, 1.0, color)
    reader = SegmentReader(info, Segment(0, None, None, info.packets), Sampling(None), view, threads)
    return [(s.levels[s.luma], s.small if color == "luma" else s.small.mean(axis=2).astype(np.uint8)) for s in reader]


def first(path: Path) -> UInt8:
    """The first frame of a file as it is stored, grey."""
    with av.open(str(path)) as source:
        frame = next(source.decode(video=0))
        return np.asarray(frame.reformat(format="gray", dst_color_range=2).to_ndarray(), np.uint8)


def off(a: UInt8, b: UInt8) -> float:
    """How far two pictures differ on average; they have one size."""
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def rewritten(path: Path, out: Path) -> Path:
    info = probe(path).info
    with closing(transcode(info, out, Encoding(crf=8))) as pictures:
        for _ in pictures:
            pass
    return out


def clipped(path: Path, out: Path) -> Path:
    for _ in Cutting(probe(path), Stretch(0.0, 0.2), out, Encoding(crf=8)):
        pass
    return out


@pytest.mark.parametrize("orientation", MATRICES)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_every_orientation_is_shown_upright(orientation: int, name: str, tmp_path: Path) -> None:
    stored = pattern()
    path = film(tmp_path / name, [stored] * 6, orientation)
    expected = displayed(stored, orientation)
    info = probe(path).info
    assert (info.height_px, info.width_px, info.orientation) == (*expected.shape, orientation)
    for color in ("luma", "bgr"):
        luma, small = analysed(path, color)[3]
        assert off(luma, expected) < 3
        assert off(small, expected) < 3
    ((_, still),) = stills(path, [0.1])
    assert off(still.mean(axis=2).astype(np.uint8), expected) < 3
    assert off(first(rewritten(path, tmp_path / "all.mp4")), expected) < 3
    assert off(first(clipped(path, tmp_path / "clip.mp4")), expected) < 3


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs the program ffmpeg")
@pytest.mark.parametrize("orientation", MATRICES)
@pytest.mark.parametrize("aspect", [None, Fraction(2)])
def test_ffmpeg_turns_the_picture_the_same_way(orientation: int, aspect: Fraction | None, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [pattern()] * 3, orientation, aspect)
    square = "scale=trunc(iw*sar/2+0.5)*2:ih" if orientation < 5 or aspect is None else "scale=iw:trunc(ih/sar/2+0.5)*2"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", f"{square},setsar=1", "-frames:v", "1", str(tmp_path / "a.png")]
    subprocess.run(command, check=True)
    expected = np.asarray(cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_GRAYSCALE), np.uint8)
    assert off(analysed(path)[0][0], expected) < 3


@pytest.mark.parametrize(
    ("name", "codec", "aspect", "size"),
    [
        ("a.mp4", "libx264", "2", (192, 64)),
        ("a.mkv", "libx264", "2", (192, 64)),
        ("a.ts", "libx264", "2", (192, 64)),
        ("a.avi", "mpeg4", "2", (192, 64)),
        ("a.mp4", "libx264", "1/2", (96, 128)),
        ("a.ts", "mpeg2video", "64/45", (141, 64)),  # MPEG-2 says a picture's shape: 2.21:1 is the nearest
        ("a.mp4", "libx264", "640/639", (96, 64)),
        ("a.mp4", "libx264", "60000/1", (96, 64)),
    ],
)
@pytest.mark.parametrize("orientation", [1, 6])
def test_pixels_are_made_square(
    name: str, codec: str, aspect: str, size: tuple[int, int], orientation: int, tmp_path: Path
) -> None:
    if orientation != 1 and not name.endswith(".mp4"):
        pytest.skip("only .mp4 holds both here")
    stored = pattern()
    path = film(tmp_path / name, [stored] * 6, orientation, Fraction(aspect), codec)
    expected = displayed(np.asarray(cv2.resize(stored, size), np.uint8), orientation)
    info = probe(path).info
    assert (info.width_px, info.height_px) == expected.shape[::-1]
    for luma, small in analysed(path):
        assert off(luma, expected) < 4
        assert off(small, expected) < 4
    out = rewritten(path, tmp_path / "out.mp4")
    with av.open(str(out)) as again:
        assert again.streams.video[0].sample_aspect_ratio in (None, 1)
    height, width = expected.shape
    assert off(first(out)[:height, :width], expected) < 4


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def bars(picture: UInt8, width: int, height: int, x: int, y: int) -> tuple[UInt8, UInt8]:
    """What lies inside, and what around it."""
    outside = np.ones(picture.shape, bool)
    outside[y : y + height, x : x + width] = False
    return picture[y : y + height, x : x + width], picture[outside]


@pytest.mark.parametrize("threads", [1, 3])
def test_an_aspect_ratio_that_changes_on_the_way_changes_the_picture_at_that_frame(threads: int, tmp_path: Path) -> None:
    """B-frames and threads hold frames back while the decoder has gone on to the next sequence."""
    parts = [film(tmp_path / f"{n}.ts", [pattern()] * 15, aspect=Fraction(aspect)) for n, aspect in enumerate("121")]
    path = joined(tmp_path / "a.ts", *parts)
    info = probe(path).info
    assert (info.width_px, info.height_px) == (96, 64)
    shown = analysed(path, threads=threads)
    assert len(shown) == 45
    wide = np.asarray(cv2.resize(pattern(), (96, 32)), np.uint8)
    for n, (luma, _) in enumerate(shown):
        if 15 <= n < 30:
            inside, outside = bars(luma, 96, 32, 0, 16)
            assert off(inside, wide) < 5
            assert outside.max() == 0
        else:
            assert off(luma, pattern()) < 3
    with closing(transcode(info, tmp_path / "out.mp4", Encoding(crf=8))) as pictures:
        dark = [picture.y[:14].mean() < 20 for picture in pictures]
    assert dark == [15 <= n < 30 for n in range(45)]


def test_another_size_is_fitted_between_bars(tmp_path: Path) -> None:
    tall = pattern(64, 96)
    path = joined(tmp_path / "a.ts", film(tmp_path / "1.ts", [pattern()] * 5), film(tmp_path / "2.ts", [tall] * 5))
    inner = np.asarray(cv2.resize(tall, (42, 64), interpolation=cv2.INTER_AREA), np.uint8)
    for color in ("luma", "bgr"):
        shown = analysed(path, color)
        assert len(shown) == 10
        for picture in shown[7]:
            inside, outside = bars(picture, 42, 64, 26, 0)
            assert off(inside, inner) < 6
            assert outside.max() <= 2
    ((_, still),) = stills(path, [0.3])
    assert off(bars(still.mean(axis=2).astype(np.uint8), 42, 64, 26, 0)[0], inner) < 6
    with closing(transcode(probe(path).info, tmp_path / "out.mp4", Encoding(crf=8))) as pictures:
        drawn = [picture.y.copy() for picture in pictures][7]
    inside, outside = bars(drawn, 42, 64, 26, 0)
    assert off(np.clip((inside.astype(int) - 16) * 255 / 219, 0, 255).astype(np.uint8), inner) < 6
    assert set(outside.tolist()) == {16}


def test_frames_between_bars_are_counted(tmp_path: Path) -> None:
    path = joined(tmp_path / "a.ts", film(tmp_path / "1.ts", [pattern()] * 5), film(tmp_path / "2.ts", [pattern(64, 96)] * 7))
    info = probe(path).info
    view = View(96, 64, 96, 64, 1.0, 1.0, "luma")
    reader = SegmentReader(info, Segment(0, None, None, info.packets), Sampling(Fraction(10)), view)
    list(reader)
    assert (reader.decoded, reader.letterboxed) == (12, 7)


def test_the_same_shape_at_another_size_fills_the_picture() -> None:
    assert fit(Shape(640, 360), 960, 540).whole
    assert fit(Shape(854, 480), 1280, 720).whole
    assert fit(Shape(720, 576, Fraction(64, 45)), 1024, 576).whole
    assert not fit(Shape(640, 480), 960, 540).whole


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 1000), (1000, 3), (33, 17)])
@pytest.mark.parametrize("orientation", [1, 5])
def test_every_shape_fits_into_every_picture(width: int, height: int, orientation: int) -> None:
    for size in ((2, 2), (7, 5), (96, 64), (5, 700)):
        placed = fit(Shape(width, height, orientation=orientation), *size)
        assert 0 <= placed.x <= placed.x + placed.width_px <= size[0]
        assert 0 <= placed.y <= placed.y + placed.height_px <= size[1]
        assert min(placed.stored) > 0


def _aspects(path: Path) -> list[tuple[UInt8, UInt8]]:
    """The frames of a stream whose aspect ratio changes on the way, so that every frame is asked for its own."""
    wide = film(path.with_name("wide.ts"), [pattern()] * 6, aspect=Fraction(4, 3))
    return analysed(joined(path.with_name("both.ts"), film(path.with_name("square.ts"), [pattern()] * 6), wide))


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(analysed, id="analysis"),
        pytest.param(_aspects, id="analysis of changing aspect ratios"),
        pytest.param(lambda path: [still for _, still in stills(path, [0.0, 0.2, 0.4])], id="stills"),
        pytest.param(lambda path: rewritten(path, path.with_name("again.mp4")), id="transcoding"),
        pytest.param(lambda path: clipped(path, path.with_name("clip.mp4")), id="cutting"),
    ],
)
def test_no_frame_waits_for_the_garbage_collector(use: Callable[[Path], object], tmp_path: Path) -> None:
    """A frame in a reference cycle keeps its pixels; in an hour of video the keyframes alone take gigabytes."""
    path = film(tmp_path / "a.mp4", [pattern()] * 15, orientation=6)
    gc.collect()
    gc.disable()
    try:
        use(path)
        left = [kept for kept in gc.get_objects() if isinstance(kept, av.VideoFrame)]
    finally:
        gc.enable()
    assert not left
