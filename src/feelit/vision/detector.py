"""Face detection in a batch of small frames: the network, then threshold and non-maximum suppression in numpy.

Inputs and outputs of a network are handled by its adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Literal

import numpy as np

from feelit.errors import ModelError
from feelit.geometry import nms
from feelit.models.card import ModelCard, card_path, read_card
from feelit.options import Device
from feelit.types import Detections, Float32, UInt8, View
from feelit.vision.adapters import ADAPTERS, YUNET_CARD, Raw
from feelit.vision.session import open_session, provider_of, run

MIN_DETECTABLE_PX = 15
"""The smallest face to detect, in px of its view."""

STRIDE_PX = 32
"""Working sizes are multiples of the coarsest level's stride."""

MOST_SIDE_PX = 4096
"""The largest fixed input size that is accepted."""

MAX_OVERLAP = 0.4
"""Boxes of one frame with a larger IoU are one face."""

FARTHEST_PX = 16_384
"""Boxes and landmarks farther away than this, in px of the view, are invalid."""

MAX_CANDIDATES = 2000
"""The most boxes per frame that go into the suppression, which is quadratic in their number."""

MEAN_LANDMARKS = np.array([[0.280, 0.373], [0.720, 0.373], [0.500, 0.585], [0.313, 0.739], [0.687, 0.739]], np.float32)
"""The mean positions of the five landmarks in a box of side 1: they stand in where a network gives none.

The mean over 9,967 unmasked faces from 32 px, as YuNet boxes and marks them, made symmetric. One face differs from it by
9 % of the box's width and 4 % of its height (standard deviations; the nose by 15 % of the width).
"""


def view_of(
    width_px: int, height_px: int, min_face_px: float, color: str = "luma", sides: tuple[int, int] | None = None
) -> View:
    """The smallest picture in which a face of `min_face_px` in the full-size frame can still be found; the largest, never
    enlarged, that fits into an input of fixed `sides` (height, width in px) if there are some."""
    smallest = MIN_DETECTABLE_PX / max(min_face_px, 1e-6)
    scale = min(1.0, smallest) if sides is None else min(1.0, sides[1] / width_px, sides[0] / height_px)
    width, height = (max(1, round(side * scale)) for side in (width_px, height_px))
    padded_height, padded_width = sides or (ceil(side / STRIDE_PX) * STRIDE_PX for side in (height, width))
    return View(width, height, padded_width, padded_height, width / width_px, height / height_px, color)


class FaceDetector:
    """A loaded face detector, with the card beside its file unless another is given; only YuNet is recognised without one.

    Raises ModelError if the file or its card is missing, damaged or of the wrong kind.

    Attributes
    ----------
    color : "luma" or "bgr", the input of `detect`
    threshold : the default score from which a detection is a face, from its card
    any_size : whether it takes pictures of any size
    has_landmarks : whether the network gives landmarks; if not, they are those of the mean face, scaled to the box
    provider : the execution provider that runs it
    """

    def __init__(self, path: Path, device: Device = "auto", card: ModelCard | None = None) -> None:
        card = read_card(path) if card is None and card_path(path).exists() else card
        self._session = open_session(path, device)
        self._name = path.name
        outputs = [output.name for output in self._session.get_outputs()]
        if card is None and not set(ADAPTERS["yunet"].outputs) <= set(outputs):
            hint = f"write {card_path(path).name} beside it; docs/models.md says how"
            raise ModelError(f"{path.name} has no card and is no YuNet", hint)
        self.card = card or YUNET_CARD
        _check_card(path, self.card)
        self._adapter = ADAPTERS[self.card.adapter]
        self._outputs = self._adapter.select_outputs(self._name, outputs)
        if len(self._session.get_inputs()) != 1:
            raise ModelError(f"{path.name} has {len(self._session.get_inputs())} inputs", "a detector has one, the picture")
        self._input: str = self._session.get_inputs()[0].name
        most, self._sides = _limits(path, self._session.get_inputs()[0].shape)
        self.any_size = self._sides is None
        self._most = 1 if self._adapter.single else most
        self.color: Literal["luma", "bgr"] = "luma" if self.card.color == "luma" else "bgr"
        self.threshold = self.card.threshold
        self.provider = provider_of(self._session)
        # Run once on a black picture, so that outputs of a wrong shape are reported before the first video.
        picture = (1, *(self._sides or (STRIDE_PX, STRIDE_PX)), *((3,) if self.color == "bgr" else ()))
        self.has_landmarks = self.predict(np.zeros(picture, np.uint8))[2] is not None

    def view_of(self, width_px: int, height_px: int, min_face_px: float) -> View:
        """The view of a frame, see `view_of`."""
        return view_of(width_px, height_px, min_face_px, self.color, self._sides)

    def detect(self, images: UInt8, view: View, min_score: float | None = None) -> Detections:
        """Detect the faces of a batch.

        Parameters
        ----------
        images : (N, h, w) uint8 luma or (N, h, w, 3) uint8 BGR, according to `color`; at least one
        view : the view by which `scaling.detector_view` made them
        min_score : None stands for the card's threshold

        Returns
        -------
        Detections in px of the full-size frame, by frame and then by falling score. Boxes at the edge of the frame may reach
        beyond it. The detections of a frame do not depend on the other frames.
        """
        if images.shape[1:3] != (view.padded_height_px, view.padded_width_px):
            raise ValueError(f"images are {images.shape[1:3]}, not {(view.padded_height_px, view.padded_width_px)}")
        least = self.threshold if min_score is None else min_score
        most, found = self._most or len(images), []
        for first in range(0, len(images), most):
            part = select_faces(self.predict(images[first : first + most]), view, least)
            found.append(replace(part, row=part.row + first))
        return Detections.join(found)

    def predict(self, images: UInt8) -> Raw:
        """The raw outputs of all anchors for a batch of pictures as `detect` takes them, before suppression."""
        found = run(self._session, self._name, self._outputs, {self._input: self._adapter.feed(images)})
        return self._adapter.read(self._name, found, (len(images), images.shape[1], images.shape[2]))


