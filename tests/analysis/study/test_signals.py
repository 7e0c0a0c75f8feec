"""Signals in windows: means, shares and blinks, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import feelit
from feelit.signals.columns import SIGNALS, signal_columns
from tests.analysis.study.made import timeline

COLUMNS = signal_columns((SIGNALS,))


def with_signals(path: Path, seconds: int = 10, **columns: list[float]) -> Path:
    """A neutral timeline with basic signals, 0 unless they are given."""
    timeline(path, "n" * 10 * seconds)
    table = pq.read_table(path)
    for name in COLUMNS:
        values = columns.get(name, [0.0] * len(table))
        table = table.append_column(pa.field(name, pa.float32()), pa.array(values, pa.float32()))
    pq.write_table(table, path)
    return path


def test_means_shares_and_blinks_are_those_of_the_window(tmp_path: Path) -> None:
    smile = [0.0] * 50 + [0.8] * 25 + [0.2] * 25
    gaze = [0.0] * 60 + [40.0] * 40
    blink = [0.0] * 100
    blink[12] = blink[62] = blink[82] = 0.9
    place = with_signals(tmp_path / "a.parquet", smile=smile, gaze_yaw_deg=gaze, blink=blink)
    windows = [{"name": "late", "start": 5, "end": 10}]
    table = feelit.study({"recordings": [{"timeline": str(place), "participant": "P1"}], "windows": windows}).table
    rows = table.set_index("measure")
    assert rows.loc["mean_smile", "value"] == pytest.approx(0.5)
    assert rows.loc["share_smile", "value"] == pytest.approx(0.5)
    assert rows.loc["share_smile", "baseline"] == pytest.approx(0.25)
    assert rows.loc["share_camera", "value"] == pytest.approx(0.2)
    assert rows.loc["blinks_per_min", "value"] == pytest.approx(24)
    assert rows.loc["mean_gaze_yaw_deg", "unit"] == "deg"
    assert "mean_AU12" not in rows.index


def test_where_one_recording_has_no_signals_the_table_says_so(tmp_path: Path) -> None:
    places = [with_signals(tmp_path / "a.parquet"), timeline(tmp_path / "b.parquet", "n" * 100)]
    recordings = [{"timeline": str(place), "participant": f"P{n}"} for n, place in enumerate(places)]
    table = feelit.study({"recordings": recordings}).table
    rows = table[table["measure"] == "mean_smile"].set_index("participant")
    assert rows["missing"].to_dict() == {"P0": "", "P1": "no signals in the timeline"}
    assert rows["value"].isna().tolist() == [False, True]
    alone = feelit.study({"recordings": recordings[1:]}).table
    assert "mean_smile" not in set(alone["measure"])
    asked = feelit.study({"recordings": recordings[1:], "measures": {"signals": ["mean_smile"], "statistics": []}}).table
    assert asked["missing"].tolist() == ["no signals in the timeline"]
