"""Scores of a face detector, their JSON form, and the curves behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from feelit.analysis.table import TextTable, rounded_row
from feelit.evaluation.classifier.metrics import reliability
from feelit.evaluation.detector.metrics import (
    Curve,
    Matches,
    at_threshold,
    average_precision,
    box_sizes,
    counted,
    curve,
    match_sizes,
    recall_at,
)
from feelit.types import Bool, Float32

FALSE_PER_IMAGE = 0.1
"""The rate of false faces at which recalls are compared: one in ten images."""

BINS_PX = (8.0, 16.0, 32.0, 64.0, 128.0, math.inf)
FROM_PX = (16.0, 32.0)
SCORE_BINS = 10


@dataclass(frozen=True, slots=True)
class SizeScore:
    """Scores on faces of some sizes; false faces are counted among detections of the same sizes."""

    least_px: float
    below_px: float | None  # None: all that are larger
    faces: int
    average_precision: float
    recall_at_one_false_in_ten_images: float
    threshold_at_one_false_in_ten_images: float
    recall: float  # at the default threshold, as the next
    false_per_image: float

    @property
    def title(self) -> str:
        """As in "16 to 32 px"."""
        return f"from {self.least_px:g} px" if self.below_px is None else f"{self.least_px:g} to {self.below_px:g} px"


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """Detections in an interval of scores; NaN where there are none."""

    detections: int
    mean_score: float
    precision: float


@dataclass(frozen=True, slots=True, eq=False)
class Mistake:
    """A face that was missed, or a false one, at the default threshold."""

    image: int  # place among the images
    name: str  # of the image
    box: Float32  # (4,) px
    score: float  # of a false face; the highest of a box at a missed one, 0 if there is none


@dataclass(frozen=True, slots=True, eq=False)
class FaceScores:
    """Scores of one detector on one data set.

    `sizes` begins with the range of `--min-face`; calibration and the sheet of mistakes are about that range, too. Landmarks
    are compared with those of the detector that labelled the data; `landmark_error` is the median, relative to the distance
    between the eyes. `ms_per_image` is CPU time of one core at the size of the images, without decoding.
    """

    model: str
    sha256: str
    adapter: str
    has_landmarks: bool
    threshold: float
    data: str
    images: int
    labelled_by_people: int  # images; the boxes of the others are another detector's
    long_px: int | None  # None: at the size that they have
    sizes: tuple[SizeScore, ...]
    negatives: int  # images that show no face
    false_in_negatives: int  # at the default threshold
    landmark_error: float | None
    landmark_faces: int
    calibration: tuple[ScoreBin, ...]
    calibration_error: float
    ms_per_image: float
    curves: tuple[Curve, ...]  # one a size
    missed: tuple[Mistake, ...]  # the largest first
    false: tuple[Mistake, ...]  # the surest first

    def as_json(self) -> dict[str, Any]:
        """The scores for `json.dumps`, without curves and single mistakes; unknown values are null."""
        content = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("curves", "missed", "false")}
        for name in ("sizes", "calibration"):
            content[name] = [rounded_row(asdict(part)) for part in content[name]]
        return rounded_row(content)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The detections and the labels of one image, clipped to its edges."""

    name: str
    found: Float32  # (D, 4) px
    score: Float32  # (D,)
    truth: Float32  # (G, 4) px
    ignore: Bool  # (G,)


def sizes_asked(min_face_px: float) -> list[tuple[float, float]]:
    """Ranges of sizes in px: from `min_face_px`, from the usual sizes, and disjoint ones."""
    first = dict.fromkeys((min_face_px, *FROM_PX))
    return [(size, math.inf) for size in first] + list(pairwise(BINS_PX))


def score_sizes(
    seen: Sequence[Seen], sizes_px: tuple[float, float], threshold: float
) -> tuple[SizeScore, Curve, list[Matches]]:
    """The scores on faces of some sizes, their curve, and the matches of each image."""
    matches = [match_sizes(image.found, image.score, image.truth, image.ignore, sizes_px) for image in seen]
    faces = sum(int(counted(image.truth, image.ignore, sizes_px).sum()) for image in seen)
    whole = curve(matches, faces)
    at_rate = recall_at(whole, FALSE_PER_IMAGE)
    below = None if math.isinf(sizes_px[1]) else sizes_px[1]
    score = SizeScore(sizes_px[0], below, faces, average_precision(whole), *at_rate, *at_threshold(whole, threshold))
    return score, whole, matches


