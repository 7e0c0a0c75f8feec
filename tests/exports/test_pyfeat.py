from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from feelit.exports.pyfeat import EMOTIONS
from feelit.types import EMOTIONS as OURS
from tests.exports.made import text_of, with_signals, write
from tests.timeline.rows import CERTAIN, regular, table_of


def read(path: Path, tracks: tuple[int, ...] | None = None) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text_of(path, "pyfeat", tracks)))


def test_the_columns_are_those_of_py_feat_in_its_order(tmp_path: Path) -> None:
    names = list(read(write(tmp_path / "t.parquet", table_of({1: "n"}, [0.0]))))
    assert names[:5] == ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
    assert names[5:12] == ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
    assert names[12:17] == ["contempt", "Identity", "input", "frame", "approx_time"]
    assert names[17:] == ["time_s", "FrameHeight", "FrameWidth", "track_id", "person"]  # the first and the last two are ours


def test_every_emotion_of_ours_is_somewhere() -> None:
    assert {*EMOTIONS, "contempt"} == set(OURS)


def test_faces_frames_and_times(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "t.parquet", table_of({1: "n.", 3: "h."}, [61.5, 3725.25], 'a "b".mp4')))
    assert frame["frame"].tolist() == [0, 0, 3]  # from 0, and a line for the frame without a face
    assert frame["Identity"].fillna("").tolist() == ["Person_1", "Person_3", ""]
    assert frame["approx_time"].tolist() == ["01:01", "01:01", "62:05"]
    assert frame["time_s"].tolist() == [61.5, 61.5, 3725.25]
    assert set(frame["input"]) == {'a "b".mp4'}
    assert (set(frame["FrameWidth"]), set(frame["FrameHeight"])) == ({1280}, {720})
    assert frame["FaceScore"].isna().tolist() == [False, False, True]


def test_boxes_have_a_corner_and_a_size(tmp_path: Path) -> None:
    table = table_of({1: "n"}, [0.0]).drop_columns(["x1", "y1"])
    table = table.append_column("x1", [[30.5]]).append_column("y1", [[50.25]])
    frame = read(write(tmp_path / "t.parquet", table))
    assert frame.iloc[0, :4].tolist() == [10.0, 10.0, 20.5, 40.25]


def test_probabilities_are_those_of_the_frame_and_are_not_made_to_add_up(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "t.parquet", table_of({1: "s"}, [0.0])))
    assert frame["surprise"][0] == CERTAIN
    assert frame[list(EMOTIONS)].sum(axis=1)[0] == pytest.approx(1 - frame["contempt"][0])


def test_of_unreadable_faces_no_emotion_is_claimed(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "t.parquet", table_of({1: "nu"}, regular(2))))
    assert frame["FaceScore"].notna().all()
    assert frame[[*EMOTIONS, "contempt"]].isna().all(axis=1).tolist() == [False, True]


def test_only_some_tracks(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "n.", 2: "hh"}, regular(2)))
    assert read(path, (1,))[["frame", "Identity"]].to_numpy().tolist() == [[0, "Person_1"]]


def test_with_signals_pose_and_action_units_follow_the_score(tmp_path: Path) -> None:
    values = {"pitch_deg": 5.0, "roll_deg": -2.5, "yaw_deg": 12.0, "AU12": 0.25}
    frame = read(write(tmp_path / "t.parquet", with_signals(table_of({1: "n."}, regular(2)), **values)))
    assert list(frame.columns[4:9]) == ["FaceScore", "Pitch", "Roll", "Yaw", "AU01"]
    assert [frame[name][0] for name in ("Pitch", "Roll", "Yaw", "AU12")] == [5, -2.5, 12, 0.25]
    assert frame[["Pitch", "AU12"]].iloc[1].isna().tolist() == [True, True]
