"""Tracks in equal parts of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.analysis.track_series import track_series
from feelit.plots.bins import ABSENT, UNREADABLE, Bins, binned
from feelit.types import EMOTIONS
from tests.timeline.reading import samples_of
from tests.timeline.rows import CERTAIN, regular, table_of

LETTERS = {".": ABSENT, "u": UNREADABLE, "n": 0, "h": 1, "s": 2, "a": 4}


def bins_of(tracks: Mapping[int, str], edges_s: Sequence[float], interval_s: float = 0.1) -> list[Bins]:
    count = max(map(len, tracks.values()))
    rows = samples_of(table_of(tracks, regular(count, interval_s)))
    return binned(rows, np.array(edges_s, np.float64))


def letters(track: Bins) -> str:
    """The states of a track, one letter a bin."""
    return "".join({state: letter for letter, state in LETTERS.items()}[s] for s in track.state.tolist())


@pytest.mark.parametrize(
    ("shown", "count", "expected"),
    [
        pytest.param("nnhh..uu", 8, "nnhh..uu", id="as the samples lie"),
        pytest.param("nnhh..uu", 16, "nnnnhhhh....uuuu", id="finer"),
        pytest.param("nhhhhnnn", 2, "hn", id="coarser: what is shown most"),
        pytest.param("......h.........", 2, "h.", id="seen once in a long bin is seen"),
        pytest.param("hhhuuuuuhh......", 2, "uh", id="mostly not readable"),
    ],
)
def test_the_state_is_what_is_shown_for_most_of_the_time(shown: str, count: int, expected: str) -> None:
    (track,) = bins_of({1: shown}, np.linspace(0, len(shown) / 10, count + 1).tolist())
    assert letters(track) == expected


def test_every_track_has_its_own() -> None:
    one, two = bins_of({3: "nnn...", 7: "...hhh"}, [0, 0.3, 0.6])
    assert (one.number, letters(one), two.number, letters(two)) == (3, "n.", 7, ".h")
    assert one.seen


def test_a_track_outside_of_the_edges_is_not_seen() -> None:
    (track,) = bins_of({1: "nnn......"}, [0.5, 0.7, 0.9])
    assert not track.seen
    assert np.isnan(track.probability).all()


def test_probabilities_are_there_exactly_where_an_emotion_is_shown() -> None:
    (track,) = bins_of({1: "nnnhhhuuu...hhh"}, np.linspace(0, 1.5, 16).tolist())
    shown = track.state >= 0
    assert (np.isnan(track.probability).all(axis=1) == ~shown).all()
    np.testing.assert_allclose(track.probability[shown].sum(axis=1), 1, atol=1e-3)
    assert letters(track) == "nnnhhhuuu...hhh"


def test_between_samples_lie_straight_lines() -> None:
    rows = samples_of(table_of({1: "nnnnnhhhhh"}, regular(10)))
    (track,), (trace,) = binned(rows, np.linspace(0, 1.0, 201)), [track_series(rows.of_track(0))]
    assert trace is not None
    middle_s = np.linspace(0, 1.0, 401)[1::2]
    happiness = EMOTIONS.index("happiness")
    np.testing.assert_allclose(track.probability[:, happiness], trace.shown_at(middle_s, happiness), atol=1e-6)
    assert np.abs(np.diff(track.probability[:, happiness])).max() < 0.05  # no steps


def test_coarse_bins_hold_means_over_time() -> None:
    shown = "h" * 50 + "n" * 50
    (track,) = bins_of({1: shown}, [0, 2, 4, 6, 8, 10])
    happiness = track.probability[:, EMOTIONS.index("happiness")]
    rest = (1 - CERTAIN) / 7
    np.testing.assert_allclose(happiness, [CERTAIN, CERTAIN, (CERTAIN + rest) / 2, rest, rest], atol=0.01)


@given(st.text("nhs.u", min_size=2, max_size=60), st.integers(1, 40))
def test_time_is_neither_lost_nor_made(shown: str, count: int) -> None:
    """Whatever the bins, a track is seen in one if it has a sample, and its probabilities are probabilities."""
    if set(shown) == {"."}:
        return
    (track,) = bins_of({1: shown}, np.linspace(0, len(shown) / 10, count + 1).tolist())
    assert track.seen
    known = track.probability[~np.isnan(track.probability[:, 0])]
    assert ((known > -1e-9) & (known < 1 + 1e-6)).all()
    np.testing.assert_allclose(known.sum(axis=1), 1, atol=1e-3)
    allowed = {LETTERS[letter] for letter in shown} | {ABSENT}
    assert set(track.state.tolist()) <= allowed


def test_probabilities_above_the_usual_face() -> None:
    """Neutral is usual: what is left is the smile."""
    rows = samples_of(table_of({1: "n" * 60 + "h" * 20 + "u" * 5}, regular(85)))
    (track,) = binned(rows, np.linspace(0, 8.5, 18), "auto")
    (plain,) = binned(rows, np.linspace(0, 8.5, 18))
    happiness = EMOTIONS.index("happiness")
    assert track.probability[5].sum() < 0.01
    assert track.probability[14, happiness] == pytest.approx(plain.probability[14, happiness], abs=0.1)
    assert (track.probability[track.state >= 0] >= 0).all()
    np.testing.assert_array_equal(np.isnan(track.probability), np.isnan(plain.probability))
    np.testing.assert_array_equal(track.state, plain.state)


def test_nothing_is_drawn_of_who_was_not_read_in_the_stretch() -> None:
    rows = samples_of(table_of({1: "u" * 20 + "n" * 20}, regular(40)))
    (track,) = binned(rows, np.linspace(0, 4, 9), "0-1")
    assert np.isnan(track.probability).all()
    assert letters(track) == "uuuunnnn"
