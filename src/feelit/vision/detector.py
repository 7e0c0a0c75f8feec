"""Faces in a batch of small frames: one run of the network, then thresholds and suppression in numpy.

Two networks are understood. "feelit" is our own: it takes luma bytes and gives scores, boxes and landmarks in pixels. "yunet"
is the detector of OpenCV's zoo (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector"): it takes BGR and gives
raw maps for the strides 8, 16 and 32, decoded here as `cv2.FaceDetectorYN` does.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from feelit.errors import ModelError
from feelit.geometry import nms
from feelit.types import Detections, Float32, UInt8, View
from feelit.vision.card import ModelCard, card_path, read_card
from feelit.vision.session import Device, open_session, provider_of, run

MIN_DETECTABLE_PX = 15
"""The smallest face, in pixels of its view, that the detector is asked to find."""

STRIDE_PX = 32
"""Working sizes are multiples of the coarsest level's stride."""

MAX_OVERLAP = 0.4
"""Two boxes of one frame that overlap by more than this IoU are one face."""

FARTHEST_PX = 16_384
"""Boxes and landmarks reach no farther than this, in pixels of the view."""

MAX_CANDIDATES = 2000
"""At most so many boxes a frame go into the suppression, which is quadratic in their number."""

YUNET_WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
YUNET_OUTPUTS = tuple(f"{kind}_{stride}" for kind in YUNET_WIDTHS for stride in (8, 16, 32))
YUNET_CARD = ModelCard("YuNet", "face", "yunet", licence="MIT", color="bgr", threshold=0.6)

Raw = tuple[Float32, Float32, Float32]  # score (N, A), box (N, A, 4), landmarks (N, A, 10), px of the view


def view_of(width_px: int, height_px: int, min_face_px: float, color: str = "luma") -> View:
    """The smallest picture in which a face of `min_face_px` in the full-size frame can still be found."""
    scale = min(1.0, MIN_DETECTABLE_PX / max(min_face_px, 1e-6))
    width, height = (max(1, round(side * scale)) for side in (width_px, height_px))
    padded_width, padded_height = (ceil(side / STRIDE_PX) * STRIDE_PX for side in (width, height))
    return View(width, height, padded_width, padded_height, width / width_px, height / height_px, color)


def shrink(frame: UInt8, view: View) -> UInt8:
    """A frame that is in memory already, (H, W) or (H, W, 3) uint8, as the view wants it."""
    small = np.zeros((view.padded_height_px, view.padded_width_px, *frame.shape[2:]), np.uint8)
    small[: view.height_px, : view.width_px] = cv2.resize(frame, (view.width_px, view.height_px), interpolation=cv2.INTER_AREA)
    return small


