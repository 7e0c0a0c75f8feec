"""What is worth a clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from feelit.analysis.events import find_events
from feelit.clipping.highlights import AT, SAY, find_highlights
from feelit.errors import UsageError
from feelit.options.transcripts import SayOptions
from feelit.options.videos import CLIP_KINDS, MOMENT, ClipsOptions
from feelit.timeline.schema import pack_metadata
from tests.clipping.made import SURE, TRACKS
from tests.timeline.reading import only
from tests.timeline.rows import regular, table_of

TABLE = table_of(TRACKS, regular(40), confidence=SURE)


def found(query: ClipsOptions) -> list[tuple[str, tuple[int, ...], str | None, float]]:
    """Kind, tracks, emotion and start of what is chosen."""
    return [(o.kind, o.who, o.emotion, round(o.start_s, 3)) for o in find_highlights(only(TABLE), query)]


def test_moments_unless_given_otherwise_in_order_of_time() -> None:
    assert found(ClipsOptions()) == [
        ("moment", (1,), "happiness", 0.8),
        ("moment", (2,), "surprise", 2.0),
        ("moment", (1,), "anger", 3.7),
    ]


@pytest.mark.parametrize(("most", "times"), [pytest.param(1, [0.8], id="the strongest"), pytest.param(2, [0.8, 2.0], id="two")])
def test_the_strongest_are_taken(most: int, times: list[float]) -> None:
    assert [start for *_, start in found(ClipsOptions(most=most))] == times


def test_an_unchanging_smile_is_one_moment_and_comes_last() -> None:
    table = table_of({1: "h" * 200, 2: "n" * 150 + "hhhhh" + "n" * 45}, regular(200))
    chosen = find_highlights(only(table), ClipsOptions(most=14))
    assert [(o.who, round(o.start_s, 3)) for o in chosen] == [((1,), 0.0), ((2,), 15.0)]
    (strongest,) = find_highlights(only(table), ClipsOptions(most=1))
    assert strongest.who == (2,)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(ClipsOptions(emotions=("anger",)), [("moment", (1,), "anger", 3.7)], id="an emotion"),
        pytest.param(ClipsOptions(tracks=(2,)), [("moment", (2,), "surprise", 2.0)], id="a track"),
        pytest.param(ClipsOptions(tracks=(2,), emotions=("anger",)), [], id="neither"),
        pytest.param(
            ClipsOptions(kinds=("bout",)),
            [("bout", (1,), "happiness", 0.5), ("bout", (2,), "surprise", 1.6), ("bout", (1,), "anger", 3.6)],
            id="bouts, none of neutral",
        ),
        pytest.param(
            ClipsOptions(kinds=("bout",), emotions=("neutral",), tracks=(2,)),
            [("bout", (2,), "neutral", 2.7)],
            id="neutral by name",
        ),
        pytest.param(
            ClipsOptions(at_s=(3.0, 1.0, 3.0)),
            [(AT, (), None, 1.0), (AT, (), None, 3.0)],
            id="times, once each, in order",
        ),
        pytest.param(
            ClipsOptions(kinds=("moment",), most=1, at_s=(3.0,)),
            [("moment", (1,), "happiness", 0.8), (AT, (), None, 3.0)],
            id="times besides",
        ),
    ],
)
def test_what_is_asked_for(query: ClipsOptions, expected: list[object]) -> None:
    assert found(query) == expected


def test_events_are_those_of_the_timeline_with_their_figures() -> None:
    events = {(e.kind.value, e.tracks, e.start_s): e for e in find_events(TABLE) if e.emotion != "neutral"}
    chosen = find_highlights(only(TABLE), ClipsOptions(kinds=("bout", "peak", "shared", "absence"), most=100))
    assert {(o.kind, o.who, o.start_s) for o in chosen} == set(events)
    for o in chosen:
        event = events[o.kind, o.who, o.start_s]
        assert (o.end_s, o.peak_s, o.strength, o.emotion) == (event.end_s, event.peak_s, event.strength, event.emotion)


def test_an_absence_passes_a_choice_of_emotions_and_comes_after_what_has_a_strength() -> None:
    away = {1: "hhh" + "." * 120 + "hhh" + "." * 60 + "hhh"}
    table = table_of(away, regular(189))
    query = ClipsOptions(kinds=("bout", "absence"), emotions=("happiness",))
    assert [o.kind for o in find_highlights(only(table), query)] == ["bout", "absence", "bout", "absence", "bout"]
    assert [o.kind for o in find_highlights(only(table), replace(query, most=3))] == ["bout", "bout", "bout"]
    four = find_highlights(only(table), replace(query, most=4))
    assert [round(o.start_s, 3) for o in four if o.kind == "absence"] == [0.3]  # the longer one


def test_unlikely_to_be_chance() -> None:
    table = table_of({1: "n" * 100 + "hhh" + "n" * 100 + "h" * 30 + "n" * 300}, regular(533))
    peaks = find_highlights(only(table), ClipsOptions(kinds=("peak",)))
    assert len(peaks) > len(find_highlights(only(table), ClipsOptions(kinds=("peak",), max_p=0.01))) == 1


@pytest.mark.parametrize(
    ("kinds", "emotions", "at", "expected"),
    [
        pytest.param(None, None, None, ((MOMENT,), 7, ()), id="nothing"),
        pytest.param(None, None, "1,2.5", ((), 7, (1.0, 2.5)), id="times alone"),
        pytest.param("moment", None, "1", ((MOMENT,), 7, (1.0,)), id="times besides moments"),
        pytest.param("peak, bout", "anger,fear", None, (("peak", "bout"), 2, ()), id="lists"),
        pytest.param("all", None, None, (CLIP_KINDS, 7, ()), id="all"),
    ],
)
def test_choices_are_read(kinds: Any, emotions: Any, at: Any, expected: tuple[object, ...]) -> None:
    options = ClipsOptions(kinds=kinds, emotions=emotions, at_s=at)
    assert (options.wanted, len(options.emotions), options.at_s) == expected


@pytest.mark.parametrize(
    ("kinds", "emotions", "at", "message"),
    [
        pytest.param("smile", None, None, "--kind smile is not known", id="kind"),
        pytest.param(None, "joy", None, "--emotion joy is not known", id="emotion"),
        pytest.param(None, None, "soon", "--at soon is no time", id="time"),
        pytest.param(None, None, "-1", "--at -1 lies before the beginning", id="before the video"),
        pytest.param(None, None, "1,,2", "--at is no time", id="empty"),
        pytest.param(None, None, "inf", "--at inf is no time", id="never"),
    ],
)
def test_words_that_mean_nothing_are_refused(kinds: Any, emotions: Any, at: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ClipsOptions(kinds=kinds, emotions=emotions, at_s=at)


@pytest.mark.parametrize(("most", "max_p"), [(0, 1.0), (-1, 1.0), (3, 1.5), (3, float("nan"))])
def test_numbers_that_make_no_sense_are_refused(most: int, max_p: float) -> None:
    with pytest.raises(UsageError):
        ClipsOptions(most=most, max_p=max_p)


def test_a_track_that_there_is_not_is_reported() -> None:
    with pytest.raises(UsageError, match="no track 7") as caught:
        find_highlights(only(TABLE), ClipsOptions(tracks=(1, 7)))
    assert caught.value.hint == "its tracks: 1, 2"


def test_an_empty_timeline_has_nothing_but_the_times() -> None:
    empty = table_of({}, regular(5))
    assert [o.kind for o in find_highlights(only(empty), ClipsOptions(kinds=CLIP_KINDS, at_s=(0.1,)))] == [AT]


def people() -> pa.Table:
    """Anna is tracks 1 and 2, one after the other; person 2 is track 3; a track 4 is nobody's."""
    table = table_of(
        {1: "nnhhhnnn" + "." * 72, 2: "." * 40 + "n" * 20 + "aaa" + "n" * 17, 3: "n" * 30 + "sss" + "n" * 47, 4: "h" * 80},
        regular(80),
    )
    track = table.column("track_id").to_pylist()
    person: list[int | None] = [{1: 1, 2: 1, 3: 2}.get(t) for t in track]
    columns = {
        "person_id": pa.array(person, pa.int32()),
        "person": pa.array([{1: "Anna"}.get(p) if p else None for p in person], pa.string()).dictionary_encode(),
        "person_confidence": pa.array([1.0 if p else None for p in person], pa.float32()),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    names = [{"person_id": 1, "name": "Anna", "tracks": [1, 2]}, {"person_id": 2, "name": None, "tracks": [3]}]
    return table.replace_schema_metadata(pack_metadata({"videos": {"a.mp4": {"people": names}}}))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({}, [(1, "happiness"), (2, "surprise"), (1, "anger")], id="by person"),
        pytest.param({"people": ("Anna",)}, [(1, "happiness"), (1, "anger")], id="by name"),
        pytest.param({"people": (2,)}, [(2, "surprise")], id="by number"),
        pytest.param({"tracks": (2, 4)}, [(4, "happiness"), (2, "anger")], id="tracks"),
        pytest.param({"by": "track", "most": 3}, [(1, "happiness"), (3, "surprise"), (2, "anger")], id="by track"),
        pytest.param({"kinds": "bout", "people": ("Anna",), "most": 9}, [(1, "happiness"), (1, "anger")], id="bouts"),
    ],
)
def test_people_are_followed_from_track_to_track(query: dict[str, Any], expected: list[tuple[int, str]]) -> None:
    chosen = find_highlights(only(people()), ClipsOptions(**query))
    assert [(*o.who, o.emotion) for o in chosen] == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"people": ("Eve",)}, "no person Eve"),
        ({"people": (1,), "tracks": (1,)}, "--tracks are no people"),
        ({"by": "person", "tracks": (1,)}, "--tracks are no people"),
        ({"by": "track", "people": (1,)}, "--people are no tracks"),
    ],
)
def test_people_and_tracks_are_not_mixed_up(query: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_highlights(only(people()), ClipsOptions(**query))


VTT = """WEBVTT

0:00.500 --> 0:01.500
<v Anna>What is the price, <0:01.250>please?

0:02.000 --> 0:03.000
<v Carl>PRICE and prices

0:03.000 --> 0:03.500
<v Ben>Prices only
"""


def said(*phrases: str, **options: Any) -> SayOptions:
    path = Path("a.vtt")
    path.write_text(VTT, encoding="utf-8")
    return SayOptions(say=phrases, transcript=path, **options)


def test_each_utterance_with_a_word_is_one_and_nothing_else() -> None:
    chosen = find_highlights(only(people()), ClipsOptions(most=1), said("price"))
    assert [(o.kind, o.who, o.start_s, o.end_s, o.peak_s, o.text) for o in chosen] == [
        (SAY, (1,), 0.5, 1.5, 0.5, "What is the price, please?"),
        (SAY, (), 2.0, 3.0, 2.0, "PRICE and prices"),
    ]
    assert [o.peak_s for o in find_highlights(only(people()), ClipsOptions(), said("please", "nothing"))] == [1.25]


def test_people_are_those_who_say_it() -> None:
    query = ClipsOptions(people=("Anna",))
    assert [o.start_s for o in find_highlights(only(people()), query, said("price"))] == [0.5]
    matched = find_highlights(only(people()), query, said("price", speakers={"Carl": "Anna", "Anna": "none"}))
    assert [(o.start_s, o.who) for o in matched] == [(2.0, (1,))]


def test_words_beside_moments() -> None:
    chosen = find_highlights(only(people()), ClipsOptions(kinds=("moment",)), said("prices"))
    assert {o.kind for o in chosen} == {SAY, MOMENT}


def test_words_need_no_time_around_them() -> None:
    assert len(find_highlights(only(people()), ClipsOptions(before_s=0, after_s=0), said("price"))) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"say": "price"}, "--say price needs a transcript", id="no transcript"),
        pytest.param({"transcript": "a.vtt"}, "is for words, and none", id="no words"),
        pytest.param({"say": " ", "transcript": "a.vtt"}, "is no word", id="no letters"),
    ],
)
def test_words_and_transcripts_come_together(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SayOptions(**options)


def quietly_sad(letters: str) -> pa.Table:
    """Somebody whose probability of sadness rises tenfold for three seconds, and is never the largest."""
    table = table_of({1: letters}, regular(len(letters)))
    for name, step in (("p_sadness", 0.35), ("p_neutral", -0.35)):
        values = np.array(table[name].to_numpy(), copy=True)
        values[300:330] += step
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    return table


def test_a_sure_peak_of_what_is_never_the_label_is_worth_a_clip() -> None:
    table = quietly_sad("n" * 600)
    (found,) = find_highlights(only(table), ClipsOptions())
    assert (found.kind, found.emotion) == ("peak", "sadness")
    assert 29.5 < found.start_s < found.peak_s < found.end_s < 33.5
    for options in (ClipsOptions(kinds=("moment",)), ClipsOptions(max_p=0), ClipsOptions(emotions=("anger",))):
        assert find_highlights(only(table), options) == []


def test_peaks_take_their_place_by_their_rise_and_none_is_cut_twice() -> None:
    """The laugh has a moment, so its peak has no clip; it rises more than the sadness, which comes second."""
    table = quietly_sad("n" * 100 + "h" * 20 + "n" * 480)
    assert [(o.kind, o.emotion) for o in find_highlights(only(table), ClipsOptions())] == [
        ("moment", "happiness"),
        ("peak", "sadness"),
    ]
    (strongest,) = find_highlights(only(table), ClipsOptions(most=1))
    assert strongest.kind == "moment"
