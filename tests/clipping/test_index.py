"""Names of clips, and the list of them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from feelit.clipping.highlights import NAN, Highlight
from feelit.clipping.index import FIELDS, INDEX, LONGEST_NAME, NAME, Clip, csv_text, listed, name_of

CLIP = Clip(
    file="0001_00-00-01.000_person2-anna_anger_peak.mp4",
    video="a.mp4",
    kind="peak",
    people=(2, 5),
    names=("Anna",),
    tracks=(),
    emotion="anger",
    start_s=0.96,
    end_s=2.0,
    event_start_s=1.0,
    event_end_s=1.5,
    peak_s=1.2,
    strength=0.75,
    baseline=0.25,
    p_value=0.002,
    text=None,
)


def highlight(kind: str, who: tuple[int, ...], emotion: str | None, start_s: float) -> Highlight:
    return Highlight(kind=kind, who=who, emotion=emotion, start_s=start_s, end_s=start_s + 1, peak_s=start_s, strength=0.5)


@pytest.mark.parametrize(
    ("number", "event", "name"),
    [
        pytest.param(
            1, highlight("moment", (2,), "happiness", 723.48), "0001_00-12-03.480_person2_happiness_moment.mp4", id="moment"
        ),
        pytest.param(
            12, highlight("shared", (1, 3, 4), "fear", 3600.0), "0012_01-00-00.000_person1-3-4_fear_shared.mp4", id="several"
        ),
        pytest.param(3, highlight("absence", (5,), None, 59.9996), "0003_00-01-00.000_person5_absence.mp4", id="no emotion"),
        pytest.param(4, highlight("at", (), None, 0.0), "0004_00-00-00.000_at.mp4", id="a time"),
        pytest.param(
            5,
            highlight("shared", tuple(range(1, 26)), "anger", 1.0),
            "0005_00-00-01.000_25people_anger_shared.mp4",
            id="a crowd",
        ),
        pytest.param(
            12345, highlight("at", (), None, 360_000.0), "12345_100-00-00.000_at.mp4", id="more than four digits, 100 hours"
        ),
    ],
)
def test_names_tell_when_who_and_what(number: int, event: Highlight, name: str) -> None:
    assert name_of(number, event, "person") == name
    assert NAME.fullmatch(name)


@pytest.mark.parametrize(
    ("names", "who"),
    [
        (("Anna Huber",), "person2-anna-huber"),
        (("Ünï/..\\é",), "person2-uni-e"),
        (("李",), "person2"),
        (("x" * 99,), "person2-" + "x" * LONGEST_NAME),
        ((), "person2"),
    ],
)
def test_names_of_people_stand_in_names_of_files(names: tuple[str, ...], who: str) -> None:
    name = name_of(1, highlight("moment", (2,), "fear", 0.0), "person", names)
    assert name == f"0001_00-00-00.000_{who}_fear_moment.mp4"
    assert NAME.fullmatch(name)


def test_tracks_are_named_where_they_were_asked_for() -> None:
    assert "_track2_" in name_of(1, highlight("moment", (2,), "fear", 0.0), "track")
    assert "_25tracks_" in name_of(1, highlight("shared", tuple(range(25)), "fear", 0.0), "track")


def test_an_index_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text(csv_text([CLIP, CLIP]), encoding="utf-8")
    with (tmp_path / INDEX).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [tuple(row) for row in rows] == [FIELDS, FIELDS]
    assert (rows[0]["people"], rows[0]["names"], rows[0]["tracks"]) == ("2 5", "Anna", "")
    assert (rows[0]["start_s"], rows[0]["baseline"], rows[0]["p_value"]) == ("0.96", "0.25", "0.002")
    assert listed(tmp_path) == [CLIP.file] * 2


def test_what_there_is_not_is_none() -> None:
    row = replace(CLIP, people=(), names=(), emotion=None, strength=NAN, p_value=NAN).record()
    assert (row["people"], row["names"], row["tracks"], row["emotion"]) == ([], [], [], None)
    assert (row["strength"], row["p_value"]) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("name,size\na.mp4,3\n", id="of another program"),
        pytest.param("file\n../0001_00-00-00.000_at.mp4\n/etc/passwd\nholiday.mp4\n0001_.mp4\n", id="names that are no clip's"),
        pytest.param("file\n0001_00-00-00.000_at.mp4/../x.mp4\n", id="a path"),
        pytest.param("file\n\0\n", id="not text"),
        pytest.param("\0\r\0ftyp\r\rmoov", id="a video"),
        pytest.param("file\n" + "x" * (csv.field_size_limit() + 1), id="a cell too long for the reader"),
    ],
)
def test_only_names_of_clips_are_listed(tmp_path: Path, text: str) -> None:
    (tmp_path / INDEX).write_text(text, encoding="utf-8")
    assert listed(tmp_path) == []


def test_a_folder_without_an_index_lists_nothing(tmp_path: Path) -> None:
    assert listed(tmp_path) == listed(tmp_path / "gone") == []
