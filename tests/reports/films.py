"""A short video with a face, and a timeline that fits it without any model having looked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from feelit.timeline.schema import pack_metadata, to_arrow
from feelit.types import Timeline
from feelit.video.probe import fingerprint
from tests.reports.meetings import Meeting, facts_of, timeline_of
from tests.video import clips

SIZE = (320, 180)
FRAMES = 50


def film(path: Path, seed: int = 0) -> Path:
    """Two seconds in which a face sways; another seed, another video."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return clips.plain(path, frames=FRAMES + seed, size=SIZE, face=True)


def rows_of_film() -> Timeline:
    """Rows of its first two seconds, every fifth frame, with boxes where the face is."""
    rows = timeline_of(Meeting(people=1, duration_s=2.0, rate_hz=5.0))
    rows = rows.rows(rows.track_id > 0)
    frame = np.round(rows.time_s * 25).astype(np.int64)
    box = np.array([clips.face_box(int(n), SIZE) for n in frame], np.float32)
    return replace(rows, frame=frame, pts=frame * 512, box=box)


def timeline_of_film(path: Path, videos: dict[str, Path]) -> Path:
    """A timeline file in which videos go by the given names."""
    rows = rows_of_film()
    facts = {
        name: facts_of(Meeting(), rows)
        | {
            "fingerprint": fingerprint(video),
            "size_bytes": video.stat().st_size,
            "duration_s": 2.0,
            "width_px": 320,
            "height_px": 180,
        }
        for name, video in videos.items()
    }
    with pq.ParquetWriter(path, to_arrow(rows, "").schema.with_metadata(pack_metadata({"videos": facts}))) as file:
        for name in videos:
            file.write_table(to_arrow(rows, name).replace_schema_metadata(pack_metadata({"videos": facts})))
    return path
