"""The work of a worker: one segment in, one table of faces out.

Pixels are born and die in here. The result depends on the segment and the settings alone, whatever machine runs it and
however many others run beside it.
"""

from __future__ import annotations

import functools
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np

from feelit.errors import ModelError
from feelit.identity.select import FaceSelector, no_embeddings
from feelit.models.card import read_card
from feelit.run.plan import sampling_of
from feelit.run.task import Models, Task
from feelit.signals.columns import POSE
from feelit.storage.blocks import Pace
from feelit.types import (
    EMOTIONS,
    MOUTH_VALUES,
    Detections,
    EmbeddingTable,
    FaceTable,
    Float32,
    FrameTable,
    Sample,
    SegmentResult,
    UInt8,
    View,
)
from feelit.video.probe import check_unchanged
from feelit.video.reader import SegmentReader
from feelit.vision.detector import FaceDetector
from feelit.vision.expression import ExpressionModel
from feelit.vision.identity import IdentityModel
from feelit.vision.measures import brightness, mouth_pictures, sharpness, thumbnails
from feelit.vision.multi_scale import MultiScaleDetector
from feelit.vision.signals import SignalsModel, within

BATCH_BYTES = 48 << 20
"""The most bytes of full-size luma in a batch, so that 4K video needs no more memory than 720p."""

SIGNATURE_PX = 16
APPEARANCE_PX = 8
"""Sides of the thumbnails of a frame and of a face that the tracker gets instead of pixels."""

DOUBTFUL = 0.5
"""Boxes down to this share of the detector's threshold are kept: they may continue a track, but never start one."""

COUNTS = ("decoded", "discarded", "errors", "letterboxed")
"""Numbers of frames, and of errors, in `SegmentResult`."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The same networks, ready to run."""

    detector: FaceDetector
    expression: ExpressionModel
    identity: IdentityModel | None
    signals: SignalsModel | None = None
    shared: bool = False  # whether the classifier runs in the network of signals

    @property
    def _all(self) -> tuple[FaceDetector | ExpressionModel | IdentityModel | SignalsModel | None, ...]:
        return self.detector, self.expression, self.identity, self.signals

    @property
    def provider(self) -> str:
        """The execution provider that really runs them."""
        used = [network.provider for network in self._all if network is not None]
        return " + ".join(dict.fromkeys(used))

    def result(
        self, frames: FrameTable, faces: FaceTable, embeddings: EmbeddingTable | None = None, **counts: int
    ) -> SegmentResult:
        """What they found; counts that are not given are 0."""
        counts = dict.fromkeys(("decoded", "discarded", "errors", "letterboxed"), 0) | counts
        embeddings = no_embeddings() if embeddings is None else embeddings
        return SegmentResult(frames, faces, embeddings, **counts, threshold=self.detector.threshold, provider=self.provider)


def analyze_segment(task: Task) -> SegmentResult:
    """Decode, detect, crop and classify. Raises VideoReadError if the file cannot be opened (any more), or has changed since it
    was looked at; ModelError if a model does not load.
    """
    Pace.least_bytes_per_s = task.least_bytes_per_s
    networks = open_networks(task.models)
    multi_scale = MultiScaleDetector(networks.detector, task.info.width_px, task.info.height_px, task.options.min_face_px)
    sampling = sampling_of(task.info, task.options.sampling)
    reader = SegmentReader(task.info, task.segment, sampling, multi_scale.view, task.decode_threads)
    frames: list[FrameTable] = []
    faces: list[FaceTable] = []
    selector = FaceSelector(networks.identity, networks.detector.threshold) if networks.identity is not None else None
    seen = seen_faces = 0
    for batch in _batches(_ahead(reader, depth=4), task.batch):
        found = detect_and_classify(batch, multi_scale, networks, task.batch)
        frames.append(frame_table(batch, multi_scale.view))
        faces.append(replace(found, row=found.row + seen))
        if selector is not None:
            selector.take(batch, found, seen_faces)
        seen += len(batch)
        seen_faces += len(found)
    check_unchanged(task.info)  # on another machine it may never have been the same file
    return networks.result(
        FrameTable.join([*frames, no_frames()]),
        FaceTable.join([*faces, no_faces(width_of(networks))]),
        selector.finish() if selector is not None else None,
        **{name: getattr(reader, name) for name in COUNTS},
    )


def detect_and_classify(batch: list[Sample], multi_scale: MultiScaleDetector, networks: Networks, most: int) -> FaceTable:
    """Detect, crop and classify: the faces of the next frames of a video, whose `row` counts from the first of them.

    Parameters
    ----------
    batch : at least one frame
    multi_scale : looked at those before
    most : the batch size of the classifier
    """
    detector, expression = networks.detector, networks.expression
    found = multi_scale.find(batch, DOUBTFUL * detector.threshold)
    crops = [
        expression.crop(s.luma, s.levels, found.box[found.row == i], found.landmarks[found.row == i])
        for i, s in enumerate(batch)
    ]
    crop = np.concatenate(crops)
    face_px = _rounded(np.sqrt(np.maximum(np.prod(found.box[:, 2:] - found.box[:, :2], axis=1), 0)), 8)
    probability, signals, mouth = _classified(batch, found, crop, face_px, networks, most)
    return FaceTable(
        row=found.row,
        box=_rounded(found.box, 8),
        landmarks=_rounded(found.landmarks, 8),
        score=_rounded(found.score, 1024),
        face_px=face_px,
        sharpness=_rounded(sharpness(crop), 1024),
        brightness=_rounded(brightness(crop), 8),
        appearance=thumbnails(crop, APPEARANCE_PX),
        probability=_rounded(probability, 4096),
        signals=signals,
        mouth=mouth,
    )


