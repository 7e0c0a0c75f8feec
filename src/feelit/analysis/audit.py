"""Does a timeline agree with itself, and with what its metadata say? Every check that can be made without the video.

A check that fails points to a file that was edited, joined by hand or written by another program: `feelit analyze` writes none
that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.timeline.quality_gate import passes_quality_gate
from feelit.timeline.schema import BOX, LANDMARK_COLUMNS, PROBABILITY_COLUMNS, SCALARS, from_arrow
from feelit.timeline.smoothing import smooth
from feelit.types import EMOTIONS, Bool, Int64, Timeline

SUM_TOLERANCE = 0.001
"""Eight probabilities rounded to 1/4096 add up to 1 within that (docs/schema.md)."""

CONFIDENCE_TOLERANCE = 0.001
"""Confidences are rounded to 0.0001, and the sums of other processors differ in their last bits."""

FACE_COLUMNS = (*BOX, "face_score", *LANDMARK_COLUMNS, *SCALARS, *PROBABILITY_COLUMNS)
"""Columns that hold a number if and only if there is a face."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool
    found: str


@dataclass(frozen=True, slots=True, eq=False)
class _Subject:
    """The timeline of one video, in the order of its rows."""

    table: pa.Table
    rows: Timeline
    facts: Mapping[str, Any]  # what the file's metadata say of the video
    in_order: bool

    @property
    def face(self) -> Bool:
        """(R,) whether a row has a face."""
        result: Bool = self.rows.track_id >= 0
        return result

    def recorded(self, name: str) -> float | None:
        """A number of the metadata; None where they do not have it."""
        value = self.facts.get(name)
        return value if isinstance(value, int | float) else None


def audit(table: pa.Table, facts: Mapping[str, Any], in_order: bool = True) -> list[Check]:
    """Check the timeline of one video.

    Parameters
    ----------
    table : its rows, with all columns of `schema.SCHEMA`
    facts : what the metadata say of it; a check that needs what they leave out fails and says so
    in_order : whether the rows were stored in the order in which they are now

    Returns
    -------
    always the same checks in the same order
    """
    subject = _Subject(table, from_arrow(table), facts, in_order)
    return [Check(name, *check(subject)) for name, check in _CHECKS.items()]


def _frames_reconcile(subject: _Subject) -> tuple[bool, str]:
    sampled = len(np.unique(subject.rows.frame))
    stated = subject.recorded("frames_sampled")
    if stated is None:
        return False, f"{sampled} frames; the metadata do not say how many there should be"
    return sampled == stated, f"{sampled} sampled frames; the metadata say {stated}"


def _rows_in_order(subject: _Subject) -> tuple[bool, str]:
    rows = subject.rows
    step = np.where(np.diff(rows.frame) != 0, np.diff(rows.frame), np.diff(rows.track_id))
    if not subject.in_order:
        return False, "the rows are stored in another order than by frame and then by track"
    return _none(step < 0, "row stands before one that it should follow", f"{len(rows)} rows, by frame and then by track")


def _times_rise(subject: _Subject) -> tuple[bool, str]:
    frame, first = np.unique(subject.rows.frame, return_index=True)
    time_s = subject.rows.time_s[first]
    same = subject.rows.time_s == time_s[np.searchsorted(frame, subject.rows.frame)]
    wrong = int((~same).sum() + (np.diff(time_s) <= 0).sum() + (~np.isfinite(time_s)).sum())
    return wrong == 0, f"{wrong} frames are not later than the one before" if wrong else f"{len(frame)} times, each later"


def _within_the_video(subject: _Subject) -> tuple[bool, str]:
    duration_s = subject.recorded("duration_s")
    if duration_s is None:
        return False, "the metadata do not say how long the video is"
    time_s = subject.rows.time_s
    slack_s = 1.0  # the container's word for the end of the last frame is not always exact
    found = f"{time_s.min():.3f} s to {time_s.max():.3f} s of {duration_s:.3f} s" if len(time_s) else "no frames"
    return bool(((time_s >= -slack_s) & (time_s <= duration_s + slack_s)).all()), found


def _one_row_a_track(subject: _Subject) -> tuple[bool, str]:
    rows = subject.rows.rows(subject.face)
    pairs = rows.frame * (int(rows.track_id.max(initial=0)) + 1) + rows.track_id
    doubles = len(pairs) - len(np.unique(pairs))
    return doubles == 0, f"{doubles} rows repeat a track of their frame" if doubles else f"{len(pairs)} faces, none twice"


def _empty_frames_have_one_row(subject: _Subject) -> tuple[bool, str]:
    empty = subject.rows.frame[~subject.face]
    wrong = len(empty) - len(np.unique(empty)) + int(np.isin(empty, subject.rows.frame[subject.face]).sum())
    return wrong == 0, f"{wrong} rows too many" if wrong else f"{len(empty)} frames without a face, one row each"


def _values_where_faces_are(subject: _Subject) -> tuple[bool, str]:
    face = pa.array(subject.face)
    wrong = [name for name in FACE_COLUMNS if not pc.all(pc.equal(_finite(subject.table.column(name)), face)).as_py()]
    if len(subject.rows) and wrong:
        return False, f"empty with a face, or filled without one: {', '.join(wrong)}"
    return True, f"{len(FACE_COLUMNS)} columns are filled in {int(subject.face.sum())} rows with a face, empty in the others"


