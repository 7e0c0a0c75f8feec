"""Small faces and leaning heads, which are looked for now and then only, get rows in every sample, and the same ones however
the work is cut."""

from __future__ import annotations

from math import pi, sin
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import feelit
from feelit.options import AnalyzeOptions, RunOptions
from feelit.run.pipeline import analyze_videos
from feelit.run.plan import find_videos
from tests.test_bad_input import Silent
from tests.vision.made import FPS, Face, frame, turned, video

FRAMES, ARRIVES = 70, 33
LEANS = Face(500, 200, 220)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large face, a small one that drifts, and one that arrives in the middle of a group of pictures."""
    pictures = []
    for n in range(FRAMES):
        faces = [Face(200, 150, 200), Face(700 + n, 300 + n / 2, 34), Face(1000, 550, 40)]
        pictures.append(frame(*(faces if n >= ARRIVES else faces[:2])))
    return video(tmp_path_factory.mktemp("small") / "a.mp4", pictures, gop=18)


@pytest.fixture(scope="module")
def leaning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head that leans to one side, by 60 degrees in the end, and comes up again."""
    rolls = [60 * sin(pi * n / FRAMES) for n in range(FRAMES)]
    return video(tmp_path_factory.mktemp("leaning") / "a.mp4", [turned(LEANS, roll) for roll in rolls], gop=18)


@pytest.mark.parametrize("rate", ["3", *(pytest.param(rate, marks=pytest.mark.slow) for rate in ("native", "10", "12.5"))])
def test_rows_of_small_faces_do_not_depend_on_how_the_work_was_cut(
    rate: str, small: Path, tmp_path: Path, serial: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same_rows(small, rate, tmp_path, monkeypatch)


def test_rows_of_leaning_heads_do_not_depend_on_how_the_work_was_cut(
    leaning: Path, tmp_path: Path, serial: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same_rows(leaning, "10", tmp_path, monkeypatch)


def assert_same_rows(source: Path, rate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.run.pipeline.LEAST_SEGMENT_S", 0.1)
    monkeypatch.setattr("feelit.run.plan.LEAST_APART_S", 0.5)
    tables = []
    for segment_s, batch in [(100.0, 16), (0.1, 3), (1.0, 1)]:
        out = tmp_path / f"{segment_s}.parquet"
        run = RunOptions(out=out, segment_s=segment_s, batch=batch, workers=1)
        (report,) = analyze_videos(find_videos([str(source)]), AnalyzeOptions(rate=rate), run, Silent())
        assert report.ok
        tables.append(pq.read_table(out))
    assert tables[0].num_rows > 10
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])


def test_small_faces_get_rows_in_every_sample(small: Path, serial: None) -> None:
    rows = feelit.analyze(small, rate="native", device="cpu").to_pandas()
    rows["is_small"] = rows.y1 - rows.y0 < 60
    per_frame = rows.groupby("frame").is_small.agg(["size", "sum"])
    assert (per_frame["size"] - per_frame["sum"] == 1).all()  # the large one
    assert (per_frame["sum"].iloc[:ARRIVES] == 1).all()
    late = per_frame["sum"].iloc[ARRIVES:]
    assert late.iloc[FPS:].eq(2).all()  # found within a second, and kept
    assert late.diff().dropna().ge(0).all()


def test_a_leaning_head_is_one_track(leaning: Path, serial: None) -> None:
    rows = feelit.analyze(leaning, rate="10", device="cpu", people=False).to_pandas()
    assert rows.track_id.eq(1).all()
    assert rows.roll_deg.max() > 35
