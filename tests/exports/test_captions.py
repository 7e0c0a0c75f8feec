from __future__ import annotations

import io
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import srt
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feelit.exports.captions import Cue, clock, cues
from feelit.exports.label_intervals import LabelInterval
from feelit.types import EMOTIONS
from tests.exports.made import text_of, write
from tests.timeline.rows import regular, table_of

WORDS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from(EMOTIONS)), max_size=6)
"""How long nothing is shown, how long the bout after it is, in some unit, and which emotion it shows."""


@st.composite
def tracks(draw: st.DrawFn) -> list[list[LabelInterval]]:
    result = []
    for track in range(1, draw(st.integers(0, 4)) + 1):
        now_ms, mine = 0, []
        for pause, length, emotion in draw(WORDS):
            start_ms, now_ms = now_ms + 100 * pause, now_ms + 100 * (pause + length)
            mine.append(LabelInterval(track, emotion, start_ms, now_ms, 0.5))
        result.append(mine)
    return result


@given(tracks())
def test_cues_follow_one_another(shown: list[list[LabelInterval]]) -> None:
    made = list(cues(shown))
    assert all(cue.start_ms < cue.end_ms and cue.intervals for cue in made)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(made))


@given(tracks())
def test_at_any_time_the_cue_says_what_is_shown(shown: list[list[LabelInterval]]) -> None:
    made = list(cues(shown))
    for time_ms in range(50, 5000, 100):
        expected = [s for mine in shown for s in mine if s.start_ms <= time_ms < s.end_ms]
        assert [list(cue.intervals) for cue in made if cue.start_ms <= time_ms < cue.end_ms] == [expected] * bool(expected)


@given(tracks())
def test_a_cue_ends_where_something_changes_and_nowhere_else(shown: list[list[LabelInterval]]) -> None:
    changes = {time_ms for mine in shown for s in mine for time_ms in (s.start_ms, s.end_ms)}
    made = list(cues(shown))
    assert {time_ms for cue in made for time_ms in (cue.start_ms, cue.end_ms)} == changes


def test_bouts_of_a_millisecond_have_their_cue() -> None:
    first, second = LabelInterval(1, "anger", 4, 5, 0.5), LabelInterval(1, "fear", 5, 6, 0.5)
    assert list(cues([[first, second]])) == [Cue(4, 5, (first,)), Cue(5, 6, (second,))]


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        pytest.param(0, "00:00:00.000", id="zero"),
        pytest.param(59_999, "00:00:59.999", id="almost-a-minute"),
        pytest.param(3_723_004, "01:02:03.004", id="all-parts"),
        pytest.param(360_000_000, "100:00:00.000", id="a-hundred-hours"),
    ],
)
def test_times_are_hours_minutes_and_seconds(time_ms: int, text: str) -> None:
    assert clock(time_ms, ".") == text


EXPECTED = [
    (0, 200, ["track 1: neutral 0.75", "track 2: anger 0.75"]),
    (200, 300, ["track 1: neutral 0.75"]),
    (400, 600, ["track 1: happiness 0.75"]),
]


@pytest.fixture
def timeline(tmp_path: Path) -> Path:
    return write(tmp_path / "t.parquet", table_of({1: "nnnuhhu", 2: "aa...u."}, regular(7)))


def test_srt_is_read_back(timeline: Path) -> None:
    read = list(srt.parse(text_of(timeline, "srt")))
    assert [cue.index for cue in read] == [1, 2, 3]
    millisecond = timedelta(milliseconds=1)
    assert [(c.start // millisecond, c.end // millisecond, c.content.split("\n")) for c in read] == EXPECTED


def milliseconds(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def test_webvtt_is_read_back(timeline: Path) -> None:
    read = webvtt.from_string(text_of(timeline, "webvtt"))
    assert [(milliseconds(c.start), milliseconds(c.end), c.text.split("\n")) for c in read.captions] == EXPECTED
    assert [c.identifier for c in read.captions] == ["1", "2", "3"]
    assert [c.voice for c in read.captions] == ["track 1", "track 1", "track 1"]  # of the first line
    assert read.captions[0].raw_text.split("\n")[1] == "<v track 2>track 2: <c.anger>anger</c> 0.75</v>"
    assert {f"::cue(.{emotion})" for emotion in EMOTIONS} <= set(read.styles[0].text.split())


def test_a_webvtt_file_says_what_the_numbers_are_not(timeline: Path) -> None:
    (note,) = [block for block in text_of(timeline, "webvtt").split("\n\n") if block.startswith("NOTE")]
    assert "not what a person feels" in note


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_no_name_of_a_video_breaks_captions(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "nnn"}, regular(3), name))
    text = text_of(path, "webvtt")
    assert text.count("-->") == 1
    assert len(webvtt.from_buffer(io.StringIO(text))) == 1
    assert len(list(srt.parse(text_of(path, "srt")))) == 1


def test_where_nothing_is_shown_there_are_no_cues(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "uu."}, regular(3)))
    assert text_of(path, "srt") == ""
    assert len(webvtt.from_string(text_of(path, "webvtt"))) == 0
