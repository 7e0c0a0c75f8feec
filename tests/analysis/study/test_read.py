"""Study files: what they may say, and the one line that answers what they may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feelit.analysis.study.read import design_of, read_study
from feelit.errors import UsageError

TWO = [{"timeline": "a.parquet", "participant": "P1"}, {"timeline": "b.parquet", "participant": "P2"}]
WINDOWS = [{"name": "A", "start": 1, "end": "0:03"}, {"name": "B", "start": 4, "end": 6.5}]


def test_a_study_file_names_recordings_windows_and_conditions(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        """
        title = "Clips"
        [participants.P1]
        group = "old"
        [conditions]
        B = "sad"
        [[windows]]
        name = "A"
        start = 1
        end = "0:03"
        condition = "funny"
        [[windows]]
        name = "B"
        start = 4
        end = 6.5
        [[recordings]]
        timeline = "a.parquet"
        participant = "P1"
        offset = 10
        drift = 3.6
        [[recordings]]
        timeline = "b.parquet"
        people = { Ann = "P2", "2" = "P3" }
        session = 2
        condition = "usual"
        """
    )
    design = read_study(path)
    one, two, three = design.viewings
    assert design.title == "Clips"
    assert design.participants == ("P1", "P2", "P3")
    assert (one.group, two.group, two.session, two.person, three.person) == ("old", None, "2", "Ann", "2")
    assert [(w.name, w.condition) for w in one.windows] == [("A", "funny"), ("B", "sad")]
    assert one.windows[1].start_s == pytest.approx(10 + 4.004)
    assert one.windows[1].end_s == pytest.approx(10 + 6.5065)
    assert str(one.timeline) == str(tmp_path / "a.parquet")


def test_two_times_that_belong_together_give_offset_and_drift() -> None:
    recording = TWO[0] | {"sync": [[0, 2.5], ["1:40", 102.7]]}
    (viewing,) = design_of({"recordings": [recording], "windows": WINDOWS}, "s", Path()).viewings
    assert viewing.windows[0].start_s == pytest.approx(2.5 + 1.002)


def test_a_table_has_a_row_per_window(tmp_path: Path) -> None:
    path = tmp_path / "study.csv"
    path.write_text(
        "timeline;participant;group;window;start;end;window_condition\n"
        "a.parquet;P1;g;A;1;3;funny\na.parquet;P1;g;B;4;6;sad\nb.parquet;P2;h;A;0:02;4;funny\n"
    )
    design = read_study(path)
    assert [[(w.name, w.start_s, w.end_s, w.condition) for w in v.windows] for v in design.viewings] == [
        [("A", 1, 3, "funny"), ("B", 4, 6, "sad")],
        [("A", 2, 4, "funny")],
    ]
    assert design.levels("group") == ("g", "h")


def test_windows_come_from_a_file_of_markers(tmp_path: Path) -> None:
    (tmp_path / "P1.csv").write_text("start,end,label,tier\n1,2,clip,stimulus\n3,4,clip,stimulus\n0,9,x,other\n")
    study = {"recordings": TWO[:1], "markers": "{participant}.csv", "tier": "stimulus", "conditions": {"clip": "funny"}}
    (viewing,) = design_of(study, "s", tmp_path).viewings
    assert [(w.name, w.occurrence, w.start_s, w.condition) for w in viewing.windows] == [
        ("clip", 1, 1, "funny"),
        ("clip", 2, 3, "funny"),
    ]
    with pytest.raises(UsageError, match="no tier stimuli") as refused:
        design_of(study | {"tier": "stimuli"}, "s", tmp_path)
    assert "stimulus, other" in refused.value.hint
    (tmp_path / "P1.csv").write_text("start,end,label,tier\n1,3,clip,stimulus\n2,4,clip,stimulus\n")
    with pytest.raises(UsageError, match="on the tier stimulus, clip and clip overlap at 2 s"):
        design_of(study, "s", tmp_path)


@pytest.mark.parametrize(
    ("study", "said"),
    [
        pytest.param({}, "s names no recordings", id="empty"),
        pytest.param({"recordings": [{"participant": "P1"}]}, "s: recording 1 has no timeline", id="no-timeline"),
        pytest.param({"recordings": [{"timeline": "a"}]}, "s: recording 1 has no participant", id="no-participant"),
        pytest.param({"recordings": [TWO[0] | {"grup": "x"}]}, "s: recording 1 has an unknown key: grup", id="key"),
        pytest.param({"recordings": TWO, "window": []}, "s has an unknown key: window", id="section"),
        pytest.param({"recordings": [TWO[0], TWO[0]]}, "s: P1 is in a.parquet twice", id="twice"),
        pytest.param({"recordings": TWO, "participants": {"P9": {}}}, "the participant P9 is in no recording", id="nobody"),
        pytest.param({"recordings": [TWO[0] | {"offset": "soon"}]}, "offset soon is no time", id="offset"),
        pytest.param({"recordings": [TWO[0] | {"drift": 999}]}, "drift is 999, but has to be a number", id="drift"),
        pytest.param({"recordings": [TWO[0] | {"sync": [1, 2]}]}, "two pairs", id="sync"),
        pytest.param({"recordings": TWO, "windows": [{"name": "A", "start": 4, "end": 3}]}, "is not after its start", id="end"),
        pytest.param({"recordings": TWO, "windows": [{"name": "A"}]}, "has no start", id="start"),
        pytest.param({"recordings": TWO, "baseline": {"window": "rest"}}, "the baseline is the window rest, which", id="base"),
        pytest.param({"recordings": TWO, "baseline": {}}, "exactly one of window and usual", id="no-base"),
        pytest.param({"recordings": TWO, "conditions": {"C": "x"}}, "names the window C, which does not exist", id="condition"),
        pytest.param({"recordings": TWO, "measures": {"statistics": ["median"]}}, "names median", id="statistic"),
        pytest.param({"recordings": TWO, "measures": {"signals": ["mean_x"]}}, "names mean_x", id="signal"),
        pytest.param({"recordings": TWO, "measures": {"emotions": ["joy"]}}, "timelines have no emotion joy", id="emotion"),
        pytest.param({"recordings": TWO, "quality": {"least_readable": 50}}, "from 0 to 1", id="share"),
        pytest.param({"recordings": TWO, "contrasts": [{"levels": ["a", "b"]}]}, "compares the condition a, which", id="level"),
        pytest.param({"recordings": TWO, "contrasts": [{"levels": ["a"]}]}, "has to compare two levels", id="levels"),
        pytest.param(
            {"recordings": TWO, "curves": {"by": "group"}}, "curves are by group, but no recording has one", id="curves"
        ),
        pytest.param(
            {"recordings": [TWO[0] | {"group": "a"}, TWO[1] | {"participant": "P1", "group": "b"}]},
            "P1 is in the group a and in b",
            id="groups",
        ),
    ],
)
def test_what_no_study_can_be_is_refused_in_one_line(study: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        design_of(study, "s", Path())
    assert said in refused.value.message
    assert refused.value.hint
    assert "\n" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("content", ["recordings = [", "a,b\n1,2\n", "\x00\xff"])
@pytest.mark.parametrize("name", ["study.toml", "study.csv"])
def test_damaged_files_are_refused(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError, match=r"study\.(toml|csv) "):
        read_study(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_study(tmp_path / "study.toml")


@pytest.mark.parametrize("name", ["study.toml", "study.csv"])
def test_a_file_in_another_encoding_is_named_as_such(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"abc\xb5")
    with pytest.raises(UsageError, match="is not UTF-8: byte 3 is invalid"):
        read_study(path)
