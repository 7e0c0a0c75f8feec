"""The story of a session: what is looked at, what is dropped, what is recorded, and that it ends."""

from __future__ import annotations

import re
import threading
import time
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import av
import pyarrow.parquet as pq
import pytest

from feelit import watch
from feelit.analysis.summary import summaries
from feelit.errors import ModelError, OutputError, UsageError, VideoReadError
from feelit.live import analyst
from feelit.live.latest import Latest
from feelit.options.videos import LiveOptions
from feelit.render.rows import recording_of, view_of
from feelit.timeline.schema import unpack_metadata
from feelit.types import FaceTable, Float64
from feelit.video.capture import FileCapture, Schedule
from tests.conftest import Command
from tests.live.watching import watching
from tests.timeline.reading import read_table
from tests.video import clips
from tests.video.clips import SAMPLE
from tests.video.servers import answering, sending, silent

SCHEMA_PAGE = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a face that sways, 25 frames a second."""
    return clips.plain(tmp_path_factory.mktemp("live") / "face.mp4", size=(640, 360), face=True)


@pytest.fixture
def waiting_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the place of a camera waits for whoever looks at its frames, however long this takes, and for nothing else."""

    def put_when_free(self: Latest[object], thing: object) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._thing is None, 20)
        put(self, thing)

    def take_and_tell(self: Latest[object], timeout_s: float) -> object:
        thing = take(self, timeout_s)
        with self._changed:
            self._changed.notify_all()
        return thing

    put, take = Latest.put, Latest.take
    monkeypatch.setattr(Latest, "put", put_when_free)
    monkeypatch.setattr(Latest, "take", take_and_tell)
    monkeypatch.setattr(Schedule, "due_s", lambda self, time_s: time.monotonic())


@pytest.mark.usefixtures("serial", "waiting_camera")
@pytest.mark.parametrize("video", ["face", pytest.param("sample", marks=pytest.mark.slow)])
def test_the_recording_is_the_timeline_of_the_same_frames(video: str, face: Path, tmp_path: Path, command: Command) -> None:
    path = face if video == "face" else SAMPLE
    live, batch = tmp_path / "live.parquet", tmp_path / "batch.parquet"
    with watching(path, rate="5", duration=12.0, out=live, people=False) as session:
        session.end()
    assert session.error is None
    limits = ("--rate", "5", "--end", "12", "--device", "cpu", "--no-people", "--signals", "none")
    assert command("analyze", path, *limits, "--out", batch).code == 0
    rows, record = read_table(live)
    expected, expected_record = read_table(batch)
    assert rows.equals(expected)
    about, batch_about = record.pop("videos")[str(path)], expected_record.pop("videos")[str(path)]
    assert record == expected_record | {"config": expected_record["config"] | {"rate": "5"}}
    assert about.pop("live")["frames_dropped"] == 0
    # a live session decodes every frame; a batch run leaves out those that are not sampled, and stops at --end
    batch_about |= {name: about[name] for name in ("frames_decoded", "frames_discarded")}
    assert about == batch_about
    assert session.report is not None
    assert (session.report.sampled, session.report.tracks) == (about["frames_sampled"], about["tracks"])
    assert session.report.faces == rows.column("track_id").drop_null().length()


@pytest.mark.usefixtures("waiting_camera")
def test_a_recording_is_grouped_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "live.parquet"
    with watching(SAMPLE, rate="5", duration=7.0, out=out) as session:
        session.end()
    assert session.error is None
    rows, record = read_table(out)
    (about,) = record["videos"].values()
    assert session.report is not None
    assert record["config"]["people"]
    assert session.report.people == about["counts"]["people"] if "counts" in about else len(about["people"])
    tracks = {track: person for person in about["people"] for track in person["tracks"]}
    assert len(tracks) == session.report.tracks > len(about["people"]) > 1  # who comes back after a cut is one person
    for track, person in zip(rows["track_id"].to_pylist(), rows["person_id"].to_pylist(), strict=True):
        assert person == (None if track is None else tracks[track]["person_id"])


