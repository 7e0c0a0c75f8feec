"""What faces showed while something was said, and which person says it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import feelit
from feelit.analysis import speakers
from feelit.errors import UsageError
from feelit.options.transcripts import UtterancesOptions
from feelit.signals.columns import BASIC
from feelit.timeline.recording import Recording, open_timelines
from feelit.timeline.schema import pack_metadata
from feelit.types import EMOTIONS
from tests.conftest import Command
from tests.timeline.rows import CERTAIN, regular, table_of

SHOWN = {1: "n" * 20 + "h" * 20 + "." * 10 + "u" * 10, 2: "s" * 30 + "n" * 30, 3: "a" * 60}
NAMES = {1: "Ann", 2: "Bob"}
VTT = """WEBVTT

0:01.000 --> 0:03.000
<v ann>Good news, everybody

0:04.000 --> 0:05.000
<v ann>Gone

0:05.000 --> 0:06.000
<v ann>Turned away

0:02.500 --> 0:03.500
<v Carl>The price

0:05.900 --> 0:09.000
<v Bob>At the end

0:08.000 --> 0:09.000
<v Bob>After it
"""


def timeline(columns: dict[str, Any] | None = None, names: dict[int, str] = NAMES, duration_s: float | None = 6.0) -> pa.Table:
    table = table_of(SHOWN, regular(60))
    for name, values in (columns or {}).items():
        table = table.append_column(name, pa.array(values, pa.float32(), from_pandas=True))
    people = [{"person_id": number, "name": name} for number, name in names.items()]
    facts: dict[str, Any] = {"people": people} | ({} if duration_s is None else {"duration_s": duration_s})
    return table.replace_schema_metadata(pack_metadata({"videos": {"a.mp4": facts}}))


def transcript(text: str = VTT, name: str = "a.vtt") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def frame(**options: Any) -> pd.DataFrame:
    return feelit.utterances(timeline(), transcript(), **options)


def test_a_row_an_utterance_with_the_speaker_and_the_listeners() -> None:
    rows = frame()
    first = rows.iloc[0]
    assert (first.video, first.utterance, first.start_s, first.end_s, first.speaker) == ("a.mp4", 1, 1.0, 3.0, "ann")
    assert (first.text, first.person_id, first.person, first.matched_by) == ("Good news, everybody", 1, "Ann", "name")
    assert (first.speaker_readable_s, first.speaker_emotion) == (pytest.approx(2.0), "neutral")
    assert (first.speaker_share_neutral, first.speaker_share_happiness) == pytest.approx((0.5, 0.5))
    other = (1 - CERTAIN) / 7
    assert first.speaker_p_happiness == pytest.approx((CERTAIN + other) / 2)
    assert (first.listeners, first.listeners_readable_s) == (2, pytest.approx(4.0))
    assert (first.listeners_share_surprise, first.listeners_share_anger) == pytest.approx((0.5, 0.5))
    assert first.listeners_p_neutral == pytest.approx(other)
    shares = rows[[f"listeners_share_{name}" for name in EMOTIONS]].sum(axis=1)
    assert shares[rows.listeners > 0].to_numpy() == pytest.approx(1.0)


def test_the_means_are_those_of_the_rows_of_the_timeline() -> None:
    """Against a loop over rows."""
    source = timeline()
    rows, every = frame(), source.to_pandas()
    for row in rows.to_dict("records"):
        within = every[(every.time_s >= row["start_s"]) & (every.time_s < row["end_s"]) & every.readable.astype(bool)]
        others = within if row["person_id"] is pd.NA else within[within.track_id != row["person_id"]]
        expected = others.p_surprise.mean()  # NaN of nothing
        assert row["listeners_p_surprise"] == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_what_is_missing_is_said() -> None:
    rows = frame()
    assert rows[["text", "missing"]].fillna("").to_numpy().tolist() == [
        ["Good news, everybody", ""],
        ["The price", "not matched"],
        ["Gone", "not seen"],
        ["Turned away", "not readable"],
        ["At the end", ""],
        ["After it", "outside the video"],
    ]
    assert rows.speaker_readable_s.tolist() == pytest.approx([2.0, 0, 0, 0, 0.1, 0])
    assert rows.speaker_p_neutral.isna().tolist() == [False, True, True, True, False, True]
    assert rows.iloc[1].listeners == 3  # the speaker may be among them


def test_speakers_can_be_given_by_name_or_number_or_be_off_screen() -> None:
    rows = frame(speakers={"ann": "3", "Carl": "none", "Bob": "Ann"})
    assert rows.person_id.tolist()[:2] == [3, pd.NA]
    assert rows.matched_by.tolist() == ["given"] * 6
    assert rows.missing.tolist()[1] == "off screen"
    assert rows[rows.speaker == "Bob"].person.tolist() == ["Ann", "Ann"]


@pytest.mark.parametrize(
    ("speakers", "message", "hint"),
    [
        pytest.param({"Dora": "1"}, "nobody in the transcript is called Dora", "ann, Carl, Bob", id="no-speaker"),
        pytest.param({"ann": "Dora"}, "no person Dora", "Ann, Bob, 3", id="no-person"),
        pytest.param("ann", "--speaker ann names no person", "SPEAKER_00=P01", id="no-pair"),
        pytest.param(["ann=1", "ann=2"], "--speaker ann is given twice", "one person", id="twice"),
    ],
)
def test_who_is_not_there_is_named(speakers: Any, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        frame(speakers=speakers)
    assert hint in caught.value.hint


def test_the_offset_moves_the_transcript() -> None:
    text = "WEBVTT\n\n1:00:02.000 --> 1:00:03.000\n<v Ann>x\n"
    rows = feelit.utterances(timeline(), transcript(text), offset_s="-1:00:00", drift=1.0)
    assert (rows.start_s[0], rows.end_s[0]) == pytest.approx((3.0005555, 4.0008333), abs=1e-6)
    assert rows.speaker_emotion[0] == "happiness"


def test_the_transcript_of_another_video_is_refused() -> None:
    with pytest.raises(UsageError, match=r"goes from 3602\.0 to 3603\.0 s, and a\.mp4 lasts 6\.0 s"):
        feelit.utterances(timeline(), transcript("WEBVTT\n\n1:00:02.000 --> 1:00:03.000\n<v Ann>x\n"))
    rows = feelit.utterances(timeline(duration_s=None), transcript("WEBVTT\n\n1:00:02.000 --> 1:00:03.000\n<v Ann>x\n"))
    assert rows.missing.tolist() == ["not seen"]


def test_several_videos_are_refused() -> None:
    two = [timeline(), table_of({}, regular(2), "b.mp4")]
    with pytest.raises(UsageError, match=r"one video, not 2: a\.mp4, b\.mp4"):
        feelit.utterances(two, transcript())


def moving(person: int, spans: list[tuple[float, float]], steady: float = 0.02) -> Any:
    """A value per row of `SHOWN`: that of `person` swings in some stretches of time."""
    every = table_of(SHOWN, regular(60)).to_pandas()
    on = np.any([(every.time_s >= start_s) & (every.time_s < end_s) for start_s, end_s in spans], axis=0)
    swing = np.where(every.frame % 2 == 0, 0.8, 0.1)
    return np.where((every.track_id == person) & on, swing, steady * (every.frame % 3))


ANONYMOUS = """WEBVTT

