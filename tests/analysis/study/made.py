"""Timelines whose figures are known: one letter a sample, ten samples a second."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from feelit.timeline.schema import pack_metadata
from tests.timeline.rows import regular, table_of

RATE = 10


def timeline(path: Path, shown: str | Mapping[int, str], names: Mapping[int, str] | None = None) -> Path:
    """Write the timeline of one video, called like the file.

    Parameters
    ----------
    shown : what each track shows, see `tests.timeline.rows`; one text is track 1
    names : of people
    """
    tracks = {1: shown} if isinstance(shown, str) else dict(shown)
    count = len(next(iter(tracks.values())))
    video = f"{path.stem}.mp4"
    people = [{"person_id": track, "name": name} for track, name in (names or {}).items()]
    facts = {"duration_s": count / RATE, "frames_sampled": count, "people": people}
    table = table_of(tracks, regular(count), video)
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": {video: facts}})), path)
    return path
