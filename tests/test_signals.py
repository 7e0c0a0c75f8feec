"""Signals of a rendered call: columns, rows that do not depend on how a run is carried out, and that emotions stay the same."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from feelit.errors import UsageError
from feelit.models.card import ModelCard, write_card
from feelit.options import AnalyzeOptions, RunOptions
from feelit.run.pipeline import analyze_videos, resolve
from feelit.run.plan import find_videos
from feelit.signals.columns import ACTION_UNITS, BASIC, COLUMNS, SHAPES, SPEECH_COLUMNS
from feelit.timeline.recording import open_timelines
from feelit.timeline.schema import from_arrow
from tests.conftest import serially
from tests.test_api import Quiet
from tests.vision.networks import ultraface

FOLDER = Path(__file__).parents[1] / "sample_videos"
VIDEO = FOLDER / "meeting.mp4"
WINDOW = {"start_s": 11.0, "end_s": 12.5, "device": "cpu", "people": False}


def analyzed(out: Path, workers: int = 1, batch: int = 16, segment_s: float = 20.0, **options: object) -> pd.DataFrame:
    run = RunOptions(out=out, workers=workers, batch=batch, segment_s=segment_s)
    with serially() if workers == 1 else nullcontext():
        (report,) = analyze_videos(find_videos([str(VIDEO)]), AnalyzeOptions(**(WINDOW | options)), run, Quiet())  # type: ignore[arg-type]  # as **kwargs
    assert report.ok, report.error
    table: pd.DataFrame = pq.read_table(out).to_pandas()
    return table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("signals")


@pytest.fixture(scope="module")
def everything(folder: Path) -> pd.DataFrame:
    return analyzed(folder / "all.parquet", signals="all", blendshapes=True)


def test_rows_do_not_depend_on_how_a_run_is_carried_out(everything: pd.DataFrame, folder: Path) -> None:
    other = analyzed(folder / "other.parquet", workers=2, batch=3, segment_s=0.5, signals="all", blendshapes=True)
    pd.testing.assert_frame_equal(other, everything)


def test_faces_that_are_classified_seldom_do_not_depend_on_it_either(folder: Path) -> None:
    options: dict[str, Any] = {"classify_rate": "4", "rate": "12.5", "signals": "basic"}
    seldom = analyzed(folder / "seldom.parquet", **options)
    other = analyzed(folder / "seldom-other.parquet", batch=3, segment_s=0.13, **options)
    pd.testing.assert_frame_equal(other, seldom)
    assert 0.3 <= seldom.classified.mean() <= 0.4


def test_nothing_else_changes(everything: pd.DataFrame, folder: Path) -> None:
    plain = analyzed(folder / "none.parquet", signals="none")
    pose = ["yaw_deg", "roll_deg"]
    pd.testing.assert_frame_equal(everything[plain.columns].drop(columns=pose), plain.drop(columns=pose))
    assert list(everything.columns) == [*plain.columns, *BASIC, *ACTION_UNITS, *COLUMNS[SHAPES], *SPEECH_COLUMNS]


def test_the_default_is_what_costs_little(tmp_path: Path) -> None:
    assert resolve(AnalyzeOptions()).record["config"]["signals"] == "basic"
    path = ultraface(tmp_path / "u.onnx", [[0.3, 0.0, 0.6, 0.4]])
    write_card(ModelCard("u", "face", "ultraface", color="rgb"), path)
    settings = resolve(AnalyzeOptions(detector=str(path)))
    assert settings.models.signals is None, "faces are aligned by landmarks, which this detector does not give"
    assert "signals" not in settings.record["config"]


def test_signals_are_there_where_faces_are_large_enough(everything: pd.DataFrame) -> None:
    seen = everything[list(BASIC) + list(ACTION_UNITS)].notna()
    assert (seen.all(axis=1) == (everything.face_px >= 32)).all()
    assert (seen.any(axis=1) == seen.all(axis=1)).all()
    shares = everything[[*BASIC[3:], *ACTION_UNITS]].to_numpy()
    assert ((shares >= 0) & (shares <= 1) | np.isnan(shares)).all()


def test_heads_are_turned_as_they_were_rendered(everything: pd.DataFrame) -> None:
    truth = pd.read_parquet(FOLDER / "meeting.truth.parquet")
    rows = everything[everything.pitch_deg.notna()]
    errors = []
    for frame, faces in rows.groupby("frame"):
        true = truth[truth.frame == frame]
        middle = (true[["x0", "y0"]].to_numpy() + true[["x1", "y1"]].to_numpy()) / 2
        for _, face in faces.iterrows():
            far = np.hypot(middle[:, 0] - (face.x0 + face.x1) / 2, middle[:, 1] - (face.y0 + face.y1) / 2)
            if far.min() < 30 and true.iloc[far.argmin()].occlusion != "mask":
                nearest = true.iloc[far.argmin()]
                errors.append([abs(face[name] - nearest[name]) for name in ("yaw_deg", "pitch_deg", "roll_deg")])
    assert len(errors) > 60
    assert (np.mean(errors, axis=0) < 6).all()


def test_a_timeline_with_signals_reads_back(everything: pd.DataFrame, folder: Path) -> None:
    (recording,) = open_timelines(folder / "all.parquet")
    assert recording.groups == ("signals", "action_units", "blendshapes", "speech")
    assert recording.info.config["signals"] == "all"
    timeline = from_arrow(recording.table())
    np.testing.assert_array_equal(timeline.signals[:, 0], everything.pitch_deg.to_numpy(np.float32))
    (without,) = open_timelines(pq.read_table(folder / "all.parquet").drop_columns(["bs_neutral", *COLUMNS[SHAPES][1:]]))
    assert without.groups == ("signals", "action_units", "speech")


def test_blendshapes_belong_to_signals() -> None:
    with pytest.raises(UsageError, match="--blendshapes with --signals none"):
        AnalyzeOptions(signals="none", blendshapes=True)
