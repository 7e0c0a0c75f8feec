from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from tests.exports.made import FACTS, text_of, write
from tests.timeline.rows import regular, table_of


def read(path: Path, tracks: tuple[int, ...] | None = None) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text_of(path, "boris", tracks)), sep="\t", keep_default_na=False)


AGGREGATED_EVENTS = """\
Observation id|Observation date|Description|Observation type|Source|Time offset (s)|Coding duration|Media duration (s)|\
FPS (frame/s)|Subject|Observation duration by subject by observation|Behavior|Behavioral category|Behavior type|Start (s)|\
Stop (s)|Duration (s)|Media file name|Image index start|Image index stop|Image file path start|Image file path stop|\
Comment start|Comment stop"""


def test_the_columns_are_those_of_aggregated_events(tmp_path: Path) -> None:
    assert "|".join(map(str, read(write(tmp_path / "t.parquet", table_of({}, regular(2)))).columns)) == AGGREGATED_EVENTS


def test_a_state_a_bout_in_order_of_start(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "t.parquet", table_of({1: "nnnhhh", 2: "aa.naa"}, regular(6))))
    names = ["Subject", "Behavior", "Behavior type", "Start (s)", "Stop (s)", "Duration (s)"]
    assert frame[names].to_numpy().tolist() == [
        ["track 1", "neutral", "STATE", 0.0, 0.3, 0.3],
        ["track 2", "anger", "STATE", 0.0, 0.2, 0.2],
        ["track 1", "happiness", "STATE", 0.3, 0.6, 0.3],
        ["track 2", "anger", "STATE", 0.3, 0.6, 0.3],
    ]
    assert frame["Observation duration by subject by observation"].tolist() == [0.6, 0.5, 0.6, 0.5]
    assert set(frame["Comment start"]) == {"confidence 0.75"}


def test_every_video_is_an_observation(tmp_path: Path) -> None:
    tables = [table_of({1: "nnn"}, regular(3), name) for name in ("a\tb.mp4", "c.mp4")]
    videos = {"a\tb.mp4": FACTS, "c.mp4": {"duration_s": 2.5, "average_rate": "unheard of"}}
    frame = read(write(tmp_path / "t.parquet", *tables, videos=videos))
    assert frame["Observation id"].tolist() == frame["Media file name"].tolist() == ["a\tb.mp4", "c.mp4"]
    assert frame["Source"].tolist() == ["player #1:a\tb.mp4", "player #1:c.mp4"]
    assert frame["Media duration (s)"].tolist() == frame["Coding duration"].tolist() == [2.0, 2.5]
    assert frame["FPS (frame/s)"].astype(str).tolist() == ["29.970", "NA"]


def test_only_some_tracks(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "nnn", 2: "hhh"}, regular(3)))
    assert read(path, (2,))["Subject"].tolist() == ["track 2"]


@pytest.mark.parametrize("rate", ["1/0", "", None])
def test_a_rate_that_is_none_is_not_available(rate: object, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "nnn"}, regular(3)), videos={"a.mp4": {"average_rate": rate}})
    assert read(path)["FPS (frame/s)"].tolist() == ["NA"]
