"""What comes between a face and a classifier."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.evaluation.classifier.crops import OCCLUSIONS, changed, cover_eyes, cover_mouth
from feelit.types import Bool, Float64
from feelit.vision.align import TEMPLATE
from tests.datasets.made import pictures

GREY = 128


def hidden(name: str, side: int = 48) -> Bool:
    """(N, S, S) where something covers twenty grey crops."""
    crops = np.full((20, side, side), GREY, np.uint8)
    return np.asarray(np.abs(changed(crops, name).astype(int) - GREY) > 1, bool)


def at(where: Bool, landmark: int) -> Bool:
    """(N,) whether a landmark of the template is covered."""
    x, y = (TEMPLATE[landmark] * where.shape[1] - 0.5).round().astype(int)
    return where[:, y, x]


@pytest.mark.parametrize("name", OCCLUSIONS)
@pytest.mark.parametrize("side", [48, 64])
def test_a_change_depends_on_the_seed_and_the_place_alone(name: str, side: int) -> None:
    crops = pictures(6, side)
    once = changed(crops, name)
    assert once.shape == crops.shape
    assert once.dtype == np.uint8
    np.testing.assert_array_equal(once, changed(crops, name))
    np.testing.assert_array_equal(once[:3], changed(crops[:3], name))
    assert (once != crops).any()


@pytest.mark.parametrize("name", OCCLUSIONS)
def test_no_crops_stay_none(name: str) -> None:
    assert changed(np.zeros((0, 48, 48), np.uint8), name).shape == (0, 48, 48)


def test_a_mask_hides_nose_and_mouth_and_no_eye() -> None:
    where = hidden("mask")
    assert all(at(where, landmark).all() for landmark in (2, 3, 4))
    assert not any(at(where, landmark).any() for landmark in (0, 1))


def test_sunglasses_hide_the_eyes_alone() -> None:
    where = hidden("sunglasses")
    assert all(at(where, landmark).all() for landmark in (0, 1))
    assert not any(at(where, landmark).any() for landmark in (2, 3, 4))


def test_a_quarter_is_a_quarter_and_moves() -> None:
    crops = np.full((40, 48, 48), GREY, np.uint8)
    covered = [np.flatnonzero((crop != GREY).any(axis=0)) for crop in changed(crops, "quarter covered")]
    assert {len(columns) for columns in covered} <= {0, 24}  # a shade may be that of the crop itself
    assert len({columns[0] for columns in covered if len(columns)}) > 10


def test_light_goes_both_ways() -> None:
    levels = set(changed(np.full((40, 48, 48), 100, np.uint8), "brightness ±40 %")[:, 0, 0].tolist())
    assert levels == {60, 140}


def test_faces_are_turned_both_ways_by_thirty_degrees() -> None:
    crop = np.zeros((48, 48), np.uint8)
    crop[22:26, 34:38] = 255  # on the right, at the height of the centre
    found = {
        tuple(np.mean(np.nonzero(one > 128), axis=1).round().astype(int)) for one in changed(np.stack([crop] * 20), "roll ±30°")
    }
    half, right = 23.5, 12.0
    wanted = {(round(half + way * right * 0.5), round(half + right * 0.866)) for way in (-1, 1)}
    assert len(found) == 2
    assert all(min(abs(y - wy) + abs(x - wx) for wy, wx in wanted) <= 1 for y, x in found)


@pytest.mark.parametrize("angle_deg", [-40, 0, 25])
@pytest.mark.parametrize("cover", [cover_mouth, cover_eyes])
def test_covers_turn_with_the_face(cover: object, angle_deg: float) -> None:
    angle = np.deg2rad(angle_deg)
    turn: Float64 = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (TEMPLATE - 0.5) @ turn.T * 96 + 63.5
    crop = (cover_mouth if cover is cover_mouth else cover_eyes)(np.zeros((128, 128), np.uint8), points, 255)
    shown = [bool(crop[round(y), round(x)]) for x, y in points]
    assert shown == ([False, False, True, True, True] if cover is cover_mouth else [True, True, False, False, False])
