"""Checks of a timeline against itself and its metadata, without the video.

A check that fails points to a file that was edited, joined by hand or written by another program. Files of `feelit analyze`
pass them all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.geometry import head_angles
from feelit.timeline.quality_gate import LEAST_BRIGHTNESS, LEAVE_YAW_DEG, RETURN_YAW_DEG, shows_enough
from feelit.timeline.schema import BOX, LANDMARK_COLUMNS, PROBABILITY_COLUMNS, SCALARS, SCHEMA, from_arrow
from feelit.timeline.smoothing import CONTEXT_S, smooth
from feelit.types import EMOTIONS, Bool, Float64, Int64, Timeline

SUM_TOLERANCE = 0.001  # eight probabilities rounded to 1/4096 add up to 1 within this tolerance (docs/schema.md)
SLACK_S = 1.0  # tolerance for the end of the last frame, which containers do not always state exactly
FACE_COLUMNS = (*BOX, "face_score", *LANDMARK_COLUMNS, *SCALARS, *PROBABILITY_COLUMNS)
"""Columns that hold a number if and only if there is a face."""

CONFIDENCE_TOLERANCE = 0.001  # confidences are rounded to 0.0001, and sums differ in their last bits between processors
KNOWN_S = 3 * CONTEXT_S
"""Time on either side of a compared claim that must be known: the smoothing window, and a track before or after its own."""

_AT_A_TIME = 1 << 16  # faces whose claims are compared together: with fewer, call overhead dominates

COLUMNS = tuple(SCHEMA.names)  # columns that the checks read
Verdict = tuple[bool, str]
Counts = tuple[int | np.integer[Any], int]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    passed: bool
    found: str


class _Part:
    """Consecutive rows of the timeline of one video, with whole frames only."""

    def __init__(self, tables: list[pa.Table]) -> None:
        self.table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
        self.rows = from_arrow(self.table)
        self.face: Bool = self.rows.track_id >= 0  # (R,) whether a row has a face
        self.faces = self.rows if self.face.all() else self.rows.rows(self.face)  # the rows that have one
        self.frame, self.first = np.unique(self.rows.frame, return_index=True)  # (N,) the frames, and the first row of each


def audit(batches: Iterable[pa.RecordBatch], facts: Mapping[str, Any], in_order: bool = True) -> list[Check]:
    """Check the timeline of one video, one batch at a time.

    Parameters
    ----------
    batches : its rows, with at least the columns of `schema.SCHEMA`, as `Recording.batches` gives them
    facts : the metadata of the video; a check whose facts are missing fails and says so
    in_order : whether the rows were stored in this order

    Returns
    -------
    The checks, always the same in the same order.
    """
    recorded = {name: value for name, value in facts.items() if isinstance(value, int | float)}
    checks = [kind(recorded) for kind in CHECKS]
    for part in _parts(batches):
        for check in checks:
            check.add(part)
    found = [Check(check.name, *check.verdict()) for check in checks]
    if not in_order:
        found[1] = Check(_RowsInOrder.name, False, "the rows are stored in another order than by frame and then by track")
    return found


def _parts(batches: Iterable[pa.RecordBatch]) -> Iterator[_Part]:
    """The rows in parts that hold whole frames."""
    rest: list[pa.Table] = []
    for batch in batches:
        frame, whole = batch.column("frame").to_numpy(), pa.Table.from_batches([batch])
        others = np.flatnonzero(frame != frame[-1:])
        cut = int(others[-1]) + 1 if len(others) else 0  # the last frame may continue in the next batch
        if cut:
            yield _Part([*rest, whole.slice(0, cut)])
            rest = []
        rest.append(whole.slice(cut))
    if sum(map(len, rest)):
        yield _Part(rest)


class _Check(ABC):
    """One check, which takes all rows, part by part.

    The number of failures is `wrong`. Without a verdict of its own, a check passes if there are none. `failure` and `success`
    are format strings for the finding, with the check as `c`.
    """

    name: ClassVar[str]
    failure: ClassVar[str]
    success: ClassVar[str]
    wrong = looked_at = 0

    def __init__(self, recorded: Mapping[str, float]) -> None:
        self.recorded = recorded  # the numbers in the metadata

    def add(self, part: _Part) -> None:
        """Check the next rows."""
        wrong, looked_at = self.count(part)
        self.wrong += int(wrong)
        self.looked_at += int(looked_at)

    @abstractmethod
    def count(self, part: _Part) -> Counts:
        """The failures in the next rows, and what was looked at in them."""

    def verdict(self) -> Verdict:
        """Whether the check passed, and the finding."""
        return self.wrong == 0, (self.failure if self.wrong else self.success).format(c=self)


class _FramesReconcile(_Check):
    name = "every sampled frame has a row"

    def count(self, part: _Part) -> Counts:
        return 0, len(part.frame)

    def verdict(self) -> Verdict:
        stated = self.recorded.get("frames_sampled")
        if stated is None:
            return False, f"{self.looked_at} frames; the metadata do not say how many there should be"
        return self.looked_at == stated, f"{self.looked_at} sampled frames; the metadata say {stated}"


class _RowsInOrder(_Check):
    name = "rows are in order"
    failure = "{c.wrong} × row stands before one that it should follow"
    success = "{c.looked_at} rows, by frame and then by track"
    last: tuple[int, int] | None = None  # frame and track of the last row

    def count(self, part: _Part) -> Counts:
        frame, track = part.rows.frame, part.rows.track_id
        before = self.last or (int(frame[0]), int(track[0]))
        later, higher = np.diff(frame, prepend=before[0]), np.diff(track, prepend=np.int32(before[1]))
        self.last = int(frame[-1]), int(track[-1])
        return np.count_nonzero(np.where(later != 0, later, higher) < 0), len(frame)


class _TimesRise(_Check):
    name = "times rise"
    failure = "{c.wrong} frames are not later than the one before"
    success = "{c.looked_at} times, each later"
    last_s = -np.inf

    def count(self, part: _Part) -> Counts:
        time_s: Float64 = part.rows.time_s[part.first]
        same = part.rows.time_s == time_s[np.searchsorted(part.frame, part.rows.frame)]
        later = np.diff(time_s, prepend=self.last_s) > 0
        self.last_s = float(time_s[-1])
        return (~same).sum() + (~later).sum() + (~np.isfinite(time_s)).sum(), len(time_s)


class _WithinTheVideo(_Check):
    name = "times lie within the video"
    first_s, last_s = np.inf, -np.inf

    def count(self, part: _Part) -> Counts:
        time_s = part.rows.time_s
        self.first_s, self.last_s = min(self.first_s, float(time_s.min())), max(self.last_s, float(time_s.max()))
        return np.isnan(time_s).sum(), len(time_s)

    def verdict(self) -> Verdict:
        duration_s = self.recorded.get("duration_s")
        if duration_s is None:
            return False, "the metadata do not say how long the video is"
        if not self.looked_at:
            return True, "no frames"
        inside = not self.wrong and self.first_s >= -SLACK_S and self.last_s <= duration_s + SLACK_S
        return inside, f"{self.first_s:.3f} s to {self.last_s:.3f} s of {duration_s:.3f} s"


class _OneRowATrack(_Check):
    name = "no track is twice in a frame"
    failure = "{c.wrong} rows repeat a track of their frame"
    success = "{c.looked_at} faces, none twice"

    def count(self, part: _Part) -> Counts:
        frame, track = part.faces.frame, part.faces.track_id.astype(np.int64)
        pairs = np.sort((frame - part.frame[0]) * (int(track.max(initial=0)) + 1) + track)
        return np.count_nonzero(np.diff(pairs) == 0), len(pairs)


class _EmptyFramesHaveOneRow(_Check):
    name = "frames without a face have one row"
    failure = "{c.wrong} rows too many"
    success = "{c.looked_at} frames without a face, one row each"

    def count(self, part: _Part) -> Counts:
        place = np.searchsorted(part.frame, part.rows.frame)
        empty, faces = (np.bincount(place[which], minlength=len(part.frame)) for which in (~part.face, part.face))
        return np.maximum(empty - 1, 0).sum() + np.minimum(empty[faces > 0], 1).sum(), empty.sum()


class _ValuesWhereFacesAre(_Check):
    name = "numbers stand where faces are"
    misfilled: frozenset[str] = frozenset()  # names of columns that have too few or too many

    def count(self, part: _Part) -> Counts:
        face = pa.array(part.face)
        finite = {name: pc.fill_null(pc.is_finite(part.table.column(name)), False) for name in FACE_COLUMNS}
        self.misfilled |= {name for name, there in finite.items() if not pc.all(pc.equal(there, face)).as_py()}
        return 0, part.face.sum()

    def verdict(self) -> Verdict:
        if self.misfilled:
            names = [name for name in FACE_COLUMNS if name in self.misfilled]
            return False, f"empty with a face, or filled without one: {', '.join(names)}"
        return True, f"{len(FACE_COLUMNS)} columns are filled in {self.looked_at} rows with a face, empty in the others"


class _BoxesInThePicture(_Check):
    name = "boxes lie in the picture"
    failure = "{c.wrong} × box is empty or outside the picture"
    beyond = 0

    def count(self, part: _Part) -> Counts:
        width, height = self.recorded.get("width_px", np.nan), self.recorded.get("height_px", np.nan)
        x0, y0, x1, y1 = part.faces.box.T
        self.beyond += int(((x0 < 0) | (y0 < 0) | (x1 > width) | (y1 > height)).sum())
        good = (x1 > x0) & (y1 > y0) & (x1 > 0) & (y1 > 0) & (x0 < width) & (y0 < height)
        return np.count_nonzero(~good), len(x0)

    def verdict(self) -> Verdict:
        width, height = self.recorded.get("width_px"), self.recorded.get("height_px")
        if width is None or height is None:
            return False, "the metadata do not say how large the picture is"
        if self.wrong:
            return super().verdict()
        detail = f"{self.looked_at} boxes in {width} × {height} px; the edge of the picture cuts {self.beyond}"
        if fitted := self.recorded.get("frames_letterboxed"):
            detail += f"; {fitted} frames of another shape are fitted into it"
        return True, detail


class _ProbabilitiesAddUp(_Check):
    name = "probabilities add up to 1"
    failure = "{c.wrong} × row is no distribution"
    success = "{c.looked_at} rows, at most {c.most_off:.4f} away from 1"
    most_off = 0.0

    def count(self, part: _Part) -> Counts:
        probability = part.faces.probability.astype(np.float64)
        off = np.abs(probability.sum(axis=1) - 1)
        good = (probability >= 0).all(axis=1) & (probability <= 1).all(axis=1) & (off <= SUM_TOLERANCE)
        self.most_off = max(self.most_off, float(off.max(initial=0)))
        return np.count_nonzero(~good), len(off)

    def verdict(self) -> Verdict:
        return super().verdict() if self.looked_at else (True, "no faces")


class _ClaimsWhereReadable(_Check):
    name = "emotions are claimed of readable faces only"
    failure = "{c.wrong} × row has an emotion that it should not have, or lacks one"
    success = "{c.readable} of {c.looked_at} faces are readable, and these have an emotion"
    foreign = readable = 0

    def count(self, part: _Part) -> Counts:
        rows, texts = part.rows, part.table.column("emotion").cast(pa.string())
        self.foreign += pc.sum(pc.invert(pc.is_in(pc.drop_null(texts), value_set=pa.array(EMOTIONS)))).as_py() or 0
        self.readable += int(rows.readable.sum())
        claimed = (rows.readable != (rows.emotion >= 0)) | (rows.readable != np.isfinite(rows.confidence))
        return np.count_nonzero(claimed | (rows.readable & ~part.face)), part.face.sum()

    def verdict(self) -> Verdict:
        if self.foreign:
            return False, f"{self.foreign} rows have an emotion that is not in the list"
        return super().verdict()


class _ReadableByTheRule(_Check):
    name = "readable follows from size, sharpness, yaw and brightness"
    failure = "{c.wrong} × face is not what its size, sharpness, yaw and brightness make it"
    success = "{c.looked_at} faces follow the rule"

    def count(self, part: _Part) -> Counts:
        faces = part.faces
        follows = faces.brightness < LEAST_BRIGHTNESS  # older timelines had no limit of brightness
        for yaw in (faces.yaw_deg, np.round(head_angles(faces.landmarks)[1], 1)):  # with signals the gate used the second
            clear = shows_enough(faces.face_px, faces.sharpness, faces.brightness)
            must, may = (clear & (np.abs(yaw) <= limit) for limit in (RETURN_YAW_DEG, LEAVE_YAW_DEG))
            follows |= (faces.readable | ~must) & (may | ~faces.readable)  # between the two limits the previous state decides
        return np.count_nonzero(~follows), len(faces)


class _ConfidencesFollow(_Check):
    """Compares claims, the emotion and confidence of a row, with the smoothed probabilities, many faces at a time."""

    name = "confidences follow from the probabilities"
    failure = "{c.wrong} × confidence is not what the probabilities of its label give when they are smoothed"
    success = "{c.looked_at} claims agree with the smoothed probabilities"
    compared_s = -np.inf  # claims before this time were compared

    def __init__(self, recorded: Mapping[str, float]) -> None:
        super().__init__(recorded)
        self.rest: list[Timeline] = []  # claims not yet compared, and faces that affect their smoothing

    def count(self, part: _Part) -> Counts:
        if len(part.faces):
            self.rest.append(part.faces)
        if sum(map(len, self.rest)) < _AT_A_TIME:
            return 0, 0
        rows = Timeline.join(self.rest)
        until_s = float(rows.time_s.max()) - KNOWN_S
        self.rest = [rows.rows(~(rows.time_s < until_s - KNOWN_S))]
        return self._compare(rows, until_s)

    def verdict(self) -> Verdict:
        if self.rest:
            wrong, looked_at = self._compare(Timeline.join(self.rest), np.inf)
            self.wrong, self.looked_at = self.wrong + wrong, self.looked_at + looked_at
        return super().verdict()

    def _compare(self, rows: Timeline, until_s: float) -> tuple[int, int]:
        """Compare the claims not yet compared that lie before `until_s`; the counts as in `count`."""
        rows = rows.rows(np.lexsort((rows.time_s, rows.track_id)).astype(np.int64))
        due: Bool = ~(rows.time_s < self.compared_s) & ~(rows.time_s >= until_s)
        claims: Int64 = np.flatnonzero(due & rows.readable & (rows.emotion >= 0)).astype(np.int64)
        self.compared_s = max(self.compared_s, until_s)
        wrong = claims
        track_id = rows.track_id.astype(np.int64)
        for talking in (True, False):  # older timelines did not correct surprise while talking
            mean = smooth(rows.time_s, track_id, rows.probability, rows.readable, wrong, talking=talking)
            shown = np.nan_to_num(mean[np.arange(len(wrong)), rows.emotion[wrong]], nan=-1)
            off: Float64 = np.abs(shown - rows.confidence[wrong])
            wrong = wrong[~(off <= CONFIDENCE_TOLERANCE)]
        spans = _spans(rows) if len(wrong) else {}
        found = zip(rows.track_id[wrong].tolist(), rows.time_s[wrong].tolist(), strict=True)
        return sum(not _at_a_split(spans, track, time_s) for track, time_s in found), len(claims)


def _spans(rows: Timeline) -> dict[int, tuple[float, float]]:
    """Beginning and end of every track; the rows are ordered by track and then by time."""
    track, first, count = np.unique(rows.track_id, return_index=True, return_counts=True)
    times = zip(rows.time_s[first].tolist(), rows.time_s[first + count - 1].tolist(), strict=True)
    return dict(zip(track.tolist(), times, strict=True))


def _at_a_split(spans: Mapping[int, tuple[float, float]], track: int, now_s: float) -> bool:
    """Whether a track before or after this one is close enough to have affected the smoothing at `now_s`.

    A track that shows two people in turn is split when the video is complete, after its probabilities were smoothed.
    """
    begin_s, end_s = spans[track]
    return any(
        (now_s - begin_s <= CONTEXT_S and 0 < begin_s - last_s <= CONTEXT_S)
        or (end_s - now_s <= CONTEXT_S and 0 < first_s - end_s <= CONTEXT_S)
        for other, (first_s, last_s) in spans.items()
        if other != track
    )


class _TracksCounted(_Check):
    name = "tracks are numbered without gaps"
    ids: frozenset[int] = frozenset()

    def count(self, part: _Part) -> Counts:
        self.ids |= set(np.flatnonzero(np.bincount(part.faces.track_id)).tolist())
        return 0, len(part.faces)

    def verdict(self) -> Verdict:
        stated = self.recorded.get("tracks")
        if stated is None:
            return False, f"{len(self.ids)} tracks; the metadata do not say how many there should be"
        return self.ids == set(range(1, int(stated) + 1)), f"{len(self.ids)} tracks; the metadata say {stated}"


CHECKS: tuple[type[_Check], ...] = (
    _FramesReconcile,
    _RowsInOrder,
    _TimesRise,
    _WithinTheVideo,
    _OneRowATrack,
    _EmptyFramesHaveOneRow,
    _ValuesWhereFacesAre,
    _BoxesInThePicture,
    _ProbabilitiesAddUp,
    _ClaimsWhereReadable,
    _ReadableByTheRule,
    _ConfidencesFollow,
    _TracksCounted,
)
"""In the order in which `audit` gives their results."""