def _check_card(path: Path, card: ModelCard) -> None:
    if card.task != "face":
        raise ModelError(f"{path.name} is a model for {card.task}, not a face detector", "give it as the expression model")
    if card.adapter not in ADAPTERS:
        hint = f"fix its card: detectors have {', '.join(ADAPTERS)}"
        raise ModelError(f"{path.name}: the adapter {card.adapter} is none of a detector", hint)
    adapter = ADAPTERS[card.adapter]
    if card.color != adapter.color:
        message = f"{path.name}: the adapter {card.adapter} has an input of another colour than {card.color}"
        raise ModelError(message, f'fix its card: "color": "{adapter.color}"')
    if (card.mean, card.scale) not in ((0, 1), (adapter.mean, adapter.scale)):
        message = f"{path.name}: the adapter {card.adapter} has another mean and scale than {card.mean:g} and {card.scale:g}"
        raise ModelError(message, f"leave both out of its card; they are {adapter.mean:g} and {adapter.scale:g}")


def _limits(path: Path, shape: Sequence[object]) -> tuple[int | None, tuple[int, int] | None]:
    """The batch size of an input, and its height and width; None where they are free. Raises ModelError if they are invalid."""
    number, _, height, width = shape if len(shape) == 4 else (None,) * 4
    if isinstance(number, int) and number != 1:
        hint = "export it with a free number of pictures, or with 1"
        raise ModelError(f"{path.name} takes {number} pictures at a time", hint)
    most = 1 if number == 1 else None
    if not isinstance(height, int) or not isinstance(width, int):
        return most, None
    if not (0 < height <= MOST_SIDE_PX and 0 < width <= MOST_SIDE_PX):
        raise ModelError(f"{path.name} takes pictures of {width} x {height} px", f"sides may have 1 to {MOST_SIDE_PX} px")
    return most, (height, width)


def select_faces(raw: Raw, view: View, min_score: float) -> Detections:
    """The boxes from `min_score` on whose centre lies in the frame, after suppression, in px of the frame.

    Invalid outputs of broken networks are left out: scores above 1, boxes and landmarks that are far away or not finite.
    Where a network gives no landmarks, they are those of the mean face.
    """
    row, anchor = np.nonzero((raw[0] >= np.float32(min_score)) & (raw[0] <= 1))
    score, box = (part[row, anchor].astype(np.float32) for part in raw[:2])
    landmarks = mean_landmarks(box) if raw[2] is None else raw[2][row, anchor].astype(np.float32)
    sane = (np.abs(np.concatenate([box, landmarks], axis=1)) <= FARTHEST_PX).all(axis=1)
    row, score, box, landmarks = row[sane], score[sane], box[sane], landmarks[sane]
    if len(row) > MAX_CANDIDATES:
        order = np.lexsort((-score, row))
        place = np.arange(len(order)) - np.searchsorted(row[order], row[order])
        best = np.sort(order[place < MAX_CANDIDATES])  # of every frame, of equal ones the first
        row, score, box, landmarks = row[best], score[best], box[best], landmarks[best]
    keep = nms(box, score, MAX_OVERLAP, row)
    centre = (box[keep, :2] + box[keep, 2:]) / 2
    keep = keep[((centre >= 0) & (centre < (view.width_px, view.height_px))).all(axis=1)]
    shrunk = np.array([view.scale_x, view.scale_y], np.float32)
    return Detections(
        row=row[keep].astype(np.int64),
        box=(box[keep] / np.tile(shrunk, 2)).astype(np.float32),
        landmarks=(landmarks[keep].reshape(-1, 5, 2) / shrunk).astype(np.float32),
        score=score[keep],
    )


def mean_landmarks(box: Float32) -> Float32:
    """The landmarks of the mean face, scaled to every box: (F, 4) px -> (F, 10) px."""
    with np.errstate(over="ignore", invalid="ignore"):  # infinite boxes are left out with their landmarks
        points = box[:, None, :2] + MEAN_LANDMARKS * (box[:, None, 2:] - box[:, None, :2])
    return points.reshape(-1, 10).astype(np.float32)