def find_mistakes(
    seen: Sequence[Seen], matches: Sequence[Matches], sizes_px: tuple[float, float], threshold: float
) -> tuple[tuple[Mistake, ...], tuple[Mistake, ...]]:
    """Missed faces, the largest first, and false ones, the highest score first; at a threshold, among faces of some sizes."""
    missed, false = [], []
    for i, (image, mine) in enumerate(zip(seen, matches, strict=True)):
        best = np.zeros(len(image.truth), np.float32)
        best[mine.truth[mine.hit]] = mine.score[mine.hit]
        lacking = np.flatnonzero(counted(image.truth, image.ignore, sizes_px) & (best < threshold))
        missed += [Mistake(i, image.name, image.truth[k], float(best[k])) for k in lacking]
        wrong = mine.rows(~mine.hit & (mine.score >= threshold))
        false += [Mistake(i, image.name, image.found[k], float(s)) for k, s in zip(wrong.found, wrong.score, strict=True)]
    missed.sort(key=lambda mistake: -float(box_sizes(mistake.box[None])[0]))
    false.sort(key=lambda mistake: -mistake.score)
    return tuple(missed), tuple(false)


def score_calibration(matches: Sequence[Matches], threshold: float) -> tuple[tuple[ScoreBin, ...], float]:
    """Bins of the score, and the calibration error over them, of detections from half the threshold on.

    The many weaker ones are nearly all false and would make any detector look well calibrated.
    """
    used = Matches.join([mine.rows(mine.score >= threshold / 2) for mine in matches])
    found = reliability(used.score.astype(np.float64), used.hit.astype(np.float64), SCORE_BINS)
    rows = zip(found.images.tolist(), found.confidence.tolist(), found.agreement.tolist(), strict=True)
    bins = tuple(ScoreBin(count, score, right) if count else ScoreBin(0, math.nan, math.nan) for count, score, right in rows)
    return bins, found.error


def face_tables(scores: FaceScores) -> list[TextTable]:
    """The tables that the terminal shows, in order."""
    score = f"{scores.threshold:g}"
    headings = ("faces", "count", "AP", "recall at 0.1 false/image", "at score", f"recall at score {score}", "false/image")
    people, labelled = scores.labelled_by_people, "of another detector"
    if people:
        labelled = "drawn by people" + ("" if people == scores.images else f" in {people}, else {labelled}")
    title = f"{scores.model}: {scores.images} images of {Path(scores.data).name}, boxes {labelled}"
    sizes = TextTable(title, headings, [_row(size) for size in scores.sizes], expendable=("at score", "AP"))
    return [sizes, TextTable("", ("", "besides"), _facts(scores), words=2)]


def _row(size: SizeScore) -> tuple[str, ...]:
    if not size.faces:
        return (size.title, "0", "-", "-", "-", "-", f"{size.false_per_image:.3f}")
    at_rate = (f"{size.recall_at_one_false_in_ten_images:.3f}", f"{size.threshold_at_one_false_in_ten_images:.2f}")
    at_default = (f"{size.recall:.3f}", f"{size.false_per_image:.3f}")
    return (size.title, str(size.faces), f"{size.average_precision:.3f}", *at_rate, *at_default)


def _facts(scores: FaceScores) -> list[tuple[str, str]]:
    count, images, error = scores.false_in_negatives, scores.negatives, scores.landmark_error
    false = f"{count / images:.3f} an image: {count} in {images}" if images else "there are none"
    marked = "-" if error is None else f"{100 * error:.1f} % of the distance between the eyes"
    size = "at the size that they have" if scores.long_px is None else f"long side at most {scores.long_px} px"
    guess = "" if scores.has_landmarks else ", of the mean face: the network gives none"
    return [
        ("false faces in images without a face", false),
        ("landmark error, median", f"{marked} ({scores.landmark_faces} faces){guess}"),
        ("calibration error of the score", f"{scores.calibration_error:.3f}"),
        ("time an image, one core", f"{scores.ms_per_image:.1f} ms, {size}"),
    ]
