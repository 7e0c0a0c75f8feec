"""What a report holds: read back from the file, as the page's scripts would."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from feelit.analysis.event import Event
from feelit.analysis.summary import PersonSummary, VideoSummary, summaries
from feelit.errors import OutputError, TimelineReadError, UsageError, VideoReadError
from feelit.options.timelines import ReportOptions
from feelit.reports import write as writing
from feelit.reports.write import write_report
from feelit.timeline.schema import SCHEMA, pack_metadata, to_arrow
from tests.reports.films import film, timeline_of_film
from tests.reports.meetings import Meeting, facts_of, timeline_of, write

HOUR_BYTES = 3_000_000


def blocks(path: Path) -> dict[str, Any]:
    """The data of a report by name: JSON as values, the rest as texts."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r'<script type="(application/json|text/plain)" id="([\w-]+)">(.*?)</script>', text, re.DOTALL)
    return {name: json.loads(content) if kind == "application/json" else content for kind, name, content in found}


def report(timeline: Path, *videos: Path, name: str = "report.html") -> dict[str, Any]:
    out = timeline.parent / name
    write_report([timeline], ReportOptions(out=out, video=videos))
    return blocks(out)


def test_a_page_states_what_the_summary_tells(tmp_path: Path) -> None:
    meeting = Meeting(people=3, duration_s=30.0)
    data = report(write(tmp_path / "a.parquet", [meeting]))
    (summary,) = summaries(to_arrow(timeline_of(meeting), meeting.name), "video")
    assert isinstance(summary, VideoSummary)
    video = data["video-1"]
    assert video["shown"]["share"] == pytest.approx(summary.shown.share, abs=1e-4)
    assert video["shown"]["unsure_share"] == pytest.approx(summary.shown.unsure_share, abs=1e-4)
    assert video["face_share"] == pytest.approx(summary.face_share, abs=1e-4)
    assert [person["id"] for person in video["people"]] == [1, 2, 3]
    assert video["moments"][0]["confidence"] == pytest.approx(summary.shown.moments[0].confidence, abs=1e-4)
    assert (video["points"], video["samples"], video["step_s"]) == (300, 300, None)
    assert all(check["passed"] for check in video["audit"])
    assert video["source"]["models"]["detector"]["name"] == "detector-v1"
    assert video["source"]["timeline"] == (tmp_path / "a.parquet").as_posix()
    assert data["report"]["videos"][0]["people"] == 3


def test_transitions_add_up_to_those_of_the_summary(tmp_path: Path) -> None:
    meeting = Meeting(people=4, duration_s=120.0)
    video = report(write(tmp_path / "a.parquet", [meeting]))["video-1"]
    for person in video["people"]:
        changes = sum(times for _, _, times in person["transitions"])
        assert changes == pytest.approx(person["transitions_per_min"] * person["readable_s"] / 60, abs=0.01)
        assert all(a != b for a, b, _ in person["transitions"])
    assert sum(len(person["transitions"]) for person in video["people"]) > 10


def test_equal_timelines_give_equal_pages(tmp_path: Path) -> None:
    timeline = write(tmp_path / "a.parquet", [Meeting(people=2, duration_s=20.0)])
    for name in ("one.html", "two.html"):
        report(timeline, name=name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


@pytest.mark.parametrize(("duration_s", "share"), [(900.0, 0.3), pytest.param(3600.0, 1.0, marks=pytest.mark.slow)])
def test_an_hour_of_six_people_is_small_and_at_full_resolution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, duration_s: float, share: float
) -> None:
    monkeypatch.setattr("feelit.reports.video_section.EventFinder", NoEvents)  # they take most of the time, and little room
    meeting = Meeting(people=6, duration_s=duration_s)
    video = report(write(tmp_path / "a.parquet", [meeting]))["video-1"]
    assert (video["points"], video["step_s"]) == (10 * duration_s, None)
    rest = writing.EVENTS * 250 + writing.PICTURE_BYTES
    assert (tmp_path / "report.html").stat().st_size < share * (HOUR_BYTES - rest)


class NoEvents:
    """Finds none."""

    needs_series = False

    def __init__(self, *_: object) -> None:
        pass

    def add(self, series: object) -> None:
        pass

    def finish(self) -> list[Event]:
        return []


