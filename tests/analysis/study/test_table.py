"""The tidy table, against figures that are counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import feelit
from feelit.analysis.study import curves
from feelit.timeline.schema import pack_metadata
from tests.analysis.study.made import timeline
from tests.conftest import Command
from tests.timeline.rows import CERTAIN

LOW = (1 - CERTAIN) / 7

Value = Callable[..., float]


def value_of(table: pd.DataFrame) -> Value:
    """A lookup in the long table."""

    def look(measure: str, column: str = "value", **keys: Any) -> float:
        rows = table[table["measure"] == measure]
        for key, wanted in keys.items():
            rows = rows[rows[key] == wanted]
        assert len(rows) == 1
        return float(rows[column].iloc[0])

    return look


def test_measures_are_those_that_a_hand_counts(tmp_path: Path) -> None:
    #          rest: 2 s     funny: 4 s, of which 2 s happy, 0.5 s unreadable
    timeline(tmp_path / "a.parquet", "n" * 20 + "n" * 10 + "h" * 20 + "u" * 5 + "n" * 5)
    study = {
        "recordings": [{"timeline": str(tmp_path / "a.parquet"), "participant": "P1"}],
        "windows": [{"name": "rest", "start": 0, "end": 2}, {"name": "funny", "start": 2, "end": 6}],
        "baseline": {"window": "rest"},
    }
    found = feelit.study(study)
    value = value_of(found.table)
    assert value("share_happiness", window="funny") == pytest.approx(2 / 3.5)
    assert value("mean_happiness", window="funny") == pytest.approx((2 * CERTAIN + 1.5 * LOW) / 3.5, abs=1e-6)
    assert value("mean_happiness", "baseline", window="funny") == pytest.approx(LOW, abs=1e-6)
    assert value("mean_happiness", "difference", window="funny") == pytest.approx(2 * (CERTAIN - LOW) / 3.5, abs=1e-6)
    assert value("mean_happiness", "ratio", window="funny") == pytest.approx((2 * CERTAIN / LOW + 1.5) / 3.5, rel=1e-5)
    assert value("peak_happiness", window="funny") == pytest.approx(CERTAIN, abs=1e-3)
    assert 1.5 <= value("latency_happiness", window="funny") <= 2.8
    assert value("area_happiness", window="funny") == pytest.approx(2 * (CERTAIN - LOW), rel=0.05)
    assert value("bouts_happiness", window="funny") == 1
    assert value("bouts_neutral", window="funny") == 2
    assert np.isnan(value("bouts_neutral", "baseline", window="funny"))
    row = found.table[found.table["window"] == "funny"].iloc[0]
    assert (row["seconds_seen"], row["seconds_readable"], row["samples"]) == (pytest.approx(4), pytest.approx(3.5), 35)
    assert set(found.table["missing"]) == {"", "not defined"} - {"not defined"}


def test_usual_faces_are_the_baseline_unless_a_window_is(tmp_path: Path) -> None:
    timeline(tmp_path / "a.parquet", "n" * 70 + "h" * 30)
    study = {
        "recordings": [{"timeline": str(tmp_path / "a.parquet"), "participant": "P1"}],
        "windows": [{"name": "end", "start": 7, "end": 10}],
    }
    value = value_of(feelit.study(study).table)
    assert value("mean_happiness", "baseline") == pytest.approx(LOW, abs=1e-6)
    assert value("share_happiness", "baseline") == pytest.approx(0.3)
    assert value("share_happiness", "difference") == pytest.approx(0.7)


def test_a_baseline_in_another_recording_of_the_session_counts(tmp_path: Path) -> None:
    timeline(tmp_path / "film.parquet", "h" * 50)
    timeline(tmp_path / "rest.parquet", "n" * 50)
    recordings = [
        {"timeline": str(tmp_path / f"{name}.parquet"), "participant": "P1", "windows": [{"name": name, "start": 1, "end": 4}]}
        for name in ("film", "rest")
    ]
    value = value_of(feelit.study({"recordings": recordings, "baseline": {"window": "rest"}}).table)
    assert value("mean_happiness", "difference", window="film") == pytest.approx(CERTAIN - LOW, abs=1e-6)
    assert value("area_happiness", window="film") == pytest.approx(3 * (CERTAIN - LOW), abs=1e-3)


def test_every_gap_has_a_reason(tmp_path: Path) -> None:
    timeline(tmp_path / "a.parquet", "n" * 20 + "u" * 20 + "." * 20 + "n" * 5 + "u" * 15)
    windows = [
        {"name": name, "start": 2 * n, "end": 2 * n + 2} for n, name in enumerate(("seen", "unreadable", "away", "little"))
    ]
    recordings = [
        {"timeline": str(tmp_path / "a.parquet"), "participant": "P1", "windows": windows},
        {"timeline": str(tmp_path / "b.parquet"), "participant": "P2", "windows": windows[:1], "exclude": "fell asleep"},
    ]
    found = feelit.study({"recordings": recordings})
    reasons = dict(found.wide.groupby("window")["missing"].first())
    assert reasons["unreadable"] == "not readable"
    assert reasons["away"] == "not seen"
    assert reasons["little"] == "readable for 25% of the window, less than 50%"
    table = found.table
    assert table["value"].isna().to_numpy().tolist() == (table["missing"] != "").to_numpy().tolist()
    assert set(table[table["participant"] == "P2"]["missing"]) == {"excluded: fell asleep"}
    quality = found.quality.set_index("participant")
    assert quality["status"].to_dict() == {"P1": "partly", "P2": "excluded"}
    assert quality.loc["P1", "used"] == 1
    assert "not seen (1)" in str(quality.loc["P1", "reasons"])


def test_a_window_beyond_the_recording_is_refused_or_marked(tmp_path: Path) -> None:
    timeline(tmp_path / "a.parquet", "n" * 50)
    study: dict[str, Any] = {
        "recordings": [{"timeline": str(tmp_path / "a.parquet"), "participant": "P1"}],
        "windows": [{"name": "A", "start": 3, "end": 6}, {"name": "B", "start": 7, "end": 9}],
    }
    with pytest.raises(feelit.UsageError, match=r"the window A of P1 is 3 to 6 s of a\.mp4, which is 5 s long") as refused:
        feelit.study(study)
    assert "partial = true" in refused.value.hint
    wide = feelit.study(study | {"quality": {"partial": True}}).wide.set_index("window")
    assert wide["note"].tolist() == ["1.0 s beyond the recording", "2.0 s beyond the recording"]
    assert wide["missing"].tolist() == ["", "beyond the recording"]
    assert wide.loc["A", "share_neutral"] == 1


def test_people_are_meant_by_name_number_or_time_on_screen(tmp_path: Path) -> None:
    place = timeline(tmp_path / "a.parquet", {1: "h" * 20 + "." * 20, 2: "n" * 40}, {1: "Ann"})

    def shares(**recording: Any) -> list[float]:
        study = {"recordings": [{"timeline": str(place)} | recording], "quality": {"least_readable": 0.1}}
        table = feelit.study(study).table
        return [float(v) for v in table[table["measure"] == "share_happiness"]["value"]]

    assert shares(participant="P1", person="Ann") == [1]
    assert shares(participant="P1", person=2) == [0]
    assert shares(participant="P1", person="longest") == [0]
    assert shares(people={"2": "P2", "Ann": "P1"}) == [0, 1]
    with pytest.raises(feelit.UsageError, match=r"P1 in a\.mp4: there are 2 people") as refused:
        shares(participant="P1")
    assert "Ann, 2" in refused.value.hint
    with pytest.raises(feelit.UsageError, match=r"P1 in a\.mp4: no person Ben"):
        shares(participant="P1", person="Ben")


def test_curves_begin_with_the_window_and_have_a_band_over_participants(tmp_path: Path) -> None:
    recordings = []
    for n, delay in enumerate((10, 12, 14)):
        timeline(tmp_path / f"{n}.parquet", "n" * delay + "h" * (40 - delay) + "n" * 10)
        recordings.append({"timeline": str(tmp_path / f"{n}.parquet"), "participant": f"P{n}", "condition": "film"})
    study = {
        "recordings": recordings,
        "windows": [{"name": "A", "start": 1, "end": 4}],
        "curves": {"emotions": ["happiness"], "step": 0.5, "before": 0.5},
    }
    found = feelit.study(study).curves
    assert found["level"].unique().tolist() == ["film"]
    assert found["time_s"].tolist() == pytest.approx([-0.25, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75])
    assert found["mean"].iloc[0] == pytest.approx(LOW, abs=1e-6)
    assert found["mean"].iloc[-1] == pytest.approx(CERTAIN, abs=1e-6)
    second = [LOW + (CERTAIN - LOW) * share for share in (1.0, 0.6, 0.2)]
    assert found["mean"].iloc[1] == pytest.approx(np.mean(second), abs=1e-6)
    assert min(second) - 1e-6 <= found["low"].iloc[1] < found["mean"].iloc[1] < found["high"].iloc[1] <= max(second) + 1e-6
    assert set(found["participants"]) == {3}


def test_windows_that_are_too_long_for_a_curve_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "MOST_POINTS", 10)
    study = {"recordings": [{"timeline": str(timeline(tmp_path / "a.parquet", "n" * 50)), "participant": "P1"}]}
    found = feelit.study(study)
    assert found.wide["note"].tolist() == ["too long for a curve"]
    assert len(found.curves) == 0
    with pytest.raises(feelit.UsageError, match="a curve of whole would have 25 points"):
        feelit.study(study | {"curves": {"step": 0.2}})


def test_a_study_in_which_nobody_counts_has_its_tables_and_its_page(tmp_path: Path) -> None:
    recordings = [{"timeline": "none.parquet", "participant": who, "condition": who, "exclude": "lost"} for who in ("a", "b")]
    found = feelit.study({"recordings": recordings, "contrasts": [{"levels": ["a", "b"]}]}, tmp_path / "out")
    assert set(found.table["missing"]) == {"excluded: lost"}
    assert set(found.contrasts["note"]) == {"fewer than two participants"}
    assert (tmp_path / "out" / "report.html").is_file()


def test_files_are_read_by_pandas_as_they_are(tmp_path: Path) -> None:
    timeline(tmp_path / "a.parquet", "n" * 50)
    (tmp_path / "study.csv").write_text("timeline,participant,condition\na.parquet,=P1,x\n")
    found = feelit.study(tmp_path / "study.csv", tmp_path / "out", wide=True)
    tables = [f"{name}.{ending}" for name in ("table", "wide", "curves", "quality") for ending in ("csv", "parquet")]
    assert sorted(path.name for path in found.files) == sorted([*tables, "report.html"])
    read, whole = pd.read_csv(tmp_path / "out" / "table.csv"), pd.read_parquet(tmp_path / "out" / "table.parquet")
    assert list(read.columns) == list(whole.columns) == list(found.table.columns)
    assert read["participant"].unique().tolist() == ["'=P1"]
    assert whole["participant"].unique().tolist() == ["=P1"]
    np.testing.assert_allclose(read["value"], whole["value"], rtol=1e-12)
    assert len(pd.read_csv(tmp_path / "out" / "wide.csv")) == 1
    with pytest.raises(feelit.OutputError, match="exists already"):
        feelit.study(tmp_path / "study.csv", tmp_path / "out")
    feelit.study(tmp_path / "study.csv", tmp_path / "out", force=True)
    (tmp_path / "a.parquet").rename(tmp_path / "table.parquet")
    (tmp_path / "study.csv").write_text("timeline,participant\ntable.parquet,P1\n")
    with pytest.raises(feelit.UsageError, match=r"table\.parquet is read, and would be replaced"):
        feelit.study(tmp_path / "study.csv", tmp_path, force=True)


def test_a_timeline_without_any_video_is_refused(tmp_path: Path) -> None:
    place = timeline(tmp_path / "a.parquet", "h")
    table = pq.read_table(place).slice(0, 0)
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": {}})), place)
    for which in ({}, {"video": "a.mp4"}):
        with pytest.raises(feelit.UsageError, match=r"a\.parquet of P1 holds no video$"):
            feelit.study({"recordings": [{"timeline": str(place), "participant": "P1"} | which]})


def test_the_command_counts_one_participant_as_one(tmp_path: Path, command: Command) -> None:
    place = timeline(tmp_path / "a.parquet", "hhnn")
    study = tmp_path / "study.csv"
    study.write_text(f"timeline,participant\n{place.name},P1\n")
    ran = command("study", study, "--out", tmp_path / "out")
    assert ran.code == 0
    assert ran.out.startswith("1 participant, 0 of them excluded")
