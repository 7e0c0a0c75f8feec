"""What a source may be called, and images that are none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from feelit.errors import FeelitError, UsageError, VideoReadError
from feelit.explaining.faces import Source, read_image
from tests.explaining.made import portrait


@pytest.mark.parametrize(
    ("text", "path", "time_s"),
    [
        pytest.param("a.png", "a.png", None, id="image"),
        pytest.param("a.mp4@83.5", "a.mp4", 83.5, id="seconds"),
        pytest.param("a.mp4@0", "a.mp4", 0.0, id="the beginning"),
        pytest.param("a.mp4@1:23.5", "a.mp4", 83.5, id="minutes"),
        pytest.param("a.mp4@90:00", "a.mp4", 5400.0, id="many minutes"),
        pytest.param("a.mp4@1:02:03", "a.mp4", 3723.0, id="hours"),
        pytest.param("me@home/a@b.mp4@3", "me@home/a@b.mp4", 3.0, id="more than one sign"),
        pytest.param("a@b.png", "a@b.png", None, id="an image with the sign"),
        pytest.param("a@home@", "a@home@", None, id="no time"),
        pytest.param("@3", "@3", None, id="no video"),
        pytest.param("a.mp4@-3", "a.mp4@-3", None, id="negative"),
        pytest.param("a.mp4@1e3", "a.mp4@1e3", None, id="in powers of ten"),
    ],
)
def test_a_moment_is_what_stands_behind_the_last_at_sign(text: str, path: str, time_s: float | None) -> None:
    assert Source.parse(text) == Source(Path(path), time_s)


def test_a_file_that_there_is_goes_by_its_whole_name(tmp_path: Path) -> None:
    path = tmp_path / "team@12"
    assert Source.parse(str(path)).time_s == 12
    path.write_bytes(b"")
    assert Source.parse(str(path)) == Source(path, None)
    assert Source.parse(f"{path}@3") == Source(path, 3.0)


@pytest.mark.parametrize("text", ["a.mp4@1:60", "a.mp4@1:75:00", "a.mp4@99999999999"])
def test_what_is_no_time_is_reported(text: str) -> None:
    with pytest.raises(UsageError, match="is no time") as caught:
        Source.parse(text)
    assert "1:30" in caught.value.hint


def test_a_name_that_is_too_long_is_no_file() -> None:
    assert Source.parse("a" * 5000).path.name == "a" * 5000


@pytest.mark.parametrize("ending", [".png", ".jpg", ".bmp", ".webp", ".tiff"])
def test_images_are_read_in_the_usual_formats(ending: str, tmp_path: Path) -> None:
    path = portrait(tmp_path / f"a{ending}")
    image = read_image(path)
    assert image.dtype == np.uint8
    truth = read_image(portrait(tmp_path / "truth.png"))
    assert np.abs(image.astype(int) - truth).mean() < 4


@pytest.mark.parametrize(
    ("pixels", "kind"),
    [
        pytest.param(np.full((5, 7), 65535, np.uint16), "16 bit", id="16 bit"),
        pytest.param(np.full((5, 7), 255, np.uint8), "grey", id="grey"),
        pytest.param(np.full((5, 7, 4), 255, np.uint8), "alpha", id="alpha"),
    ],
)
def test_other_pixels_become_eight_bits_of_colour(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], kind: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{kind}.png"
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    np.testing.assert_array_equal(read_image(path), np.full((5, 7, 3), 255, np.uint8))


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp"])
def test_a_truncated_image_is_reported_in_one_line(ending: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = portrait(tmp_path / f"a{ending}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(VideoReadError, match=r"is damaged or cut off|is not an image that can be read") as caught:
        read_image(path)
    assert "VIDEO@" in caught.value.hint
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        pytest.param("gone.png", "cannot be read: No such file", id="missing"),
        pytest.param("folder", "cannot be read", id="folder"),
        pytest.param("empty.png", "is not an image", id="empty"),
        pytest.param("text.png", "is not an image", id="text"),
        pytest.param("text.png/a.png", "cannot be read", id="below a file"),
        pytest.param("n" * 300, "cannot be read", id="too long a name"),
    ],
)
def test_what_is_no_image_is_reported(name: str, reported: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("The minutes of the meeting.\n" * 40)
    with pytest.raises(VideoReadError, match=reported) as caught:
        read_image(tmp_path / name)
    assert caught.value.hint


def test_an_address_is_reported() -> None:
    with pytest.raises(FeelitError, match="is an address"):
        read_image(Path("s3://bucket/a.png"))