def test_a_person_is_one_row_whatever_the_tracks_are(tmp_path: Path) -> None:
    meeting = Meeting(people=4, duration_s=60.0)
    timeline = write(tmp_path / "a.parquet", [meeting], people={1: 2, 2: 1, 3: None, 4: 3}, names=["Ada", "Ben"])
    video = report(timeline)["video-1"]
    assert video["unit"] == "person"
    assert [(p["id"], p["name"], [t["id"] for t in p["tracks"]]) for p in video["people"]] == [
        (1, "Ada", [2]),
        (2, "Ben", [1]),
        (3, None, [4]),
    ]
    by_person = {p.person_id: p.shown for p in summaries(timeline, "person") if isinstance(p, PersonSummary)}
    for person in video["people"]:
        assert person["on_screen_s"] == pytest.approx(by_person[person["id"]].on_screen_s, abs=1e-4)
        assert person["share"] == pytest.approx(by_person[person["id"]].share, abs=1e-4)
    assert {person for event in video["events"]["rows"] for person in event["people"]} <= {1, 2, 3}
    assert {moment["person"] for moment in video["moments"]} <= {1, 2, 3}


def test_without_people_tracks_stand_in_for_them(tmp_path: Path) -> None:
    video = report(write(tmp_path / "a.parquet", [Meeting(people=2, duration_s=5.0)]))["video-1"]
    assert video["unit"] == "track"
    assert [(p["id"], p["name"], [t["id"] for t in p["tracks"]]) for p in video["people"]] == [(1, None, [1]), (2, None, [2])]


def test_many_videos_share_the_room_of_a_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.reports.video_section.EventFinder", NoEvents)
    monkeypatch.setattr(writing, "CURVE_BYTES", 30_000)
    monkeypatch.setattr(writing, "FULL_SHARES", 2)
    meetings = [Meeting(people=3, duration_s=120.0, seed=n, name=f"{n:02}.mp4") for n in range(6)]
    few = report(write(tmp_path / "few.parquet", meetings[:2]), name="few.html")
    many = report(write(tmp_path / "many.parquet", meetings), name="many.html")
    assert all(len(few[f"curves-{n}"]) <= 30_000 for n in range(1, 3))
    assert all(len(many[f"curves-{n}"]) <= 10_000 for n in range(1, 7))
    assert [few["video-1"]["step_s"], many["video-1"]["step_s"]] == [None, 1.0]
    assert many["report"]["videos"][0]["step_s"] == 1.0  # the table of contents says so as well


@pytest.mark.parametrize(
    ("meeting", "people", "samples"),
    [
        pytest.param(Meeting(people=0, duration_s=5.0), 0, 50, id="nobody"),
        pytest.param(Meeting(people=1, duration_s=0.1), 1, 1, id="one frame"),
        pytest.param(Meeting(people=0, duration_s=0.0), 0, 0, id="no frame"),
    ],
)
def test_little_is_enough(meeting: Meeting, people: int, samples: int, tmp_path: Path) -> None:
    video = report(write(tmp_path / "a.parquet", [meeting]))["video-1"]
    assert (len(video["people"]), video["samples"]) == (people, samples)


def test_names_are_data(tmp_path: Path) -> None:
    names = ["</script><script>alert(1)</script>.mp4", "{{script}}.mp4", "a\u2028b\n.mp4", "\\xff.mp4", "\"'&<b>.mp4"]
    data = report(
        write(tmp_path / "a.parquet", [Meeting(people=1, duration_s=1.0, seed=n, name=name) for n, name in enumerate(names)])
    )
    assert [video["name"] for video in data["report"]["videos"]] == names
    assert len(data) == 1 + 2 * len(names)


def test_a_folder_is_one_report(tmp_path: Path) -> None:
    for n in range(3):
        (tmp_path / f"{n}").mkdir()
        write(tmp_path / f"{n}" / "a.parquet", [Meeting(people=1, duration_s=2.0, name=f"{n}.mp4")])
    write_report([tmp_path], ReportOptions(out=tmp_path / "report.html"))
    assert [video["name"] for video in blocks(tmp_path / "report.html")["report"]["videos"]] == ["0.mp4", "1.mp4", "2.mp4"]


def test_metadata_that_know_nothing_are_enough(tmp_path: Path) -> None:
    table = to_arrow(timeline_of(Meeting(people=1, duration_s=2.0)), "a.mp4")
    pq.write_table(table.replace_schema_metadata(pack_metadata({})), tmp_path / "a.parquet")
    data = report(tmp_path / "a.parquet")
    assert data["video-1"]["duration_s"] == pytest.approx(2.0)
    assert data["report"]["videos"][0]["failed"] > 0


def test_rows_in_another_order_give_the_same_curves(tmp_path: Path) -> None:
    meeting = Meeting(people=2, duration_s=10.0)
    right = report(write(tmp_path / "a.parquet", [meeting]), name="a.html")
    table = pq.read_table(tmp_path / "a.parquet")
    pq.write_table(table.take(list(range(len(table)))[::-1]), tmp_path / "b.parquet")
    turned = report(tmp_path / "b.parquet", name="b.html")
    assert turned["curves-1"] == right["curves-1"]
    assert [check["name"] for check in turned["video-1"]["audit"] if not check["passed"]] == ["rows are in order"]


