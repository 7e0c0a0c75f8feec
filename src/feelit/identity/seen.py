"""The faces of one timeline with their automatic tracks and persons, before corrections by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc

from feelit.errors import TimelineReadError, UsageError
from feelit.geometry import iou
from feelit.identity.edits import Face
from feelit.identity.select import best_of_stretches
from feelit.timeline.recording import Recording
from feelit.timeline.schema import BOX, PEOPLE
from feelit.types import Float32, Float64, Int64

FACES = 5
"""The number of faces, spread over all rows, that identify a person in an edit: tracks may differ in the next analysis."""

LEAST_OVERLAP = 0.3  # the least overlap (IoU) of a row's box with a face to be the same

LEAST_REACH_S = 0.25
"""A face matches samples up to this far from it in time, or up to the usual interval of samples if that is longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Automatic:
    """The result of the analysis before corrections by hand."""

    person: Mapping[int, int]  # by `track_id`; a track that is not a face has none
    confidence: Mapping[int, float]  # by `track_id`; a track that cannot be compared has none
    tracks: int  # the highest `track_id`
    splits: Mapping[int, int]  # tracks split off by hand: `track_id` -> original track
    across: Mapping[int, tuple[int, str | None]] = field(default_factory=dict)
    """Number and name shared with other recordings, by the person's own number in this video."""

    def as_dict(self, splits: Sequence[Mapping[str, Any]], across: Mapping[int, tuple[int, str | None]]) -> dict[str, Any]:
        """The result for the metadata of a file, with its current splits and shared numbers."""
        people = [
            {"track_id": track, "person_id": self.person.get(track), "person_confidence": self.confidence.get(track)}
            for track in sorted({*self.person, *self.confidence})
        ]
        about: dict[str, Any] = {"tracks": self.tracks, "people": people, "splits": list(splits)}
        if across:
            about["across"] = [{"own": own, "person_id": n, "name": name} for own, (n, name) in sorted(across.items())]
        return about


class SeenFaces:
    """The faces of one video, by row in order."""

    def __init__(self, recording: Recording) -> None:
        if PEOPLE not in recording.groups:
            message = f"{recording.source} does not say who is who in {recording.name}"
            raise UsageError(message, "analyse the video with people first: feelit analyze without --no-people")
        table = recording.table(["frame", "time_s", "track_id", "person_id", "person_confidence", "face_score", *BOX])
        track = pc.fill_null(table.column("track_id"), -1).to_numpy().astype(np.int64)
        frame, time_s = table.column("frame").to_numpy(), table.column("time_s").to_numpy()
        self.sample_s: Float64 = time_s[np.diff(frame, prepend=-1) > 0]  # (N,) times of all samples, rising
        mine = np.flatnonzero(track >= 0)
        self.time_s: Float64 = time_s[mine]  # (R,)
        self.score: Float32 = table.column("face_score").to_numpy()[mine]  # (R,) of the detector
        self.box: Float32 = np.stack([table.column(name).to_numpy()[mine] for name in BOX], axis=1)  # (R, 4) px
        person = pc.fill_null(table.column("person_id"), -1).to_numpy()[mine]
        sure = table.column("person_confidence").to_numpy()[mine]
        self.automatic = _noted(recording) or _of_rows(track[mine], person, sure)
        self.track: Int64 = track[mine]  # (R,) of the automatic result
        for new, origin in self.automatic.splits.items():
            self.track[self.track == new] = origin
        self._reach_s = max(LEAST_REACH_S, float(np.median(np.diff(self.sample_s))) if len(self.sample_s) > 1 else 0.0)

    def chosen(self, rows: Int64) -> tuple[Face, ...]:
        """A few faces that identify some rows: the one with the highest score of each stretch of them."""
        found = []
        for row in best_of_stretches(rows, self.score, FACES):
            x0, y0, x1, y1 = (round(float(v), 1) for v in self.box[row])
            found.append(Face(time_s=round(float(self.time_s[row]), 4), box=(x0, y0, x1, y1)))
        return tuple(found)

    def row_of(self, face: Face) -> int | None:
        """The row that overlaps a face most in the samples around its time; None if there is none.

        Boxes are interpolated linearly between two samples.
        """
        after = int(np.searchsorted(self.sample_s, face.time_s - 1e-4))
        around = self.sample_s[max(after - 1, 0) : after + 1]
        near = [float(s) for s in around if abs(s - face.time_s) <= self._reach_s]
        near = [s for s in near if abs(s - face.time_s) < 1e-3] or near
        rows = np.concatenate([np.flatnonzero(self.time_s == s) for s in near]).tolist() if near else []
        overlap = [self._overlap(face, row, rows) for row in rows]
        return rows[int(np.argmax(overlap))] if max(overlap, default=0.0) >= LEAST_OVERLAP else None

    def _overlap(self, face: Face, row: int, rows: Sequence[int]) -> float:
        """The overlap (IoU) of a face and the track of a row at the time of the face."""
        box = self.box[row]
        mate = [r for r in rows if r != row and self.track[r] == self.track[row]]
        if mate and self.time_s[mate[0]] != self.time_s[row]:
            share = (face.time_s - self.time_s[row]) / (self.time_s[mate[0]] - self.time_s[row])
            box = box + np.float32(share) * (self.box[mate[0]] - box)
        return float(iou(box[None], np.array([face.box], np.float32))[0, 0])


def _of_rows(track: Int64, person: Int64, sure: Float32) -> Automatic:
    """The automatic result from the rows of a file without corrections: the person of a track is that of its rows."""
    numbers, first = np.unique(track, return_index=True)
    known = [(t, int(person[row]), float(sure[row])) for t, row in zip(numbers.tolist(), first.tolist(), strict=True)]
    return Automatic(
        person={t: p for t, p, _ in known if p > 0},
        confidence={t: round(s, 6) for t, _, s in known if np.isfinite(s)},
        tracks=int(numbers.max(initial=0)),
        splits={},
    )


def _noted(recording: Recording) -> Automatic | None:
    """The automatic result from the metadata of a corrected file; None for a file without corrections."""
    noted = recording.facts.get("automatic")
    if noted is None:
        return None
    try:
        entries, splits = noted["people"], noted["splits"]
        return Automatic(
            person={int(e["track_id"]): int(e["person_id"]) for e in entries if e["person_id"] is not None},
            confidence={int(e["track_id"]): float(sure) for e in entries if (sure := e["person_confidence"]) is not None},
            tracks=int(noted["tracks"]),
            splits={int(e["track_id"]): int(e["from"]) for e in splits},
            across={int(e["own"]): (int(e["person_id"]), e["name"]) for e in noted.get("across", [])},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TimelineReadError(f"{recording.source} has damaged metadata: automatic", "analyse the video again") from error
