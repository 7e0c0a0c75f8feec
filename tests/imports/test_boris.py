"""Projects and exports of BORIS, in the forms of its versions 7 and 9."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from feelit.errors import UsageError
from feelit.imports.annotations import read_annotations, read_tiers
from feelit.imports.tiers import Annotation
from tests.exports.made import text_of, write
from tests.timeline.rows import regular, table_of

BEHAVIOURS = {
    "0": {"type": "State event", "code": "smile", "category": "face"},
    "1": {"type": "Point event", "code": "nod", "category": "face"},
    "2": {"type": "State event with coding map", "code": "lean", "category": "body"},
}
SMILES = [[1.5, "anna", "smile", "", ""], [4.0, "anna", "smile", "", "", 100], [2.0, "anna", "nod", "", ""]]


def project(**observations: Any) -> Path:
    path = Path("p.boris")
    path.write_text(json.dumps({"observations": observations, "behaviors_conf": BEHAVIOURS}))
    return path


def test_states_have_a_length_and_points_none() -> None:
    path = project(one={"events": SMILES}, empty={"events": []})
    assert read_tiers(path) == {"anna": [Annotation(1.5, 4.0, "smile"), Annotation(2.0, 2.0, "nod")]}
    assert read_annotations(path) == {"anna": [Annotation(1.5, 4.0, "smile")]}


def test_the_offset_of_an_observation_is_no_part_of_the_times_of_the_video() -> None:
    events = [[11.5, "anna", "smile", "", ""], [14.0, "anna", "smile", "", ""]]
    assert read_tiers(project(one={"events": events, "time offset": 10.0})) == {"anna": [Annotation(1.5, 4.0, "smile")]}


def test_observations_and_categories_name_tiers_where_there_are_several() -> None:
    lean = [[1.0, "anna", "lean", "left", ""], [1.2, "anna", "lean", "right", ""]]
    lean += [[2.0, "anna", "lean", "left", ""], [3.0, "anna", "lean", "right", ""]]
    path = project(one={"events": [*SMILES, *lean]}, two={"events": [[0.0, "", "nod", "", ""]]})
    assert {name: len(tier) for name, tier in read_tiers(path).items()} == {
        "one/anna/face": 2,
        "one/anna/body": 2,
        "two/face": 1,
    }


@pytest.mark.parametrize(
    ("observation", "message"),
    [
        pytest.param({"events": SMILES[:1]}, "smile starts at 1.5 s and never stops", id="without-end"),
        pytest.param({"events": [["soon", "anna", "nod"]]}, "soon is no time", id="no-time"),
        pytest.param({"events": [[float("nan"), "anna", "nod"]]}, "coded on pictures", id="of-pictures"),
        pytest.param({"events": [3]}, "no list of time", id="no-event"),
        pytest.param([], "is no object", id="no-observation"),
        pytest.param({"events": []}, "holds no annotations", id="nothing-coded"),
    ],
)
def test_a_damaged_project_is_refused(observation: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_tiers(project(one=observation))


NEW = (
    "Observation id\tObservation date\tObservation type\tTime offset (s)\tSubject\tBehavior\tBehavioral category\tModifiers\t"
    "Behavior type\tTime\tMedia file name\n"
)
OLD = (
    "Observation id\tone\n\nMedia file(s)\n\nPlayer #1\ta.mp4\n\nTime\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\t"
    "Behavioral category\tComment\tStatus\n"
)
AGGREGATED = "Observation id,Subject,Behavior,Behavioral category,Modifiers,Behavior type,Start (s),Stop (s),Duration (s)\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            NEW
            + "one\tx\tMedia\t2\tanna\tsmile\tface\t\tSTART\t3.5\ta.mp4\none\tx\tMedia\t2\tanna\tnod\tface\t\tPOINT\t4\ta.mp4\n"
            + "one\tx\tMedia\t2\tanna\tsmile\tface\t\tSTOP\t6\ta.mp4\n",
            id="version-9",
        ),
        pytest.param(
            OLD + "1.5\ta.mp4\t9\t25\tanna\tsmile\t\t\tSTART\n2\ta.mp4\t9\t25\tanna\tnod\t\t\tPOINT\n"
            "4\ta.mp4\t9\t25\tanna\tsmile\t\t\tSTOP\n",
            id="version-7",
        ),
        pytest.param(
            (AGGREGATED + "one,anna,smile,face,,STATE,1.5,4,2.5\none,anna,nod,face,,POINT,2,2,0\n").replace(",", "\t"),
            id="aggregated",
        ),
    ],
)
def test_exports(text: str) -> None:
    path = Path("events.tsv")
    path.write_text(text)
    assert read_tiers(path) == {"anna": [Annotation(1.5, 4.0, "smile"), Annotation(2.0, 2.0, "nod")]}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param("o\t\t\t0\tanna\tsmile\t\t\tSTOP\t3\n", "smile stops at 3 s and never started", id="no-start"),
        pytest.param("o\t\t\t0\tanna\tsmile\t\t\tSTART\t3\n" * 2, "and again before it stopped", id="twice"),
        pytest.param("o\t\t\t0\tanna\tsmile\t\t\tMAYBE\t3\n", "MAYBE is none of", id="another-kind"),
        pytest.param("o\t\t\t0\tanna\n", "ends before its kind", id="a-short-row"),
    ],
)
def test_damaged_exports_are_refused(rows: str, message: str) -> None:
    path = Path("events.tsv")
    path.write_text(NEW + rows)
    with pytest.raises(UsageError, match=message):
        read_tiers(path)


def test_aggregated_events_have_the_offset_of_their_observation_too() -> None:
    heads = "Observation id,Time offset (s),Subject,Behavior,Behavioral category,Behavior type,Start (s),Stop (s)\n"
    path = Path("events.csv")
    path.write_text(heads + "one,10,anna,smile,face,STATE,11.5,14\ntwo,0,No focal subject,nod,face,POINT,3,3\n")
    assert read_tiers(path) == {"one/anna": [Annotation(1.5, 4.0, "smile")], "two": [Annotation(3.0, 3.0, "nod")]}


def test_what_feelit_exports_is_read_back(tmp_path: Path) -> None:
    timeline = write(tmp_path / "t.parquet", table_of({1: "nnnhhh", 2: "aa.naa"}, regular(6)))
    path = Path("events.tsv")
    path.write_text(text_of(timeline, "boris"), encoding="utf-8")
    assert read_annotations(path) == {
        "track 1": [Annotation(0.0, 0.3, "neutral"), Annotation(0.3, 0.6, "happiness")],
        "track 2": [Annotation(0.0, 0.2, "anger"), Annotation(0.3, 0.6, "anger")],
    }