def test_frames_drop_rather_than_lag(face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late_s = []

    def slow(self: analyst.Analyst, captured: object) -> object:
        late_s.append(time.time() - captured.at_s)  # type: ignore[attr-defined]  # a Captured
        time.sleep(0.15)
        return look(self, captured)  # type: ignore[arg-type]  # a Captured

    look = analyst.Analyst.look
    monkeypatch.setattr(analyst.Analyst, "look", slow)
    out = tmp_path / "live.parquet"
    with watching(face, out=out) as session:
        session.end()
    report = session.report
    assert report is not None
    assert len(late_s) == report.sampled
    assert 3 <= report.sampled <= 14
    assert report.decoded == 50
    # The newest frame is 40 ms old at most, and a little on a busy machine. In a queue the last would wait for five seconds.
    assert sorted(late_s)[len(late_s) // 2] < 0.1
    assert max(late_s) < 1.0
    rows, record = read_table(out)
    about = record["videos"][str(face)]
    assert about["live"]["frames_dropped"] == 50 - report.sampled
    assert about["frames_sampled"] == len(set(rows.column("frame").to_pylist())) == report.sampled
    assert rows.column("track_id").unique().to_pylist() == [1]


@pytest.mark.usefixtures("waiting_camera")
def test_a_timeline_of_a_file_belongs_to_the_file_unless_it_was_repeated(face: Path, tmp_path: Path) -> None:
    for loop, duration in ((False, 1.0), (True, 2.5)):
        with watching(face, duration=duration, loop=loop, out=tmp_path / f"{loop}.parquet") as session:
            session.end()
        assert session.error is None
    view = view_of(recording_of(face, tmp_path / "False.parquet"))
    assert len(view.rows)
    assert float(view.sampled_time_s[-1]) < 1.0
    table, record = read_table(tmp_path / "True.parquet")
    about = record["videos"][str(face)]
    assert (about["fingerprint"], about["size_bytes"]) == (None, face.stat().st_size)
    time_s: Float64 = table.column("time_s").to_numpy()
    assert 2.2 < time_s[-1] < 2.5
    assert 2.2 < about["duration_s"] <= 2.6


def test_a_stream_is_recorded_with_what_is_known_of_it(face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.video.stream.FIRST_RETRY_S", 0.1)  # the camera hangs up after 0.6 s
    clip = tmp_path / "face.ts"
    with av.open(str(face)) as source, av.open(str(clip), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    out = tmp_path / "live.parquet"
    before_s = time.time()
    with answering(sending(clip, 0.6)) as url, watching(url, duration=1.0, out=out) as session:
        session.end()
    assert session.error is None
    table, record = read_table(out)
    about = record["videos"][url]
    assert about["live"]["source"] == "url"
    described = SCHEMA_PAGE.split("### Recorded live")[1].split("## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", described, re.MULTILINE) == list(about["live"])
    began_s = datetime.fromisoformat(about["live"]["began"]).timestamp()
    assert before_s <= began_s <= time.time()
    assert (about["size_bytes"], about["fingerprint"], about["time_base"]) == (None, None, "1/1000000")
    assert 0 < about["duration_s"] < 3
    assert table.column("pts").to_numpy() / 1e6 == pytest.approx(table.column("time_s").to_numpy(), abs=1e-6)
    assert [summary.video for summary in summaries(table, "track")] == [url]


def test_nothing_is_left_beside_the_recording(face: Path, tmp_path: Path) -> None:
    with watching(face, loop=True, out=tmp_path / "live.parquet"):
        time.sleep(0.5)
        assert not (tmp_path / "live.parquet").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["live.parquet"]
    assert unpack_metadata(pq.read_schema(tmp_path / "live.parquet"), "")["videos"]


def test_a_bug_leaves_no_recording(face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> FaceTable:
        raise ZeroDivisionError

    monkeypatch.setattr(analyst, "detect_and_classify", fail)
    with watching(face, out=tmp_path / "live.parquet") as session:
        session.end()
    assert isinstance(session.error, ZeroDivisionError)
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_fails_leaves_what_was_recorded(face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unplugged(self: object) -> object:
        yield from islice(frames(self), 10)  # type: ignore[arg-type]  # a FileCapture
        raise VideoReadError("/dev/video0 broke off", "is it plugged in?")

    frames = FileCapture.__iter__
    monkeypatch.setattr(FileCapture, "__iter__", unplugged)
    out = tmp_path / "live.parquet"
    with watching(face, out=out) as session:
        session.end()
    assert isinstance(session.error, VideoReadError)
    assert read_table(out)[1]["videos"][str(face)]["frames_sampled"] >= 1


@pytest.mark.usefixtures("waiting_camera")
def test_a_full_disk_is_reported(face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("feelit.live.analyst.TimelineWriter.write", full)
    with watching(face, duration=1.0, out=tmp_path / "live.parquet") as session:
        session.end()
    assert isinstance(session.error, OutputError)
    assert "no space left" in session.error.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        pytest.param({"out": "x.mp4"}, UsageError, id="recording of another kind"),
        pytest.param({"out": "there.parquet"}, OutputError, id="recording exists"),
        pytest.param({"source": "missing.mp4"}, VideoReadError, id="file is missing"),
        pytest.param({"detector": "nothing"}, ModelError, id="model is missing"),
        pytest.param({"max_width_px": 3}, UsageError, id="picture too small"),
    ],
)
def test_what_cannot_be_done_is_reported_before_it_begins(
    asked: dict[str, object], kind: type[Exception], face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.parquet").touch()
    given: dict[str, Any] = {"source": str(face)} | asked
    with pytest.raises(kind):
        watch(given.pop("source"), options=LiveOptions(**given))
    assert [p.name for p in tmp_path.iterdir()] == ["there.parquet"]


def test_a_stop_is_heeded_while_a_source_is_called(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with answering(silent) as url:
        begun_s = time.monotonic()
        options = LiveOptions(out=tmp_path / "live.parquet")
        assert watch(url, options=options, stop=stop, ready=lambda url, name: pytest.fail("nothing is there")) is None
        assert time.monotonic() - begun_s < 5
    assert list(tmp_path.iterdir()) == []


def test_a_session_without_a_recording_writes_nothing(face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with watching(face, duration=0.5) as session:
        session.end()
    assert session.report is not None
    assert session.report.out is None
    assert session.report.faces > 0
    assert list(tmp_path.iterdir()) == []