class FaceDetector:
    """A face detector, ready to run.

    Attributes
    ----------
    color : "luma" or "bgr", what `detect` wants
    threshold : the score from which on a detection is a face, as its card recommends
    provider : the execution provider that really runs it
    """

    def __init__(self, path: Path, card: ModelCard | None = None, device: Device = "auto", threads: int = 1) -> None:
        self._session = open_session(path, device, threads)
        self.card = card or _card_by_outputs(path, [o.name for o in self._session.get_outputs()])
        _check(path, self.card, self._session.get_inputs(), [o.name for o in self._session.get_outputs()])
        self._input: str = self._session.get_inputs()[0].name
        self._name = path.name
        self.color: Literal["luma", "bgr"] = "luma" if self.card.color == "luma" else "bgr"
        self.threshold = self.card.threshold
        self.provider = provider_of(self._session)
        self._try()

    def _try(self) -> None:
        """One black picture through the network, so that a wrong shape shows before the first video and not within it."""
        small = np.zeros((1, STRIDE_PX, STRIDE_PX, *((3,) if self.color == "bgr" else ())), np.uint8)
        self.detect(small, View(STRIDE_PX, STRIDE_PX, STRIDE_PX, STRIDE_PX, 1.0, 1.0, self.color))

    def view_of(self, width_px: int, height_px: int, min_face_px: float) -> View:
        """What it wants to see of a frame; see `view_of`."""
        return view_of(width_px, height_px, min_face_px, self.color)

    def detect(self, images: UInt8, view: View, min_score: float | None = None) -> Detections:
        """Find the faces of a batch.

        Parameters
        ----------
        images : (N, h, w) uint8 luma or (N, h, w, 3) uint8 BGR, as `color` says
        view : how the frames were shrunk
        min_score : None stands for the card's threshold

        Returns
        -------
        Detections in px of the full-size frame, by frame and then by falling score. The boxes of faces that the edge of the
        frame cuts may reach beyond it. What is found in a frame does not depend on the other frames.
        """
        if images.shape[1:3] != (view.padded_height_px, view.padded_width_px):
            raise ValueError(f"images are {images.shape[1:3]}, not {(view.padded_height_px, view.padded_width_px)}")
        least = self.threshold if min_score is None else min_score
        raw = self._run_yunet(images) if self.card.adapter == "yunet" else self._run_feelit(images)
        _check_shapes(self._name, raw, len(images))
        return select_faces(raw, view, least)

    def _run_feelit(self, images: UInt8) -> Raw:
        outputs = ["score", "box", "landmarks"]
        score, box, landmarks = run(self._session, self._name, outputs, {self._input: images[:, None]})
        return score, box, landmarks

    def _run_yunet(self, images: UInt8) -> Raw:
        planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)
        maps = dict(zip(YUNET_OUTPUTS, run(self._session, self._name, YUNET_OUTPUTS, {self._input: planes}), strict=True))
        for name, found in maps.items():
            kind, stride = name.split("_")
            cells = images.shape[1] * images.shape[2] // int(stride) ** 2
            _check_shape(f"{self._name}: {name}", found, (len(images), cells, YUNET_WIDTHS[kind]))
        levels = [_decode_yunet(maps, stride, images.shape[2] // stride) for stride in (8, 16, 32)]
        score, box, landmarks = (np.concatenate(part, axis=1) for part in zip(*levels, strict=True))
        return score, box, landmarks


def open_detector(path: Path, device: Device = "auto", threads: int = 1) -> FaceDetector:
    """A detector with the card that lies beside it, if one does.

    Raises
    ------
    ModelError
        if the file or its card is missing, damaged or of the wrong kind; only YuNet is recognised without a card.
    """
    card = read_card(path) if card_path(path).exists() else None
    return FaceDetector(path, card, device, threads)


def _card_by_outputs(path: Path, outputs: list[str]) -> ModelCard:
    if set(YUNET_OUTPUTS) <= set(outputs):
        return YUNET_CARD
    hint = f"write {card_path(path).name} beside it; docs/models.md says how"
    raise ModelError(f"{path.name} has no card and is no YuNet", hint)


def _check(path: Path, card: ModelCard, inputs: list[object], outputs: list[str]) -> None:
    if card.task != "face" or card.adapter == "classifier":
        raise ModelError(f"{path.name} is a model for {card.task}, not a face detector", "give it as the expression model")
    wanted = set(YUNET_OUTPUTS if card.adapter == "yunet" else ("score", "box", "landmarks"))
    if missing := sorted(wanted - set(outputs)):
        hint = f"its card names the adapter {card.adapter}; docs/models.md says what that expects"
        raise ModelError(f"{path.name} lacks the outputs {', '.join(missing)}", hint)
    if card.color != ("bgr" if card.adapter == "yunet" else "luma") or len(inputs) != 1:
        message = f"{path.name}: the adapter {card.adapter} has one input of another colour than {card.color}"
        raise ModelError(message, "mend its card")


def _check_shapes(name: str, raw: Raw, images: int) -> None:
    anchors = raw[0].shape[1] if raw[0].ndim == 2 else 0
    wanted = {"score": (images, anchors), "box": (images, anchors, 4), "landmarks": (images, anchors, 10)}
    for output, found in zip(wanted, raw, strict=True):
        _check_shape(f"{name}: {output}", found, wanted[output])


def _check_shape(what: str, found: Float32, wanted: tuple[int, ...]) -> None:
    if found.shape != wanted or found.dtype.kind != "f":
        message = f"{what} is {found.shape} {found.dtype}, not {wanted} of floats"
        raise ModelError(message, "docs/models.md says what a detector gives")


def _decode_yunet(maps: dict[str, Float32], stride: int, columns: int) -> Raw:
    """One level of YuNet: its cells are read row by row, each cell predicts from its upper left corner."""
    score = np.sqrt(np.clip(maps[f"cls_{stride}"], 0, 1) * np.clip(maps[f"obj_{stride}"], 0, 1))[..., 0]
    cell = np.arange(score.shape[1], dtype=np.int64)
    corner = np.stack([cell % columns, cell // columns], axis=1).astype(np.float32)
    raw = maps[f"bbox_{stride}"]
    with np.errstate(over="ignore"):  # endless boxes are left out below
        centre, half = raw[..., :2] + corner, np.exp(raw[..., 2:]) / 2
    box = np.concatenate([centre - half, centre + half], axis=2) * np.float32(stride)
    landmarks = (maps[f"kps_{stride}"] + np.tile(corner, 5)) * np.float32(stride)
    return score, box, landmarks


def select_faces(raw: Raw, view: View, min_score: float) -> Detections:
    """The boxes at or above `min_score` whose centre lies in the content, after suppression, in px of the frame.

    What no face can be, as a broken network may give it, is left out: scores above 1, boxes and landmarks far away or nowhere.
    """
    row, anchor = np.nonzero((raw[0] >= np.float32(min_score)) & (raw[0] <= 1))
    score, box, landmarks = (part[row, anchor].astype(np.float32) for part in raw)
    sane = (np.abs(np.concatenate([box, landmarks], axis=1)) <= FARTHEST_PX).all(axis=1)
    row, score, box, landmarks = row[sane], score[sane], box[sane], landmarks[sane]
    kept = []
    for i in np.unique(row):
        mine = np.flatnonzero(row == i)
        mine = mine[np.argsort(-score[mine], kind="stable")[:MAX_CANDIDATES]]
        kept.append(mine[nms(box[mine], score[mine], MAX_OVERLAP)])
    keep = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    centre = (box[keep, :2] + box[keep, 2:]) / 2
    keep = keep[((centre >= 0) & (centre < (view.width_px, view.height_px))).all(axis=1)]
    shrunk = np.array([view.scale_x, view.scale_y], np.float32)
    return Detections(
        row=row[keep].astype(np.int64),
        box=(box[keep] / np.tile(shrunk, 2)).astype(np.float32),
        landmarks=(landmarks[keep].reshape(-1, 5, 2) / shrunk).astype(np.float32),
        score=score[keep],
    )
