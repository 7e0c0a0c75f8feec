"""Turns of speech, what they are exported as, and what is shown in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import feelit
from feelit.analysis.signals import HEADINGS, signal_summaries, signals_text
from feelit.analysis.speakers import roles, turns
from feelit.errors import TimelineReadError
from feelit.imports.speech import rttm
from feelit.signals.columns import SPEECH_COLUMNS
from feelit.timeline.recording import open_timelines
from feelit.types import EMOTIONS
from tests.exports.made import text_of, with_signals, write
from tests.timeline.rows import regular, table_of

NAN = float("nan")


def spoken(says: dict[int, list[float]]) -> pa.Table:
    """Ten samples a second of people who show happiness in the first half, with signals and what they say."""
    count = len(next(iter(says.values())))
    table = with_signals(table_of(dict.fromkeys(says, "h" * (count // 2) + "n" * (count - count // 2)), regular(count)))
    if set(SPEECH_COLUMNS) <= set(table.column_names):
        table = table.drop_columns(list(SPEECH_COLUMNS))
    owner, seen = table.column("track_id").to_pylist(), dict.fromkeys(says, 0)
    values = []
    for who in owner:
        values.append(says[who][seen[who]])
        seen[who] += 1
    for name in SPEECH_COLUMNS:
        table = table.append_column(pa.field(name, pa.float32()), pa.array(values, pa.float32(), from_pandas=True))
    return table


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    one = [0.9] * 10 + [0.1] * 10
    two = [0.1] * 10 + [0.8] * 2 + [0.2] * 3 + [0.8] * 2 + [0.1] + [NAN] * 2
    return write(tmp_path_factory.mktemp("talk") / "talk.parquet", spoken({1: one, 2: two}))


def test_pauses_are_within_turns_and_clicks_are_none() -> None:
    time_s, length_s = np.arange(30) / 10, np.full(30, 0.1)
    says = np.zeros(30)
    says[[2, 3, 4, 8, 9, 26]] = 0.9  # a pause of 0.3 s; then one sample alone
    np.testing.assert_allclose(turns(time_s, length_s, says), [[0.2, 1.0]])
    says[14:17] = 0.9
    np.testing.assert_allclose(turns(time_s, length_s, says), [[0.2, 1.7]])
    says[14:16] = NAN
    says[17] = 0.9
    np.testing.assert_allclose(turns(time_s, length_s, says), [[0.2, 1.0], [1.6, 1.8]])
    assert turns(time_s, length_s, np.full(30, NAN)).shape == (0, 2)


def test_who_listens_knows_that_others_speak() -> None:
    found = roles({1: np.arange(4), 2: np.arange(4)}, {1: np.array([0.9, 0.9, 0.1, NAN]), 2: np.array([0.1, 0.9, 0.1, 0.9])})
    assert found[1].speaks.tolist() == [True, True, False, False]
    assert found[1].known.tolist() == [True, True, True, False]
    assert found[1].listens.tolist() == [False] * 4
    assert found[2].listens.tolist() == [True, False, False, False]


def test_rttm_has_a_line_a_turn_that_reads_back(talk: Path) -> None:
    (name,) = [recording.name for recording in open_timelines(talk)]
    text = text_of(talk, "rttm")
    assert text.splitlines() == [
        f"SPEAKER {name} 1 0.000 1.000 <NA> <NA> track_1 <NA> <NA>",
        f"SPEAKER {name} 1 1.000 0.700 <NA> <NA> track_2 <NA> <NA>",
    ]
    assert set(rttm(text)) == {"track_1", "track_2"}


def test_rttm_of_a_timeline_without_speech_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match="does not say who speaks"):
        text_of(write(tmp_path / "t.parquet", table_of({1: "nn"}, regular(2))), "rttm")


def test_summaries_say_how_long_each_speaks_and_what_they_show_meanwhile(talk: Path) -> None:
    one, two = signal_summaries(talk)
    assert one.speaking_s == pytest.approx(1.0)
    assert (one.speaking_share, one.listening_s) == pytest.approx((0.5, 0.4))
    assert two.speaking_share == pytest.approx(4 / 18)
    assert two.listening_s == pytest.approx(1.0)
    assert np.argmax(one.speaking) == EMOTIONS.index("happiness")
    assert np.argmax(one.listening) == EMOTIONS.index("neutral")
    frame = feelit.summarize_signals(talk)
    assert list(frame.columns) == list(HEADINGS)
    assert frame.p_happiness_speaking[0] > 0.5 > frame.p_happiness_listening[0]
    assert "speaking_share" in signals_text([one, two], "md")
    assert "p_happiness_speaking" not in signals_text([one, two], "md")
    assert "p_happiness_speaking" in signals_text([one, two], "csv")


def test_without_speech_nothing_is_said_of_it(tmp_path: Path) -> None:
    table = spoken({1: [0.9] * 4}).drop_columns(list(SPEECH_COLUMNS))
    (one,) = signal_summaries(write(tmp_path / "t.parquet", table))
    assert np.isnan([one.speaking_s, one.speaking_share, one.listening_s, *one.speaking, *one.listening]).all()
