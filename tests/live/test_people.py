"""Who comes back to the page."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from feelit.live.analyst import ENOUGH, EVERY_S, PeopleNow
from feelit.timeline.build import no_rows
from feelit.types import Columns, Timeline

FRONTAL = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)


class Faces:
    """Knows a face by where its right eye is, and counts how many were embedded."""

    def __init__(self) -> None:
        vectors = np.random.default_rng(1).normal(size=(9, 128))
        self._vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        self.embedded = 0

    def crop(self, luma: object, levels: object, landmarks: np.ndarray) -> np.ndarray:
        return np.array([[int(landmarks[0, 0, 0]) // 1000]])

    def embed(self, crops: np.ndarray) -> np.ndarray:
        self.embedded += 1
        return np.asarray(self._vectors[crops[:, 0]])


def rows(faces: dict[int, int], face_px: float = 100.0) -> Timeline:
    """Track -> whose face it is."""
    empty = no_rows()
    fields = {name: getattr(empty, name) for name in Timeline.__slots__ if name not in Columns.__slots__}
    blank = Timeline(**{name: np.zeros((len(faces), *column.shape[1:]), column.dtype) for name, column in fields.items()})
    places = [FRONTAL + np.array([1000 * who, 0], np.float32) for who in faces.values()]
    return replace(
        blank,
        track_id=np.array(list(faces), np.int32),
        landmarks=np.array(places, np.float32).reshape(-1, 5, 2),
        face_px=np.full(len(faces), face_px, np.float32),
        sharpness=np.ones(len(faces), np.float32),
    )


@pytest.fixture
def identity() -> Faces:
    return Faces()


def shown(people: PeopleNow, faces: dict[int, int], time_s: float, face_px: float = 100.0) -> list[int]:
    sample: Any = SimpleNamespace(luma=None, levels=None, time_s=time_s)
    return [int(number) for number in people.numbers(rows(faces, face_px), sample)]


def test_who_comes_back_has_the_old_number(identity: Any) -> None:
    people = PeopleNow(identity)
    assert shown(people, {1: 0, 2: 1}, 0.0) == [1, 2]
    assert shown(people, {2: 1}, 5.0) == [2]
    assert shown(people, {2: 1, 3: 0}, 9.0) == [2, 1]  # the first one again, under a third track
    assert shown(people, {2: 1, 3: 0, 4: 5}, 9.1) == [2, 1, 3]  # somebody new


def test_nobody_is_in_the_picture_twice(identity: Any) -> None:
    people = PeopleNow(identity)
    assert shown(people, {1: 0, 2: 0}, 0.0) == [1, 2]


def test_a_face_that_is_too_small_is_recognised_once_it_is_larger(identity: Any) -> None:
    people = PeopleNow(identity)
    assert shown(people, {1: 0}, 0.0) == [1]
    assert shown(people, {2: 0}, 5.0, face_px=5.0) == [2]
    assert shown(people, {2: 0}, 6.0) == [1]
    assert shown(people, {2: 0, 3: 4}, 7.0) == [1, 2]


def test_few_faces_are_embedded(identity: Any) -> None:
    people = PeopleNow(identity)
    for time_s in np.arange(0, 60, 0.1):
        shown(people, {1: 0}, float(time_s))
    assert identity.embedded == ENOUGH
    again = Faces()
    people = PeopleNow(again)  # type: ignore[arg-type]  # what it needs of a model
    for time_s in np.arange(0, EVERY_S - 0.05, 0.1):
        shown(people, {1: 0}, float(time_s))
    assert again.embedded == 1


def test_an_empty_picture(identity: Any) -> None:
    assert shown(PeopleNow(identity), {}, 0.0) == []