0:00.500 --> 0:02.500
<v SPEAKER_00>one

0:03.000 --> 0:05.000
<v SPEAKER_01>two
"""


def signals(mouth: Any) -> dict[str, Any]:
    return {name: mouth if name == "mouth_open" else np.zeros(len(mouth)) for name in BASIC}


def test_a_speaker_is_who_moves_the_mouth_meanwhile() -> None:
    rows = feelit.utterances(timeline(signals(moving(3, [(3.0, 5.0)]))), transcript(ANONYMOUS))
    assert rows.matched_by.fillna("").tolist() == ["", "mouth"]
    assert rows.person_id.tolist() == [pd.NA, 3]
    assert [match["basis"] for match in rows.attrs["speakers"]] == ["none", "mouth"]


def test_the_column_speaking_comes_before_mouths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speakers, "SPEAKING", "smile")  # a column that can stand for it
    columns = signals(moving(3, [(3.0, 5.0)])) | {"smile": (moving(2, [(3.0, 5.0)], 0) > 0).astype(float)}
    rows = feelit.utterances(timeline(columns), transcript(ANONYMOUS))
    assert rows.matched_by.fillna("").tolist() == ["", "speaking"]
    assert rows.person_id.tolist() == [pd.NA, 2]


def test_where_nobody_was_listened_to_mouths_have_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speakers, "SPEAKING", "smile")
    mouth = moving(3, [(3.0, 5.0)])
    rows = feelit.utterances(timeline(signals(mouth) | {"smile": np.full(len(mouth), np.nan)}), transcript(ANONYMOUS))
    assert rows.matched_by.fillna("").tolist() == ["", "mouth"]


def test_two_who_move_alike_match_nobody() -> None:
    mouth = moving(3, [(3.0, 5.0)]) + moving(2, [(3.0, 5.0)])
    rows = feelit.utterances(timeline(signals(mouth)), transcript(ANONYMOUS))
    assert rows.person_id.isna().all()


def test_names_come_before_mouths() -> None:
    rows = feelit.utterances(timeline(signals(moving(3, [(3.0, 5.0)]))), transcript(ANONYMOUS.replace("SPEAKER_01", "BOB ")))
    assert rows.matched_by.tolist()[1] == "name"


def test_of_a_recording_in_an_instant_and_without_people() -> None:
    (recording,) = open_timelines(table_of({}, regular(60)).replace_schema_metadata(pack_metadata({})))
    assert isinstance(recording, Recording)
    rows = feelit.Recording.of(recording).utterances(transcript())
    assert rows.listeners.tolist() == [0] * 6
    assert rows.listeners_p_neutral.isna().all()


def written(path: Path) -> Path:
    pq.write_table(timeline(), path)
    return path


def test_the_command(command: Command, tmp_path: Path) -> None:
    source = written(tmp_path / "results.parquet")
    ran = command("utterances", source, transcript())
    assert ran.code == 0
    assert "not matched" in ran.out
    assert ran.lines == [
        "feelit: not matched to a person: Carl (1); give --speaker Carl=PERSON, or Carl=none if not on screen",
        "feelit: 1 of 6 utterances lie outside the video; --offset moves them",
    ]
    ran = command("utterances", source, transcript(), "--speaker", "Carl=3", "--speaker", "ann=Bob", "--format", "json")
    assert [row["person_id"] for row in json.loads(ran.out)][:2] == [2, 3]
    assert json.loads(ran.out)[5]["speaker_p_fear"] is None


def test_csv_in_a_file(command: Command, tmp_path: Path) -> None:
    source, out = written(tmp_path / "results.parquet"), tmp_path / "new" / "utterances.csv"
    assert command("utterances", source, transcript(VTT.replace("Gone", "=1+1")), "--out", out).code == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert rows[2]["text"] == "'=1+1"  # no formula for a spreadsheet
    assert (rows[1]["person_id"], rows[1]["speaker_p_neutral"], rows[0]["speaker_share_neutral"]) == ("", "", "0.5")
    assert command("utterances", source, transcript(), "--out", out).code == 5


def test_the_transcript_is_never_replaced(command: Command, tmp_path: Path) -> None:
    source = written(tmp_path / "results.parquet")
    table = transcript("start,end,speaker,text\n1,2,Ann,x\n", "said.csv")
    ran = command("utterances", source, table, "--out", table, "--force")
    assert ran.code == 2
    assert table.read_text(encoding="utf-8").startswith("start")


def test_a_record_of_options_can_be_copied() -> None:
    options = UtterancesOptions(speakers=(("a", "1"),))
    assert UtterancesOptions(speakers=options.speakers) == options
