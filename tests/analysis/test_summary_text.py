from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from feelit.analysis.summary import By, flat, headings, summaries
from feelit.analysis.summary_text import csv_text, json_text, markdown_text, short, short_headings
from feelit.errors import UsageError
from feelit.options.timelines import SummarizeOptions
from tests.timeline.rows import regular, table_of

TABLE = pa.concat_tables(
    [
        table_of({1: "nnnhhh", 2: "uuuuuu"}, regular(6, 1 / 3), "a|b.mp4"),
        table_of({}, regular(3), "empty.mp4"),
    ]
)


def test_json_has_no_nan_and_four_decimals() -> None:
    first, second = json.loads(json_text(summaries(TABLE, "track")))
    assert first["on_screen_s"] == 2.0
    assert first["p_neutral"] == 0.3929  # (3 * 0.75 + 3 / 28) / 6 = 0.392857...
    assert first["moments"] == [{"time_s": 1.0, "track_id": 1, "emotion": "happiness", "confidence": 0.75, "baseline": 0.0356}]
    assert (second["dominant"], second["share_neutral"], second["mean_bout_s"], second["moments"]) == (None, None, None, [])


@pytest.mark.parametrize("by", ["video", "track"])
def test_csv_and_json_agree(by: By) -> None:
    records = summaries(TABLE, by)
    rows = list(csv.DictReader(io.StringIO(csv_text(records, by))))
    objects = json.loads(json_text(records))
    assert len(rows) == len(objects) == 2
    assert list(rows[0]) == headings(by)
    for row, content in zip(rows, objects, strict=True):
        for i, moment in enumerate(content.pop("moments"), 1):
            assert row[f"moment_{i}_s"] == str(moment["time_s"])
            assert row[f"moment_{i}_emotion"] == moment["emotion"]
        assert {k: "" if v is None else str(v) for k, v in content.items()} == {
            k: v for k, v in row.items() if not k.startswith("moment_")
        }


@pytest.mark.parametrize("by", ["video", "track"])
def test_markdown_is_one_table(by: By) -> None:
    lines = markdown_text(summaries(TABLE, by), by).splitlines()
    assert len(lines) == 2 + 2
    assert {line.replace("\\|", "").count("|") for line in lines} == {len(short_headings(by)[0]) + 1}
    assert "a\\|b.mp4" in lines[2]


def test_nothing_to_tell_is_a_dash() -> None:
    video = short(summaries(TABLE, "video")[1])
    assert video == ["empty.mp4", "-", "-", "-", "0:00.3", "0 %", "0", "-", "-", "-"]


def test_the_short_form_of_a_track() -> None:
    track = short(summaries(table_of({1: "nnnnhhnhnh"}, regular(10, 600.0)), "track")[0])
    assert track[:4] == ["a.mp4", "1", "0:00.0–1:30:00.0", "neutral 60 % (3600.0 s)\nhappiness 40 % (2400.0 s)"]
    assert track[4] == "40:00.0 happiness 0.75\n1:10:00.0 happiness 0.75\n1:30:00.0 happiness 0.75"
    assert track[5:] == ["-", "1:40:00.0", "100 %", "6 of 1000.0 s", "0.1"]


def test_rare_emotions_are_not_named() -> None:
    track = short(summaries(table_of({1: "n" * 39 + "h"}, regular(40)), "track")[0])
    assert track[3] == "neutral 98 % (3.9 s)"


def test_events_are_counted_in_words() -> None:
    shown = {1: "n" * 300 + "h" * 30 + "n" * 100 + "." * 60 + "n" * 100, 2: "n" * 590}
    assert [short(record)[5] for record in summaries(table_of(shown, regular(590)), "track")] == ["1 peak\n1 absence", "-"]


def test_of_little_time_no_shares_are_named() -> None:
    track = short(summaries(table_of({1: "n" * 12 + "." * 30}, regular(42)), "track")[0])
    assert track[3] == "too little to tell (1.2 s)"


def test_labels_that_are_seldom_right_have_a_star() -> None:
    table = table_of({1: "n" * 40 + "a" * 20}, regular(60))
    texts = pc.replace_substring(table["emotion"].cast(pa.string()), "anger", "disgust").dictionary_encode()
    table = table.set_column(table.schema.get_field_index("emotion"), "emotion", texts)
    track = short(summaries(table, "track")[0])
    assert track[3] == "neutral 67 % (4.0 s)\ndisgust* 33 % (2.0 s)"


def test_what_is_unsure_is_named_beside_the_rest() -> None:
    doubtful = {(1, i): 0.4 for i in range(10)}
    (record,) = summaries(table_of({1: "n" * 40}, regular(40), confidence=doubtful), "track")
    assert record.shown.unsure_share == pytest.approx(0.25)
    assert short(record)[3] == "neutral 100 % (4.0 s)\nunsure 25 % (1.0 s)"


@pytest.mark.parametrize(
    ("emotion", "confidence", "share"),
    [
        pytest.param("sadness", 0.7, 1.0, id="below"),
        pytest.param("sadness", 0.8, 0.0, id="from"),
        pytest.param("surprise", 0.8, 1.0, id="a rarer label"),
        pytest.param("anger", 0.7, 0.0, id="a usual label"),
    ],
)
def test_every_label_is_claimed_from_its_own_probability(emotion: str, confidence: float, share: float) -> None:
    table = table_of({1: "a" * 40}, regular(40), confidence={(1, i): confidence for i in range(40)})
    texts = pc.replace_substring(table["emotion"].cast(pa.string()), "anger", emotion).dictionary_encode()
    table = table.set_column(table.schema.get_field_index("emotion"), "emotion", texts)
    assert summaries(table, "track")[0].shown.unsure_share == share


@pytest.mark.parametrize(
    ("baseline", "happy"), [("auto", 0.25 / 7), ("0-2", 0.25 / 7), ("3-6", 0.75), ("0:02-0:04", (0.25 / 7 + 0.75) / 2)]
)
def test_the_usual_face_is_a_median_or_the_mean_of_a_stretch(baseline: str, happy: float) -> None:
    table = table_of({1: "n" * 30 + "h" * 29}, regular(59))
    (record,) = summaries(table, "track", baseline)
    usual, raw = record.shown.usual, summaries(table, "track")[0].shown
    assert usual is not None
    assert usual[1] == pytest.approx(happy, abs=0.002)
    assert record.shown.mean_probability == raw.mean_probability
    row = flat(record)
    assert row["above_happiness"] == pytest.approx(row["p_happiness"] - row["usual_happiness"])
    assert next(csv.DictReader(io.StringIO(csv_text([record], "track"))))["usual_happiness"]


def test_a_usual_face_that_was_not_seen_is_unknown() -> None:
    (record,) = summaries(table_of({1: "n" * 40}, regular(40)), "track", "100-200")
    assert short(record)[3].endswith("usual face unknown")
    assert json.loads(json_text([record]))[0]["usual_neutral"] is None


@pytest.mark.parametrize("baseline", ["sometimes", "5-2", "5", "3-3", "1-2-3"])
def test_what_is_no_stretch_is_refused(baseline: str) -> None:
    with pytest.raises(UsageError, match="--baseline"):
        SummarizeOptions(baseline=baseline)


def test_a_video_has_no_usual_face() -> None:
    with pytest.raises(UsageError):
        SummarizeOptions(baseline="auto", by="video")
    with pytest.raises(UsageError):
        summaries(TABLE, "video", "auto")
