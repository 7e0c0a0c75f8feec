"""Corrections by hand: what they change in a timeline, that they can be undone, and that they survive another analysis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import feelit
from feelit.errors import FeelitError, TimelineReadError, UsageError
from feelit.identity.edits import read_edits
from feelit.timeline.recording import open_timelines
from feelit.timeline.schema import PEOPLE, pack_metadata, schema_of
from tests.timeline.rows import table_of

VIDEO = "a.mp4"
PLACES = {1: 100, 2: 300, 3: 500, 4: 500}
"""Left edges of the faces of each track, in px."""

SHOWN = {1: (0, 20), 2: (0, 20), 3: (5, 9), 4: (12, 20)}
"""When each of the tracks is seen, in seconds; track 4 is where track 3 was, but another person."""


def timeline(
    path: Path,
    rate: float = 5,
    shown: Mapping[int, tuple[float, float]] = SHOWN,
    who: Mapping[int, int | None] | None = None,
    fingerprint: str | None = "f1",
    places: Mapping[int, int] = PLACES,
) -> Path:
    """A timeline of tracks that stand still; `who` is the person of each."""
    who = {track: track for track in shown} if who is None else dict(who)
    times = np.arange(0, 20, 1 / rate)
    letters = {t: "".join("n" if a <= s < b else "." for s in times) for t, (a, b) in shown.items()}
    table = table_of(letters, times.tolist(), VIDEO)
    track = table.column("track_id").to_numpy(zero_copy_only=False)
    left = np.array([places[int(t)] if t == t else np.nan for t in track], np.float32)
    columns: dict[str, Any] = {name: table.column(name) for name in table.column_names}
    columns |= {
        "x0": left,
        "x1": left + 80,
        "y0": np.where(np.isnan(left), np.nan, 50),
        "y1": np.where(np.isnan(left), np.nan, 150),
    }
    person = [who.get(int(t)) if t == t else None for t in track]
    columns["person_id"] = pa.array(person, pa.int32())
    columns["person"] = pa.array([None] * len(track), pa.string()).dictionary_encode()
    columns["person_confidence"] = pa.array([None if p is None else 0.75 for p in person], pa.float32())
    schema = schema_of([PEOPLE])
    for name in ("x0", "x1", "y0", "y1"):
        columns[name] = pa.array(np.asarray(columns[name], np.float32), pa.float32(), from_pandas=True)
    columns["person"] = columns["person"].cast(schema.field("person").type)
    people = [
        {"person_id": p, "name": None, "tracks": [t for t, q in who.items() if q == p]}
        for p in sorted({p for p in who.values() if p is not None})
    ]
    facts = {"fingerprint": fingerprint, "frames_sampled": len(times), "tracks": max(shown), "people": people}
    made = pa.table(
        [columns[name] for name in schema.names], schema=schema.with_metadata(pack_metadata({"videos": {VIDEO: facts}}))
    )
    pq.write_table(made, path)
    return path


def people_by_track(path: Path) -> dict[int, set[int | None]]:
    rows = pq.read_table(path, columns=["track_id", "person_id"]).to_pylist()
    return {
        t: {r["person_id"] for r in rows if r["track_id"] == t} for t in sorted({r["track_id"] for r in rows if r["track_id"]})
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return timeline(tmp_path / "results.parquet")


def test_people_get_names_are_merged_and_become_nobody(path: Path) -> None:
    found = feelit.people(path, name={1: "P01"}, merge=[(3, 4)], not_a_face=[2])
    assert found["person_id"].tolist() == [1, 3]
    assert found["person"].tolist()[0] == "P01"
    assert found["tracks"].tolist() == [(1,), (3, 4)]
    assert people_by_track(path) == {1: {1}, 2: {None}, 3: {3}, 4: {3}}
    named = pq.read_table(path, columns=["track_id", "person"]).to_pandas()
    assert set(named[named.track_id == 1]["person"]) == {"P01"}


def test_a_split_cuts_the_track_and_gives_a_new_person(path: Path) -> None:
    feelit.people(path, split=[(1, 12.5)])
    rows = pq.read_table(path).to_pandas()
    assert set(rows[(rows.x0 == 100) & (rows.time_s < 12.5)].person_id) == {1}
    assert set(rows[(rows.x0 == 100) & (rows.time_s >= 12.5)].person_id) == {5}
    assert set(rows[rows.person_id == 5].track_id) == {5}
    assert (rows.sort_values(["frame", "track_id"]).index == rows.index).all(), "rows are ordered by frame and then by track"
    assert rows[rows.person_id == 5].person_confidence.unique().tolist() == [1.0]


def test_metadata_say_what_was_changed_by_hand(path: Path) -> None:
    feelit.people(path, split=[(1, 12.5)], name={2: "P02"})
    (recording,) = open_timelines(path)
    assert [(edit["edit"], edit["people"]) for edit in recording.info.edits] == [("split", [1]), ("name", [2])]
    assert recording.facts["tracks"] == 5
    assert recording.person_name(2) == "P02"
    automatic = recording.facts["automatic"]
    assert automatic["splits"] == [{"track_id": 5, "from": 1, "start_s": 12.5}]
    assert automatic["people"][0] == {"track_id": 1, "person_id": 1, "person_confidence": 0.75}


def test_deleting_the_edits_brings_the_automatic_result_back(path: Path) -> None:
    before = pq.read_table(path)
    feelit.people(path, name={1: "P01"}, merge=[(3, 4)], split=[(2, 7)])
    assert not pq.read_table(path).equals(before)
    edits = path.with_name("people.toml")
    edits.write_text(edits.read_text(encoding="utf-8").split("\n[[edit]]\n")[0], encoding="utf-8")
    feelit.people(path)
    after = pq.read_table(path)
    assert after.equals(before)
    assert json.loads(after.schema.metadata[b"feelit"]) == json.loads(before.schema.metadata[b"feelit"])


def test_deleting_one_edit_keeps_the_others(path: Path) -> None:
    feelit.people(path, merge=[(3, 4)])
    feelit.people(path, name={3: "P03"})
    edits = path.with_name("people.toml")
    head, merge, name = edits.read_text(encoding="utf-8").split("\n[[edit]]\n")
    assert 'edit = "merge"' in merge
    edits.write_text(f"{head}\n[[edit]]\n{name}", encoding="utf-8")
    found = feelit.people(path)
    assert dict(zip(found["person_id"], found["person"], strict=True))[4] == "P03", "of the two, who is seen longer"
    assert found["person_id"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("rate", [1, 4, 30])
def test_corrections_find_their_people_in_another_analysis(path: Path, rate: float) -> None:
    """Another rate, other tracks in another order, other numbers."""
    feelit.people(path, name={1: "P01", 2: "P02"}, merge=[(3, 4)])
    feelit.people(path, split=[(2, 10)])
    shown = {1: (5, 9), 2: (12, 20), 3: (0, 11), 4: (0, 20), 5: (11, 20)}
    places = {1: 500, 2: 500, 3: 100, 4: 300, 5: 100}
    timeline(path, rate, shown, {1: 3, 2: 4, 3: 1, 4: 2, 5: 1}, places=places)
    found = feelit.people(path)
    rows = pq.read_table(path).to_pandas()
    assert set(rows[rows.x0 == 100]["person"]) == {"P01"}
    assert set(rows[(rows.x0 == 300) & (rows.time_s < 10)]["person"]) == {"P02"}
    assert set(rows[(rows.x0 == 300) & (rows.time_s >= 10)]["person_id"]) == {5}
    assert set(rows[rows.x0 == 500]["person_id"]) == {3}
    assert len(found) == 4


def test_a_split_that_the_new_analysis_made_itself_changes_nothing(path: Path) -> None:
    feelit.people(path, split=[(2, 10)])
    shown = {1: (0, 20), 2: (0, 10), 3: (10, 20)}
    timeline(path, 5, shown, places={1: 100, 2: 300, 3: 300})
    feelit.people(path)
    assert people_by_track(path) == {1: {1}, 2: {2}, 3: {3}}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"name": {9: "P01"}}, "there is no person 9"),
        ({"merge": [(1, 9)]}, "there is no person 9"),
        ({"split": [(9, 3.0)]}, "there is no person 9"),
        ({"not_a_face": [9]}, "there is no person 9"),
        ({"merge": [(1, 2)]}, r"persons 1 and 2 are both in the picture at 0\.00 s"),
        ({"split": [(3, 12.5)]}, r"person 3 cannot be split at 12\.5 s"),
        ({"split": [(1, 0.0)]}, r"person 1 cannot be split at 0 s"),
        ({"name": ["1=A", "1=B"]}, "gives person 1 two names, A and B"),
        ({"name": {1: "A", 2: "A"}}, "calls 2 people A"),
        ({"name": {1: "A"}, "not_a_face": [1]}, "nobody and somebody"),
        ({"name": {1: "A\nB"}}, "is no name"),
        ({"name": ["1"]}, "--name 1 is no name of a person"),
        ({"name": {1: "A"}, "sheet": "people.pdf"}, "is not a name for a page"),
        ({"merge": ["3"]}, "--merge 3 is no list of people"),
        ({"split": ["3"]}, "--split 3 is no person and a time"),
        ({"split": ["3@noon"]}, "--split noon is no time"),
        ({"not_a_face": ["x"]}, "--not-a-face x is no number of a person"),
        ({"name": {1: "A"}, "video": "b.mp4"}, "--video b.mp4 is none of the videos"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(path: Path, asked: dict[str, Any], message: str) -> None:
    before = path.read_bytes()
    with pytest.raises(UsageError, match=message) as caught:
        feelit.people(path, **asked)
    assert caught.value.hint
    assert path.read_bytes() == before
    assert not path.with_name("people.toml").exists()


def test_of_several_corrections_one_that_cannot_be_stops_all(path: Path) -> None:
    feelit.people(path, name={1: "P01"})
    before, edits = path.read_bytes(), path.with_name("people.toml").read_bytes()
    with pytest.raises(UsageError, match="P01 is already the name of person 1"):
        feelit.people(path, merge=[(3, 4)], name={2: "P01"})
    assert (path.read_bytes(), path.with_name("people.toml").read_bytes()) == (before, edits)


def test_a_new_name_replaces_the_old_one_and_an_empty_one_takes_it_away(path: Path) -> None:
    feelit.people(path, name={1: "P01", 2: "P02"})
    feelit.people(path, name={1: "P02", 2: "P01"})
    assert feelit.people(path)["person"].tolist()[:2] == ["P02", "P01"]
    feelit.people(path, name={1: ""})
    assert feelit.people(path)["person"].fillna("").tolist()[:2] == ["", "P01"]
    assert len(read_edits(path.with_name("people.toml")).edits) == 1


@pytest.mark.parametrize(
    "text",
    [
        'merge = [[3, 4]]\nname = { 1 = "P01" }\n',
        'merge = ["3,4"]\nname = ["1=P01"]\n',
        '[[edit]]\nedit = "merge"\npeople = [3, 4]\n[[edit]]\nedit = "name"\npeople = 1\nname = "P01"\n',
    ],
)
def test_the_file_may_be_written_by_hand_with_numbers(path: Path, text: str) -> None:
    edits = path.with_name("people.toml")
    edits.write_text(text, encoding="utf-8")
    found = feelit.people(path)
    assert found["tracks"].tolist() == [(1,), (2,), (3, 4)]
    assert found["person"].tolist()[0] == "P01"
    assert all(edit.faces and edit.fingerprint == "f1" for edit in read_edits(edits).edits), "faces were added"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("merge = 3", "--merge"),
        ("merge = [[3, 9]]", "there is no person 9"),
        ("people = [[1, 2]]", "names people, which is not known"),
        ("nonsense", "cannot be read"),
        ("[[edit]]\nedit = 'rename'\npeople = 1", "edit 1 is none of"),
        ("[[edit]]\nedit = 'name'\npeople = 1", "edit 1 lacks name"),
        ("[[edit]]\nedit = 'merge'\npeople = [1]", "an invalid value"),
        ("[[edit]]\nedit = 'split'\npeople = 1\nat_s = inf", "an invalid value"),
        ("[[edit]]\nedit = 'name'\npeople = 8\nname = 'A'", "edit 1 .* there is no person 8"),
        ("[[edit]]\nedit = 'name'\npeople = 1\nname = 'A'\n[[edit]]\nedit = 'name'\npeople = 1\nname = 'B'", "two names"),
        ("[[edit]]\nedit = 'name'\npeople = 1\nname = 'A'\nfaces.1 = [[500, 1, 2, 3, 4]]", "no face at 500 s"),
        ("[[edit]]\nedit = 'name'\npeople = 1\nname = 'A'\nfaces.1 = [[1, 2]]", "an invalid value"),
    ],
)
def test_a_file_that_cannot_be_is_refused_and_nothing_is_changed(path: Path, text: str, message: str) -> None:
    edits, before = path.with_name("people.toml"), path.read_bytes()
    edits.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        feelit.people(path)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert (path.read_bytes(), edits.read_text(encoding="utf-8")) == (before, text)


def test_a_file_elsewhere_is_named_by_an_option(path: Path, tmp_path: Path) -> None:
    edits = tmp_path / "elsewhere" / "mine.toml"
    with pytest.raises(UsageError, match="does not exist"):
        feelit.people(path, edits=edits)
    feelit.people(path, name={1: "P01"}, edits=edits)
    assert edits.is_file()
    assert not path.with_name("people.toml").exists()


def test_a_lost_file_is_made_again_from_the_timelines(path: Path) -> None:
    feelit.people(path, name={1: "P01"})
    other = timeline(path.with_name("other.parquet"), fingerprint="f2")
    edits = path.with_name("people.toml")
    edits.unlink()
    assert feelit.people(path)["person"].tolist()[0] == "P01", "a missing file undoes nothing"
    feelit.people(other, name={2: "P02"})
    assert [edit.name for edit in read_edits(edits).edits] == ["P01", "P02"]


def test_another_video_of_the_same_name_is_not_corrected(path: Path) -> None:
    feelit.people(path, name={1: "P01"})
    timeline(path, fingerprint="other")
    assert feelit.people(path)["person"].isna().all()


def test_a_file_of_several_videos_is_corrected_in_one_of_them(path: Path, tmp_path: Path) -> None:
    table = pq.read_table(timeline(tmp_path / "b.parquet"))
    renamed = table.set_column(0, table.schema.field("video"), pa.array(["b.mp4"] * len(table)).dictionary_encode())
    both = pa.concat_tables([pq.read_table(path), renamed]).unify_dictionaries()
    content = json.loads(table.schema.metadata[b"feelit"])
    content["videos"]["b.mp4"] = content["videos"][VIDEO] | {"fingerprint": "f2"}
    pq.write_table(both.replace_schema_metadata(pack_metadata(content)), path)
    with pytest.raises(UsageError, match="hold 2 videos"):
        feelit.people(path, name={1: "P01"})
    found = feelit.people(path, name={1: "P01"}, video="b.mp4")
    assert found[found["person"].notna()]["video"].tolist() == ["b.mp4"]
    assert len(pq.read_table(path)) == len(both)


def test_a_timeline_without_people_cannot_be_corrected(tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    table = table_of({1: "nn"}, [0.0, 0.1], VIDEO)
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": {VIDEO: {}}})), path)
    with pytest.raises(UsageError, match="does not say who is who"):
        feelit.people(path, name={1: "P01"})


def test_a_frame_cannot_be_corrected(path: Path) -> None:
    frame = feelit.read_timeline(path)
    assert len(feelit.people(frame)) == 4
    with pytest.raises(UsageError, match="what is in memory cannot be corrected"):
        feelit.people(frame, name={1: "P01"})


def test_damaged_metadata_are_refused(path: Path) -> None:
    feelit.people(path, name={1: "P01"})
    table = pq.read_table(path)
    content = json.loads(table.schema.metadata[b"feelit"])
    content["videos"][VIDEO]["automatic"] = {"people": 3}
    pq.write_table(table.replace_schema_metadata(pack_metadata(content)), path)
    with pytest.raises(TimelineReadError, match="damaged metadata: automatic"):
        feelit.people(path, name={2: "P02"})


def test_a_timeline_that_cannot_be_written_is_left_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("feelit.timeline.write.TimelineWriter.append", fail)
    with pytest.raises(FeelitError, match="no space left"):
        feelit.people(path, name={1: "P01"})
    assert path.read_bytes() == before
    monkeypatch.undo()
    assert feelit.people(path)["person"].tolist()[0] == "P01", "the next run does what was left"