def test_frames_without_a_time_are_refused(tmp_path: Path) -> None:
    rows = timeline_of(Meeting(people=1, duration_s=1.0))
    rows.time_s[3] = float("nan")
    table = to_arrow(rows, "a.mp4").replace_schema_metadata(pack_metadata({"videos": {"a.mp4": facts_of(Meeting(), rows)}}))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(TimelineReadError, match="lacks a value in the column time_s"):
        report(tmp_path / "a.parquet")
    assert not (tmp_path / "report.html").exists()


def test_pictures_and_links_come_with_the_video(tmp_path: Path) -> None:
    video = film(tmp_path / "films" / "moved here.mp4")
    film(tmp_path / "films" / "moved here.annotated.mp4", seed=1)
    timeline = timeline_of_film(tmp_path / "a.parquet", {"call.mp4": video})
    seen = report(timeline, tmp_path / "films")["video-1"]
    links = (
        {"url": "films/moved%20here.mp4", "name": "moved here.mp4"},
        {"url": "films/moved%20here.annotated.mp4", "name": "moved here.annotated.mp4"},
    )
    assert seen["footage"] == {"status": "found", "video": links[0], "annotated": links[1]}
    assert seen["people"][0]["portrait"].startswith("data:image/jpeg;base64,")
    assert all(moment["picture"] for moment in seen["moments"])


def test_without_videos_there_is_no_picture_in_the_file(tmp_path: Path) -> None:
    timeline = timeline_of_film(tmp_path / "a.parquet", {"call.mp4": film(tmp_path / "call.mp4")})
    video = report(timeline)["video-1"]
    assert "data:image" not in (tmp_path / "report.html").read_text(encoding="utf-8").replace("img-src data:", "")
    assert video["footage"] == {"status": "none"}


def test_videos_that_are_missing_or_changed_are_reported(tmp_path: Path) -> None:
    films = {name: film(tmp_path / "films" / name, seed=n) for n, name in enumerate(["here.mp4", "changed.mp4", "gone.mp4"])}
    timeline = timeline_of_film(tmp_path / "a.parquet", films)
    film(films["changed.mp4"], seed=7)
    films["gone.mp4"].unlink()
    notes = write_report([timeline], ReportOptions(out=tmp_path / "report.html", video=(tmp_path / "films",)))
    assert [note.split(" ")[0] for note in notes] == ["changed.mp4", "gone.mp4"]
    assert "has changed since it was analysed" in notes[0]
    assert "is not among the videos" in notes[1]
    data = blocks(tmp_path / "report.html")
    assert [data[f"video-{n}"]["footage"]["status"] for n in (1, 2, 3)] == ["found", "changed", "missing"]


def test_a_video_that_cannot_be_decoded_costs_its_pictures_only(tmp_path: Path) -> None:
    video = tmp_path / "call.mp4"
    video.write_bytes(b"no video at all")
    timeline = timeline_of_film(tmp_path / "a.parquet", {"call.mp4": video})
    (note,) = write_report([timeline], ReportOptions(out=tmp_path / "report.html", video=(video,)))
    assert "no pictures of call.mp4" in note
    assert blocks(tmp_path / "report.html")["video-1"]["people"][0]["portrait"] is None


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        pytest.param(ReportOptions(out=Path("report.pdf")), UsageError, id="no page"),
        pytest.param(ReportOptions(out=Path("there.html")), OutputError, id="there already"),
        pytest.param(ReportOptions(out=Path("new.html"), video=(Path("gone.mp4"),)), VideoReadError, id="no such video"),
        pytest.param(ReportOptions(out=Path("new.html"), video=(Path("other.mp4"),)), TimelineReadError, id="another video"),
    ],
)
def test_refusals(options: ReportOptions, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.html").write_text("mine")
    Path("other.mp4").write_bytes(b"another")
    write(Path("a.parquet"), [Meeting(people=1, duration_s=1.0)])
    with pytest.raises(kind):
        write_report([Path("a.parquet")], options)
    assert Path("there.html").read_text() == "mine"
    assert not Path("new.html").exists()


def test_a_failure_halfway_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", [Meeting(people=1, duration_s=1.0)])
    other = SCHEMA.with_metadata(pack_metadata({"schema_version": 99})).empty_table()
    pq.write_table(other, tmp_path / "b.parquet")
    with pytest.raises(TimelineReadError, match="schema version 99"):
        write_report([tmp_path], ReportOptions(out=tmp_path / "report.html"))
    assert {path.name for path in tmp_path.iterdir()} == {"a.parquet", "b.parquet"}
