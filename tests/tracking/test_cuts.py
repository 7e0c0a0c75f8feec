"""A cut is an abrupt change of a part of the picture; light, movement and talk are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from feelit.tracking import cuts as cuts_module
from feelit.tracking.cuts import CutDetector, tile_changes
from feelit.types import UInt8

CELLS = 16


def scene(seed: int) -> UInt8:
    return np.random.default_rng(seed).integers(40, 200, (CELLS, CELLS)).astype(np.uint8)


def cuts(frames: list[UInt8]) -> list[int]:
    """The numbers of the frames that follow a cut."""
    detector = CutDetector()
    return [n for n, frame in enumerate(frames) if detector.is_cut(frame.reshape(-1))]


def talking(picture: UInt8, n: int) -> UInt8:
    """A little noise everywhere, and one cell that changes with every frame."""
    noise = np.random.default_rng(n).normal(0, 2, picture.shape)
    changed = picture + noise
    changed[5, 5] += 60 * (n % 2)
    return np.clip(changed, 0, 255).astype(np.uint8)


def test_a_steady_picture_has_no_cuts() -> None:
    assert cuts([talking(scene(0), n) for n in range(50)]) == []


@pytest.mark.parametrize("at", [[1], [10], [10, 11, 12], [10, 20, 30]], ids=str)
def test_every_change_of_the_scene_is_a_cut(at: list[int]) -> None:
    frames = [talking(scene(sum(c <= n for c in at)), n) for n in range(40)]
    assert cuts(frames) == at


@pytest.mark.parametrize("tiles", [(2, 2), (2, 3)], ids=["four-tiles", "six-tiles"])
def test_the_change_of_one_tile_of_a_call_is_a_cut(tiles: tuple[int, int]) -> None:
    other = scene(0)
    height, width = CELLS // tiles[0], CELLS // tiles[1]
    other[:height, :width] = scene(1)[:height, :width]
    assert cuts([talking(scene(0) if n < 20 else other, n) for n in range(40)]) == [20]


@pytest.mark.parametrize("levels", [30, -30], ids=["flash", "light-off"])
def test_a_change_of_the_light_is_no_cut(levels: int) -> None:
    assert cuts([(scene(0).astype(int) + levels * (n >= 20)).astype(np.uint8) for n in range(40)]) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_hand_that_comes_before_the_camera_is_no_cut(seed: int) -> None:
    def frame(n: int) -> UInt8:
        picture = smooth(seed).copy()
        top = [16, 13, 10, 8, 7, 7, 8, 10, 13, 16][(n - 20) % 10] if 20 <= n < 40 else 16
        picture[top : top + 8, 2 + (n - 20) // 3 : 8 + (n - 20) // 3] = 175
        return talking(picture, n)

    assert cuts([frame(n) for n in range(60)]) == []


@pytest.mark.parametrize("seed", [0, 2, 3, 5])
def test_another_scene_is_a_cut_though_the_camera_moved_before(seed: int) -> None:
    wide = [np.asarray(cv2.resize(smooth(s), (64, 16), interpolation=cv2.INTER_LINEAR), np.uint8) for s in (seed, seed + 6)]
    frames = [talking(wide[n >= 20][:, n % 20 * 2 : n % 20 * 2 + CELLS].copy(), n) for n in range(36)]
    assert cuts(frames) == [20]


def test_a_slow_fade_to_another_scene_is_no_cut() -> None:
    shares = np.clip((np.arange(60) - 10) / 40, 0, 1)
    assert cuts([(scene(0) * (1 - s) + scene(1) * s).astype(np.uint8) for s in shares]) == []


@pytest.mark.parametrize("still", [1, 20], ids=["from-the-start", "after-a-while"])
def test_a_moving_camera_is_no_cut_once_it_moves(still: int) -> None:
    """The first movements come as a surprise, which may count as a cut or two."""
    wide = np.random.default_rng(3).integers(40, 200, (CELLS, 200)).astype(np.uint8)
    moving = [wide[:, max(n - still, 0) :][:, :CELLS] for n in range(100)]
    assert [n for n in cuts(moving) if n >= still + 4] == []


def test_a_cut_after_cuts_is_found() -> None:
    frames = [talking(scene(n // 3), n) for n in range(60)]
    assert cuts(frames) == list(range(3, 60, 3))


def test_a_cut_while_nothing_is_known_of_the_past_is_found() -> None:
    assert cuts([scene(0), scene(1)]) == [1]


def test_one_frame_has_no_cut_before_it() -> None:
    assert cuts([scene(0)]) == []


@pytest.mark.parametrize("blank", [0, 255])
def test_a_blank_frame_is_no_cut_and_neither_is_the_picture_after_it(blank: int) -> None:
    frames = [talking(scene(0), n) for n in range(20)]
    frames[10] = np.full_like(frames[10], blank)
    assert cuts(frames) == []


def test_a_scene_after_black_is_a_cut() -> None:
    black = [np.zeros((CELLS, CELLS), np.uint8)] * 5
    assert cuts([scene(0)] * 10 + black + [scene(1)] * 10) == [15]


def smooth(seed: int) -> UInt8:
    """A picture with structure over several cells, as real ones have it."""
    coarse = np.random.default_rng(seed).integers(20, 230, (7, 7)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (CELLS, CELLS), interpolation=cv2.INTER_CUBIC), np.uint8)


def test_lights_that_are_switched_on_are_no_cut() -> None:
    gain = np.linspace(0.5, 1.1, CELLS)
    dark = [smooth(0) * 0.4] * 20
    assert cuts([f.astype(np.uint8) for f in dark + [np.clip(smooth(0) * gain, 0, 255)] * 20]) == []


@pytest.mark.parametrize("step", [(1, 1), (0, 3), (-2, 2)], ids=str)
def test_a_camera_that_is_swung_is_no_cut_even_at_first(step: tuple[int, int]) -> None:
    y, x = step
    wide = np.asarray(cv2.resize(smooth(1), (40, 40), interpolation=cv2.INTER_CUBIC), np.uint8)
    assert cuts([wide[12:28, 12:28]] * 20 + [wide[12 + y : 28 + y, 12 + x : 28 + x]] * 20) == []


def test_a_hand_before_the_camera_is_no_cut() -> None:
    covered = smooth(0)
    covered[12:, 5:11] = 150
    assert cuts([smooth(0)] * 20 + [covered] * 20) == []


def test_a_person_whose_camera_is_switched_off_is_a_cut() -> None:
    off = smooth(0)
    off[: CELLS // 2, : CELLS // 2] = 24
    assert cuts([smooth(0)] * 20 + [off] * 20) == [20]


def much(monkeypatch: pytest.MonkeyPatch, pictures: list[UInt8]) -> list[bool]:
    """Which pictures follow a cut, as far as the change of the whole picture says."""
    monkeypatch.setattr("feelit.tracking.cuts.tile_changes", lambda before, after: np.zeros(11))
    detector = CutDetector()
    return [detector.is_cut(picture.ravel()) for picture in pictures]


def test_a_change_of_much_of_the_picture_is_a_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = np.random.default_rng(5).integers(30, 200, (2, 16, 16)).astype(np.uint8)
    assert much(monkeypatch, [one, one, other, other]) == [False, False, True, False]


def test_a_change_of_the_light_or_of_a_part_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = np.random.default_rng(5).integers(30, 200, (2, 16, 16)).astype(np.uint8)
    part = one.copy()
    part[:5] = other[:5]
    assert much(monkeypatch, [one, one + np.uint8(40), one, part]) == [False] * 4


def test_a_picture_that_always_changes_has_no_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = list(np.random.default_rng(5).integers(30, 200, (9, 16, 16)).astype(np.uint8))
    assert not any(much(monkeypatch, pictures)[4:])


@pytest.mark.parametrize("seed", range(20))
def test_the_change_without_displacement_is_the_largest(seed: int) -> None:
    """So a frame that passes under it needs no closer comparison."""
    noise = np.random.default_rng(seed).normal(0, 3 * seed, (16, 16))
    before, after = scene(0).astype(np.float64), np.clip(np.roll(scene(seed // 10), seed % 3, 1) + noise, 0, 255).round()
    change = cuts_module._Change(before, after)
    assert (change.tiles <= change.bound + 1e-12).all()
    np.testing.assert_array_equal(change.tiles, tile_changes(before, after))


@pytest.mark.parametrize(("change", "is_cut"), [(0.35, False), (0.45, True)])
def test_a_tile_that_changes_a_little_all_the_time_has_to_change_far_more(
    change: float, is_cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times as much as usual."""
    changes = iter([0.1] * 5 + [change])
    one, other = scene(0), scene(1)
    pictures = [one, other, one, other, one, other, one]
    monkeypatch.setattr(cuts_module, "tile_changes", lambda before, after: np.full(11, next(changes)))
    monkeypatch.setattr(cuts_module, "MUCH", 1.0)
    detector = CutDetector()
    assert [detector.is_cut(picture.ravel()) for picture in pictures] == [False] * 6 + [is_cut]


def test_a_cut_before_does_not_make_changes_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is usual is a median: a mean would be raised by a single cut among the frames before."""
    changes = iter([0.05, 0.05, 0.05, 0.9, 0.05, 0.5])
    one, other = scene(0), scene(1)
    monkeypatch.setattr(cuts_module, "tile_changes", lambda before, after: np.full(11, next(changes)))
    monkeypatch.setattr(cuts_module, "MUCH", 1.0)
    detector = CutDetector()
    found = [detector.is_cut(picture.ravel()) for picture in (one, other, one, other, one, other, one)]
    assert found == [False, False, False, False, True, False, True]
