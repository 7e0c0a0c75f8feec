"""Nods, shakes, times of facing away and mutual smiles are found in series that were made to hold them, and in no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import feelit
from feelit.analysis.event import Kind
from feelit.analysis.events import find_events
from feelit.analysis.gestures import Axis, find_away, find_head_bouts, find_mutual_smiles, is_dense
from feelit.analysis.signals import signal_summaries
from feelit.types import Float64
from tests.conftest import Command
from tests.exports.made import grouped, with_signals, write
from tests.timeline.rows import regular, table_of

TIMES = np.arange(200) / 20


def swing(hz: float, amplitude_deg: float, start_s: float = 4.0, cycles: float = 2.0, time_s: Float64 = TIMES) -> Float64:
    """A head at rest that turns to and fro, from extreme to extreme by twice the amplitude, and rests again."""
    phase = (time_s - start_s) * hz
    result: Float64 = np.where((phase >= 0) & (phase <= cycles), amplitude_deg * np.sin(2 * np.pi * phase), 0.0)
    return result


STILL = np.zeros(len(TIMES))


@pytest.mark.parametrize("axis", ["pitch", "yaw"])
@pytest.mark.parametrize("hz", [0.7, 1.0, 2.0, 3.0])
def test_a_bout_is_found_where_it_is(axis: Axis, hz: float) -> None:
    moved = swing(hz, 6)
    pitch, yaw = (moved, STILL) if axis == "pitch" else (STILL, moved)
    (bout,) = find_head_bouts(TIMES, pitch, yaw, axis)
    assert bout.start_s == pytest.approx(4, abs=0.4 / hz)
    assert bout.end_s == pytest.approx(4 + 2 / hz, abs=0.4 / hz)
    assert bout.amplitude_deg == pytest.approx(12, abs=1)
    assert bout.start_s <= bout.peak_s <= bout.end_s + 0.1
    assert not find_head_bouts(TIMES, pitch, yaw, "yaw" if axis == "pitch" else "pitch")


@pytest.mark.parametrize(
    ("pitch", "yaw"),
    [
        pytest.param(swing(0.3, 6), STILL, id="slow"),
        pytest.param(swing(6.0, 6, cycles=6), STILL, id="tremble"),
        pytest.param(swing(2.0, 1), STILL, id="small"),
        pytest.param(swing(0.8, 30), STILL, id="looks-up-and-down"),
        pytest.param(swing(2.0, 6, cycles=0.5), STILL, id="a-look-up"),
        pytest.param(swing(2.0, 6), swing(2.0, 9), id="rather-a-shake"),
        pytest.param(np.random.default_rng(1).normal(0, 0.7, len(TIMES)), STILL, id="noise"),
    ],
)
def test_what_is_no_nod(pitch: Float64, yaw: Float64) -> None:
    assert not find_head_bouts(TIMES, pitch, yaw, "pitch")


def test_a_bout_does_not_cross_a_gap() -> None:
    apart = np.where(TIMES > 4.3, TIMES + 3, TIMES)
    assert not find_head_bouts(apart, swing(2.0, 6, cycles=1.0), STILL, "pitch")
    assert find_head_bouts(TIMES, swing(2.0, 6, cycles=1.0), STILL, "pitch")
    assert find_head_bouts(np.zeros(0), np.zeros(0), np.zeros(0), "pitch") == []


def test_ten_samples_a_second_show_nods_as_well() -> None:
    assert len(find_head_bouts(TIMES[::2], swing(2.0, 6)[::2], STILL[::2], "pitch")) == 1
    assert is_dense(np.array([0.0, 0.12, 0.2, 0.32, 0.4, 5.0]))  # of 25 frames a second, and an absence
    assert not is_dense(np.arange(9) / 8)
    assert not is_dense(np.zeros(1))


def test_facing_away_takes_a_second() -> None:
    yaw = np.where((TIMES > 1.99) & (TIMES < 3.99), -60.0, 0.0) + np.where((TIMES > 6) & (TIMES < 6.5), 50, 0)
    ((start_s, end_s),) = find_away(TIMES, np.full(len(TIMES), 0.05), yaw)
    assert [start_s, end_s] == pytest.approx([2.0, 4.0])


def smiles(*spans: tuple[float, float]) -> Float64:
    result: Float64 = np.max([np.where(abs(TIMES - (a + b) / 2 + 0.025) < (b - a) / 2, 0.8, 0.1) for a, b in spans], axis=0)
    return result


def test_smiles_of_two_overlap() -> None:
    length = np.full(len(TIMES), 0.05)
    shown = np.stack([smiles((1, 3), (8, 9)), smiles((2, 4)), smiles((9, 9.5))])
    (found,) = find_mutual_smiles(TIMES, length, shown, np.random.default_rng(0))
    assert found.people == (0, 1)
    assert [found.start_s, found.end_s] == pytest.approx([2.0, 3.0])
    assert found.strength == pytest.approx(0.8)
    again = find_mutual_smiles(TIMES, length, shown, np.random.default_rng(0))
    assert again == [found]


def test_common_smiles_are_less_likely_chance_than_brief_contacts() -> None:
    length = np.full(len(TIMES), 0.05)
    (common,) = find_mutual_smiles(TIMES, length, np.stack([smiles((4, 6)), smiles((4, 6))]), np.random.default_rng(0))
    (brief,) = find_mutual_smiles(TIMES, length, np.stack([smiles((0, 5)), smiles((4.4, 9.4))]), np.random.default_rng(0))
    assert common.p_value < 0.05 < 0.5 < brief.p_value


def two_people(path: Path) -> Path:
    """Ten seconds of two people: both smile at 4 s, the first nods at 6 s, blinks at 2 s and faces away at the end."""
    table = grouped(with_signals(table_of({1: "n" * 100, 2: "n" * 100}, regular(100))), {1: 1, 2: 2})
    first, time_s = table.column("track_id").to_numpy() == 1, table.column("time_s").to_numpy()
    for name, values in {
        "smile": np.where((time_s > 3.95) & (time_s < 5.95), 0.9, 0.0),
        "pitch_deg": np.where(first, swing(1.5, 6, 6.0, time_s=time_s), 0.0),
        "blink": np.where(first & (abs(time_s - 2) < 0.11), 0.8, 0.1),
        "yaw_deg": np.where(first & (time_s > 8.45), 60.0, 0.0),
    }.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values, pa.float32()))
    return write(path, table)


def test_events_of_signals_have_the_columns_of_others(tmp_path: Path) -> None:
    events = find_events(two_people(tmp_path / "t.parquet"), (Kind.facing_away, Kind.nod, Kind.mutual_smile, Kind.blink))
    assert [(event.kind.value, event.people) for event in events] == [
        ("blink", (1,)),
        ("mutual_smile", (1, 2)),
        ("nod", (1,)),
        ("facing_away", (1,)),
    ]
    blink, smile, nod, away = events
    assert [blink.start_s, blink.end_s] == pytest.approx([1.9, 2.2])
    assert blink.strength == pytest.approx(0.8)
    assert smile.p_value <= 0.05
    assert smile.p_adjusted == smile.p_value
    assert nod.strength == pytest.approx(12, abs=1.5)
    assert np.isnan([blink.p_value, nod.p_value, away.p_value, away.baseline]).all()
    assert away.strength == 60


def test_by_track_there_are_tracks(tmp_path: Path) -> None:
    (event,) = find_events(two_people(tmp_path / "t.parquet"), (Kind.nod,), by="track")
    assert (event.people, event.tracks) == ((), (1,))


def test_without_signals_there_are_none(tmp_path: Path) -> None:
    assert find_events(write(tmp_path / "t.parquet", table_of({1: "n"}, [0.0])), (Kind.nod, Kind.blink)) == []


def test_the_command_lists_them(tmp_path: Path, command: Command) -> None:
    path = two_people(tmp_path / "t.parquet")
    ran = command("events", path, "--kind", "nod,mutual_smile", "--format", "csv")
    assert ran.code == 0
    assert [line.split(",")[1] for line in ran.out.splitlines()[1:]] == ["mutual_smile", "nod"]
    assert feelit.events(path, kinds=["nod"])["kind"].tolist() == ["nod"]
    table = command("events", path, "--kind", "nod")
    assert "°" in table.out


def test_they_are_summed_up_by_person(tmp_path: Path) -> None:
    one, other = signal_summaries(two_people(tmp_path / "t.parquet"))
    assert (one.nods, one.shakes, one.blinks, other.nods) == (1, 0, 1, 0)
    assert one.mutual_smiles == other.mutual_smiles == 1
    assert one.mutual_smile_s == pytest.approx(2.0, abs=0.05)
    assert one.away_s == pytest.approx(1.5, abs=0.1)
    assert one.camera_s == pytest.approx(10.0, abs=0.1)
