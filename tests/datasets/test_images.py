from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from feelit.datasets.images import Images, decode
from feelit.errors import UsageError
from tests.datasets.made import encoded, pictures


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".webp"])
@pytest.mark.parametrize("shape", [(48, 48), (31, 70)])
def test_what_is_stored_without_loss_comes_back(suffix: str, shape: tuple[int, int], tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    quality = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else []
    content = cv2.imencode(suffix, image, quality)[1].tobytes()
    (tmp_path / "a").write_bytes(content)
    images = Images([image, content, tmp_path / "a"], ["pixels", "bytes", "file"])
    assert len(images) == 3
    assert all(np.abs(found.astype(int) - image).max() <= 1 for found in images)  # WebP keeps no grey, but colours


def test_colour_becomes_luma() -> None:
    colour = np.zeros((4, 4, 3), np.uint8)
    colour[..., 1] = 200  # green
    assert (decode(encoded(colour), "a") == round(0.587 * 200)).all()  # ITU-R BT.601


def test_what_the_camera_says_is_up_is_up() -> None:
    orientation = bytes.fromhex("0112 0003 00000001 00060000")  # a quarter turn
    turned = bytes.fromhex("ffe1 0022 457869660000 4d4d002a00000008 0001") + orientation + bytes(4)
    jpeg = encoded(np.zeros((20, 40), np.uint8), ".jpg")
    assert decode(jpeg[:2] + turned + jpeg[2:], "a").shape == (40, 20)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_what_is_cut_off_is_reported_and_nothing_else_is(suffix: str, share: float, capfd: pytest.CaptureFixture[str]) -> None:
    content = encoded(pictures(1)[0], suffix)
    with pytest.raises(UsageError, match=r"^anna\.jpg is ") as caught:
        decode(content[: int(share * len(content))], "anna.jpg")
    assert caught.value.hint
    assert capfd.readouterr() == ("", "")


def test_a_damaged_png_is_reported(capfd: pytest.CaptureFixture[str]) -> None:
    content = bytearray(encoded(pictures(1)[0]))
    content[len(content) // 2] ^= 1
    with pytest.raises(UsageError, match="damaged"):
        decode(bytes(content), "a.png")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("appended", [b"\x00 appended by a phone", b"a film \xff\xda with markers"], ids=ascii)
def test_bytes_after_the_end_do_no_harm(suffix: str, appended: bytes) -> None:
    content = encoded(pictures(1)[0], suffix)
    np.testing.assert_array_equal(decode(content + appended, "a"), decode(content, "a"))


def test_a_jpeg_is_whole_whatever_its_segments_hold() -> None:
    """An overview of the picture, which has an end of its own, in a segment before; padding, restarts and several scans."""
    image = pictures(1, side=96)[0]
    ways = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 1, cv2.IMWRITE_JPEG_QUALITY, 100]
    content = cv2.imencode(".jpg", image, ways)[1].tobytes()
    small = encoded(image[:16, :16], ".jpg")
    segment = b"\xff\xff\xec" + (2 + len(small)).to_bytes(2) + small
    with_overview = content[:2] + segment + content[2:]
    np.testing.assert_array_equal(decode(with_overview, "a"), decode(content, "a"))
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(UsageError, match="cut off"):
            decode(with_overview[: int(share * len(with_overview))], "a")


def noisy_png() -> bytes:
    """A sound picture, of whose colour profile libpng complains."""
    content, profile = encoded(pictures(1)[0]), b"iCCP" + b"bad\0\0" + zlib.compress(b"0123456789")
    chunk = (len(profile) - 4).to_bytes(4) + profile + zlib.crc32(profile).to_bytes(4)
    return content[:33] + chunk + content[33:]


def noisy_jpeg() -> bytes:
    """A picture with a few bytes before its end that do not belong there, of which libjpeg complains."""
    content = encoded(pictures(1)[0], ".jpg")
    return content[:-2] + b"garbage" + content[-2:]


@pytest.mark.parametrize("make", [noisy_png, noisy_jpeg], ids=["png", "jpeg"])
def test_what_can_be_read_is_read_in_silence(make: Callable[[], bytes], capfd: pytest.CaptureFixture[str]) -> None:
    content = make()
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) is not None
    assert capfd.readouterr().err
    assert decode(content, "a").shape == (48, 48)
    assert capfd.readouterr().err == ""
    os.write(2, b"here")  # and standard error is there again
    assert capfd.readouterr().err == "here"


def test_a_missing_file_is_reported_with_the_line_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^list\.csv, line 2: .*gone\.jpg cannot be read: No such file"):
        Images([tmp_path / "gone.jpg"], ["list.csv, line 2"])[0]


def test_rows_keep_their_origins() -> None:
    images = Images(list(pictures(3)), ["a", "b", "c"]).rows(np.array([True, False, True]))
    assert (len(images), list(images.origins)) == (2, ["a", "c"])
