"""Tracks become people: joined where alike, kept apart where they were seen together, split where a track went astray."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.identity.group import cluster, group_tracks
from feelit.identity.likeness import JOIN, OFFSET, SLOPE, between, cohort, probability
from tests.identity.made import directions, evidence, joined, track

A, B, C = directions(3)


def people_of(found: object) -> list[int]:
    return found.person_id.tolist()  # type: ignore[attr-defined, no-any-return]


def test_the_probability_rises_with_likeness_and_is_even_where_the_curve_says() -> None:
    found = probability(np.array([-0.5, 0, -OFFSET / SLOPE, 0.05, 0.06, 0.2]))
    assert (np.diff(found) > 0).all()
    assert found[2] == pytest.approx(0.5)
    assert found[3] < JOIN < found[4]


def test_tracks_of_one_person_are_one_and_others_are_not() -> None:
    found = group_tracks(evidence({1: track(A, 0, 9), 2: track(B, 1, 9, 1), 3: track(A, 10, 19, 2), 4: track(C, 11, 19, 3)}))
    assert people_of(found) == [1, 2, 1, 3]
    assert (found.confidence > 0.99).all()


def test_people_are_numbered_by_first_appearance() -> None:
    found = group_tracks(evidence({1: track(A, 5, 9), 2: track(B, 0, 9, 1), 3: track(C, 0, 9, 2)}))
    assert people_of(found) == [3, 1, 2]


def test_who_shares_a_frame_is_never_one() -> None:
    """Twins: as alike as can be."""
    found = group_tracks(evidence({1: track(A, 0, 9), 2: track(A, 0, 9, 1)}, {(1, 2): [0.0, 9.0]}))
    assert people_of(found) == [1, 2]


def test_of_twins_who_come_back_nobody_is_joined_twice() -> None:
    tracks = {1: track(A, 0, 9), 2: track(A, 0, 9, 1), 3: track(A, 10, 19, 2), 4: track(A, 10, 19, 3)}
    found = group_tracks(evidence(tracks, {(1, 2): [0.0, 9.0], (3, 4): [10.0, 19.0]}))
    assert sorted(people_of(found)) == [1, 1, 2, 2]
    assert found.person_id[0] != found.person_id[1]
    assert found.person_id[2] != found.person_id[3]


def test_faces_that_are_too_poor_are_joined_to_nobody() -> None:
    found = group_tracks(evidence({1: track(A, 0, 9), 2: track(A, 10, 12, 1, quality=0.05)}))
    assert people_of(found) == [1, 2]
    assert np.isnan(found.confidence).tolist() == [False, True]


def test_a_track_without_embeddings_is_a_person() -> None:
    blind = track(A, 10, 12)
    blind.time_s, blind.quality, blind.vector = [], [], []
    assert people_of(group_tracks(evidence({1: track(A, 0, 9), 2: blind}))) == [1, 2]


def test_what_the_detector_doubts_is_nobody() -> None:
    poster = track(B, 0, 9, 1)
    poster.score = 0.5 * poster.rows
    found = group_tracks(evidence({1: poster, 2: track(A, 1, 9)}))
    assert people_of(found) == [-1, 1]


def test_a_track_that_went_to_another_person_is_split_there_and_each_part_finds_its_own() -> None:
    tracks = {1: track(A, 0, 9), 2: joined(track(B, 0, 5, 1), track(A, 10, 15, 2)), 3: track(B, 20, 25, 3)}
    found = group_tracks(evidence(tracks, {(1, 2): [0.0, 5.0]}))
    assert found.track.tolist() == [1, 2, 2, 3]
    assert found.start_s.tolist() == [-np.inf, -np.inf, 10.0, -np.inf]
    assert people_of(found) == [1, 2, 1, 2]


def test_a_track_is_not_split_where_only_the_look_changes() -> None:
    found = group_tracks(evidence({1: joined(track(A, 0, 5, 1), track(A, 5, 10, 2))}))
    assert people_of(found) == [1]


def test_a_track_is_not_split_where_the_look_stays() -> None:
    mixed = joined(track(A, 0, 5, 1), track(B, 5, 10, 2))
    mixed.changes = []
    assert people_of(group_tracks(evidence({1: mixed}))) == [1]


def test_no_tracks_are_no_people() -> None:
    assert len(group_tracks(evidence({}))) == 0


def test_a_group_is_as_alike_as_its_members_on_average() -> None:
    """A chain: each is like the next, but the ends are not alike. Average linkage does not walk along it."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(0, 1, (128, 2)))[0].T
    angle = np.deg2rad([0, 30, 60, 90, 120])
    total = (cohort()[0] + 0.35 * np.stack([np.cos(angle), np.sin(angle)], axis=1) @ axes).astype(np.float32)
    total /= np.linalg.norm(total, axis=1, keepdims=True)
    pairs = [cluster(total[k : k + 2], np.ones(2), np.ones((2, 2), bool)) for k in range(4)]
    assert all(pair.tolist() == [0, 0] for pair in pairs)
    group = cluster(total, np.ones(5), np.ones((5, 5), bool))
    assert len(set(group.tolist())) > 1


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_tracks_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, 5, 30)
    vectors = np.concatenate([track(directions(5, 9)[who], 0, 1, 100 + i).embeddings()[2] for i, who in enumerate(owner)])
    order = rng.permutation(30)
    one = cluster(vectors, np.ones(30), np.ones((30, 30), bool))
    other = cluster(vectors[order], np.ones(30), np.ones((30, 30), bool))
    np.testing.assert_array_equal(one[order][:, None] == one[order][None], other[:, None] == other[None])
    np.testing.assert_array_equal(one[:, None] == one[None], owner[:, None] == owner[None])


