"""Photographs are decoded as they are meant to be seen, whatever is noted about "up"; what is none of them is named."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from feelit.errors import VideoReadError
from feelit.run.plan import cut, sampling_of
from feelit.types import Sampling, UInt8, View
from feelit.video.photographs import orientation_in
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from tests.video import clips
from tests.video.photographs import QUARTERS, encoded, exif, quarters, with_exif, write

FORMATS = (".jpg", ".png", ".webp")


def luma_of(path: Path) -> UInt8:
    """The picture as it is analysed, full range."""
    found = probe(path)
    (segment,) = cut(found, Sampling(), 10).segments
    view = View(32, 32, 32, 32, 1, 1, "luma")
    (sample,) = SegmentReader(found.info, segment, sampling_of(found.info, Sampling()), view)
    assert (sample.time_s, sample.frame) == (0, 0)
    return sample.levels[sample.luma]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_photograph_is_seen_upright(suffix: str, orientation: int, tmp_path: Path) -> None:
    path = write(tmp_path / f"a{suffix}", quarters(), orientation)
    info = probe(path).info
    assert (info.width_px, info.height_px, info.orientation) == (96, 64, orientation)
    luma = luma_of(path)
    found = [int(luma[y, x]) for y in (16, 48) for x in (24, 72)]
    assert found == pytest.approx(QUARTERS, abs=3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_opencv_turns_jpegs_in_the_same_way(orientation: int, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jpg", quarters(), orientation)
    theirs = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert theirs is not None
    np.testing.assert_allclose(luma_of(path), theirs, atol=4)


def test_a_photograph_is_one_frame_without_a_time(tmp_path: Path) -> None:
    info = probe(write(tmp_path / "a.jpg", quarters())).info
    assert (info.photograph, info.packets, info.has_audio) == (True, 1, False)
    assert (info.duration_s, info.average_rate) == (0.0, Fraction(0))


def test_what_follows_the_first_picture_of_a_jpeg_is_passed_over(tmp_path: Path) -> None:
    """Phones put depths and gain maps behind the picture."""
    first, second = encoded(quarters(), ".jpg"), encoded(np.full((16, 16, 3), 255, np.uint8), ".jpg")
    (tmp_path / "a.jpg").write_bytes(first + second)
    assert probe(tmp_path / "a.jpg").info.packets == 1
    assert luma_of(tmp_path / "a.jpg").shape == (64, 96)


def test_an_overview_in_the_exif_data_is_not_the_picture(tmp_path: Path) -> None:
    overview = encoded(np.full((16, 16, 3), 255, np.uint8), ".jpg")
    content, body = encoded(quarters(), ".jpg"), b"Exif\0\0" + exif(3) + overview
    (tmp_path / "a.jpg").write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + content[2:])
    assert luma_of(tmp_path / "a.jpg").shape == (64, 96)
    assert probe(tmp_path / "a.jpg").info.orientation == 3


def test_a_percent_sign_in_a_name_is_no_number(tmp_path: Path) -> None:
    write(tmp_path / "a1.png", np.full((32, 32, 3), 255, np.uint8))
    assert luma_of(write(tmp_path / "a%d.png", quarters())).shape == (64, 96)


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        pytest.param("a.png", quarters()[:, :, 0], id="grey"),
        pytest.param("a.jpg", quarters()[:, :, 0], id="grey JPEG"),
        pytest.param("a.png", quarters().astype(np.uint16) * 257, id="16 bits"),
        pytest.param("a.png", quarters()[:, :, 0].astype(np.uint16) * 257, id="16 bits, grey"),
        pytest.param("a.png", np.dstack([quarters(), np.full((64, 96), 255, np.uint8)]), id="alpha"),
        pytest.param("a.webp", np.dstack([quarters(), np.full((64, 96), 255, np.uint8)]), id="alpha WebP"),
        pytest.param("a.bmp", quarters(), id="BMP"),
        pytest.param("a.tif", quarters(), id="TIFF"),
    ],
)
def test_pixels_of_every_kind_become_luma(name: str, picture: UInt8, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(encoded(picture, Path(name).suffix))
    luma = luma_of(tmp_path / name)
    assert [int(luma[y, x]) for y in (16, 48) for x in (24, 72)] == pytest.approx(QUARTERS, abs=3)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(header: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    parts = [_chunk(b"IHDR", header), *(_chunk(*chunk) for chunk in chunks), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + bytes([0] * 16 + [1] * 16) for _ in range(32))
    palette = (b"PLTE", bytes([10, 10, 10, 200, 200, 200]))
    header = struct.pack(">IIBBBBB", 32, 32, 8, 3, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(_png(header, palette, (b"IDAT", zlib.compress(rows))))
    luma = luma_of(tmp_path / "a.png")
    assert [int(luma[16, 8]), int(luma[16, 24])] == pytest.approx([10, 200], abs=2)


CMYK_MARK = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"


def test_four_inks_are_mixed(tmp_path: Path) -> None:
    """A JPEG of four components as Adobe's programs write them: inverted. White is no ink."""
    from PIL import Image

    Image.fromarray(quarters()[:, :, ::-1]).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    luma = luma_of(tmp_path / "a.jpg")
    assert [int(luma[y, x]) for y in (16, 48) for x in (24, 72)] == pytest.approx(QUARTERS, abs=4)


