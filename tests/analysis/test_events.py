from __future__ import annotations

import math
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feelit.analysis.event import Event, Kind, flat, is_wanted, short
from feelit.analysis.events import find_events
from feelit.analysis.scan import scan_p_values
from feelit.errors import TimelineReadError, UsageError
from feelit.options.timelines import SURE, EventsOptions, ReportOptions
from feelit.timeline.recording import Recording
from feelit.timeline.schema import pack_metadata
from feelit.types import Float64
from tests.exports.made import described, grouped
from tests.timeline.reading import only
from tests.timeline.rows import CERTAIN, regular, table_of


def options_of(kinds: Any, emotions: Any, max_p: float) -> EventsOptions:
    """Choices as texts of the command line."""
    return EventsOptions(kinds=kinds, emotions=emotions, max_p=max_p)


def events_of(kind: Kind, *tracks: str, interval_s: float = 0.1) -> list[Event]:
    """The events of one kind of tracks 1, 2, ..., a letter a sampled frame."""
    table = table_of(dict(enumerate(tracks, start=1)), regular(len(tracks[0]), interval_s))
    return [event for event in find_events(table) if event.kind is kind]


def times(event: Event) -> tuple[float, float]:
    return round(event.start_s, 6), round(event.end_s, 6)


def test_bouts_are_those_of_the_summary_with_an_interval() -> None:
    bouts = events_of(Kind.bout, "n" * 20 + "h" * 10 + "..." + "h" * 7)
    assert [(b.emotion, *times(b)) for b in bouts] == [
        ("neutral", 0.0, 2.0),
        ("happiness", 2.0, 3.0),
        ("happiness", 3.3, 4.0),
    ]
    for bout in bouts:
        assert bout.low <= CERTAIN + 1e-6
        assert bout.high >= CERTAIN - 1e-6
        assert bout.start_s <= bout.peak_s <= bout.end_s
        assert math.isnan(bout.p_value)


def test_the_time_of_strongest_expression_lies_where_the_smoothed_probability_is_highest() -> None:
    (_, bout, _) = events_of(Kind.bout, "n" * 30 + "h" * 21 + "n" * 30)
    assert bout.peak_s == pytest.approx(4.0, abs=0.5)
    assert bout.strength == pytest.approx(CERTAIN, abs=0.02)
    assert bout.baseline == pytest.approx((1 - CERTAIN) / 7, abs=0.01)


def test_a_laugh_in_an_hour_of_calm_is_a_peak_and_a_flicker_is_not() -> None:
    shown = "n" * 600 + "h" * 30 + "n" * 300 + "s" + "n" * 600
    (laugh,) = events_of(Kind.peak, shown)
    assert (laugh.emotion, laugh.tracks) == ("happiness", (1,))
    assert times(laugh) == pytest.approx((60.0, 63.0), abs=0.3)
    assert laugh.p_value <= SURE


def test_a_face_that_smiles_half_the_time_has_no_peak_of_happiness() -> None:
    shown = ("h" * 7 + "n" * 5) * 40
    assert not [p for p in events_of(Kind.peak, shown) if p.emotion == "happiness"]


def test_a_face_that_flickers_has_peaks_that_chance_explains() -> None:
    letters = np.random.default_rng(0).choice(list("nnnnnnh"), 120)
    shown = "".join(np.repeat(letters, 5))
    peaks = events_of(Kind.peak, shown)
    assert peaks
    assert min(p.p_value for p in peaks) > SURE


@pytest.mark.parametrize(
    ("gap", "count"),
    [pytest.param(3, 1, id="near one another they are one"), pytest.param(30, 2, id="far apart they are two")],
)
def test_two_peaks(gap: int, count: int) -> None:
    assert len(events_of(Kind.peak, "n" * 200 + "h" * 20 + "n" * gap + "h" * 20 + "n" * 200)) == count


def test_a_peak_goes_on_over_a_short_time_that_cannot_be_read() -> None:
    (peak,) = events_of(Kind.peak, "n" * 200 + "h" * 20 + "uuu" + "h" * 20 + "n" * 200)
    assert peak.end_s - peak.start_s == pytest.approx(4.3, abs=0.5)


