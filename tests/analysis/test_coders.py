"""Coders of one recording on one grid: annotations, timelines, gaps, other names, tolerance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import feelit
from feelit.errors import UsageError
from feelit.timeline.schema import pack_metadata, to_arrow
from tests.conftest import Command
from tests.reports.meetings import Meeting, facts_of, timeline_of

MEETING = Meeting(people=3, duration_s=20.0)


def codes(name: str, *stretches: tuple[float, float, str]) -> str:
    Path(name).write_text("start,end,label\n" + "".join(f"{a},{b},{label}\n" for a, b, label in stretches), encoding="utf-8")
    return name


def compared(*sources: str, **options: Any) -> dict[str, Any]:
    return feelit.agree(list(sources), **options).record()


ANNA = [(0, 4, "neutral"), (4, 6, "happiness"), (6, 10, "neutral")]


def test_two_people() -> None:
    found = compared(codes("a.csv", *ANNA), codes("b.csv", (0, 5, "neutral"), (5, 6, "happy"), (6, 10, "neutral")))
    assert (found["start_s"], found["end_s"], found["units"]) == (0, 10, 100)
    assert found["labels"] == ["neutral", "happiness"]
    assert found["percent_agreement"]["value"] == 0.9
    assert found["confusion"]["units"] == [[80, 0], [10, 10]]
    assert found["shares"] == {"a.csv": {"neutral": 0.8, "happiness": 0.2}, "b.csv": {"neutral": 0.9, "happiness": 0.1}}


@pytest.mark.parametrize(
    ("options", "units", "percent"),
    [
        pytest.param({}, 25, 1.0, id="gaps-say-nothing"),
        pytest.param({"gaps": "neutral"}, 100, 1.0, id="gaps-are-neutral"),
        pytest.param({"gaps": "neutral", "step_s": 1}, 10, 1.0, id="a-coarser-grid"),
        pytest.param({"gaps": "neutral", "end_s": "0:05"}, 50, 1.0, id="a-part"),
        pytest.param({"gaps": "anger", "rename": {"neutral": "anger"}}, 100, 1.0, id="other-names"),
    ],
)
def test_gaps(options: dict[str, Any], units: int, percent: float) -> None:
    found = compared(codes("a.csv", (4, 6, "happiness"), (9.5, 10, "neutral")), codes("b.csv", *ANNA), **options)
    assert (found["units"], found["percent_agreement"]["value"]) == (units, percent)


def test_the_tolerance() -> None:
    late = codes("b.csv", (0, 4.5, "neutral"), (4.5, 6.5, "happiness"), (6.5, 10, "neutral"))
    strict, loose = (compared(codes("a.csv", *ANNA), late, tolerance_s=t)["percent_agreement"]["value"] for t in (0, 0.5))
    assert (strict, loose) == (0.9, 1.0)


def test_three_coders() -> None:
    found = compared(*(codes(f"{name}.csv", *ANNA) for name in "abc"))
    assert len(found["cohen_kappa"]) == 3
    assert found["fleiss_kappa"]["value"] == 1.0


def test_a_timeline() -> None:
    rows = timeline_of(MEETING)
    table = to_arrow(rows, "a.mp4")
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": {"a.mp4": facts_of(MEETING, rows)}})), "a.parquet")
    mine = rows.rows(rows.track_id == 2)
    label = np.array(table.column("emotion").to_pylist(), object)[rows.track_id == 2]
    shown = [(t, t + 0.1, e) for t, e in zip(mine.time_s.tolist(), label, strict=True) if e is not None]
    found = compared("a.parquet@2", codes("a.csv", *shown), step_s=0.05)
    assert found["coders"] == ["a.parquet@2", "a.csv"]
    assert found["percent_agreement"]["value"] > 0.99


def test_a_label_of_one_coder_alone_is_named(command: Command) -> None:
    a, b = codes("a.csv", *ANNA, (10, 12, "joy")), codes("b.csv", *ANNA, (10, 12, "smirk"), (12, 13, "fear"))
    assert compared(a, b)["labels_of_one_coder"] == {"a.csv": ["joy"], "b.csv": ["smirk"]}  # fear may just not occur
    ran = command("agree", a, b)
    note = "feelit: a.csv alone uses joy; if others mean the same, --map joy=ANOTHER says so"
    assert (ran.code, ran.lines) == (0, [note, note.replace("a.csv", "b.csv").replace("joy", "smirk")])
    assert command("agree", a, b, "--map", "joy=happiness,smirk=happiness").err == ""


def test_annotations_are_moved_to_the_clock_of_the_video() -> None:
    found = compared(codes("a.csv", *ANNA[1:]), codes("a2.csv", *ANNA[1:]), offset_s=2.5)
    assert (found["end_s"], found["units"]) == (12.5, 60)


@pytest.mark.parametrize(
    ("sources", "options", "message"),
    [
        pytest.param(["a.csv"], {}, "at least two coders", id="one"),
        pytest.param(["a.csv", "c.csv"], {}, "no label in common", id="other-labels"),
        pytest.param(["a.csv", "a.csv@ben"], {}, "has no tier ben", id="no-such-tier"),
        pytest.param(["a.csv", "two.csv"], {}, "two.csv has 2 tiers", id="several-tiers"),
        pytest.param(["a.csv", "a.csv"], {"start_s": 20, "end_s": 30}, "no unit is labelled", id="elsewhere"),
        pytest.param(["a.csv", "a.csv"], {"start_s": 20}, "do not overlap", id="beyond"),
        pytest.param(["a.csv", "a.csv"], {"gaps": "boredom"}, "--gaps boredom", id="unknown-gaps"),
        pytest.param(["a.csv", "a.csv", "a.csv"], {"tolerance_s": 1}, "exactly two coders", id="tolerance-of-three"),
        pytest.param(["a.csv", "a.csv"], {"step_s": 1e-7}, "too many", id="too-fine"),
        pytest.param(["a.csv", "a.csv"], {"rename": "joy"}, "--map joy has no other name", id="no-other-name"),
    ],
)
def test_what_cannot_be_compared_is_refused(sources: list[str], options: dict[str, Any], message: str) -> None:
    codes("a.csv", *ANNA)
    codes("c.csv", (0, 10, "smirk"))
    Path("two.csv").write_text("start,end,label,tier\n0,1,fear,x\n0,1,fear,y\n", encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        compared(*sources, **options)
