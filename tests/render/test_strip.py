from __future__ import annotations

import numpy as np
import pytest

from feelit.labels import STARRED
from feelit.render.canvas import Canvas, yuv
from feelit.render.motion import ABSENT, BLANK, Motion
from feelit.render.rows import TimelineRows
from feelit.render.strip import MAX_LANES, Lanes, Strip, clock
from feelit.render.theme import GROOVE, HALO, PLATE, Style, emotion_colour, person_colour
from tests.render.scenes import rows, view

SAMPLED = np.arange(600) / 10  # a minute


def lanes(table: TimelineRows, duration_s: float = 60.0) -> Lanes:
    return Lanes(Motion(view(table, SAMPLED)), duration_s)


def drawn(strip: Strip, time_s: float, width: int = 640) -> Canvas:
    canvas = Canvas.blank(width, strip.height_px, HALO, "bt709")
    strip.draw(canvas, time_s)
    return canvas


def crowd(count: int) -> TimelineRows:
    """Track k is on screen for the first k seconds."""
    time_s = [t / 10 for k in range(1, count + 1) for t in range(10 * k)]
    return rows(time_s, track_id=[k for k in range(1, count + 1) for _ in range(10 * k)])


@pytest.mark.parametrize(
    ("time_s", "text"),
    [(0, "0:00"), (59.99, "0:59"), (61, "1:01"), (3599, "59:59"), (3600, "1:00:00"), (36061, "10:01:01"), (-1, "0:00")],
)
def test_clock(time_s: float, text: str) -> None:
    assert clock(time_s) == text


def test_a_lane_states_the_whole_video() -> None:
    early = [t / 10 for t in range(300)]
    table = rows(early, emotion=[1] * 150 + [3] * 150, readable=[True] * 225 + [False] * 75)
    assert lanes(table).states(1, 8).tolist() == [1, 1, 3, BLANK, ABSENT, ABSENT, ABSENT, ABSENT]


def test_in_a_long_video_the_commonest_emotion_of_a_column_wins() -> None:
    emotion = ([1] * 70 + [2] * 30) * 6
    assert lanes(rows(list(SAMPLED), emotion=emotion)).states(1, 6).tolist() == [1] * 6


def test_a_lane_has_no_holes_where_sampling_is_uneven() -> None:
    uneven = np.cumsum([0.08, 0.12] * 300)
    states = Lanes(Motion(view(rows(list(uneven)), uneven)), 60.0).states(1, 1200)
    assert (states[4:-4] == 1).all()


def test_those_who_are_shown_longest_get_the_lanes() -> None:
    assert lanes(crowd(11)).longest(MAX_LANES) == [4, 5, 6, 7, 8, 9, 10, 11]


def turns(who: int, *spans_s: tuple[float, float]) -> TimelineRows:
    """One person, a track a span, samples ten a second; happy in the first span, sad in the second, and so on."""
    seen = [(t / 10, k) for k, (a, b) in enumerate(spans_s, 1) for t in range(round(10 * a), round(10 * b))]
    return rows([t for t, _ in seen], track_id=[k for _, k in seen], who=who, emotion=[2 * k - 1 for _, k in seen])


def test_a_person_has_one_lane_whatever_the_tracks_do() -> None:
    found = lanes(turns(7, (0, 20), (20, 40), (50, 60)))
    assert found.longest(MAX_LANES) == [7]
    assert found.states(7, 6).tolist() == [1, 1, 3, 3, ABSENT, 5]


def test_the_name_stands_before_the_lane_all_through() -> None:
    table = turns(7, (0, 20), (25, 60))
    named = Lanes(Motion(view(table, SAMPLED, {7: "Anna"})), 60.0)
    strip = Strip(named, (640, 360), Style.of(640, 360))
    chips = [drawn(strip, t).y[4:20, 4:30] for t in (10.0, 22.0, 40.0)]
    assert (chips[0] == chips[1]).all()
    assert (chips[0] == chips[2]).all()
    assert (chips[0] == yuv(person_colour(7), "bt709")[0]).any()
    assert (chips[0] != drawn(Strip(lanes(table), (640, 360), Style.of(640, 360)), 10.0).y[4:20, 4:30]).any()


@pytest.mark.parametrize(("size", "least", "most"), [((1280, 720), 150, 250), ((320, 180), 60, 90), ((160, 90), 30, 50)])
def test_the_strip_does_not_outgrow_the_picture(size: tuple[int, int], least: int, most: int) -> None:
    strip = Strip(lanes(crowd(9)), size, Style.of(*size))
    assert least <= strip.height_px <= most
    assert strip.height_px % 2 == 0


@pytest.mark.parametrize("size", [(2, 2), (16, 16), (158, 200), (640, 64)])
def test_a_tiny_picture_has_no_strip(size: tuple[int, int]) -> None:
    assert Strip(lanes(crowd(2)), size, Style.of(*size)).height_px == 0


def test_only_the_cursor_and_the_time_move() -> None:
    strip = Strip(lanes(crowd(3)), (640, 360), Style.of(640, 360))
    a, b, c = (drawn(strip, t).y.astype(int) for t in (10.0, 10.4, 40.0))
    assert 0 < np.count_nonzero((a != b).any(axis=0)) <= 16  # the cursor and its shadow, in two places
    changed = np.flatnonzero((a != c).any(axis=0))
    bright = [int(np.flatnonzero(canvas[4] > 230)[0]) for canvas in (a, c)]
    assert bright[1] - bright[0] == pytest.approx(0.5 * (640 - 40), abs=16)  # half a minute of the lanes' width
    assert len(changed) < 60


def test_lanes_have_the_colours_of_emotions() -> None:
    strip = Strip(lanes(rows(list(SAMPLED[:300]), emotion=4)), (640, 360), Style.of(640, 360))
    canvas = drawn(strip, 59.0)
    anger, groove = (yuv(colour, "bt709")[0] for colour in (emotion_colour(4), GROOVE))
    row = canvas.y[12]  # in the middle of the lane
    assert np.count_nonzero(row == anger) == pytest.approx(np.count_nonzero(row == groove), rel=0.1)


@pytest.mark.parametrize("time_s", [-1.0, 0.0, 60.0, 1e9])
def test_any_moment_can_be_drawn(time_s: float) -> None:
    strip = Strip(lanes(rows([])), (640, 360), Style.of(640, 360))
    assert drawn(strip, time_s).y.max() == 235


@pytest.mark.parametrize("size", [(720, 1280), (1280, 720), (320, 180)])
def test_an_hour_of_many_tracks_is_not_cut_off_at_the_edge(size: tuple[int, int]) -> None:
    strip = Strip(lanes(crowd(9), 7200.0), size, Style.of(*size))
    canvas = drawn(strip, 7000.0, size[0])
    assert (canvas.y[:, -2:] == yuv(PLATE, "bt709")[0]).all()
    assert (canvas.y[-2:] == yuv(PLATE, "bt709")[0]).all()


def test_the_legend_stars_what_is_seldom_right() -> None:
    strip = Strip(lanes(crowd(2)), (1920, 1080), Style.of(1920, 1080))
    words = [word for _, _, word, _ in strip._legend]
    assert {"disgust*", "fear*", "contempt*", STARRED} <= set(words)
    assert "happiness" in words