def test_everybody_begins_to_smile() -> None:
    calm = "n" * 300
    tracks = [calm + "n" * k * 4 + "h" * 40 + "n" * (300 - 4 * k) for k in range(4)]
    (shared,) = events_of(Kind.shared, *tracks)
    assert (shared.tracks, shared.emotion) == ((1, 2, 3, 4), "happiness")
    assert times(shared) == pytest.approx((30.0, 31.2), abs=0.01)
    assert shared.p_value <= SURE
    assert shared.strength == pytest.approx(CERTAIN, abs=0.05)
    assert shared.start_s <= shared.peak_s <= shared.end_s + 2


@pytest.mark.parametrize(
    ("delay", "count"),
    [pytest.param(20, 1, id="two seconds"), pytest.param(21, 0, id="more")],
)
def test_shared_means_within_two_seconds(delay: int, count: int) -> None:
    first = "n" * 50 + "h" * 50 + "n" * 50
    second = "n" * (50 + delay) + "h" * 50 + "n" * (50 - delay)
    assert len(events_of(Kind.shared, first, second)) == count


def test_one_track_shares_nothing_with_itself() -> None:
    assert not events_of(Kind.shared, "nnnhhhnnnhhhnnn")


def test_two_shifts_of_one_track_exactly_two_seconds_apart_are_not_shared() -> None:
    """At 31.2 s and 33.2 s, whose difference is a little more than 2 s in binary numbers, and whose sum with 2 s is not."""
    shown = "n" * 780 + "h" * 20 + "n" * 30 + "h" * 20 + "n" * 50
    assert not events_of(Kind.shared, shown, interval_s=0.04)


def test_going_back_to_neutral_is_not_shared() -> None:
    assert not [e for e in events_of(Kind.shared, "h" * 9 + "n" * 9, "s" * 9 + "n" * 9) if e.emotion == "neutral"]


def test_a_long_absence() -> None:
    (away,) = events_of(Kind.absence, "n" * 300 + "." * 60 + "n" * 300)
    assert times(away) == (30.0, 36.0)
    assert away.emotion is None
    assert away.p_value <= SURE
    assert math.isnan(away.strength)