def _boxes_in_the_picture(subject: _Subject) -> tuple[bool, str]:
    width, height = subject.recorded("width_px"), subject.recorded("height_px")
    if width is None or height is None:
        return False, "the metadata do not say how large the picture is"
    x0, y0, x1, y1 = subject.rows.box[subject.face].T
    beyond = int(((x0 < 0) | (y0 < 0) | (x1 > width) | (y1 > height)).sum())
    good = (x1 > x0) & (y1 > y0) & (x1 > 0) & (y1 > 0) & (x0 < width) & (y0 < height)
    detail = f"{len(x0)} boxes in {width} × {height} px; the edge of the picture cuts {beyond}"
    if fitted := subject.recorded("frames_letterboxed"):
        detail += f"; {fitted} frames of another shape are fitted into it"
    return _none(~good, "box is empty or outside the picture", detail)


def _probabilities_add_up(subject: _Subject) -> tuple[bool, str]:
    probability = subject.rows.probability[subject.face].astype(np.float64)
    off = np.abs(probability.sum(axis=1) - 1)
    good = (probability >= 0).all(axis=1) & (probability <= 1).all(axis=1) & (off <= SUM_TOLERANCE)
    detail = f"{len(off)} rows, at most {off.max():.4f} away from 1" if len(off) else "no faces"
    return _none(~good, "row is no distribution", detail)


def _claims_where_readable(subject: _Subject) -> tuple[bool, str]:
    rows = subject.rows
    texts = subject.table.column("emotion").cast(pa.string())
    foreign = int(pc.sum(pc.invert(pc.is_in(pc.drop_null(texts), value_set=pa.array(EMOTIONS)))).as_py() or 0)
    if foreign:
        return False, f"{foreign} rows have an emotion that is not in the list"
    wrong = (rows.readable != (rows.emotion >= 0)) | (rows.readable != np.isfinite(rows.confidence))
    detail = f"{int(rows.readable.sum())} of {int(subject.face.sum())} faces are readable, and these have an emotion"
    return _none(wrong | (rows.readable & ~subject.face), "row has an emotion that it should not have, or lacks one", detail)


def _readable_by_the_rule(subject: _Subject) -> tuple[bool, str]:
    faces = subject.rows.rows(subject.face)
    wrong = faces.readable != passes_quality_gate(faces.face_px, faces.sharpness, faces.yaw_deg)
    return _none(wrong, "face is not what its size, sharpness and yaw make it", f"{len(faces)} faces follow the rule")


def _emotions_follow(subject: _Subject) -> tuple[bool, str]:
    faces = subject.rows.rows(subject.face)
    faces = faces.rows(np.lexsort((faces.time_s, faces.track_id)).astype(np.int64))
    claims = np.flatnonzero(faces.readable & (faces.emotion >= 0)).astype(np.int64)
    mean = smooth(faces.time_s, faces.track_id.astype(np.int64), faces.probability, faces.readable, claims)
    best = np.nan_to_num(mean, nan=-1).max(axis=1, initial=-1)
    shown = np.nan_to_num(mean[np.arange(len(claims)), faces.emotion[claims]], nan=-1)
    off = np.maximum(best - shown, np.abs(shown - faces.confidence[claims]))
    detail = f"{len(claims)} claims agree with the smoothed probabilities"
    return _none(~(off <= CONFIDENCE_TOLERANCE), "claim is not what the probabilities give when they are smoothed", detail)


def _tracks_counted(subject: _Subject) -> tuple[bool, str]:
    ids: Int64 = np.unique(subject.rows.track_id[subject.face]).astype(np.int64)
    stated = subject.recorded("tracks")
    if stated is None:
        return False, f"{len(ids)} tracks; the metadata do not say how many there should be"
    return bool(np.array_equal(ids, np.arange(1, stated + 1))), f"{len(ids)} tracks; the metadata say {stated}"


_CHECKS: dict[str, Callable[[_Subject], tuple[bool, str]]] = {
    "every sampled frame has a row": _frames_reconcile,
    "rows are in order": _rows_in_order,
    "times rise": _times_rise,
    "times lie within the video": _within_the_video,
    "no track is twice in a frame": _one_row_a_track,
    "frames without a face have one row": _empty_frames_have_one_row,
    "numbers stand where faces are": _values_where_faces_are,
    "boxes lie in the picture": _boxes_in_the_picture,
    "probabilities add up to 1": _probabilities_add_up,
    "emotions are claimed of readable faces only": _claims_where_readable,
    "readable follows from size, sharpness and yaw": _readable_by_the_rule,
    "emotions follow from the probabilities": _emotions_follow,
    "tracks are numbered without gaps": _tracks_counted,
}


def _none(wrong: Bool, what: str, otherwise: str) -> tuple[bool, str]:
    """Passed if nothing is wrong; else how often it is."""
    count = int(np.count_nonzero(wrong))
    return count == 0, f"{count} × {what}" if count else otherwise


def _finite(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether a number is there; neither null nor NaN nor infinite."""
    return pc.fill_null(pc.is_finite(column), False)