def alike(direction: np.ndarray, wanted: float) -> np.ndarray:
    """Another direction that is the same person with a probability of about `wanted`."""
    stranger = directions(5, 9)[4]
    low, high = 0.0, 1.0
    for _ in range(40):
        scale = (low + high) / 2
        other = (1 - scale) * direction + scale * stranger
        other = (other / np.linalg.norm(other)).astype(np.float32)
        low, high = (scale, high) if probability(np.array([between(direction, other)]))[0] > wanted else (low, scale)
    return np.asarray(other, np.float32)


@pytest.mark.parametrize(
    ("others", "wanted", "later_s", "people"),
    [
        pytest.param(2, 0.7, 10.2, 3, id="the only one left over on either side"),
        pytest.param(1, 0.7, 10.2, 3, id="a cut of a film: only one other goes on"),
        pytest.param(2, 0.05, 10.2, 4, id="unlike"),
        pytest.param(2, 0.7, 15.0, 4, id="somebody who comes later"),
    ],
)
def test_whom_a_new_layout_leaves_over_on_either_side_is_one(others: int, wanted: float, later_s: float, people: int) -> None:
    tracks = {1: track(A, 0, 10)}
    tracks |= {2 + n: track(direction, 0, 20, 1 + n) for n, direction in enumerate((B, C)[:others])}
    tracks[4] = track(alike(A, wanted), later_s, 20, 5)
    together = {(1, 2): [0.0, 9.9], (2, 4): [later_s, 20.0]}
    if others == 2:
        together |= {(1, 3): [0.0, 9.9], (2, 3): [0.0, 20.0], (3, 4): [later_s, 20.0]}
    assert len(set(people_of(group_tracks(evidence(tracks, together))))) == people


def test_whom_a_new_layout_leaves_over_is_nobody_in_particular_if_two_are() -> None:
    tracks = {1: track(A, 0, 10), 2: track(B, 0, 20, 1), 3: track(C, 0, 20, 2)}
    tracks |= {4: track(alike(A, 0.7), 10.2, 20, 5), 5: track(alike(A, 0.6), 10.2, 20, 6)}
    pairs = [(1, 2), (1, 3), (2, 3), (2, 4), (2, 5), (3, 4), (3, 5), (4, 5)]
    found = people_of(group_tracks(evidence(tracks, {pair: [0.0 if pair[0] == 1 else 10.2, 20.0] for pair in pairs})))
    assert len(set(found)) == 5