@pytest.mark.parametrize(
    ("before", "blocks"),
    [pytest.param(300, 10, id="from the edge of a block"), pytest.param(302, 11, id="from within a block")],
)
def test_only_blocks_that_an_absence_fills_count(before: int, blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 6 s away, in blocks of half a second, the first and the last do not count: times may be off by a sample."""
    asked: list[tuple[int, float]] = []

    def noted(blocks: Float64, windows: list[tuple[int, float]], rng: np.random.Generator) -> list[float]:
        asked.extend(windows)
        return scan_p_values(blocks, windows, rng)

    monkeypatch.setattr("feelit.analysis.peaks.scan_p_values", noted)
    events_of(Kind.absence, "n" * before + "." * 60 + "n" * 300)
    assert asked == [(blocks, 1.0)]


@pytest.mark.parametrize(
    ("shown", "count"),
    [
        pytest.param("n" * 9 + "." * 49 + "n" * 9, 0, id="too short"),
        pytest.param("n" * 9 + "." * 51 + "n" * 9, 1, id="long enough"),
        pytest.param("n" * 9 + "." * 90, 0, id="without a return"),
        pytest.param("." * 90 + "n" * 9, 0, id="before the first time"),
        pytest.param("n" * 9 + "u" * 90 + "n" * 9, 0, id="unreadable is not absent"),
    ],
)
def test_what_is_a_long_absence(shown: str, count: int) -> None:
    assert len(events_of(Kind.absence, shown)) == count


def test_a_track_that_is_mostly_missed_is_not_said_to_be_away() -> None:
    """It is found in one frame of fifty: so long a gap is to be expected, and the p-value says it."""
    seen = "".join("n" if i % 52 == 0 else "." for i in range(1041))
    found = events_of(Kind.absence, seen)
    assert found
    assert min(e.p_value for e in found) > SURE


def test_events_come_in_order_and_videos_do_not_touch() -> None:
    shown = {1: "n" * 40 + "h" * 20 + "n" * 40, 2: "n" * 41 + "h" * 20 + "n" * 39}
    tables = [table_of(shown, regular(100), name) for name in ("z.mp4", "a.mp4")]
    both = find_events(pa.concat_tables(tables).unify_dictionaries())
    order = {name: n for n, name in enumerate(("z.mp4", "a.mp4"))}
    assert [e.video for e in both] == sorted((e.video for e in both), key=order.__getitem__)
    for video, group in groupby(both, key=lambda e: e.video):
        mine = list(group)
        assert [e.start_s for e in mine] == sorted(e.start_s for e in mine)
        alone = find_events(tables[order[video]])
        assert repr(mine) == repr(alone)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.text("nhsau.", min_size=40, max_size=40), min_size=1, max_size=3),
    st.sampled_from([0.04, 0.1, 0.5, 1.0]),
)
def test_whatever_is_shown_events_are_sound(tracks: list[str], interval_s: float) -> None:
    table = table_of(dict(enumerate(tracks, start=1)), regular(40, interval_s))
    for event in find_events(table):
        assert 0 <= event.start_s <= event.end_s <= 40 * interval_s + 1e-6
        assert set(event.tracks) <= set(range(1, len(tracks) + 1))
        assert len(event.tracks) == len(set(event.tracks))
        assert (len(event.tracks) >= 2) == (event.kind is Kind.shared)
        assert (event.emotion is None) == (event.kind is Kind.absence)
        if event.kind is Kind.bout:
            assert event.low <= event.high
        else:
            assert 0 < event.p_value <= 1


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(table_of({}, []), id="no rows"),
        pytest.param(table_of({}, regular(9)), id="no faces"),
        pytest.param(table_of({1: "u" * 9}, regular(9)), id="never readable"),
    ],
)
def test_nothing_happens(table: pa.Table) -> None:
    assert find_events(table) == []


def test_a_table_without_the_columns_is_refused() -> None:
    with pytest.raises(TimelineReadError, match="lacks the columns"):
        find_events(pa.table({"time_s": [0.0]}))


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        pytest.param(("peak,party", None, 1.0), "--kind party is not known", id="kind"),
        pytest.param(("all", "joy", 1.0), "--emotion joy is not known", id="emotion"),
        pytest.param(("all", None, 1.5), "--max-p 1.5 is no probability", id="limit"),
        pytest.param(("all", None, math.nan), "--max-p nan is no probability", id="no number"),
    ],
)
def test_choices_that_are_refused(arguments: tuple[str, str | None, float], reported: str) -> None:
    with pytest.raises(UsageError, match=reported):
        options_of(*arguments)


def test_a_choice_takes_what_it_says() -> None:
    found = find_events(table_of({1: "n" * 300 + "h" * 30 + "n" * 100 + "." * 60 + "n" * 100}, regular(590)))
    assert {e.kind for e in found} == {Kind.bout, Kind.peak, Kind.absence}
    everything = options_of("all", None, 1.0)
    assert all(is_wanted(event, everything) for event in found)
    sure_smiles = options_of("peak, absence", "happiness", SURE)
    assert {(e.kind, e.emotion) for e in found if is_wanted(e, sure_smiles)} == {(Kind.peak, "happiness"), (Kind.absence, None)}
    assert not any(is_wanted(e, EventsOptions(kinds=("peak",), max_p=0.0)) for e in found)


def test_p_values_are_corrected_over_the_events_of_their_kind_in_a_video() -> None:
    """Two flickers and a laugh: the laugh stays sure, and neither another kind nor another video changes its figures."""
    shown = {1: "n" * 600 + "h" * 30 + "n" * 300 + "sss" + "n" * 202 + "aaa" + "n" * 300 + "." * 60 + "n" * 9}
    table = table_of(shown, regular(len(shown[1])))
    peaks = find_events(table, [Kind.peak])
    p_values = sorted(p.p_value for p in peaks)
    assert len(peaks) == 3
    least = min(peaks, key=lambda p: p.p_value)
    assert least.p_adjusted == pytest.approx(min(3 * p_values[0], 3 * p_values[1] / 2, p_values[2]))
    assert [e for e in find_events(table) if e.kind is Kind.peak] == peaks
    both = find_events([table, table_of(shown, regular(len(shown[1])), "b.mp4")], [Kind.peak])
    assert [(e.p_value, e.p_adjusted) for e in both[:3]] == [(e.p_value, e.p_adjusted) for e in peaks]
    assert [e.emotion for e in peaks if e.is_sure] == ["happiness"]


def test_bouts_have_no_p_value_to_correct_and_are_not_sure() -> None:
    (bout,) = events_of(Kind.bout, "n" * 9)
    assert math.isnan(bout.p_adjusted)
    assert not bout.is_sure


def test_an_event_is_sure_up_to_the_limit_and_including_it() -> None:
    (peak,) = [e for e in find_events(table_of({1: "n" * 300 + "h" * 30 + "n" * 300}, regular(630))) if e.kind is Kind.peak]
    assert [replace(peak, p_adjusted=p).is_sure for p in (SURE, math.nextafter(SURE, 1))] == [True, False]


def people() -> Recording:
    """Ann is tracks 1 and 2, one after the other with a cut between; person 2 is track 3; track 4 is nobody."""
    away = "." * 200
    shown = {1: "n" * 190 + "h" * 10 + away, 2: away + "h" * 20 + "n" * 180, 3: "n" * 400, 4: "h" * 100 + "a" * 300}
    table = grouped(table_of(shown, regular(400)), {1: 1, 2: 1, 3: 2}, {1: "Ann"})
    about = {"videos": {"a.mp4": described({1: "Ann", 2: None})}}
    return only(table.replace_schema_metadata(pack_metadata(about)))


def test_a_person_goes_on_where_a_track_ends() -> None:
    (bout,) = [e for e in find_events(people(), [Kind.bout]) if e.emotion == "happiness"]
    assert (bout.people, bout.names, bout.tracks) == ((1,), ("Ann",), ())
    assert (bout.start_s, bout.end_s) == pytest.approx((19, 22))
    assert short(bout)[2] == "Ann"
    assert flat(bout)["people"] == [1]


def test_events_of_some_people_and_of_tracks() -> None:
    assert {e.people for e in find_events(people(), [Kind.bout], people=["2"])} == {(2,)}
    assert {(e.people, e.tracks) for e in find_events(people(), [Kind.bout], tracks=[4])} == {((), (4,))}
    assert {e.tracks for e in find_events(people(), [Kind.bout], by="track")} == {(1,), (2,), (3,), (4,)}
    with pytest.raises(UsageError, match="no person Eve"):
        find_events(people(), people=["Eve"])
    with pytest.raises(UsageError, match="no track 9"):
        find_events(people(), tracks=[9])


def test_peaks_rise_above_the_usual_face_that_is_named() -> None:
    """Half a minute of smiles is usual by the median; by the calm seconds before, it is a peak."""
    table = table_of({1: "n" * 100 + "h" * 300}, regular(400))

    def peaks(baseline: str) -> list[Event]:
        return [e for e in find_events(table, [Kind.peak], baseline=baseline) if e.emotion == "happiness"]

    assert not peaks("auto")
    (smiles,) = peaks("0-8")
    assert times(smiles) == pytest.approx((10, 40), abs=0.3)
    assert smiles.baseline < 0.1


def test_who_cannot_be_read_in_the_stretch_has_bouts_and_no_peaks() -> None:
    table = table_of({1: "u" * 30 + "n" * 300 + "h" * 30 + "n" * 300}, regular(660))
    assert {e.kind for e in find_events(table, [Kind.peak, Kind.bout])} == {Kind.peak, Kind.bout}
    found = find_events(table, [Kind.peak, Kind.bout], baseline="0-2")
    assert {e.kind for e in found} == {Kind.bout}
    assert all(math.isnan(e.baseline) for e in found)


@pytest.mark.parametrize("options", [EventsOptions, ReportOptions])
def test_events_need_a_usual_face(options: type[EventsOptions | ReportOptions]) -> None:
    with pytest.raises(UsageError, match="above the usual face"):
        options(baseline="none")


@pytest.mark.parametrize("max_p", [0.0, 0.02, 0.05, 0.5, 1.0])
def test_a_limit_leaves_out_events_and_changes_none(max_p: float) -> None:
    shown = {1: ("n" * 17 + "hhh") * 20, 2: "n" * 300 + "h" * 40 + "n" * 60, 4: ("n" * 20 + "." * 20 + "hss" * 20) * 4}
    table = table_of(shown, regular(400))
    every = find_events(table)
    assert [repr(e) for e in find_events(table, max_p=max_p)] == [repr(e) for e in every if not e.p_adjusted > max_p]
    assert {e.p_adjusted > 0.05 for e in every if e.kind is Kind.peak} == {True, False}


def test_several_threads_find_the_same_events(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of({track: "n" * 10 * track + "h" * 40 + "s" * (160 - 10 * track) for track in range(1, 9)}, regular(200))
    found = [repr(e) for e in find_events(table)]
    monkeypatch.setattr("feelit.analysis.track_series.each_track.__defaults__", ("auto", 1))
    assert [repr(e) for e in find_events(table)] == found
