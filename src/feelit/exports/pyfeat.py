"""The CSV of py-feat's Fex frames (Cheong et al. 2023, "Py-Feat"), with the columns that a timeline has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.exports.csv_format import csv_cells, csv_lines, quoted
from feelit.exports.selection import Selection
from feelit.signals.columns import ACTION_UNITS, SIGNALS, UNITS
from feelit.timeline.recording import Recording

EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""py-feat's seven, in its order. Contempt, which only we have, follows them."""

POSE = {"Pitch": "pitch_deg", "Roll": "roll_deg", "Yaw": "yaw_deg"}
"""py-feat's headings of the head's pose in degrees -> our columns, for timelines with signals. The signs are ours."""

_PROBABILITIES = tuple(f"p_{emotion}" for emotion in (*EMOTIONS, "contempt"))
_WHO = ("track_id", "person_id", "person")
_COLUMNS = ("frame", "time_s", *_WHO, "x0", "y0", "x1", "y1", "face_score", "readable", *_PROBABILITIES)


def pyfeat_text(selection: Selection) -> Iterator[str]:
    """A line of headings, then one line per row. A frame without a face has a line without numbers, as in py-feat."""
    groups = {group for recording in selection.recordings for group in recording.groups}
    pose, units = POSE if SIGNALS in groups else {}, tuple(ACTION_UNITS) if UNITS in groups else ()
    yield csv_lines([headings(pose, units)])
    for recording in selection.recordings:
        for batch in selection.rows(recording, tuple(dict.fromkeys((*_COLUMNS, *pose.values(), *units)))):
            yield _lines(batch, recording, (*pose.values(), *units))


def headings(pose: Iterable[str], units: Iterable[str]) -> list[str]:
    """The line of headings, with the given columns of pose and of action units."""
    return [
        *("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore", *pose, *units, *EMOTIONS, "contempt"),
        *("Identity", "input", "frame", "approx_time", "time_s", "FrameHeight", "FrameWidth"),
        *("track_id", "person"),
    ]


def _lines(table: pa.RecordBatch, recording: Recording, signals: Sequence[str]) -> str:
    unknown = pa.scalar(None, table.column(_PROBABILITIES[0]).type)
    height, width = (quoted(str(recording.facts.get(name, ""))) for name in ("height_px", "width_px"))
    columns = [
        *(csv_cells(table.column(name)) for name in ("x0", "y0")),
        csv_cells(pc.subtract(table.column("x1"), table.column("x0"))),
        csv_cells(pc.subtract(table.column("y1"), table.column("y0"))),
        csv_cells(table.column("face_score")),
        *(csv_cells(table.column(name)) for name in signals),
        *(csv_cells(pc.if_else(table.column("readable"), table.column(name), unknown)) for name in _PROBABILITIES),
        [f"Person_{person}" if person else "" for person in csv_cells(table.column("person_id"))],
        [quoted(recording.name)] * len(table),
        csv_cells(table.column("frame")),
        # Minutes and seconds, rounded down, as py-feat writes approximate times.
        ["{:02d}:{:02d}".format(*divmod(int(t), 60)) for t in np.maximum(table.column("time_s").to_numpy(), 0).tolist()],
        csv_cells(table.column("time_s")),
        *([value] * len(table) for value in (height, width)),
        *(csv_cells(table.column(name)) for name in ("track_id", "person")),
    ]
    return csv_lines(zip(*columns, strict=True))
