"""The Python API on small videos: what a script gets, and what it is reported when something is wrong."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import feelit
from feelit.signals.columns import SIGNALS, SPEECH
from feelit.timeline.schema import PEOPLE, pack_metadata, schema_of
from tests.clipping import made
from tests.evaluation import photographs
from tests.evaluation.made import classifier, write_data
from tests.exports.made import write
from tests.reports.meetings import Meeting
from tests.reports.meetings import write as write_meetings
from tests.timeline.rows import regular, table_of
from tests.video import clips

SIZE = (320, 180)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos, one with a face, and a file that is none."""
    folder = tmp_path_factory.mktemp("videos")
    (folder / "good").mkdir()
    clips.plain(folder / "good" / "face.mp4", frames=50, face=True, gop=12)
    clips.plain(folder / "good" / "nobody.mp4", frames=15)
    clips.not_a_video(folder / "minutes.mp4")
    return folder


@pytest.fixture(autouse=True)
def in_this_process(timeline: pd.DataFrame, serial: None) -> None:
    """No worker processes but those of `timeline`, which two of them make."""


@pytest.fixture(scope="module")
def timeline(folder: Path) -> pd.DataFrame:
    return feelit.analyze(folder / "good" / "face.mp4", workers=2, device="cpu").to_pandas()


def test_a_timeline_has_the_documented_columns_and_a_row_a_face(timeline: pd.DataFrame, folder: Path) -> None:
    assert list(timeline.columns) == schema_of([PEOPLE, SIGNALS, SPEECH]).names
    assert set(timeline["person_id"]) == {1}
    assert timeline["frame"].tolist() == [0, 3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28, 30, 33, 35, 38, 40, 43, 45, 48]
    np.testing.assert_allclose(timeline["time_s"], timeline["frame"] / 25, atol=1e-9)
    assert set(timeline["track_id"]) == {1}
    assert set(timeline["video"]) == {(folder / "good" / "face.mp4").as_posix()}


def test_the_face_is_where_it_was_pasted(timeline: pd.DataFrame) -> None:
    found = timeline[["x0", "y0", "x1", "y1"]].to_numpy()
    truth = np.array([clips.face_box(n, SIZE) for n in timeline["frame"]])
    height = (truth[:, 3] - truth[:, 1]).mean()
    assert np.abs((found[:, :2] + found[:, 2:]) - (truth[:, :2] + truth[:, 2:])).max() / 2 < 0.15 * height
    eyes = timeline[["right_eye_x", "left_eye_x"]]
    assert (eyes["right_eye_x"] < eyes["left_eye_x"]).all()  # the subject's right is on the left of the picture


def test_probabilities_are_probabilities(timeline: pd.DataFrame) -> None:
    values = timeline.filter(regex="^p_")
    assert values.shape[1] == 8
    np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-3)
    readable = timeline[timeline["readable"]]
    assert len(readable)
    assert readable["confidence"].between(0.125, 1).all()
    assert timeline.loc[~timeline["readable"], "emotion"].isna().all()


def test_the_frame_states_what_it_was_made_of(timeline: pd.DataFrame) -> None:
    (video,) = timeline.attrs["videos"].values()
    assert (video["width_px"], video["height_px"], video["frames_decoded"] + video["frames_discarded"]) == (*SIZE, 50)
    assert video["frames_sampled"] == 20
    assert set(timeline.attrs["models"]) == {"detector", "classifier", "identity", "signals"}
    assert timeline.attrs["config"]["rate"] == "10"


def test_a_folder_gives_one_table_and_a_part_of_the_time_is_enough(folder: Path) -> None:
    table = feelit.analyze(str(folder / "good"), rate="native", start_s=0.2, end_s=0.4, workers=1, device="cpu").to_pandas()
    faces, nobody = (table[table["video"].str.endswith(name)] for name in ("face.mp4", "nobody.mp4"))
    assert faces["frame"].tolist() == nobody["frame"].tolist() == [5, 6, 7, 8, 9]
    assert faces["track_id"].notna().all()
    assert nobody["track_id"].isna().all()
    assert not nobody["readable"].any()


def test_a_part_that_is_not_there_gives_no_rows(folder: Path) -> None:
    table = feelit.analyze(folder / "good" / "nobody.mp4", start_s=100, workers=1, device="cpu").to_pandas()
    assert list(table.columns) == schema_of([PEOPLE, SIGNALS, SPEECH]).names
    assert len(table) == 0


