from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.render.canvas import Canvas, Rect, baseline, line_px, text_mask, text_width_px, yuv
from feelit.render.theme import EMOTION_COLOUR, HALO, INK, Colour

RED = Colour(255, 0, 0)
SPACES = {"bt601": "itu601", "bt709": "itu709", "bt2020": "bt2020"}

rects = st.builds(Rect, *[st.integers(-50, 120)] * 4)


def blank() -> Canvas:
    return Canvas.blank(64, 48, HALO, "bt709")


@pytest.mark.parametrize("matrix", SPACES)
@pytest.mark.parametrize("colour", [*EMOTION_COLOUR.values(), RED, INK, HALO], ids=lambda c: c.hex)
def test_colours_agree_with_ffmpeg(matrix: str, colour: Colour) -> None:
    pixels = np.tile(np.array(colour, np.uint8), (16, 16, 1))
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    planes = frame.reformat(format="yuv444p", dst_colorspace=SPACES[matrix], dst_color_range="MPEG").to_ndarray()
    assert yuv(colour, matrix) == pytest.approx(planes[:, 8, 8], abs=2)


def test_fill_colours_all_three_planes() -> None:
    canvas = blank()
    canvas.fill(Rect(10, 20, 20, 30), RED)
    y, u, v = yuv(RED, "bt709")
    assert (canvas.y == y).sum() == 100
    assert (canvas.u == u).sum() == (canvas.v == v).sum() == 25
    assert canvas.y[20, 10] == canvas.y[29, 19] == y != canvas.y[30, 20]


def test_outline_is_hollow() -> None:
    canvas = blank()
    canvas.outline(Rect(10, 10, 40, 40), 4, INK)
    bright = canvas.y > 200
    assert bright.sum() == 30 * 30 - 22 * 22
    assert not bright[14:36, 14:36].any()


def test_shade_lets_the_picture_through() -> None:
    canvas = blank()
    canvas.fill(Rect(0, 0, 32, 48), INK)
    canvas.shade(Rect(0, 0, 64, 48), HALO, 0.75)
    assert canvas.y[0, 0] == pytest.approx(0.25 * 235 + 0.75 * 16, abs=1)
    assert canvas.y[0, 63] == pytest.approx(16, abs=1)
    assert np.abs(canvas.u.astype(int) - 128).max() <= 1


def test_write_puts_letters_inside_their_line_box() -> None:
    canvas = blank()
    canvas.write("Happy", 4, 10, 12, INK)
    rows, columns = np.nonzero(canvas.y > 60)
    assert rows.min() >= 10
    assert rows.max() < 10 + line_px(12)
    assert columns.min() >= 4
    assert columns.max() < 4 + text_width_px("Happy", 12)
    assert (canvas.y > 220).sum() > 30


@given(rect=rects, line_px=st.sampled_from([2, 4, 6]))
def test_drawing_over_the_edge_is_left_out(rect: Rect, line_px: int) -> None:
    canvas = blank()
    canvas.fill(rect, RED)
    canvas.outline(rect, line_px, INK)
    canvas.shade(rect, RED, 0.5)
    canvas.write("#12", rect.x0, rect.y0, 8, INK)
    assert canvas.y.shape == (48, 64)


@given(a=rects, b=rects)
def test_rectangles_meet_where_they_share_pixels(a: Rect, b: Rect) -> None:
    def pixels(r: Rect) -> set[tuple[int, int]]:
        return {(x, y) for x in range(r.x0, r.x1) for y in range(r.y0, r.y1)}

    a, b = Rect(*(v // 8 for v in a)), Rect(*(v // 8 for v in b))
    assert a.meets(b) == bool(pixels(a) & pixels(b))
    assert pixels(a.shared_with(b)) == pixels(a) & pixels(b)


def test_band_shares_memory_and_paste_copies() -> None:
    canvas = blank()
    band = canvas.band(40, 48)
    band.paste(Canvas.blank(64, 8, INK, "bt709"))
    assert (canvas.y[40:] == 235).all()
    assert (canvas.y[:40] == 16).all()


@pytest.mark.parametrize("cap_px", [8, 12, 18, 36])
def test_letters_are_as_high_as_asked(cap_px: int) -> None:
    mask = text_mask("H", cap_px)
    rows = np.flatnonzero(mask.max(axis=1) > 128)
    assert rows[-1] + 1 == pytest.approx(baseline(cap_px), abs=1)
    assert len(rows) == pytest.approx(cap_px, abs=2)


@pytest.mark.parametrize("text", ["contempt 100%", "#12", "jgpqy", "0:00 / 1:23:45", "+3 more"])
@pytest.mark.parametrize("cap_px", [8, 13, 20])
def test_no_letter_is_cut_off(text: str, cap_px: int) -> None:
    mask = text_mask(text, cap_px)
    assert mask.shape[0] % 2 == mask.shape[1] % 2 == 0
    for edge in (mask[0], mask[-1], mask[:, -1]):
        assert edge.max() < 80
