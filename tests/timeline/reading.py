"""Timeline files as tables, for tests that look at rows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa

from feelit.analysis.observations import TimelineSamples
from feelit.storage.location import Location
from feelit.timeline.file import TimelineFile
from feelit.timeline.recording import Recording, TimelineSources, open_timelines


def read_table(path: Location, columns: Sequence[str] = ()) -> tuple[pa.Table, dict[str, Any]]:
    """All rows of a timeline file, and its metadata."""
    with closing(TimelineFile(path)) as file:
        names = list(columns) or list(file.columns)
        empty, metadata = file.empty_table(names), file.metadata
    tables = [recording.table(names) for recording in open_timelines(path)]
    return pa.concat_tables([empty, *tables]).unify_dictionaries(), metadata


def only(sources: TimelineSources) -> Recording:
    """The one video that there is."""
    (recording,) = open_timelines(sources)
    return recording


def samples_of(sources: TimelineSources) -> TimelineSamples:
    """The one video that there is, taken apart."""
    return TimelineSamples(only(sources))