def test_the_progress_is_shown_only_if_asked_for(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for asked in (False, True):
        feelit.analyze(folder / "good" / "nobody.mp4", workers=1, device="cpu", progress=asked)
        out, err = capfd.readouterr()
        assert out == ""
        assert ("15/15" in err) == asked


@pytest.mark.parametrize("place", ["results.parquet", "results"])
def test_corrections_of_people_survive_another_analysis(folder: Path, tmp_path: Path, place: str) -> None:
    out = tmp_path / place
    for rate in (5, 2.5):
        feelit.analyze(folder / "good" / "face.mp4", out, rate=rate, workers=1, device="cpu", force=True)
        found = feelit.people(out) if rate == 2.5 else feelit.people(out, name={1: "P01"})
        assert found["person"].tolist() == ["P01"]
    timeline = next(out.rglob("*.mp4.parquet")) if out.is_dir() else out
    assert set(feelit.read_timeline(timeline)["person"]) == {"P01"}


def test_corrections_that_do_not_fit_leave_the_analysis_as_it_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "people.toml").write_text('name = { 7 = "P07" }', encoding="utf-8")
    out = tmp_path / "results.parquet"
    with pytest.raises(feelit.UsageError, match=r"is analysed, but not corrected: .* no person 7"):
        feelit.analyze(folder / "good" / "face.mp4", out, workers=1, device="cpu")
    assert feelit.read_timeline(out)["person_id"].notna().all()


def test_of_one_bad_video_the_reason_is_raised(folder: Path) -> None:
    with pytest.raises(feelit.VideoReadError, match="is not a video") as caught:
        feelit.analyze(folder / "minutes.mp4", workers=1)
    assert "minutes.mp4" in caught.value.message


def test_of_several_videos_all_that_failed_are_named(folder: Path) -> None:
    videos = [folder / "minutes.mp4", folder / "gone.mp4", folder / "good" / "nobody.mp4"]
    with pytest.raises(feelit.SomeFailedError) as caught:
        feelit.analyze(videos, workers=1, device="cpu")
    assert all(name in caught.value.message for name in ("minutes.mp4", "gone.mp4"))
    assert "nobody.mp4" not in caught.value.message


def test_temporary_files_are_removed_whatever_happens(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    feelit.analyze(folder / "good" / "nobody.mp4", workers=1, device="cpu")
    with pytest.raises(feelit.VideoReadError):
        feelit.analyze(folder / "minutes.mp4", workers=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        pytest.param({"rate": 0}, feelit.UsageError, id="no-rate"),
        pytest.param({"rate": "often"}, feelit.UsageError, id="rate-a-word"),
        pytest.param({"start_s": 5, "end_s": 4}, feelit.UsageError, id="backwards"),
        pytest.param({"workers": -1}, feelit.UsageError, id="no-workers"),
        pytest.param({"batch": 0}, feelit.UsageError, id="no-batch"),
        pytest.param({"min_face_px": 0}, feelit.UsageError, id="no-face"),
        pytest.param({"detector": "gone.onnx"}, feelit.ModelError, id="no-detector"),
        pytest.param({"classifier": "gone.onnx"}, feelit.ModelError, id="no-classifier"),
    ],
)
def test_mistakes_are_reported_before_anything_is_done(
    asked: dict[str, float | str], kind: type[feelit.FeelitError], folder: Path
) -> None:
    with pytest.raises(kind):
        feelit.analyze(folder / "good" / "nobody.mp4", **asked)


@pytest.mark.parametrize("videos", [[], "", "gone"], ids=["no-videos", "empty-name", "missing"])
def test_missing_videos_are_reported(videos: list[str] | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(feelit.FeelitError) as caught:
        feelit.analyze(videos, workers=1)
    assert caught.value.exit_code in (2, 3)


def test_a_timeline_file_is_read_drawn_and_summed_up(folder: Path, tmp_path: Path, timeline: pd.DataFrame) -> None:
    from feelit.options import AnalyzeOptions, RunOptions
    from feelit.run.pipeline import analyze_videos
    from feelit.run.plan import find_videos

    video, out = folder / "good" / "face.mp4", tmp_path / "t.parquet"
    analyze_videos(find_videos([str(video)]), AnalyzeOptions(device="cpu"), RunOptions(out=out, workers=1), Quiet())
    read = feelit.read_timeline(out)
    pd.testing.assert_frame_equal(read, timeline)
    assert read.attrs == timeline.attrs
    feelit.annotate(video, out, tmp_path / "drawn.mp4")
    assert (tmp_path / "drawn.mp4").stat().st_size > 1000
    with pytest.raises(feelit.OutputError, match="exists already"):
        feelit.annotate(video, out, tmp_path / "drawn.mp4")
    for source in (out, read):
        summary = feelit.summarize(source)
        assert len(summary) == 1


def test_a_timeline_file_is_exported_as_often_as_one_likes(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "nnn", 2: "hhh"}, regular(3)))
    for name in ("one.srt", "two.srt"):
        assert feelit.export(path, tmp_path / name, tracks=[2]) == [tmp_path / name]
        assert "track 2: happiness" in (tmp_path / name).read_text(encoding="utf-8")
    assert feelit.export([str(path)], tmp_path / "new", format="textgrid") == [tmp_path / "new" / "a.mp4.TextGrid"]
    with pytest.raises(feelit.OutputError, match="exists already"):
        feelit.export(path, tmp_path / "one.srt")
    feelit.export(path, tmp_path / "one.srt", force=True)


