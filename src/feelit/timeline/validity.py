"""Validity of the columns of timelines.

A file may come from anybody, and a figure made out of impossible values looks like any other.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from feelit.errors import TimelineReadError
from feelit.timeline.schema import BOX, FULL_SCHEMA, LANDMARK_COLUMNS, PROBABILITY_COLUMNS, SCALARS
from feelit.types import MOST_S, Float64, Int64

MOST_NAME = 1 << 14
"""The most characters of a video's name: a path on Linux has at most 4096 bytes, each of which may be written as four."""

MOST_PX = 1e6
"""The largest coordinate of a box, which may reach beyond the picture."""

MOST = 1e9  # of whatever has no limit of its own: sharpness, for instance
_ROUNDING = 1e-6

RANGES: dict[str, tuple[float, float]] = {
    "frame": (0, 1 << 53),
    "time_s": (-MOST_S, MOST_S),
    **dict.fromkeys(("track_id", "person_id"), (0, (1 << 31) - 1)),
    **dict.fromkeys(SCALARS, (-MOST, MOST)),
    **dict.fromkeys((*BOX, *LANDMARK_COLUMNS), (-MOST_PX, MOST_PX)),
    **dict.fromkeys(("face_score", "confidence", "person_confidence", *PROBABILITY_COLUMNS), (-_ROUNDING, 1 + _ROUNDING)),
}
"""The least and the greatest value of every column of numbers whose values are used as such."""


def refuse_impossible(table: pa.Table, name: str) -> None:
    """Check all values of the columns of a table. Raises TimelineReadError if one is missing where there must be one, is not
    text though it should be, or lies beyond all reason."""
    for field in (FULL_SCHEMA.field(known) for known in FULL_SCHEMA.names if known in table.column_names):
        try:
            wrong = _wrong(table.column(field.name), field)
        except (pa.ArrowException, ValueError):  # offsets that lead out of a buffer, or text that is not UTF-8
            raise TimelineReadError.damaged(name, f" in the column {field.name}") from None
        if wrong:
            raise TimelineReadError(f"{name} {wrong}", "analyse the video again")


def refuse_standing_times(time_s: Float64, video: str) -> None:
    """Raise TimelineReadError if the times of a video, ordered by frame, do not rise: rows are found by their times."""
    stands = np.diff(time_s) <= 0
    if stands.any():
        message = f"the timeline of {video} does not go on in time after {time_s[np.argmax(stands)]:.3f} s"
        raise TimelineReadError(message, "analyse the video again")


def video_numbers(column: pa.ChunkedArray) -> tuple[Int64, list[str]]:
    """The column `video` as numbers, (R,) int64 from 0 on in order of appearance, and the names of the videos that appear."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    encoded = encoded.unify_dictionaries()
    if not len(encoded):
        return np.zeros(0, np.int64), []
    texts = encoded.chunk(0).dictionary.to_pylist()
    first_of: dict[str, int] = {}  # a dictionary may hold a text twice
    same = np.array([first_of.setdefault(text, i) for i, text in enumerate(texts)], np.int64)
    place = same[np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks])]
    used, first, number = np.unique(place, return_index=True, return_inverse=True)
    rank = np.empty(len(used), np.int64)
    rank[np.argsort(first)] = np.arange(len(used))
    return rank[number].astype(np.int64), [str(texts[used[i]]) for i in np.argsort(first)]


def _wrong(column: pa.ChunkedArray, field: pa.Field) -> str | None:
    """The fault of a column in words, or None. Damage is an error of Arrow."""
    import pyarrow.compute as pc

    name = field.name
    column.validate(full=True)
    floats = pa.types.is_floating(column.type)
    if not field.nullable and (column.null_count or (floats and pc.any(pc.is_nan(column)).as_py())):
        return f"lacks a value in the column {name}"
    if pa.types.is_dictionary(field.type):
        return _wrong_text(column, name)
    low, high = RANGES.get(name, (None, None))
    if low is None or not len(column):
        return None
    if not (floats or pa.types.is_integer(column.type)):
        return f"has {column.type} in the column {name}"
    found = pc.min_max(column if floats else column.cast(pa.float64(), safe=False)).as_py()
    beyond = [v for v in found.values() if v is not None and not np.isnan(v) and not low <= v <= high]
    return f"has {beyond[0]:g} in the column {name}" if beyond else None


def _wrong_text(column: pa.ChunkedArray, name: str) -> str | None:
    import pyarrow.compute as pc

    dictionaries = [c.dictionary for c in column.chunks] if pa.types.is_dictionary(column.type) else column.chunks
    for texts in dictionaries:
        if pa.types.is_null(texts.type):  # what pandas makes of a category without any
            continue
        texts.validate(full=True)
        if texts.null_count and pa.types.is_dictionary(column.type):
            return f"lacks a value in the column {name}"
        if (pc.max(pc.utf8_length(texts)).as_py() or 0) > MOST_NAME:
            return f"has a text of more than {MOST_NAME} characters in the column {name}"
        if pc.any(pc.match_substring(texts, "\0")).as_py():  # which no name of a file can hold
            return f"has a NUL in the column {name}"
    return None
