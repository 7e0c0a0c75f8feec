"""A short video with a timeline about it, neither of them analysed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.timeline.schema import BOX, pack_metadata
from feelit.video.probe import fingerprint
from tests.timeline.rows import regular, table_of
from tests.video import clips

TRACKS = {1: "nnnnnhhhhhhhnnnnnnnnnnnnnnnnnnnnnnnnaaan", 2: "................sssssssssssnnnnnnnnnnnnn"}
"""Four seconds: track 1 shows happiness from 0.5 s and anger from 3.6 s, track 2 appears at 1.6 s with surprise."""

SURE = {(1, 8): 0.99, (1, 37): 0.8, (2, 20): 0.9}
"""Track and sample -> confidence of the moments, all others are less sure."""


def video(path: Path) -> Path:
    """Four seconds of 25 frames a second, numbered, with sound."""
    path.write_bytes(_content())
    return path


@cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return clips.with_audio(Path(folder) / "a.mp4", frames=100, size=(160, 96)).read_bytes()


def timeline(
    path: Path,
    video: Path,
    tracks: Mapping[int, str] = TRACKS,
    confidence: Mapping[tuple[int, int], float] = SURE,
    box: Sequence[float] = (40, 60, 100, 130),
) -> Path:
    """A timeline file of one video at ten samples a second; all faces are in one place."""
    count = max(map(len, tracks.values()), default=40)
    table = table_of(tracks, regular(count), video.name, confidence)
    for name, value in zip(BOX, box, strict=True):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), pa.array(np.full(len(table), value, np.float32)))
    facts = {"fingerprint": fingerprint(video), "frames_sampled": count}
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": {video.name: facts}})), path)
    return path
