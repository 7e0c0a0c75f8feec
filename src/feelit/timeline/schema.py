"""The timeline as Arrow columns: names, types and what travels in the file's metadata. docs/schema.md documents it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from feelit.errors import TimelineReadError
from feelit.signals.columns import COLUMNS as SIGNAL_GROUPS
from feelit.types import EMOTIONS, LANDMARKS, Bool, Float32, Int32, Timeline

SCHEMA_VERSION = 2
READ_VERSIONS = (1, 2)
"""Version 1 had no optional columns; the others mean the same."""

METADATA_KEY = b"feelit"
FRAME_KEY = b"PANDAS_ATTRS"
"""Where pandas keeps the `attrs` of a frame in a Parquet file, as JSON."""

KEEP_ATTRS = (
    "pandas keeps metadata in `frame.attrs` and drops them where frames are joined: set `joined.attrs = original.attrs` before"
    " `to_parquet`"
)
"""How a frame that is saved by pandas stays a timeline."""

BOX = ("x0", "y0", "x1", "y1")
LANDMARK_COLUMNS = tuple(f"{name}_{axis}" for name in LANDMARKS for axis in "xy")
PROBABILITY_COLUMNS = tuple(f"p_{name}" for name in EMOTIONS)
SIGNAL_COLUMNS = tuple(name for names in SIGNAL_GROUPS.values() for name in names)
SCALARS = ("roll_deg", "yaw_deg", "face_px", "sharpness", "brightness")

_TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("video", _TEXT, nullable=False),
        pa.field("frame", pa.int64(), nullable=False),
        pa.field("pts", pa.int64(), nullable=False),
        pa.field("time_s", pa.float64(), nullable=False),
        pa.field("track_id", pa.int32()),
        *(pa.field(name, pa.float32()) for name in (*BOX, "face_score", *LANDMARK_COLUMNS, *SCALARS)),
        pa.field("readable", pa.bool_(), nullable=False),
        pa.field("emotion", _TEXT),
        pa.field("confidence", pa.float32()),
        *(pa.field(name, pa.float32()) for name in PROBABILITY_COLUMNS),
    ]
)
"""The columns that every timeline has."""

PEOPLE, CLASSIFIED = "people", "classified"
GROUPS: dict[str, tuple[pa.Field, ...]] = {
    PEOPLE: (pa.field("person_id", pa.int32()), pa.field("person", _TEXT), pa.field("person_confidence", pa.float32())),
    CLASSIFIED: (pa.field("classified", pa.bool_()),),
    **{group: tuple(pa.field(name, pa.float32()) for name in names) for group, names in SIGNAL_GROUPS.items()},
}
"""Columns that a file has together or not at all, by the name of the group. All are null where a row has no face."""

AFTER = {PEOPLE: "track_id", CLASSIFIED: "readable"}
"""Where a group stands among the other columns; at the end unless it is named here."""


def schema_of(groups: Collection[str] = ()) -> pa.Schema:
    """The columns of a timeline with some optional groups, in their order in a file."""
    wanted = [name for name in GROUPS if name in groups]
    fields: list[pa.Field] = []
    for field in SCHEMA:
        fields.append(field)
        fields += [f for name in wanted if AFTER.get(name) == field.name for f in GROUPS[name]]
    return pa.schema(fields + [f for name in wanted if name not in AFTER for f in GROUPS[name]])


FULL_SCHEMA = schema_of(GROUPS)
"""Every column that a timeline can have."""


def groups_of(schema: pa.Schema) -> tuple[str, ...]:
    """The optional groups that a file has whole."""
    names = set(schema.names)
    return tuple(name for name, fields in GROUPS.items() if names.issuperset(f.name for f in fields))


def completed(table: pa.Table, columns: Iterable[str]) -> pa.Table:
    """A table with the named columns, in that order: optional ones that it lacks are null, but a person is a track there.

    `table` holds `track_id` if `person_id` is among those that are missing.
    """
    names = list(columns)
    for name in dict.fromkeys(names):
        if name == "person_id" and name not in table.column_names:
            table = table.append_column(FULL_SCHEMA.field(name), table.column("track_id").cast(pa.int32(), safe=False))
        elif name not in table.column_names:
            table = table.append_column(FULL_SCHEMA.field(name), pa.nulls(len(table), FULL_SCHEMA.field(name).type))
    return table.select(names)


def to_arrow(timeline: Timeline, video: str, signals: Sequence[str] = (), classified: bool = False) -> pa.Table:
    """The rows of one video as a table of `SCHEMA`, without people; NaN and -1 become nulls.

    `signals` are the columns that `timeline.signals` holds, which follow; `classified` asks for the column of that name.
    """
    count = len(timeline)
    columns: dict[str, Any] = {
        "video": pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([video])),
        "frame": timeline.frame,
        "pts": timeline.pts,
        "time_s": timeline.time_s,
        "track_id": pa.array(timeline.track_id, mask=timeline.track_id < 0),
        "face_score": _nullable(timeline.score),
        "readable": timeline.readable,
        "classified": pa.array(timeline.classified, mask=timeline.track_id < 0),
        "emotion": pa.DictionaryArray.from_arrays(
            pa.array(timeline.emotion, pa.int32(), mask=timeline.emotion < 0), pa.array(EMOTIONS)
        ),
        "confidence": _nullable(timeline.confidence),
    }
    columns |= {name: _nullable(timeline.box[:, i]) for i, name in enumerate(BOX)}
    points = timeline.landmarks.reshape(count, len(LANDMARK_COLUMNS))
    columns |= {name: _nullable(points[:, i]) for i, name in enumerate(LANDMARK_COLUMNS)}
    columns |= {name: _nullable(getattr(timeline, name)) for name in SCALARS}
    columns |= {name: _nullable(timeline.probability[:, i]) for i, name in enumerate(PROBABILITY_COLUMNS)}
    columns |= {name: _nullable(timeline.signals[:, i]) for i, name in enumerate(signals)}
    whole = schema_of([CLASSIFIED] if classified else ())
    schema = pa.schema([*whole, *(FULL_SCHEMA.field(name) for name in signals)])
    return pa.table([columns[name] for name in schema.names], schema=schema)


def from_arrow(table: pa.Table) -> Timeline:
    """The opposite of `to_arrow`; the table may hold several videos, whose rows then follow one another.

    Where it has no people, each track is one. Columns of signals are taken in their order in a file.
    """
    import pyarrow.compute as pc  # takes as long to load as the rest of pyarrow, and writing does without

    def floats(*names: str) -> Float32:
        columns = [table.column(n).to_numpy().astype(np.float32) for n in names]
        return np.stack(columns, axis=1) if len(names) > 1 else columns[0]

    def truths(name: str) -> Bool:
        return np.asarray(table.column(name).fill_null(False).to_numpy(zero_copy_only=False), bool)

    emotion = pc.index_in(table.column("emotion").cast(pa.string()), value_set=pa.array(EMOTIONS))
    track_id = _whole(table.column("track_id"))
    signals = [name for name in SIGNAL_COLUMNS if name in table.column_names]
    return Timeline(
        frame=table.column("frame").to_numpy(),
        pts=table.column("pts").to_numpy(),
        time_s=table.column("time_s").to_numpy(),
        track_id=track_id,
        person_id=_whole(table.column("person_id")) if "person_id" in table.column_names else track_id,
        box=floats(*BOX),
        score=floats("face_score"),
        landmarks=floats(*LANDMARK_COLUMNS).reshape(-1, 5, 2),
        **{name: floats(name) for name in SCALARS},
        readable=truths("readable"),
        emotion=pc.fill_null(emotion, -1).to_numpy(),
        confidence=floats("confidence"),
        probability=floats(*PROBABILITY_COLUMNS),
        signals=np.stack([floats(name) for name in signals], axis=1) if signals else np.zeros((len(table), 0), np.float32),
        classified=truths(CLASSIFIED) if CLASSIFIED in table.column_names else track_id >= 0,
    )


def pack_metadata(content: dict[str, Any]) -> dict[bytes, bytes]:
    """Metadata for a Parquet file: one JSON object under the key `feelit`."""
    return {METADATA_KEY: json.dumps({"schema_version": SCHEMA_VERSION} | content, ensure_ascii=False).encode()}


def unpack_metadata(schema: pa.Schema, name: str) -> dict[str, Any]:
    """The JSON object of a timeline file. Raises TimelineReadError if the file was not written by feelit, or by a feelit whose
    schema this one does not know."""
    about = schema.metadata or {}
    raw = about.get(METADATA_KEY, about.get(FRAME_KEY))
    if raw is None or (METADATA_KEY not in about and b"schema_version" not in raw):
        if {"video", "frame", "time_s"} <= set(schema.names):
            raise TimelineReadError(f"{name} is no feelit timeline: it has the columns of one, and no metadata", KEEP_ATTRS)
        raise TimelineReadError(f"{name} is no feelit timeline", "give a file that `feelit analyze` wrote")
    try:
        content: dict[str, Any] = json.loads(raw)
        version = int(content["schema_version"])
        videos = content.get("videos", {})
        json.dumps(content, ensure_ascii=False).encode()  # half a character, which JSON can hold, could be written nowhere
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, AttributeError) as error:
        raise TimelineReadError(f"{name} has damaged metadata: {error}", "analyse the video again") from error
    if version not in READ_VERSIONS:
        known = f"this feelit reads versions {READ_VERSIONS[0]} to {READ_VERSIONS[-1]}"
        hint = f"{known}; analyse the video again, or use the feelit that wrote it"
        raise TimelineReadError(f"{name} has schema version {version}", hint)
    if not isinstance(videos, dict) or not all(isinstance(facts, dict) for facts in videos.values()):
        raise TimelineReadError(f"{name} has damaged metadata: videos are no objects", "analyse the video again")
    return content


def lacking(wanted: Iterable[str], there: Collection[str]) -> list[str]:
    """The missing columns among those that every timeline has."""
    return [name for name in wanted if name not in there and (name in SCHEMA.names or name not in FULL_SCHEMA.names)]


def misfits(schema: pa.Schema, partial: bool = False) -> list[str]:
    """What keeps a file's columns from being those of a timeline; the width of numbers and the coding of texts do not.

    An optional group has all of its columns or none; of a `partial` timeline any column may be missing.
    """
    count = {name: schema.names.count(name) for name in FULL_SCHEMA.names}
    begun = [name for name, fields in GROUPS.items() if any(count[f.name] for f in fields)]
    needed = () if partial else schema_of(begun).names
    absent = [name for name in needed if not count[name]]
    missing = [f"lacks the column{'s' if len(absent) > 1 else ''} {', '.join(absent)}"] if absent else []
    missing += [f"has the column {name} more than once" for name in FULL_SCHEMA.names if count[name] > 1]
    there = [(f, schema.field(f.name).type) for f in FULL_SCHEMA if count[f.name] == 1]
    return missing + [f"has {found} in the column {f.name}" for f, found in there if not _fits(f, found)]


def as_stored(table: pa.Table, name: str) -> pa.Table:
    """The table with whole numbers, and columns of nothing but nulls, in the types of a timeline: pandas has no room for nulls
    among whole numbers and makes them decimals. Raises TimelineReadError if they are none."""
    import pyarrow.compute as pc

    for place, found in enumerate(table.schema):
        index = FULL_SCHEMA.get_field_index(found.name)
        if index < 0 or found.type == FULL_SCHEMA.field(index).type:
            continue
        field, kind = FULL_SCHEMA.field(index), found.type
        if pa.types.is_null(kind):
            table = table.set_column(place, field.name, pa.nulls(len(table), field.type))
        elif _kind(kind) == "number" and _kind(field.type) == "whole number":
            column = table.column(place)
            try:
                whole = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column).cast(field.type)
            except pa.ArrowInvalid as error:
                message = f"{name} has numbers that are not whole in the column {field.name}"
                raise TimelineReadError(message, "analyse the video again") from error
            table = table.set_column(place, field.name, whole)
    return table


def _fits(field: pa.Field, found: pa.DataType) -> bool:
    kinds = _kind(found), _kind(field.type)
    return kinds[0] == kinds[1] or pa.types.is_null(found) or kinds == ("number", "whole number")


def _kind(found: pa.DataType) -> str:
    kind = found.value_type if pa.types.is_dictionary(found) else found
    if pa.types.is_integer(kind):
        return "whole number"
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):  # Arrow cannot reckon with narrower ones
        return "number"
    if pa.types.is_null(kind) and pa.types.is_dictionary(found):  # what pandas makes of a category that nothing is in
        return "text"
    return "text" if pa.types.is_string(kind) or pa.types.is_large_string(kind) else str(kind)


def _whole(column: pa.ChunkedArray) -> Int32:
    """Numbers with -1 for null."""
    result: Int32 = column.cast(pa.int64()).fill_null(-1).to_numpy().astype(np.int32)
    return result


def _nullable(values: Float32) -> pa.Array:
    return pa.array(values.astype(np.float32, copy=False), pa.float32(), from_pandas=True)
