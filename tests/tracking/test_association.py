"""How alike boxes and looks are, and which pairs are made of them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feelit.geometry import iou
from feelit.tracking.association import match, resemblance, similarity
from feelit.types import Bool, Float32, UInt8

CORNERS = hnp.arrays(np.int64, st.tuples(st.integers(1, 5), st.just(2)), elements=st.integers(0, 300))
THUMBS = hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.just(64)))


def squares(corner: np.ndarray[tuple[int, ...], np.dtype[np.int64]], side: int = 80) -> Float32:
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32)


@given(CORNERS, CORNERS, st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_similarity_lies_between_0_and_1_and_grows_with_the_slack(
    a: np.ndarray[tuple[int, ...], np.dtype[np.int64]], b: np.ndarray[tuple[int, ...], np.dtype[np.int64]], slack: float
) -> None:
    tracks, faces = squares(a), squares(b)
    tight = similarity(tracks, faces, np.full(len(tracks), slack, np.float32))
    loose = similarity(tracks, faces, np.full(len(tracks), slack + 0.25, np.float32))
    assert tight.shape == (len(tracks), len(faces))
    assert ((tight >= 0) & (tight <= 1)).all()
    assert (loose >= tight - 1e-6).all()


@given(CORNERS, CORNERS)
def test_without_slack_similarity_is_overlap(
    a: np.ndarray[tuple[int, ...], np.dtype[np.int64]], b: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> None:
    tracks, faces = squares(a), squares(b)
    np.testing.assert_array_equal(similarity(tracks, faces, np.zeros(len(tracks), np.float32)), iou(tracks, faces))


def test_every_track_has_its_own_slack() -> None:
    tracks = squares(np.array([[0, 0], [0, 0], [0, 0]]))
    faces = squares(np.array([[100, 0], [0, 100], [40, 40]]))
    slack = np.array([0.0, 0.25, 0.5], np.float32)
    alone = [similarity(tracks[i : i + 1], faces, slack[i : i + 1]) for i in range(3)]
    np.testing.assert_array_equal(similarity(tracks, faces, slack), np.concatenate(alone))
    assert similarity(tracks, faces, slack)[:, 0].tolist() == pytest.approx([0, 20 / 220, 60 / 260], abs=1e-6)


@given(THUMBS, THUMBS)
def test_resemblance_is_a_correlation(a: UInt8, b: UInt8) -> None:
    found = resemblance(a, b)
    assert found.shape == (len(a), len(b))
    assert (np.abs(found) <= 1 + 1e-5).all()
    np.testing.assert_allclose(found, resemblance(b, a).T, atol=1e-6)


@given(hnp.arrays(np.uint8, (1, 64), elements=st.integers(0, 100)), st.integers(0, 55))
def test_brightness_and_contrast_do_not_matter(looks: UInt8, offset: int) -> None:
    other = (looks * 2 + offset).astype(np.uint8)
    expected = 0 if np.ptp(looks) == 0 else 1
    assert resemblance(looks, other).item() == pytest.approx(expected, abs=1e-4)


def test_a_negative_resembles_the_opposite() -> None:
    looks = np.arange(64, dtype=np.uint8)[None]
    assert resemblance(looks, (255 - looks).astype(np.uint8)).item() == pytest.approx(-1, abs=1e-5)


@st.composite
def contests(draw: st.DrawFn) -> tuple[Float32, Bool]:
    shape = draw(st.tuples(st.integers(0, 4), st.integers(0, 4)))
    worth = draw(hnp.arrays(np.int64, shape, elements=st.integers(1, 64)))
    return (worth / 64).astype(np.float32), draw(hnp.arrays(np.bool_, shape))


def best_sum(worth: Float32, possible: Bool) -> float:
    """The largest sum, by trying everything."""
    value = np.where(possible, worth, 0)
    if value.shape[0] > value.shape[1]:
        value = value.T
    rows = np.arange(value.shape[0])
    return max(float(value[rows, list(columns)].sum()) for columns in permutations(range(value.shape[1]), len(rows)))


@given(contests())
def test_pairs_are_possible_one_to_one_and_worth_the_most(contest: tuple[Float32, Bool]) -> None:
    worth, possible = contest
    rows, columns = match(worth, possible)
    assert rows.dtype == columns.dtype == np.int64
    assert possible[rows, columns].all()
    assert len(set(rows.tolist())) == len(set(columns.tolist())) == len(rows)
    assert float(worth[rows, columns].sum()) == best_sum(worth, possible)


@given(contests())
def test_whoever_has_no_rival_is_paired(contest: tuple[Float32, Bool]) -> None:
    worth, possible = contest
    paired = set(zip(*(part.tolist() for part in match(worth, possible)), strict=True))
    lonely = possible & (possible.sum(axis=0) == 1)[None] & (possible.sum(axis=1) == 1)[:, None]
    assert set(zip(*(part.tolist() for part in np.nonzero(lonely)), strict=True)) <= paired


def test_a_good_pair_is_not_broken_by_an_impossible_one() -> None:
    worth = np.array([[0.5, 0.9], [0.9, 0.9]], np.float32)
    rows, columns = match(worth, np.array([[True, False], [True, False]]))
    assert (rows.tolist(), columns.tolist()) == ([1], [0])
