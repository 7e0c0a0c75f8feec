from __future__ import annotations

import pytest

from feelit.video.writer import can_encode, ffmpeg_version


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        pytest.param("mpeg4", True, id="inside every FFmpeg"),
        pytest.param("theora", False, id="a decoder, but no encoder"),
        pytest.param("no-such-codec", False, id="unknown"),
    ],
)
def test_can_encode(codec: str, expected: bool) -> None:
    assert can_encode(codec) is expected


def test_ffmpeg_has_a_version() -> None:
    assert any(character.isdigit() for character in ffmpeg_version())
