"""Blinks, looks at the camera and smiles are counted from columns of signals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import feelit
from feelit.analysis.gestures import find_blinks
from feelit.analysis.signals import HEADINGS, SHORT_HEADINGS, camera_angle, short, signal_summaries, signals_text
from feelit.errors import TimelineReadError, UsageError
from feelit.options.timelines import SummarizeOptions
from feelit.types import Float64
from tests.conftest import Command
from tests.exports.made import with_signals, write
from tests.timeline.rows import regular, table_of


def lids(closed: dict[int, float], count: int = 100, open_: float = 0.1) -> Float64:
    """Ten samples a second of eyes that are open but at the given samples."""
    result = np.full(count, open_)
    for sample, value in closed.items():
        result[sample] = value
    return result


TIMES = np.arange(100) / 10


def test_blinks_have_a_beginning_and_an_end() -> None:
    found = find_blinks(TIMES, lids({20: 0.7, 21: 0.5, 60: 0.4}))
    np.testing.assert_allclose(found, [[2.0, 2.1], [6.0, 6.0]])


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param({}, id="open"),
        pytest.param({20: 0.25}, id="a-twitch"),
        pytest.param(dict.fromkeys(range(20, 30), 0.9), id="closed-for-a-second"),
    ],
)
def test_what_is_no_blink(closed: dict[int, float]) -> None:
    assert len(find_blinks(TIMES, lids(closed))) == 0


def test_narrow_eyes_blink_too() -> None:
    assert len(find_blinks(TIMES, lids({50: 0.75}, open_=0.5))) == 1
    assert len(find_blinks(TIMES, lids({}, open_=0.5))) == 0


def test_an_absence_is_no_blink() -> None:
    apart = np.array([0.0, 0.1, 0.2, 5.0, 5.1])
    assert len(find_blinks(apart, np.array([0.1, 0.1, 0.8, 0.8, 0.1]))) == 2  # half of one on each side
    assert find_blinks(np.zeros(0), np.zeros(0)).shape == (0, 2)


def test_gaze_at_the_camera_is_an_angle() -> None:
    found = camera_angle(np.array([0.0, 30.0, 30.0]), np.array([0.0, 0.0, 40.0]))
    assert found.tolist() == pytest.approx([0, 30, np.degrees(np.arccos(np.cos(np.radians(30)) * np.cos(np.radians(40))))])


def set_column(table: pa.Table, name: str, values: Float64) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values, pa.float32(), from_pandas=True))


def talk(path: Path) -> Path:
    """Ten seconds of one person, who blinks twice, smiles for two seconds, and looks aside for one."""
    table = with_signals(table_of({1: "n" * 100}, regular(100)), blink=0.1)
    table = set_column(table, "blink", lids({20: 0.7, 60: 0.7}))
    table = set_column(table, "smile", np.where((TIMES > 2.95) & (TIMES < 4.95), 0.8, 0.0))
    table = set_column(table, "AU06", np.where((TIMES > 2.95) & (TIMES < 3.95), 0.6, 0.0))
    table = set_column(table, "gaze_yaw_deg", np.where(TIMES < 0.95, 30.0, 2.0))
    return write(path, table)


def test_a_person_is_summed_up(tmp_path: Path) -> None:
    (person,) = signal_summaries(talk(tmp_path / "t.parquet"))
    assert (person.person_id, person.blinks) == (1, 2)
    assert person.blinks_per_min == pytest.approx(60 * 2 / person.signals_s)
    assert person.smile_share == pytest.approx(0.2, abs=0.01)
    assert person.duchenne_share == pytest.approx(0.5, abs=0.01)
    assert person.camera_share == pytest.approx(0.9, abs=0.01)
    assert person.away_share == 0


def test_at_a_low_rate_blinks_are_unknown(tmp_path: Path) -> None:
    table = with_signals(table_of({1: "nnnn"}, [0.0, 0.5, 1.0, 1.5]))
    (person,) = signal_summaries(write(tmp_path / "t.parquet", table))
    assert np.isnan(person.blinks)
    assert np.isnan(person.duchenne_share)


def test_rows_without_signals_do_not_count(tmp_path: Path) -> None:
    table = with_signals(table_of({1: "nn.."}, regular(4)))
    (person,) = signal_summaries(write(tmp_path / "t.parquet", table))
    assert person.signals_s == pytest.approx(0.2)


def test_a_timeline_without_signals_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match="has no signals") as caught:
        feelit.summarize_signals(write(tmp_path / "t.parquet", table_of({1: "n"}, [0.0])))
    assert "--signals" in caught.value.hint


def test_signals_are_by_person() -> None:
    with pytest.raises(UsageError, match="--signals with --by track"):
        SummarizeOptions(by="track", signals=True)


@pytest.mark.parametrize("form", ["table", "csv", "json", "md"])
def test_the_command_writes_what_python_gives(form: str, tmp_path: Path, command: Command) -> None:
    path = talk(tmp_path / "t.parquet")
    ran = command("summarize", path, "--signals", "--format", form)
    assert ran.code == 0
    frame = feelit.summarize_signals(path)
    assert list(frame.columns) == list(HEADINGS)
    if form == "json":
        (row,) = json.loads(ran.out)
        assert row["blinks"] == frame["blinks"][0] == 2
    elif form == "table":
        assert "│" in ran.out
        assert "1 person in" in ran.out
    else:
        assert all(name in ran.out for name in HEADINGS if form == "csv" or not name.startswith("p_"))


def test_a_name_is_no_markup_and_what_is_unknown_is_a_dash(tmp_path: Path) -> None:
    (one,) = signal_summaries(talk(tmp_path / "t.parquet"))
    named = replace(one, person="<b>|A", nods=float("nan"), speaking_s=float("nan"))
    assert "\\<b>\\|A" in signals_text([named], "md")
    cells = dict(zip(SHORT_HEADINGS, short(named), strict=True))
    assert cells["person"] == "<b>|A"
    assert cells["nods"] == cells["speaks"] == "-"
