"""Recordings and datasets: what `feelit.analyze` and `feelit.open_timelines` give, and what can be done with it."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path

import pandas as pd
import pytest

import feelit
from feelit.timeline.recording import TimelineSources, open_timelines
from tests.clipping import made
from tests.conftest import Command
from tests.exports.made import write
from tests.timeline.rows import regular, table_of
from tests.video import clips

SHORT = {"device": "cpu", "rate": "5"}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two videos, one with a face, and a file beside it that is none."""
    folder = tmp_path_factory.mktemp("videos")
    (folder / "good").mkdir()
    clips.plain(folder / "good" / "face.mp4", frames=10, face=True)
    clips.plain(folder / "good" / "nobody.mp4", frames=5)
    clips.not_a_video(folder / "minutes.mp4")
    return folder


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A timeline of two videos, in one of which two tracks meet."""
    a = table_of({1: "n" * 20 + "h" * 10, 2: "." * 10 + "h" * 15 + "u" * 5}, regular(30))
    return write(tmp_path / "two.parquet", a, table_of({1: "sss"}, regular(3), video="deep/b.mp4"))


# What an analysis gives


@pytest.mark.usefixtures("serial")
def test_one_video_gives_a_recording_in_memory(videos: Path) -> None:
    recording = feelit.analyze(videos / "good" / "face.mp4", **SHORT)
    assert isinstance(recording, feelit.Recording)
    assert (recording.path, recording.people, len(recording.summary())) == (None, (1,), 1)
    frame = recording.to_pandas()
    assert len(frame) == recording.row_count == 2
    assert list(frame.attrs["videos"]) == [recording.name]
    again = pickle.loads(pickle.dumps(recording))  # noqa: S301  # our own; for pools of processes
    pd.testing.assert_frame_equal(again.to_pandas(), frame)


@pytest.mark.usefixtures("serial")
def test_with_an_output_the_recording_is_read_from_it_and_is_the_same(videos: Path, tmp_path: Path) -> None:
    video = videos / "good" / "face.mp4"
    held, written = feelit.analyze(str(video), **SHORT), feelit.analyze(video, tmp_path / "t.parquet", **SHORT)
    assert isinstance(written, feelit.Recording)
    assert written.path == tmp_path / "t.parquet"
    pd.testing.assert_frame_equal(held.to_pandas(), written.to_pandas())
    kept = feelit.analyze(video, out=tmp_path / "kept", **SHORT)
    assert isinstance(kept, feelit.Recording)
    assert kept.path in list((tmp_path / "kept").rglob("face.mp4.parquet"))
    with pytest.raises(feelit.OutputError, match="exists already"):
        feelit.analyze(video, tmp_path / "t.parquet", **SHORT)
    feelit.analyze(video, tmp_path / "t.parquet", force=True, **SHORT)


@pytest.mark.usefixtures("serial")
@pytest.mark.parametrize("out", [None, "all.parquet", "timelines"])
def test_several_videos_give_a_dataset(videos: Path, tmp_path: Path, out: str | None) -> None:
    dataset = feelit.analyze(videos / "good", out=out and tmp_path / out, **SHORT)
    assert isinstance(dataset, feelit.Dataset)
    assert [Path(one.name).name for one in dataset] == ["face.mp4", "nobody.mp4"]
    assert dataset.failures == ()
    assert len(dataset.summary("video")) == 2
    assert set(dataset.to_pandas()["video"]) == set(dataset.names)
    assert dataset["face.mp4"].tracks == dataset[0].tracks == (1,)
    assert len(dataset[1:]) == 1


@pytest.mark.usefixtures("serial")
def test_what_comes_back_does_not_depend_on_how_many_videos_a_folder_holds(videos: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").symlink_to(videos / "good" / "nobody.mp4")
    assert isinstance(feelit.analyze(tmp_path / "in", **SHORT), feelit.Dataset)
    assert isinstance(feelit.analyze([tmp_path / "in" / "a.mp4"], **SHORT), feelit.Dataset)


@pytest.mark.usefixtures("serial")
@pytest.mark.parametrize("out", [None, "timelines"])
def test_of_some_that_fail_the_others_are_not_lost(videos: Path, tmp_path: Path, out: str | None) -> None:
    with pytest.raises(feelit.SomeFailedError, match="videos failed") as caught:
        feelit.analyze([videos / "good" / "face.mp4", videos / "minutes.mp4"], out=out and tmp_path / out, **SHORT)
    dataset = caught.value.dataset
    assert [Path(name).name for name in dataset.names] == ["face.mp4"]
    (failure,) = dataset.failures
    assert (Path(failure.video).name, failure.kind, failure.exit_code) == ("minutes.mp4", "VideoReadError", 3)
    assert "is not a video" in failure.message
    assert repr(dataset) == "<Dataset: 1 video, 1 failed>"
    if out:
        assert feelit.open_timelines(tmp_path / out).failures == (failure,)


@pytest.mark.usefixtures("serial")
def test_a_run_is_sharded_and_resumed_as_that_of_the_command(videos: Path, tmp_path: Path) -> None:
    parts = [feelit.analyze(videos / "good", tmp_path / "out", shard=f"{n}/2", **SHORT) for n in (1, 2)]
    names = [set(part.to_pandas()["video"]) for part in parts]
    assert {Path(name).name for name in names[0] | names[1]} == {"face.mp4", "nobody.mp4"}
    assert not names[0] & names[1]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.mp4.parquet")}
    assert len(feelit.analyze(videos / "good", tmp_path / "out", **SHORT).summary("video")) == 2
    assert {path: path.stat().st_mtime_ns for path in before} == before
    with pytest.raises(feelit.UsageError, match="goes on with a folder"):
        feelit.analyze(videos / "good", retry_failed=True, **SHORT)


# Paths


@pytest.mark.usefixtures("serial")
def test_the_users_folder_is_understood_everywhere(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "a.mp4").symlink_to(videos / "good" / "face.mp4")
    monkeypatch.setenv("HOME", str(home))
    feelit.analyze("~/a.mp4", "~/t.parquet", **SHORT)
    feelit.merge(["~/t.parquet"], "~/merged.parquet")
    feelit.open_timelines("~/merged.parquet")[0].report("~/r.html")
    assert command("summarize", "~/t.parquet", "--out", "~/s.csv").code == 0
    assert command("events", "~/t.parquet", "--out", "~/e.csv").code == 0
    assert command("merge", "~/t.parquet", "--out=~/again.parquet").code == 0
    assert command("annotate", "~/a.mp4", "~/t.parquet", "--out", "~/drawn.mp4").code == 0
    assert command("clips", "~/a.mp4", "~/t.parquet", "--out=~/clips", "--at", "0.1").code == 0
    for arguments in (
        ["status", "~/gone"],
        ["train", "~/gone.toml", "--data", "~/gone", "--out", "~/run"],
        ["models", "pull", "yunet", "--file", "~/gone"],
        ["live", "~/gone.mp4"],
        ["evaluate", "expression", "--data", "~/gone"],
        ["analyze", "~/gone.mp4", "--out", "~/gone.parquet"],
        ["explain", "expression", "~/gone.png"],
    ):
        failed = command(*arguments)
        assert failed.code not in (0, 1), failed.err
        assert str(home / "gone") in failed.err or "gone" not in failed.err, failed.err
    names = {path.name for path in home.iterdir() if not path.name.startswith(".")}  # libraries keep caches there
    assert names == {
        *("a.mp4", "t.parquet", "merged.parquet", "r.html", "s.csv", "e.csv", "again.parquet", "drawn.mp4", "clips")
    }
    assert not (tmp_path / "~").exists()


class BytesPath(os.PathLike[bytes]):
    """What `os.scandir(b".")` gives."""

    def __fspath__(self) -> bytes:
        return b"a.mp4"


@pytest.mark.parametrize("path", [b"a.mp4", [b"a.mp4"], BytesPath()], ids=["bytes", "list", "entry"])
def test_bytes_are_refused_in_one_line(path: object) -> None:
    for function in (feelit.analyze, feelit.summarize, feelit.open_timelines):
        with pytest.raises(feelit.UsageError, match=r"b'a\.mp4' is bytes, not a path") as caught:
            function(path)
        assert "os.fsdecode" in caught.value.hint


# Every function takes every form


def test_every_form_of_a_timeline_gives_the_same(two: Path, tmp_path: Path) -> None:
    dataset = feelit.open_timelines(two)
    frame = dataset.to_pandas()
    first, second = frame[frame["video"] == "a.mp4"], frame[frame["video"] != "a.mp4"]
    joined = pd.concat([second, first], ignore_index=True)
    joined.attrs = frame.attrs
    expected = feelit.summarize(two, by="track")
    form: TimelineSources
    for form in (str(two), [two], dataset, list(dataset), frame, iter([first, second])):
        pd.testing.assert_frame_equal(feelit.summarize(form, by="track"), expected)
    mixed = feelit.summarize(joined, by="track")
    pd.testing.assert_frame_equal(mixed.sort_values("video", ignore_index=True), expected)
    events = feelit.events(two)
    for form in (dataset, frame, [dataset[0], second]):
        pd.testing.assert_frame_equal(feelit.events(form), events)
    for form in (dataset, frame, dataset[0]):
        assert feelit.export(form, tmp_path / "t.csv", force=True)
        assert feelit.report(form, tmp_path / "r.html", force=True) == []
        assert feelit.plot(form, video="a.mp4").axes
    feelit.merge([first, dataset[1]], tmp_path / "merged.parquet")
    pd.testing.assert_frame_equal(feelit.read_timeline(tmp_path / "merged.parquet"), feelit.read_timeline(two))


def test_a_filtered_frame_is_a_timeline(two: Path) -> None:
    frame = feelit.read_timeline(two)
    late = frame[(frame["time_s"] >= 1.0) & (frame["track_id"] == 2)]
    assert feelit.summarize(late, by="track")["track_id"].tolist() == [2]


def test_what_a_frame_lacks_is_named(two: Path, tmp_path: Path) -> None:
    frame = feelit.read_timeline(two)
    with pytest.raises(feelit.TimelineReadError, match="lacks the columns p_neutral, p_happiness") as caught:
        feelit.summarize(frame.drop(columns=["p_neutral", "p_happiness"]))
    assert "keep these columns" in caught.value.hint
    frame.attrs = {}
    assert len(feelit.summarize(frame, by="track")) == 3  # rows are enough
    frame.to_parquet(tmp_path / "lost.parquet")
    with pytest.raises(feelit.TimelineReadError, match="no metadata") as caught:
        feelit.summarize(tmp_path / "lost.parquet")
    assert "joined.attrs = original.attrs" in caught.value.hint
    frame.attrs = feelit.read_timeline(two).attrs
    frame.to_parquet(tmp_path / "kept.parquet")
    assert len(feelit.summarize(tmp_path / "kept.parquet", by="track")) == 3


def test_a_frame_without_metadata_cannot_be_drawn_on_a_video(tmp_path: Path) -> None:
    video = made.video(tmp_path / "a.mp4")
    frame = feelit.read_timeline(made.timeline(tmp_path / "a.parquet", video))
    feelit.annotate(video, frame, tmp_path / "drawn.mp4")
    frame.attrs = {}
    with pytest.raises(feelit.TimelineReadError, match="does not say of which files") as caught:
        feelit.annotate(video, frame, tmp_path / "again.mp4")
    assert "frame.attrs" in caught.value.hint


# What can be done with a recording


def test_a_recording_can_do_what_the_functions_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = made.video(tmp_path / "a.mp4")
    recording = feelit.open_timelines(made.timeline(tmp_path / "a.parquet", video))[0]
    pd.testing.assert_frame_equal(recording.summary("track"), feelit.summarize(recording, by="track"))
    pd.testing.assert_frame_equal(recording.events(kinds=["bout"]), feelit.events(recording, kinds=["bout"]))
    assert recording.plot(tmp_path / "a.svg", emotions=["anger"]).axes
    assert "track 1" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert recording.report(tmp_path / "a.html") == tmp_path / "a.html"
    assert recording.export(tmp_path / "a.csv") == [tmp_path / "a.csv"]
    assert recording.annotate(tmp_path / "drawn.mp4", video) == tmp_path / "drawn.mp4"
    assert recording.clips(tmp_path / "clips", video, at_s=[0.5])["kind"].tolist() == ["at"]
    with pytest.raises(feelit.OutputError):
        recording.report(tmp_path / "a.html")


def test_what_a_page_lacks_is_a_warning_where_it_was_asked_for(two: Path, tmp_path: Path) -> None:
    from feelit.options.timelines import ReportOptions

    (tmp_path / "other.mp4").touch()
    recording = feelit.open_timelines(two)[0]
    with warnings.catch_warnings(record=True) as caught, pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("always")
        patch.setattr("feelit.api.timelines.report", lambda *_, **__: ["a.mp4 has no pictures"])
        recording.report(tmp_path / "a.html", options=ReportOptions())
        patch.setattr("feelit.api.timelines.report", lambda *_, **__: [])
        assert str(recording.report("s3://lab/a.html")) == "s3://lab/a.html"
    assert [str(warning.message) for warning in caught] == ["a.mp4 has no pictures"]
    assert caught[0].filename == __file__


def test_a_video_is_looked_for_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = made.video(tmp_path / "a.mp4")
    recording = feelit.open_timelines(made.timeline(tmp_path / "a.parquet", video))[0]
    monkeypatch.chdir(tmp_path)
    if not Path(recording.name).exists():
        with pytest.raises(feelit.VideoReadError, match="does not exist"):
            recording.annotate("drawn.mp4")
    else:
        recording.annotate("drawn.mp4")
        assert Path("drawn.mp4").exists()


def test_objects_say_what_they_hold(two: Path) -> None:
    dataset = feelit.open_timelines(two)
    assert repr(dataset[0]) == "<Recording 'a.mp4': 2.0 s, 1280 × 720 px, 1 samples, 2 tracks, 50 rows>"
    assert repr(dataset) == "<Dataset: 2 videos>"
    page = dataset[0]._repr_html_()
    assert "<td>1</td><td>30</td><td>100%</td><td>neutral 67%</td>" in page
    assert "<td>2</td><td>20</td><td>75%</td><td>happiness 100%</td>" in page
    assert "<td>deep/b.mp4</td><td>2.0 s</td>" in dataset._repr_html_()
    hostile = open_timelines(table_of({1: "n"}, [0.0], video="<script>.mp4"))
    assert "<script>" not in feelit.Recording.of(hostile[0])._repr_html_()


def test_a_recording_is_chosen_by_name(two: Path) -> None:
    dataset = feelit.open_timelines([two])
    assert dataset["b.mp4"].name == dataset["deep/b.mp4"].name == "deep/b.mp4"
    with pytest.raises(feelit.UsageError, match="there is no video named c") as caught:
        dataset["c.mp4"]
    assert "deep/b.mp4" in caught.value.hint


def test_the_package_lists_what_it_offers() -> None:
    assert {"analyze", "Recording", "Dataset", "FeelitError", "summarize"} <= set(dir(feelit))
    assert {name for name in dir(feelit) if not name.startswith("__")} == set(feelit.__all__) - {"__version__"}
