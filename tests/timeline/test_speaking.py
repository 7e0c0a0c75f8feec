"""Who speaks: by how mouths move, and by what is heard."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from feelit.signals.voice import VoiceFinder
from feelit.timeline.build import TimelineBuilder
from feelit.timeline.speaking import LEAST_CHANGES, MouthMotion, picture_change, speaking
from feelit.tracking.tracker import TrackerSettings
from feelit.types import MOUTH_SHAPE, MOUTH_VALUES, Float32, Timeline, UInt8
from feelit.vision.measures import mouth_pictures
from tests.timeline.made import recording
from tests.timeline.test_build import assert_same

NOISE_DB, VOICE_DB = -60.0, -20.0


def crop(gap: float = 0.0, shift: float = 0.0, light: float = 0.0) -> UInt8:
    """(1, 64, 64) a drawn face: eyes, a nose and a mouth that is open by `gap` px, moved to the side."""
    face = np.full((64, 64), 150 + light, np.float32)
    dark = 60 + light
    for x in (21, 43):
        cv2.ellipse(face, (x, 25), (5, 2), 0, 0, 360, dark, -1)
    cv2.line(face, (32, 28), (32, 38), 120 + light, 2)
    cv2.ellipse(face, (32, 48), (9, 1 + round(gap)), 0, 0, 360, dark, -1)
    matrix = np.array([[1, 0, shift], [0, 1, 0]], np.float32)
    moved = cv2.warpAffine(face, matrix, (64, 64), borderMode=cv2.BORDER_REPLICATE)
    return np.clip(cv2.GaussianBlur(moved, (0, 0), 1.5), 0, 255).astype(np.uint8)[None]


def change(**other: float) -> float:
    return float(picture_change(mouth_pictures(crop(**other)), mouth_pictures(crop()))[0])


def test_a_mouth_that_opens_changes_and_one_that_is_moved_hardly_does() -> None:
    assert change() == 0
    assert change(gap=4) > 0.15
    assert change(shift=1.0) < 0.3 * change(gap=4)
    assert change(light=20) < 0.1 * change(gap=4)


def test_faces_are_compared_with_a_face_of_their_track_a_tenth_of_a_second_before() -> None:
    time_s = np.array([0.0, 0.04, 0.08, 0.12, 0.9, 1.0])
    pictures = np.concatenate([mouth_pictures(crop(gap=gap)) for gap in (0, 4, 4, 4, 0, 0)])
    opening = np.array([[0, 0], [0.5, 0.25], [0.5, 0.25], [0.5, 0.25], [np.nan, np.nan], [0, 0]], np.float32)
    moves = MouthMotion().add(time_s, np.ones(6, np.int64), pictures, opening)
    assert np.isnan(moves[[0, 1, 4, 5]]).all()  # none before, too near, too small a face, too far
    assert moves[2, :3].tolist() == pytest.approx([change(gap=4), 0.5, 0.25], abs=0.001)
    assert moves[3].tolist() == [0, 0, 0, 0]  # with that at 0.04 s
    other = MouthMotion().add(time_s, np.arange(6), pictures, opening)
    assert np.isnan(other).all()


def test_an_open_mouth_is_dark_inside_whatever_the_light() -> None:
    time_s, track, opening = np.array([0.0, 0.1]), np.ones(2, np.int64), np.zeros((2, 2), np.float32)

    def darkness(**other: float) -> float:
        pictures = np.concatenate([mouth_pictures(crop(**{**other, "gap": gap})) for gap in (-1, 4)])
        return float(MouthMotion().add(time_s, track, pictures, opening)[1, 3])

    assert darkness() < -0.3
    assert darkness(light=-15) == pytest.approx(darkness(), rel=0.1)


def lively(count: int) -> Float32:
    return np.tile(np.array([[0.2, 0.12, 0.06, 0.2], [0.2, -0.12, -0.06, -0.2]], np.float32), (count // 2, 1))


def still(count: int) -> Float32:
    return np.tile(np.array([[0.05, 0.005, 0.005, 0.01], [0.05, -0.005, -0.005, -0.01]], np.float32), (count // 2, 1))


def of_two(
    one: Float32, two: Float32, voice: VoiceFinder | None = None, gaps: Float32 | None = None
) -> tuple[Float32, Float32]:
    """Probabilities of two people, sampled ten times a second."""
    time_s, track = np.tile(np.arange(len(one)) / 10, 2), np.repeat(np.array([1, 2]), len(one))
    gap = np.full(2 * len(one), 0.1, np.float32) if gaps is None else gaps
    _, probability = speaking(time_s, track, np.concatenate([one, two]), gap, np.arange(2 * len(one)), voice)
    return probability[: len(one)], probability[len(one) :]


def test_the_livelier_mouth_speaks() -> None:
    one, two = of_two(lively(20), still(20))
    assert (one > 0.9).all()
    assert (two < 0.1).all()
    lonely, _ = of_two(lively(20), np.full((20, 4), np.nan, np.float32))
    assert (lonely >= one).all()  # nobody else could be it


def test_too_few_changes_say_nothing() -> None:
    changes = np.full((20, 4), np.nan, np.float32)
    changes[: LEAST_CHANGES - 1] = lively(20)[: LEAST_CHANGES - 1]
    one, two = of_two(changes, still(20))
    assert np.isnan(one).all()
    assert not np.isnan(two).any()


def voice(*spoken: tuple[float, float], length_s: float = 300.0, likeness: float = 0.5) -> VoiceFinder:
    """Noise with a voice from and to some times, or with something that is so like itself a tenth of a second before."""
    sound = np.tile(np.array([NOISE_DB, 0.0], np.float32), (round(length_s * 50), 1))
    for start_s, end_s in spoken:
        sound[round(start_s * 50) : round(end_s * 50)] = VOICE_DB, likeness
    return VoiceFinder(lambda time_s: sound[: max(0, round(time_s * 50))])


def test_nobody_speaks_while_nobody_is_heard() -> None:
    one, two = of_two(lively(100), still(100), voice((2.0, 5.0)))
    assert (one[20:50] > 0.9).all()
    assert (one[:18] < 0.1).all()
    assert (one[53:] < 0.1).all()
    assert (two < 0.1).all()


def test_music_is_no_voice() -> None:
    mouths = of_two(lively(100), still(100))
    music = voice((2.0, 5.0), (60.0, 90.0), likeness=0.85)
    for one, other in zip(of_two(lively(100), still(100), music), mouths, strict=True):
        np.testing.assert_array_equal(one, other)  # nobody is heard, so mouths alone can say
    assert not music.heard


def test_of_two_lively_mouths_that_speaks_which_opens_with_the_sound() -> None:
    words = tuple((1 + 0.5 * k, 1.25 + 0.5 * k) for k in range(8))
    time_s = np.arange(60) / 10
    opens = np.array([any(a <= t < b for a, b in words) for t in time_s], np.float32)
    gaps = np.concatenate([0.1 * opens, 0.1 * (1 - opens)])
    one, two = of_two(lively(60), lively(60), voice(*words), gaps)
    assert (one[15:45] > 0.9).all()
    assert (two[15:45] < 0.1).all()


def test_a_smile_that_comes_once_is_no_speech() -> None:
    smile = still(20)
    smile[8:12] = [0.2, 0.12, 0.06, 0.2]  # lips that part once
    assert (of_two(smile, still(20))[0] < 0.1).all()


def test_sound_without_voices_has_no_say() -> None:
    for silent in (voice(), voice((0.0, 300.0))):  # nothing; steady noise
        np.testing.assert_array_equal(of_two(lively(30), still(30), silent)[0], of_two(lively(30), still(30))[0])


def test_a_voice_has_a_say_for_a_minute() -> None:
    heard = voice((100.0, 103.0), (104.0, 105.0)).near(
        np.array([30.0, 60.0, 99.9, 100.5, 103.1, 103.5, 104.5, 150, 170, 999]), 0.2
    )
    assert heard.run.tolist() == [-1, -1, 4999, 4999, 4999, -1, 5199, -1, -1, -1]
    assert heard.counts.tolist() == [False, *[True] * 7, False, False]
    assert heard.level[3] > 20


@pytest.mark.parametrize("cuts", [(), (40, 41, 150), range(0, 300, 7)])
def test_speech_does_not_depend_on_where_the_video_was_cut(cuts: tuple[int, ...]) -> None:
    made = recording(frames=300, seed=2)
    rng = np.random.default_rng(5)
    faces = replace(
        made.faces,
        mouth=rng.integers(0, 256, (len(made.faces), MOUTH_VALUES), np.uint8),
        signals=rng.random((len(made.faces), 4), np.float32),
    )
    made = replace(made, faces=faces)

    def rows(where: tuple[int, ...]) -> Timeline:
        builder = TimelineBuilder(TrackerSettings(), Fraction(10), voice=voice((1.0, 4.0), (6.0, 9.0), length_s=12))
        parts = [*(builder.add(result) for result in made.segments(list(where))), builder.finish()]
        return Timeline.join([part for part in parts if len(part)])

    found = rows(cuts)
    assert_same(found, rows(()))
    assert not np.isnan(found.signals[:, -1]).all()
    assert [len(np.unique(column)) > 2 for column in found.signals[:, -2:].T] == [True, True]


def test_pictures_of_mouths_are_small_and_of_one_size() -> None:
    assert mouth_pictures(np.zeros((3, 48, 48), np.uint8)).shape == (3, MOUTH_VALUES)
    assert mouth_pictures(np.zeros((0, 64, 64), np.uint8)).shape == (0, MOUTH_VALUES)
    assert MOUTH_SHAPE[0] * MOUTH_SHAPE[1] < MOUTH_VALUES
