"""Timeline files for tests of exports, and the text that becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.exports.run import FORMATS
from feelit.exports.selection import Selection
from feelit.signals.columns import ACTION_UNITS, BASIC, SPEECH_COLUMNS
from feelit.timeline.recording import open_timelines
from feelit.timeline.schema import SCHEMA, pack_metadata

FACTS = {"duration_s": 2.0, "average_rate": "30000/1001", "width_px": 1280, "height_px": 720}
FACTS |= {"frames_decoded": 1, "frames_sampled": 1, "decode_errors": 0, "cuts": 0, "tracks": 2}


def write(path: Path, *tables: pa.Table, group: int = 1000, videos: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
    """A timeline file; `videos` describes the videos in it, `FACTS` of each by default."""
    joined = pa.concat_tables(tables) if tables else SCHEMA.empty_table()
    joined = joined.unify_dictionaries().combine_chunks()
    if videos is None:
        videos = dict.fromkeys(joined.column("video").unique().to_pylist(), FACTS)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(joined.replace_schema_metadata(pack_metadata({"videos": videos})), path, row_group_size=group)
    return path


def with_signals(table: pa.Table, **values: float) -> pa.Table:
    """The same rows with the columns of signals and action units: 0 but for those given, null without a face."""
    face = table.column("track_id").is_valid().to_numpy()
    for name in (*BASIC, *ACTION_UNITS, *values):
        column = pa.array(np.where(face, values.get(name, 0.0), np.nan), pa.float32(), from_pandas=True)
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, column)
        else:
            table = table.append_column(name, column)
    return table


def speaks(table: pa.Table) -> pa.Table:
    """The same rows, of people who speak all the time: what says who speaks needs the columns."""
    face = table.column("track_id").is_valid().to_numpy()
    for name in SPEECH_COLUMNS:
        table = table.append_column(name, pa.array(np.where(face, 0.9, np.nan), pa.float32(), from_pandas=True))
    return table


def text_of(path: Path, name: str, tracks: tuple[int, ...] | None = None, people: tuple[str, ...] | None = None) -> str:
    """What a timeline file becomes in the format of that name, as it would be written beside it."""
    return "".join(FORMATS[name].write(Selection(tuple(open_timelines(path)), path.parent, tracks, people)))


def grouped(table: pa.Table, people: Mapping[int, int], names: Mapping[int, str] | None = None) -> pa.Table:
    """A table with people: by track the person, by person the name."""
    person = [people.get(track) for track in table.column("track_id").to_pylist()]
    called = dict(names or {})
    columns = {
        "person_id": pa.array(person, pa.int32()),
        "person": pa.array([called.get(p) if p else None for p in person], pa.string()).dictionary_encode(),
        "person_confidence": pa.array([1.0 if p else None for p in person], pa.float32()),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def described(names: Mapping[int, str | None]) -> dict[str, Any]:
    """What the metadata say of a video with these people."""
    return FACTS | {"people": [{"person_id": person, "name": name, "tracks": []} for person, name in names.items()]}
