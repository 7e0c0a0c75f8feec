"""What goes into one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from feelit.timeline.recording import Recording


@dataclass(frozen=True, slots=True)
class Part:
    """The videos of one file, and the folder that the file will be in: formats that link a video need it.

    `tracks` are those that are wanted, of every video that has them; None means all rows.
    """

    recordings: tuple[Recording, ...]
    folder: Path
    tracks: tuple[int, ...] | None = None

    def tracks_of(self, recording: Recording) -> tuple[int, ...]:
        """The tracks of a video that are wanted."""
        return tuple(track for track in recording.tracks if self.tracks is None or track in self.tracks)

    def rows(self, recording: Recording, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of a video that are wanted, a batch at a time."""
        if self.tracks is None:
            yield from recording.batches(columns)
            return
        wanted = pa.array(self.tracks, pa.int64())
        for batch in recording.batches([*columns, "track_id"]):
            inside = pc.is_in(batch.column(len(columns)).cast(pa.int64(), safe=False), value_set=wanted)
            yield batch.select(range(len(columns))).filter(inside)


Write = Callable[[Part], Iterator[str]]
"""A format: the text of a file, a piece at a time, so that hours of video never lie in memory as text."""