class Quiet:
    """An observer that says nothing."""

    def started(self, *_: object) -> None:
        pass

    def advanced(self, *_: object) -> None:
        pass

    def finished(self, *_: object) -> None:
        pass


def test_a_file_that_is_no_timeline_is_reported(folder: Path) -> None:
    with pytest.raises(feelit.TimelineReadError):
        feelit.read_timeline(folder / "minutes.mp4")


def test_the_package_offers_what_it_says() -> None:
    for name in feelit.__all__:
        assert getattr(feelit, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'analyse'"):
        feelit.analyse  # noqa: B018


def test_events_of_a_frame_and_of_a_file_are_the_same(tmp_path: Path) -> None:
    table = table_of({1: "n" * 300 + "h" * 30 + "n" * 300}, regular(630))
    path = tmp_path / "results.parquet"
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": {}})), path)
    events = feelit.events(path)
    pd.testing.assert_frame_equal(events, feelit.events(feelit.read_timeline(path)))
    assert events["kind"].tolist() == ["bout", "peak", "bout", "bout"]
    assert events["tracks"].tolist() == [(1,)] * 4
    assert events["p_value"].isna().tolist() == [True, False, True, True]


def test_no_events_are_an_empty_frame_with_the_same_columns(tmp_path: Path) -> None:
    table = table_of({}, regular(3))
    path = tmp_path / "results.parquet"
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": {}})), path)
    empty = feelit.events(path)
    assert len(empty) == 0
    assert empty.dtypes["p_value"] == "float64"


def test_a_report_states_what_it_lacks(folder: Path, tmp_path: Path) -> None:
    timeline = write_meetings(tmp_path / "a.parquet", [Meeting(people=1, duration_s=1.0)])
    assert feelit.report(timeline, tmp_path / "one.html") == []
    assert feelit.report([timeline], tmp_path / "two.html") == []  # still a function when its room was imported
    with pytest.raises(feelit.TimelineReadError, match="none of the 2 videos"):
        feelit.report(timeline, tmp_path / "three.html", video=folder / "good")


def test_no_module_takes_the_place_of_a_function() -> None:
    """Importing `feelit.plot` would set that name on the package, and the function would be gone."""
    package = Path(feelit.__file__).parent
    modules = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert not modules & set(feelit.__all__)


def test_a_timeline_becomes_a_figure_and_clips(tmp_path: Path) -> None:
    video = made.video(tmp_path / "a.mp4")
    timeline = made.timeline(tmp_path / "a.parquet", video)
    cut = feelit.clips(video, timeline, tmp_path / "clips", kinds=["moment", "bout"], emotions=["anger"], before_s=0.5)
    assert cut[["kind", "emotion", "tracks"]].values.tolist() == [["bout", "anger", (1,)], ["moment", "anger", (1,)]]
    assert cut.dtypes["p_value"] == np.float64
    assert all((tmp_path / "clips" / name).is_file() for name in cut["file"])
    again = feelit.clips(video, timeline, tmp_path / "clips", at_s=[0.5], most=3, force=True)
    assert again["kind"].tolist() == ["at"]
    assert len(feelit.clips(video, timeline, tmp_path / "none", emotions=["fear"])) == 0
    feelit.plot(timeline, tmp_path / "a.svg", tracks=[1], emotions=["anger"], end_s=3.9)
    assert "track 1" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    for wrong in ({"kinds": ["smile"]}, {"emotions": ["joy"]}, {"tracks": [9]}, {"most": 0}):
        with pytest.raises(feelit.UsageError):
            feelit.clips(video, timeline, tmp_path / "wrong", **wrong)
    with pytest.raises(feelit.UsageError, match="joy is not known"):
        feelit.plot(timeline, tmp_path / "b.svg", emotions=["joy"])


def test_evaluate_gives_scores_and_writes_them(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    model, data = classifier(tmp_path), write_data(tmp_path / "data")
    scores = feelit.evaluate(model, data, split="valid", framing="original", out=tmp_path / "out")
    assert (scores.confusion, scores.occlusions) == (((2, 1), (1, 3)), None)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"scores.json", "confusion.png", "reliability.png"}
    with pytest.raises(feelit.OutputError, match="exists already"):
        feelit.evaluate(model, data, out=str(tmp_path / "out"))


def test_evaluate_faces_gives_scores_and_writes_them(tmp_path: Path) -> None:
    model = photographs.detector(tmp_path / "points.onnx")
    data = photographs.write_parquet(tmp_path / "faces.parquet", photographs.scene())
    scores = feelit.evaluate_faces(model, str(data), min_face_px=20, out=tmp_path / "out")
    assert (scores.sizes[0].title, scores.sizes[0].recall) == ("from 20 px", 0.5)
    assert (tmp_path / "out" / "misses.png").exists()
    with pytest.raises(feelit.OutputError, match="exists already"):
        feelit.evaluate_faces(model, data, out=str(tmp_path / "out"))
