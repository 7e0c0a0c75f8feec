"""Joins timeline files into one table, with the rows, in the order, of a single run over all their videos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from feelit.errors import TimelineReadError, UsageError
from feelit.storage.atomic import refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.storage.stat import InputFiles
from feelit.timeline.recording import Recording, TimelineSources, files_of, listed_sources, open_timelines
from feelit.timeline.schema import schema_of
from feelit.timeline.write import TimelineWriter

Record = dict[str, Any]
APART = ("videos", "schema_version", "feelit_version")
"""Metadata that may differ: releases of feelit that make the same rows have one `results_version`."""


def merge_files(inputs: TimelineSources, out: Location, force: bool) -> int:
    """Join timelines into one file, and say how many videos it holds. No more than a row group of each source lies in memory.

    Raises TimelineReadError if a source is missing, damaged, or not a timeline; UsageError if two sources hold a video of the
    same name or were made with different settings, or `out` is not called .parquet; OutputError if `out` exists already and is
    not to be replaced, or cannot be written.
    """
    if out.suffix != ".parquet":
        raise UsageError(f"--out {out} does not end in .parquet", "that is what is written")
    sources = listed_sources(inputs)
    refuse_to_overwrite(out, force, InputFiles(files_of(sources)))
    recordings = open_timelines(sources)
    record, groups = _common(recordings), {group for recording in recordings for group in recording.groups}
    schema = schema_of(groups)
    by_name = sorted(recordings, key=lambda recording: recording.name)
    last = {recording.source: recording for recording in by_name}
    record |= {"videos": {recording.name: dict(recording.facts) for recording in by_name}}
    with whole_file(out) as temporary, TimelineWriter(temporary, record, groups) as writer:
        for recording in by_name:
            for batch in recording.batches(schema.names):
                writer.append(pa.Table.from_batches([batch]).cast(schema))
            if last[recording.source] is recording:
                recording.close()
    return len(recordings)


def _common(recordings: Sequence[Recording]) -> Record:
    """The settings and models that all timelines share."""
    common: Record | None = None
    versions: set[str] = set()
    for recording in recordings:
        if recording.name not in recording.metadata.get("videos", {}):
            message = f"{recording.source} does not say which videos it holds: {recording.name} is not among them"
            raise TimelineReadError(message, "analyse them again")
        rest = {key: value for key, value in recording.metadata.items() if key not in APART}
        versions |= {str(version)} if (version := recording.metadata.get("feelit_version")) else set()
        common = rest if common is None else common  # older schema versions are read as the newest
        if rest != common:
            message = f"{recording.source} was made with other settings than {recordings[0].source}"
            raise UsageError(f"{message}: {_difference(rest, common)}", "analyse one of them again, or leave it out")
    return ({"feelit_version": ", ".join(sorted(versions))} if versions else {}) | (common or {})


def _difference(one: Record, other: Record) -> str:
    """The first thing in which two records differ."""
    for key in sorted({*one, *other}):
        mine, theirs = one.get(key), other.get(key)
        if isinstance(mine, dict) and isinstance(theirs, dict) and mine != theirs:
            return f"{key}: {_difference(mine, theirs)}"
        if mine != theirs:
            return f"{key} is {mine}, not {theirs}"
    return "nothing"
