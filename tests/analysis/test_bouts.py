from __future__ import annotations

import numpy as np
import pytest

from feelit.analysis.bouts import find_bouts
from feelit.analysis.events import bouts_of as bouts_of_tracks
from feelit.analysis.observations import frame_lengths
from feelit.types import EMOTIONS
from tests.timeline.reading import samples_of
from tests.timeline.rows import regular, table_of

INTERVAL_S = 0.1


def bouts_of(shown: str) -> tuple[list[tuple[str, float]], int]:
    """Letters and lengths of the bouts of one track at ten samples a second, and how many are transitions."""
    bouts = find_bouts(samples_of(table_of({1: shown}, regular(len(shown), INTERVAL_S))).of_track(0))
    letters = [EMOTIONS[kind][0] for kind in bouts.emotion]
    return list(zip(letters, np.round(bouts.length_s, 6).tolist(), strict=True)), int(bouts.is_transition.sum())


@pytest.mark.parametrize(
    ("shown", "bouts", "transitions"),
    [
        pytest.param("nnnn", [("n", 0.4)], 0, id="one emotion"),
        pytest.param("nnnhhh", [("n", 0.3), ("h", 0.3)], 1, id="a change"),
        pytest.param("nnhhnn", [("n", 0.2), ("h", 0.2), ("n", 0.2)], 2, id="exactly the least length counts"),
        pytest.param("nnnhnnn", [("n", 0.7)], 0, id="a short bout goes to the one before"),
        pytest.param("nnnhaaa", [("n", 0.4), ("a", 0.3)], 1, id="also between different ones"),
        pytest.param("hnnn", [("n", 0.4)], 0, id="at the beginning to the one after"),
        pytest.param("nnnh", [("n", 0.4)], 0, id="at the end to the one before"),
        pytest.param("hanasnnn", [("n", 0.8)], 0, id="several short ones in a row"),
        pytest.param("hanhh", [("h", 0.5)], 0, id="short ones before a long one"),
        pytest.param("hah", [("h", 0.3)], 0, id="none is long: the emotion shown longest"),
        pytest.param("h...", [("h", 0.1)], 0, id="a single sample"),
        pytest.param("nnnuunnn", [("n", 0.3), ("n", 0.3)], 0, id="unreadable ends a bout, which is no transition"),
        pytest.param("nnnuuhhh", [("n", 0.3), ("h", 0.3)], 1, id="a transition over an unreadable time"),
        pytest.param("nnn..hhh", [("n", 0.3), ("h", 0.3)], 0, id="no transition over an absence"),
        pytest.param("nnnu.uhhh", [("n", 0.3), ("h", 0.3)], 0, id="nor over an absence that begins unreadable"),
        pytest.param("nnnuhunnn", [("n", 0.3), ("h", 0.1), ("n", 0.3)], 2, id="short ones do not go over unreadable times"),
        pytest.param("nnn.h.nnn", [("n", 0.3), ("h", 0.1), ("n", 0.3)], 0, id="nor over absences"),
        pytest.param("uuu", [], 0, id="never readable"),
    ],
)
def test_bouts(shown: str, bouts: list[tuple[str, float]], transitions: int) -> None:
    assert bouts_of(shown) == (bouts, transitions)


def test_tracks_do_not_touch() -> None:
    table = table_of({1: "nnn...", 2: "...nnn", 3: "hhhhhh"}, regular(6))
    tracks = bouts_of_tracks(samples_of(table))
    assert [bouts.track.tolist() for bouts in tracks] == [[0], [1], [2]]
    assert [np.round(bouts.start_s, 6).tolist() for bouts in tracks] == [[0.0], [0.3], [0.0]]
    assert not any(bouts.is_transition.any() for bouts in tracks)


def test_a_slow_video_has_bouts_of_single_samples() -> None:
    bouts = find_bouts(samples_of(table_of({1: "nhn"}, regular(3, 1.0))).of_track(0))
    assert bouts.length_s.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("time_s", "end_s", "length_s"),
    [
        pytest.param([], None, [], id="none"),
        pytest.param([0.0, 0.5, 2.5, 3.0], None, [0.5, 2.0, 0.5, 0.5], id="the last stands for the median"),
        pytest.param([0.0, 0.5, 2.5, 3.0], 3.2, [0.5, 2.0, 0.5, 0.2], id="but not beyond the end of the video"),
        pytest.param([0.0, 0.5, 2.5, 3.0], 9.0, [0.5, 2.0, 0.5, 0.5], id="of which only a part was analysed"),
        pytest.param([0.0, 0.5, 2.5, 3.0], 3.0, [0.5, 2.0, 0.5, 0.5], id="whose end is not well known"),
        pytest.param([7.0], None, [1e-9], id="a lone frame lasts no time"),
    ],
)
def test_frame_lengths(time_s: list[float], end_s: float | None, length_s: list[float]) -> None:
    found = frame_lengths(np.array(time_s, np.float64), end_s)
    assert found.tolist() == pytest.approx(length_s)
