"""The rows of a timeline file that belong to one video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from feelit.errors import TimelineReadError, VideoReadError
from feelit.render.rows import TimelineRows, rows_to_draw
from feelit.storage.location import Location, refuse_url
from feelit.timeline.schema import from_arrow
from feelit.timeline.validity import refuse_standing_times, video_numbers
from feelit.timeline.write import read_table
from feelit.types import Float64
from feelit.video.probe import fingerprint


def rows_of(video: Location, timeline: Location) -> tuple[TimelineRows, Float64]:
    """What is drawn of a video.

    Returns
    -------
    rows : its tracked faces
    sampled_time_s : (N,) float64, the times of all frames that were looked at

    Raises
    ------
    TimelineReadError, VideoReadError
        as `table_of`.
    """
    name, table = table_of(video, timeline)
    mine = from_arrow(table)
    mine = mine.rows(np.lexsort((mine.track_id, mine.frame)).astype(np.int64))
    sampled = mine.rows(np.flatnonzero(np.diff(mine.frame, prepend=-1)))
    refuse_standing_times(sampled.time_s, np.zeros(len(sampled), np.int64), [name])
    return rows_to_draw(mine)


def table_of(video: Location, timeline: Location) -> tuple[str, pa.Table]:
    """What a timeline says of a video, which is known by its content: the name that it has there, and its rows.

    Raises
    ------
    TimelineReadError
        if the file is no timeline, or none of this video as it is now.
    VideoReadError
        if the video is missing.
    """
    if isinstance(video, Path):
        refuse_url(video)
        if not video.is_file():
            raise VideoReadError(f"{video} does not exist", "check the spelling")
    table, metadata = read_table(timeline)
    videos = metadata.get("videos", {})
    name = _name_of(fingerprint(video), videos)
    if name is None:
        known = ", ".join(list(videos)[:5])
        hint = f"it holds {known}; if the video changed since, analyse it again"
        raise TimelineReadError(f"{timeline} has no rows for {video}", hint)
    number, names = video_numbers(table.column("video"))
    return name, table.filter(pa.array(np.array([n == name for n in names], bool)[number]))


def _name_of(content: str, videos: dict[str, dict[str, Any]]) -> str | None:
    return next((name for name, video in videos.items() if video.get("fingerprint") == content), None)
