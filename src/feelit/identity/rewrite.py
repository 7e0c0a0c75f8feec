"""A timeline file written again with other people in its rows, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from feelit.identity.correct import Grouping
from feelit.identity.edits import Edit
from feelit.identity.rows import PersonRows
from feelit.storage.atomic import whole_file
from feelit.timeline.recording import open_timelines
from feelit.timeline.schema import schema_of
from feelit.timeline.write import TimelineWriter

Corrected = tuple[Grouping, Sequence[Edit]]
"""Who is who in a video now, and the edits by which that came about."""


def rewrite(path: Path, corrected: Mapping[str, Corrected]) -> None:
    """Replace a timeline file.

    Parameters
    ----------
    path : the file
    corrected : by the names of its videos; those that are missing stay as they are

    Raises
    ------
    TimelineReadError
        if it cannot be read any more.
    OutputError
        if it cannot be written.
    """
    recordings = open_timelines(path)
    rows_of = {name: _rows(grouping) for name, (grouping, _) in corrected.items()}
    videos = {recording.name: dict(recording.facts) for recording in recordings}
    for name, (grouping, edits) in corrected.items():
        videos[name] = _facts(videos[name], rows_of[name], grouping, edits)
    rest = {key: value for key, value in recordings[0].metadata.items() if key != "schema_version"}
    groups = recordings[0].groups
    schema = schema_of(groups)
    with whole_file(path.resolve()) as temporary, TimelineWriter(temporary, rest | {"videos": videos}, groups) as writer:
        for recording in recordings:
            tables = (pa.Table.from_batches([batch]).cast(schema) for batch in recording.batches(schema.names))
            for table in rows_of[recording.name].change(tables) if recording.name in rows_of else tables:
                writer.append(_complete(table, schema))
            recording.close()


def _rows(grouping: Grouping) -> PersonRows:
    parts, number = grouping.parts()
    return PersonRows(parts, grouping.shown_names, number, grouping.seen.automatic.splits)


def _facts(facts: dict[str, Any], rows: PersonRows, grouping: Grouping, edits: Sequence[Edit]) -> dict[str, Any]:
    """What the metadata say of a video: as the analysis left it, if nothing was changed since."""
    automatic = grouping.seen.automatic
    kept = {key: value for key, value in facts.items() if key not in ("edits", "automatic")}
    kept |= {"tracks": max(rows.highest_track, automatic.tracks), "people": rows.describe()}
    if edits:
        kept["edits"] = [edit.as_dict() for edit in edits]
    if edits or grouping.across:
        kept["automatic"] = automatic.as_dict(grouping.splits(), grouping.across)
    return kept


def _complete(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Columns of other optional groups are in the table already: rows keep them."""
    return table.select(schema.names).cast(schema)
