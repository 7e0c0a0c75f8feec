from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feelit.analysis.event import HEADINGS
from feelit.timeline.schema import pack_metadata
from tests.conftest import Command
from tests.timeline.rows import regular, table_of

SHOWN = {1: "n" * 200 + "sss" + "n" * 97 + "h" * 30 + "n" * 100 + "." * 60 + "n" * 100, 2: "n" * 590}
"""A laugh, an absence, and three samples of surprise that chance explains."""


@pytest.fixture
def timeline(tmp_path: Path) -> Path:
    table = pa.concat_tables([table_of(SHOWN, regular(590)), table_of({}, regular(2), "b.mp4")]).unify_dictionaries()
    path = tmp_path / "results.parquet"
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": {}})), path)
    return path


def test_a_table_of_all_but_bouts_unless_given_otherwise(command: Command, timeline: Path) -> None:
    ran = command("events", timeline)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].split() == ["2", "events", "in", "a.mp4"]
    assert [kind for kind in ("bout", "peak", "shared", "absence") if f" {kind} " in ran.out] == ["peak", "absence"]


def test_json_has_lists_of_tracks_and_nulls(command: Command, timeline: Path) -> None:
    found = json.loads(command("events", timeline, "--format", "json", "--kind", "all").out)
    assert all(tuple(event) == HEADINGS for event in found)
    (absence,) = [event for event in found if event["kind"] == "absence"]
    assert absence["tracks"] == [1]
    assert (absence["start_s"], absence["end_s"]) == (43.0, 49.0)
    assert (absence["emotion"], absence["strength"], absence["low"]) == (None, None, None)


def test_csv_in_a_file(command: Command, timeline: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "events.csv"
    ran = command("events", timeline, "--out", out, "--emotion", "happiness", "--kind", "bout,peak")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["kind"], row["emotion"], row["tracks"]) for row in rows] == [
        ("peak", "happiness", "1"),
        ("bout", "happiness", "1"),
    ]
    assert (rows[0]["low"], rows[1]["p_value"]) == ("", "")


def test_what_chance_explains_is_listed_only_if_asked_for(command: Command, timeline: Path) -> None:
    def listed(*arguments: object) -> dict[str, float]:
        ran = command("events", timeline, "--kind", "peak", "--format", "json", *arguments)
        return {event["emotion"]: event["p_adjusted"] for event in json.loads(ran.out)}

    assert list(listed()) == ["happiness"]
    everything = listed("--max-p", 1)
    assert set(everything) == {"happiness", "surprise"}
    assert 0 < everything["happiness"] <= 0.05 < everything["surprise"]
    assert len(listed("--max-p", everything["surprise"])) == 2


def test_only_what_is_unlikely(command: Command, timeline: Path) -> None:
    assert json.loads(command("events", timeline, "--max-p", 0, "--format", "json").out) == []


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        pytest.param(["gone.parquet"], 3, "gone.parquet does not exist", id="missing"),
        pytest.param(["--kind", "party"], 2, "--kind party is not known", id="kind"),
        pytest.param(["--emotion", "joy"], 2, "--emotion joy is not known", id="emotion"),
        pytest.param(["--max-p", "2"], 2, "--max-p 2 is no probability", id="limit"),
        pytest.param(["--out", "events.txt"], 2, "--out events.txt does not say what to write", id="ending"),
    ],
)
def test_refusals(command: Command, timeline: Path, arguments: list[str], code: int, reported: str) -> None:
    ran = command("events", *([] if arguments[0].endswith("parquet") else [timeline]), *arguments)
    assert ran.code == code
    assert len(ran.lines) == 1
    assert reported in ran.err


def test_an_existing_file_stays_unless_forced(command: Command, timeline: Path, tmp_path: Path) -> None:
    out = tmp_path / "events.json"
    out.write_text("mine", encoding="utf-8")
    assert command("events", timeline, "--out", out).code == 5
    assert out.read_text(encoding="utf-8") == "mine"
    assert command("events", timeline, "--out", out, "--force").code == 0
    assert len(json.loads(out.read_text(encoding="utf-8"))) == 2
