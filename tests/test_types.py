"""Records are frozen, and can be sliced, joined and sent to another process."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields
from itertools import pairwise

import numpy as np
import pytest

from feelit.run.segment import no_faces
from feelit.timeline.build import no_rows
from feelit.types import EMOTIONS, LANDMARKS, Columns, Detections, FaceTable, Timeline


def detections(count: int, seed: int = 0) -> Detections:
    rng = np.random.default_rng(seed)
    return Detections(
        row=np.sort(rng.integers(0, 5, count)).astype(np.int64),
        box=rng.random((count, 4), np.float32),
        landmarks=rng.random((count, 5, 2), np.float32),
        score=rng.random(count, np.float32),
    )


def same(a: Columns, b: Columns) -> bool:
    names = [f.name for f in fields(a)]
    pairs = [(getattr(a, name), getattr(b, name)) for name in names]
    return all(x.dtype == y.dtype and x.shape == y.shape and (x == y).all() for x, y in pairs)


def test_the_labels_are_those_of_fer_plus() -> None:
    assert EMOTIONS == ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    assert LANDMARKS == ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")


def test_the_length_is_the_number_of_rows() -> None:
    assert len(detections(7)) == 7
    assert len(detections(0)) == 0


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(slice(1, 3), id="slice"),
        pytest.param(np.array([1, 2], np.int64), id="index"),
        pytest.param(np.array([False, True, True, False]), id="mask"),
    ],
)
def test_rows_selects_the_same_rows_of_every_column(where: slice) -> None:
    whole = detections(4)
    part = whole.rows(where)
    assert isinstance(part, Detections)
    for f in fields(Detections):
        np.testing.assert_array_equal(getattr(part, f.name), getattr(whole, f.name)[1:3])


@pytest.mark.parametrize("cuts", [[0], [4], [2], [1, 1, 3]], ids=str)
def test_join_undoes_any_cutting(cuts: list[int]) -> None:
    whole = detections(4)
    edges = [0, *cuts, 4]
    parts = [whole.rows(slice(a, b)) for a, b in pairwise(edges)]
    assert same(Detections.join(parts), whole)


def test_exchanged_takes_rows_from_another_record_and_leaves_both_alone() -> None:
    old, new = detections(4, seed=1), detections(2, seed=2)
    before = detections(4, seed=1)
    mixed = old.exchanged(np.array([3, 0], np.int64), new)
    assert same(mixed.rows(np.array([3, 0], np.int64)), new)
    assert same(mixed.rows(slice(1, 3)), old.rows(slice(1, 3)))
    assert same(old, before)


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        detections(1).score = np.zeros(1, np.float32)  # type: ignore[misc]


def test_records_survive_the_way_between_processes() -> None:
    whole = detections(3)
    assert same(pickle.loads(pickle.dumps(whole)), whole)


@pytest.mark.parametrize(("empty", "kind"), [(no_faces(), FaceTable), (no_rows(), Timeline)], ids=["faces", "rows"])
def test_empty_records_join_with_full_ones(empty: Columns, kind: type[Columns]) -> None:
    assert type(empty) is kind
    assert len(empty) == 0
    joined = kind.join([empty, empty])
    assert same(joined, empty)
