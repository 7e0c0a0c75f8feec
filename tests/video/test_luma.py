"""Black is 0 and white is 255 whatever the pixel format, and rotated video stands upright."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from feelit.types import Sampling, Segment, UInt8, View
from feelit.video.luma import FULL_RANGE, LIMITED_RANGE, displayed_luma, luma_plane, small_view
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from feelit.video.shape import Shape, fit
from tests.video import clips

SIZE = (50, 34)  # width, height px: rows that are padded in memory


def flat(pix_fmt: str, luma: int, color_range: ColorRange | None = None) -> av.VideoFrame:
    """A frame of one grey; `luma` as it is stored."""
    frame = av.VideoFrame(*SIZE, pix_fmt)
    deep = "10le" in pix_fmt or "16le" in pix_fmt
    coloured = pix_fmt.startswith(("yuv", "nv"))
    for i, plane in enumerate(frame.planes):
        value = luma if i == 0 or not coloured else 512 if deep else 128
        plane.update(np.full(plane.buffer_size // (2 if deep else 1), value, np.uint16 if deep else np.uint8).tobytes())
    if color_range is not None:
        frame.color_range = color_range
    return frame


def palette(index: int) -> av.VideoFrame:
    """A frame of one entry of a palette of black, grey and white."""
    frame = av.VideoFrame(*SIZE, "pal8")
    colours = np.zeros((256, 4), np.uint8)
    colours[:3] = np.array([0, 128, 255])[:, None]
    frame.planes[0].update(np.full(frame.planes[0].buffer_size, index, np.uint8).tobytes())
    frame.planes[1].update(colours.tobytes())
    return frame


def shown(frame: av.VideoFrame) -> UInt8:
    """The grey that is seen, full range."""
    luma, levels = luma_plane(frame)
    assert luma.shape == SIZE[::-1]
    assert luma.dtype == levels.dtype == np.uint8
    return levels[luma]


LIMITED, FULL = ColorRange.MPEG, ColorRange.JPEG
FRAMES = [
    pytest.param("yuv420p", None, (16, 126, 235), id="yuv420p"),
    pytest.param("yuv420p", LIMITED, (16, 126, 235), id="yuv420p-limited"),
    pytest.param("yuv420p", FULL, (0, 128, 255), id="yuv420p-full"),
    pytest.param("yuvj420p", None, (0, 128, 255), id="yuvj420p"),
    pytest.param("yuv422p", None, (16, 126, 235), id="yuv422p"),
    pytest.param("yuv444p", None, (16, 126, 235), id="yuv444p"),
    pytest.param("yuv411p", None, (16, 126, 235), id="yuv411p"),
    pytest.param("nv12", None, (16, 126, 235), id="nv12"),
    pytest.param("yuva420p", None, (16, 126, 235), id="yuva420p"),
    pytest.param("gray", None, (0, 128, 255), id="gray"),
    pytest.param("rgb24", None, (0, 128, 255), id="rgb24"),
    pytest.param("bgr24", None, (0, 128, 255), id="bgr24"),
    pytest.param("rgba", None, (0, 128, 255), id="rgba"),
    pytest.param("gbrp", None, (0, 128, 255), id="gbrp"),
    pytest.param("yuv420p10le", None, (64, 504, 940), id="yuv420p10le"),
    pytest.param("yuv420p10le", FULL, (0, 514, 1023), id="yuv420p10le-full"),
    pytest.param("yuv422p10le", LIMITED, (64, 504, 940), id="yuv422p10le"),
    pytest.param("gray10le", None, (0, 514, 1023), id="gray10le"),
]


@pytest.mark.parametrize(("pix_fmt", "color_range", "stored"), FRAMES)
def test_black_grey_and_white_are_what_they_are(
    pix_fmt: str, color_range: ColorRange | None, stored: tuple[int, int, int]
) -> None:
    tolerance = 2 if "10le" in pix_fmt else 0  # FFmpeg dithers
    for value, expected in zip(stored, (0, 128, 255), strict=True):
        assert np.abs(shown(flat(pix_fmt, value, color_range)).astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize(("index", "expected"), [(0, 0), (1, 128), (2, 255)])
def test_palettes_are_looked_up(index: int, expected: int) -> None:
    assert (shown(palette(index)) == expected).all()


def test_what_lies_beyond_the_limits_is_clipped() -> None:
    assert shown(flat("yuv420p", 3)).max() == 0
    assert shown(flat("yuv420p", 250)).min() == 255


def test_the_tables_are_what_they_should_be() -> None:
    assert FULL_RANGE.tolist() == list(range(256))
    assert (np.diff(LIMITED_RANGE.astype(int)) >= 0).all()
    assert LIMITED_RANGE[[0, 16, 235, 255]].tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "nv12", "gray", "yuva420p"])
def test_planar_luma_is_the_decoders_own_memory(pix_fmt: str) -> None:
    frame = flat(pix_fmt, 100)
    luma, _ = luma_plane(frame)
    plane = np.frombuffer(memoryview(frame.planes[0]), np.uint8)
    assert np.shares_memory(luma, plane)


def test_luma_outlives_its_frame() -> None:
    luma, _ = luma_plane(flat("yuv420p", 100))
    others = [flat("yuv420p", n) for n in range(20)]
    assert len(others) == 20
    assert (luma == 100).all()


@pytest.mark.parametrize("color", ["luma", "bgr"])
@pytest.mark.parametrize("orientation", [1, 8, 3, 6])
def test_the_small_view_is_upright_in_full_range_and_padded_with_black(color: str, orientation: int) -> None:
    """Stored: the left half white, the right half black."""
    frame = av.VideoFrame(64, 32, "yuv420p")
    for i, plane in enumerate(frame.planes):
        rows = np.full((plane.height, plane.line_size), 128, np.uint8)
        if i == 0:
            rows[:, :32], rows[:, 32:] = 235, 16
        plane.update(rows.tobytes())
    width, height = (16, 8) if orientation < 5 else (8, 16)
    placed = fit(Shape(64, 32, orientation=orientation), 4 * width, 4 * height)
    luma, levels = displayed_luma(frame, placed, 4 * width, 4 * height)
    small = small_view(frame, luma, levels, View(width, height, 32, 32, 1.0, 1.0, color), placed)
    assert small.shape == ((32, 32) if color == "luma" else (32, 32, 3))
    grey = small if color == "luma" else small.mean(axis=2)
    half = {1: "left", 8: "bottom", 3: "right", 6: "top"}[orientation]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    white = {"left": x < width / 2, "right": x >= width / 2, "top": y < height / 2, "bottom": y >= height / 2}[half]
    expected = np.where(white, 255, 0)
    np.testing.assert_allclose(grey[:height, :width], expected, atol=2)
    assert grey[height:].max() == grey[:, width:].max() == 0


def read(path: Path) -> tuple[View, list[UInt8], list[UInt8]]:
    """All frames of a video, as luma and as the detector sees them."""
    info = probe(path).info
    view = View(info.width_px, info.height_px, info.width_px, info.height_px, 1.0, 1.0, "luma")
    samples = list(SegmentReader(info, Segment(0, None, None, info.packets), Sampling(None), view))
    return view, [s.levels[s.luma] for s in samples], [s.small for s in samples]


@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
def test_a_phone_video_stands_upright(turn_deg: int, tmp_path: Path) -> None:
    """The face is where it was pasted, and the number at the top can be read from left to right."""
    stored = (320, 180) if turn_deg % 180 == 0 else (180, 320)
    path = clips.rotated(tmp_path / "a.mp4", size=stored, turn_deg=turn_deg, frames=6, face=True)
    view, frames, small = read(path)
    assert (view.width_px, view.height_px) == (320, 180)
    patch, _ = clips.face_patch()
    for n, (frame, seen) in enumerate(zip(frames, small, strict=True)):
        assert frame.shape == seen.shape == (180, 320)
        assert clips.number_of(frame) == clips.number_of(seen) == n
        x0, y0, x1, y1 = (round(v) for v in clips.face_box(n, (320, 180)))
        assert correlation(frame[y0:y1, x0:x1], face_of(patch)) > 0.95


def face_of(patch: UInt8) -> UInt8:
    _, (x0, y0, x1, y1) = clips.face_patch()
    return np.asarray(patch[y0:y1, x0:x1].mean(axis=2), np.uint8)


def correlation(a: UInt8, b: UInt8) -> float:
    same = cv2.resize(b, a.shape[::-1], interpolation=cv2.INTER_AREA)
    return float(np.corrcoef(a.reshape(-1), same.reshape(-1))[0, 1])


@pytest.mark.parametrize("turn_deg", [0, 90, 180, 270])
def test_players_turn_the_picture_the_same_way(turn_deg: int, tmp_path: Path) -> None:
    """A marked corner of the stored picture, taken through the matrix in the file as ISO 14496-12 says, is where it is seen."""
    size = (128, 64) if turn_deg % 180 == 0 else (64, 128)
    path = clips.rotated(tmp_path / "a.mp4", size=size, turn_deg=turn_deg, frames=2)
    data = path.read_bytes()
    a, b, _, c, d, *_ = struct.unpack(">9i", data[data.index(b"tkhd") + 44 :][:36])
    with av.open(str(path)) as source:
        _, marked = source.decode(video=0)
    stored = marked.reformat(format="gray").to_ndarray().astype(np.uint8)
    _, frame = read(path)[1]
    corners = {}
    for u, v in ((-1, -1), (1, -1), (-1, 1), (1, 1)):  # about the middle; x to the right, y down
        x, y = (u * a + v * c) / 65536, (u * b + v * d) / 65536
        corners[round(x), round(y)] = stored[0 if v < 0 else -1, 0 if u < 0 else -1]
    found = {(x, y): frame[0 if y < 0 else -1, 0 if x < 0 else -1] for x in (-1, 1) for y in (-1, 1)}
    assert {k: int(v) for k, v in found.items()} == pytest.approx({k: int(v) for k, v in corners.items()}, abs=3)
    assert corners[-1, -1] > 200 > 60 > corners[1, -1]  # the number 1 is written across the top, its first bit on the left
