"""Metrics of tracking: CLEAR MOT, IDF1 and HOTA of predicted tracks against ground truth.

Only frames that the prediction sampled count, so that a timeline at 10 frames per second can be compared with a truth at 25. If
tracks end at camera cuts, `split_at` both sides first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feelit.errors import UsageError
from feelit.geometry import iou
from feelit.tracking.association import assign
from feelit.types import Columns, Float32, Int64

ALPHAS = np.linspace(0.05, 0.95, 19)
"""The IoU thresholds over which HOTA is averaged: 0.05, 0.10 .. 0.95."""

SLACK = 1e-6  # an overlap that only rounding keeps below a threshold has reached it


@dataclass(frozen=True, slots=True, eq=False)
class Tracks(Columns):
    """Boxes with identities, one row per face, in any order; an identity occurs at most once in a frame."""

    frame: Int64  # (R,)
    id: Int64  # (R,)
    box: Float32  # (R, 4) px


@dataclass(frozen=True, slots=True)
class TrackingScores:
    """Scores of one sequence. Undefined quotients, such as recall without true faces, are NaN.

    Recall, precision, false faces, switches and MOTA come from the pairing of Bernardin & Stiefelhagen (2008) at one
    least overlap, as does IDF1 from that of Ristani et al. (2016). HOTA, DetA and AssA (Luiten et al., 2021) are means
    over `ALPHAS`.
    """

    frames: int
    true_faces: int
    predicted_faces: int
    matches: int
    switches: int
    recall: float
    precision: float
    false_per_frame: float
    mota: float
    idf1: float
    hota: float
    det_a: float
    ass_a: float


@dataclass(frozen=True, slots=True, eq=False)
class _Paired:
    """One sampled frame: T true faces, P predicted ones."""

    true: Int64  # (T,) ids, counted from 0 without gaps over the sequence
    predicted: Int64  # (P,) likewise
    overlap: Float32  # (T, P) IoU


def split_at(tracks: Tracks, cuts: Int64) -> Tracks:
    """The same boxes with identities that end at every cut: an id becomes one for each shot that it appears in.

    Parameters
    ----------
    cuts : (K,) int64: the first frame of every shot but the first

    Returns
    -------
    Tracks whose ids are the numbers 0, 1, .. of the pairs (shot, id).
    """
    shot = np.searchsorted(np.sort(cuts), tracks.frame, side="right")
    _, number = np.unique(np.stack([shot, tracks.id], axis=1), axis=0, return_inverse=True)
    return Tracks(tracks.frame, number.reshape(-1).astype(np.int64), tracks.box)


def score_tracks(truth: Tracks, predicted: Tracks, frames: Int64, overlap: float = 0.5) -> TrackingScores:
    """Every score of one sequence.

    Parameters
    ----------
    truth, predicted : the rows of frames outside `frames` are left out
    frames : (N,) int64: the frames that were sampled, with and without faces
    overlap : the least IoU of a match, for all scores but HOTA, DetA and AssA

    Raises
    ------
    UsageError : an identity stands twice in one frame.
    """
    frames = np.unique(frames)
    truth, predicted = (side.rows(np.isin(side.frame, frames)) for side in (truth, predicted))
    for name, side in (("truth", truth), ("prediction", predicted)):
        pairs, count = np.unique(np.stack([side.frame, side.id], axis=1), axis=0, return_counts=True)
        if (count > 1).any():
            frame, identity = pairs[count.argmax()]
            message = f"the {name} has identity {identity} twice in frame {frame}"
            raise UsageError(message, "give each face of a frame its own id")
    paired = list(_by_frame(truth, predicted, frames))
    t, p = len(truth), len(predicted)
    matches, switches = _clear(paired, overlap)
    hota, det_a, ass_a = _hota(paired)
    return TrackingScores(
        frames=len(frames),
        true_faces=t,
        predicted_faces=p,
        matches=matches,
        switches=switches,
        recall=_quotient(matches, t),
        precision=_quotient(matches, p),
        false_per_frame=_quotient(p - matches, len(frames)),
        mota=1 - _quotient((t - matches) + (p - matches) + switches, t),
        idf1=_quotient(2 * _identity_matches(paired, overlap), t + p),
        hota=hota,
        det_a=det_a,
        ass_a=ass_a,
    )


def _quotient(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _by_frame(truth: Tracks, predicted: Tracks, frames: Int64) -> Iterator[_Paired]:
    """The sampled frames in order; within one, faces by identity, so that the order of rows cannot change a score."""
    sides = []
    for side in (truth, predicted):
        order = np.lexsort([side.id, side.frame])
        _, number = np.unique(side.id, return_inverse=True)
        bounds = np.searchsorted(side.frame[order], [frames, frames + 1])
        sides.append([(number[order[a:b]], side.box[order[a:b]]) for a, b in bounds.T])
    for (true, true_box), (found, found_box) in zip(*sides, strict=True):
        yield _Paired(true.astype(np.int64), found.astype(np.int64), iou(true_box, found_box))


def _sizes(paired: list[_Paired]) -> tuple[Int64, Int64]:
    """How many faces every true identity and every predicted one has."""
    true = np.concatenate([np.zeros(0, np.int64), *(f.true for f in paired)])
    predicted = np.concatenate([np.zeros(0, np.int64), *(f.predicted for f in paired)])
    return np.bincount(true), np.bincount(predicted)


def _clear(paired: list[_Paired], overlap: float) -> tuple[int, int]:
    """Matches and identity switches.

    A true face keeps the identity that it was last matched with while the two still overlap enough; the faces that are
    left are paired so that as many as possible match, and of these ways the one with the largest overlaps. A switch is a
    match with another identity than the last one, however long ago that was. K. Bernardin and R. Stiefelhagen, Evaluating
    multiple object tracking performance: the CLEAR MOT metrics, EURASIP J. Image and Video Processing, 2008.
    """
    last: dict[int, int] = {}
    matches = switches = 0
    for frame in paired:
        close = frame.overlap >= overlap - SLACK
        for row, identity in enumerate(frame.true):
            kept = np.flatnonzero(close[row] & (frame.predicted == last.get(identity, -1)))
            if len(kept):
                matches += 1
                close[row], close[:, kept] = False, False
        # one match more is worth more than any overlaps
        rows, columns = assign(np.where(close, len(close) + frame.overlap, 0))
        for row, column in zip(rows, columns, strict=True):
            if close[row, column]:
                true, found = int(frame.true[row]), int(frame.predicted[column])
                matches += 1
                switches += last.get(true, found) != found
                last[true] = found
    return matches, switches


def _identity_matches(paired: list[_Paired], overlap: float) -> int:
    """IDTP: the faces that match if every true identity is given one predicted identity for the whole sequence.

    E. Ristani, F. Solera, R. Zou, R. Cucchiara and C. Tomasi, Performance measures and a data set for multi-target,
    multi-camera tracking, ECCV Workshops 2016.
    """
    true_size, predicted_size = _sizes(paired)
    shared = np.zeros((len(true_size), len(predicted_size)), np.int64)
    for frame in paired:
        shared[np.ix_(frame.true, frame.predicted)] += frame.overlap >= overlap - SLACK
    return int(shared[assign(shared)].sum())


def _hota(paired: list[_Paired]) -> tuple[float, float, float]:
    """HOTA, DetA and AssA, each the mean over `ALPHAS`.

    As in the authors' published evaluation, one pairing a frame serves all thresholds: it favours pairs of identities
    that go together over the whole sequence, then overlap. J. Luiten et al., HOTA: a higher order metric for evaluating
    multi-object tracking, International Journal of Computer Vision 129, 2021.
    """
    true_size, predicted_size = _sizes(paired)
    together = np.zeros((len(true_size), len(predicted_size)))
    for frame in paired:
        shared = frame.overlap.astype(np.float64)
        rivals = shared.sum(axis=0)[None, :] + shared.sum(axis=1)[:, None] - shared
        together[np.ix_(frame.true, frame.predicted)] += shared / np.maximum(rivals, 1e-12)
    both = true_size[:, None] + predicted_size[None, :]
    affinity = together / np.maximum(both - together, 1e-12)

    matched = np.zeros((len(ALPHAS), *together.shape), np.int64)
    for frame in paired:
        rows, columns = assign(affinity[np.ix_(frame.true, frame.predicted)] * frame.overlap)
        reached = frame.overlap[rows, columns][None, :] >= ALPHAS[:, None] - SLACK
        matched[:, frame.true[rows], frame.predicted[columns]] += reached

    matches = matched.sum(axis=(1, 2))
    faces = int(true_size.sum() + predicted_size.sum())
    if faces == 0:
        return float("nan"), float("nan"), float("nan")
    detection = matches / (faces - matches)
    kept = matched / np.maximum(both - matched, 1)  # of the faces of either identity, the part in which they meet
    association = (matched * kept).sum(axis=(1, 2)) / np.maximum(matches, 1)
    return float(np.sqrt(detection * association).mean()), float(detection.mean()), float(association.mean())