def _classified(
    batch: list[Sample], found: Detections, crop: UInt8, face_px: Float32, networks: Networks, most: int
) -> tuple[Float32, Float32, UInt8]:
    """Probabilities, the columns of signals, and the pictures of mouths, of all faces; numbers are NaN in frames whose faces
    are not classified."""
    expression, model = networks.expression, networks.signals
    chosen = np.array([sample.classified for sample in batch])[found.row]
    probability = np.full((len(crop), len(EMOTIONS)), np.nan, np.float32)
    if model is None:
        probability[chosen] = expression.probabilities(crop[chosen], most)
        return probability, np.zeros((len(crop), 0), np.float32), np.zeros((len(crop), 0), np.uint8)
    aligned = crop
    if networks.shared:
        probability[chosen], outputs = model.both(expression, crop[chosen], most)
    else:
        aligned = np.concatenate([model.crop(s.luma, s.levels, found.landmarks[found.row == i]) for i, s in enumerate(batch)])
        probability[chosen] = expression.probabilities(crop[chosen], most)
        outputs = model.outputs(aligned[chosen], most)
    signals = np.full((len(crop), width_of(networks)), np.nan, np.float32)
    signals[chosen] = model.columns(outputs, found.landmarks[chosen], face_px[chosen])
    return probability, signals, mouth_pictures(aligned)


def width_of(networks: Networks) -> int:
    """How many columns `FaceTable.signals` has."""
    return 0 if networks.signals is None else len(POSE) + len(networks.signals.names)


def no_faces(width: int = 0) -> FaceTable:
    """A table of no faces, with the shapes and types of one that has some; `width` is that of its `signals`."""
    shapes = {
        "box": (0, 4),
        "landmarks": (0, 5, 2),
        "appearance": (0, APPEARANCE_PX**2),
        "probability": (0, len(EMOTIONS)),
        "signals": (0, width),
        "mouth": (0, MOUTH_VALUES if width else 0),
    }
    types = {"row": np.int64, "appearance": np.uint8, "mouth": np.uint8}
    columns = (np.zeros(shapes.get(f.name, (0,)), types.get(f.name, np.float32)) for f in fields(FaceTable))
    return FaceTable(*columns)


def no_frames() -> FrameTable:
    """A table of no frames."""
    whole = np.zeros(0, np.int64)
    return FrameTable(whole, whole, np.zeros(0, np.float64), whole, np.zeros((0, SIGNATURE_PX**2), np.uint8))


def _rounded(values: Float32, steps: int) -> Float32:
    """Rounded to 1/steps, so that kernels which differ in the last bits still give the same rows."""
    return (np.round(values * np.float32(steps)) / np.float32(steps)).astype(np.float32)


@functools.lru_cache(maxsize=1)
def open_networks(models: Models) -> Networks:
    """Built once a process: sessions cannot travel between them. Raises ModelError if a model does not load."""
    cv2.setNumThreads(1)
    detector = FaceDetector(models.detector, models.device)
    identity = IdentityModel(models.identity, models.device) if models.identity is not None else None
    prior, mirrored = models.prior, models.mirrored
    if models.signals is None:
        expression = ExpressionModel(models.expression, models.device, prior=prior, mirrored=mirrored)
        return Networks(detector, expression, identity)
    if not detector.has_landmarks:
        hint = "leave --signals out, or choose a detector with landmarks, such as face"
        raise ModelError(f"{models.detector.name} gives no landmarks, by which faces are aligned for signals", hint)
    shared = within(models.signals, models.expression)
    card = read_card(models.expression)
    path = models.signals if shared else models.expression
    expression = ExpressionModel(path, models.device, card=card, prior=prior, mirrored=mirrored)
    session = expression.session if shared else None
    signals = SignalsModel(models.signals, models.columns, models.device, session=session, mirrored=mirrored)
    return Networks(detector, expression, identity, signals, shared)


def frame_table(batch: list[Sample], view: View) -> FrameTable:
    """What the parent gets to know of some frames besides their faces: `view` is what `small` shows of them, padding aside."""
    return FrameTable(
        frame=np.array([s.frame for s in batch], np.int64),
        pts=np.array([s.pts for s in batch], np.int64),
        time_s=np.array([s.time_s for s in batch], np.float64),
        tick=np.array([s.tick for s in batch], np.int64),
        signature=thumbnails([s.small[: view.height_px, : view.width_px] for s in batch], SIGNATURE_PX),
    )


def _batches(samples: Iterable[Sample], most: int) -> Iterator[list[Sample]]:
    batch: list[Sample] = []
    for sample in samples:
        batch.append(sample)
        if len(batch) >= min(most, max(1, BATCH_BYTES // sample.luma.size)):
            yield batch
            batch = []
    if batch:
        yield batch


def _ahead(samples: Iterable[Sample], depth: int) -> Iterator[Sample]:
    """The same samples, decoded in a thread of their own at most `depth` ahead.

    The thread ends with the iteration, also when the consumer fails: a reader that waits for room in a queue nobody empties
    would hang the program.
    """
    room: queue.Queue[Sample | BaseException | None] = queue.Queue(depth)
    stopped = threading.Event()

    def put(item: Sample | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                room.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for sample in samples:
                if not put(sample):
                    return
            put(None)
        except BaseException as error:  # carried over and raised where the samples are used
            put(error)

    thread = threading.Thread(target=produce, name="decode", daemon=True)
    thread.start()
    try:
        while (item := room.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