def _claiming(side: int) -> bytes:
    content = encoded(quarters(), ".jpg")
    place = content.index(b"\xff\xc0") + 5
    return content[:place] + struct.pack(">HH", side, side) + content[place + 4 :]


def _cut(suffix: str) -> bytes:
    content = encoded(quarters(), suffix)
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("a.jpg", b"", "is empty", id="empty"),
        pytest.param("a.jpg", _cut(".jpg"), "is damaged or cut off", id="cut JPEG"),
        pytest.param("a.png", _cut(".png"), "is damaged or cut off", id="cut PNG"),
        pytest.param("a.webp", _cut(".webp"), "is damaged or cut off", id="cut WebP"),
        pytest.param("a.jpg", b"\xff\xd8\xff\xd9", "no frame that can be decoded|not a video", id="nothing in it"),
        pytest.param("a.png", _png(struct.pack(">IIBBBBB", 0, 0, 8, 2, 0, 0, 0)), "frame|video|picture", id="no pixel"),
        pytest.param(
            "a.png",
            _png(struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0), (b"IDAT", zlib.compress(b"\0" * 1000))),
            "claims a picture of 60000 x 60000 px",
            id="bomb",
        ),
        pytest.param("a.jpg", _claiming(65500), "claims a picture of 65500 x 65500 px", id="bomb, JPEG"),
        pytest.param("a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 40, "is a photograph in HEIC, which", id="HEIC"),
        pytest.param("a.avif", b"\0\0\0\x18ftypavif" + b"\0" * 40, "is a photograph in AVIF, which", id="AVIF"),
        pytest.param(
            "a.webp", b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x02" + b"\0" * 40, "is an animated WebP, which", id="animated WebP"
        ),
    ],
)
def test_what_cannot_be_read_is_named(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VideoReadError, match=message):
        probe(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "made", "codec", "pixels"),
    [("a.gif", "m.gif", "gif", "rgb8"), ("a.apng", "m.apng", "apng", "rgb24"), ("a.png", "m.apng", "apng", "rgb24")],
)
def test_animations_are_videos(name: str, made: str, codec: str, pixels: str, tmp_path: Path) -> None:
    clip = clips.plain(tmp_path / made, frames=10, rate=10, size=(64, 48), codec=codec, pix_fmt=pixels)
    info = probe(clip.rename(tmp_path / name)).info
    assert (info.photograph, info.packets) == (False, 10)
    assert info.duration_s == pytest.approx(1.0, abs=0.11)


@pytest.mark.parametrize("order", ["<", ">"])
def test_either_order_of_bytes_is_read(order: str) -> None:
    assert orientation_in(with_exif(encoded(quarters(), ".jpg"), 6, order)) == 6


@pytest.mark.parametrize(
    "tiff",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"II*\0", id="cut off"),
        pytest.param(b"II*\0" + struct.pack("<I", 1 << 31), id="beyond the end"),
        pytest.param(b"II*\0" + struct.pack("<IH", 8, 65535), id="many entries"),
        pytest.param(exif(0), id="zero"),
        pytest.param(exif(9), id="nine"),
        pytest.param(b"XX*\0" + exif(6)[4:], id="no order"),
    ],
)
def test_nonsense_stands_for_upright(tiff: bytes) -> None:
    content = encoded(quarters(), ".jpg")
    body = b"Exif\0\0" + tiff
    assert orientation_in(content[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + content[2:]) == 1
