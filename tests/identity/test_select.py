"""Which faces are compared: few, the best ones, and the same wherever segments and batches begin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from feelit.identity import select
from feelit.identity.select import FaceSelector, no_embeddings, quality_of
from feelit.types import EmbeddingTable, FaceTable, Float32, Sample, UInt8
from tests.timeline.made import Recording, recording

LEVELS = np.arange(256, dtype=np.uint8)
NO_PIXELS = np.zeros((1, 1), np.uint8)


class Identity:
    """Embeds a crop that is the place of the face in the picture."""

    def __init__(self) -> None:
        self.embedded = 0

    def crop(self, luma: UInt8, levels: UInt8, landmarks: Float32) -> Float32:
        return landmarks.reshape(1, -1)

    def embed(self, crops: Float32) -> Float32:
        self.embedded += len(crops)
        wide = np.pad(crops, ((0, 0), (0, 118)))
        result: Float32 = (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float32)
        return result


def face_quality(faces: FaceTable) -> Float32:
    return quality_of(faces.landmarks, faces.face_px, faces.sharpness)


def selected(
    made: Recording, batch: int, resets: tuple[int, ...] = (0,), first: int = 0, end: int | None = None
) -> EmbeddingTable:
    """What is chosen of some frames; faces are counted from the first frame of the recording."""
    end = len(made.frames) if end is None else end
    selector = FaceSelector(Identity(), 0.5)  # type: ignore[arg-type]
    seen = int((made.faces.row < first).sum())
    before = seen
    for start in range(first, end, batch):
        stop = min(start + batch, end)
        mine = made.faces.rows((made.faces.row >= start) & (made.faces.row < stop))
        samples = [
            Sample(i, 0, float(made.frames.time_s[i]), i, i in resets, NO_PIXELS, LEVELS, NO_PIXELS) for i in range(start, stop)
        ]
        selector.take(samples, replace(mine, row=mine.row - start), seen - before)
        seen += len(mine)
    found = selector.finish()
    return replace(found, face=found.face + before)


def assert_same(one: EmbeddingTable, other: EmbeddingTable) -> None:
    for name in ("face", "quality", "vector"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name, strict=True)


@pytest.mark.parametrize("batch", [1, 2, 7, 64])
@pytest.mark.parametrize("seed", range(3))
def test_the_choice_does_not_depend_on_batches(batch: int, seed: int) -> None:
    made = recording(frames=300, seed=seed)
    assert_same(selected(made, batch), selected(made, 300))


@pytest.mark.parametrize("edge", [50, 120])
def test_the_choice_does_not_depend_on_where_a_segment_begins(edge: int) -> None:
    made = recording(frames=300)
    whole = selected(made, 16, resets=(0, edge))
    parts = [selected(made, 16, resets=(0,), end=edge), selected(made, 16, resets=(edge,), first=edge)]
    assert_same(EmbeddingTable.join(parts), whole)


def test_one_face_of_every_place_and_window_is_chosen_and_it_is_the_best() -> None:
    made = recording(frames=250, people=1, seed=3)  # 10 s
    found = selected(made, 16)
    assert 3 <= len(found) <= 3 + len(made.frames) // 20, "a window, or a new place after an absence"
    quality = face_quality(made.faces)
    confident = made.faces.score >= 0.5
    time_s = made.frames.time_s[made.faces.row]
    first_window = confident & (time_s < made.frames.time_s[0] + select.WINDOW_S)
    assert quality[first_window].max() in found.quality
    assert confident[found.face].all()


def test_quality_falls_with_size_sharpness_and_turning() -> None:
    faces = recording(frames=50, people=1).faces
    one = faces.rows(np.array([int(np.argmax(face_quality(faces)))]))

    def of(**change: float) -> float:
        columns: dict[str, Any] = {name: np.full(1, value, np.float32) for name, value in change.items()}
        return float(face_quality(replace(one, **columns))[0])

    assert of(face_px=30.0) < of(face_px=60.0) < of(face_px=90.0) == of(face_px=300.0)
    assert of(sharpness=0.01) < of(sharpness=0.1)
    turned = one.landmarks.copy()
    turned[:, 2, 0] += 20
    assert face_quality(replace(one, landmarks=turned))[0] < face_quality(one)[0]


def test_no_faces_are_no_embeddings() -> None:
    made = recording(frames=5)
    none = Recording(made.frames, made.faces.rows(np.zeros(0, np.int64)))
    assert_same(selected(none, 2), no_embeddings())


def test_thumbnails_that_differ_are_two_places() -> None:
    """A tile of a call that goes from one person to another within a window: both are embedded."""
    made = recording(frames=40, people=1)
    faces: FaceTable = made.faces
    other = faces.appearance.copy()
    later = faces.row >= np.median(faces.row)
    other[later] = 255 - other[later]
    changed = Recording(made.frames, replace(faces, appearance=other, score=np.full(len(faces), 0.9, np.float32)))
    steady = Recording(made.frames, replace(faces, score=np.full(len(faces), 0.9, np.float32)))
    assert len(selected(changed, 16)) == len(selected(steady, 16)) + 1
