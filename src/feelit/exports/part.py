"""What goes into one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from feelit.storage.location import Location
from feelit.storage.names import one_line
from feelit.timeline.people import Series, names_of_people, people_among, series_of
from feelit.timeline.recording import Recording


@dataclass(frozen=True, slots=True)
class Part:
    """The videos of one file, and the folder that the file will be in: formats that link a video need it.

    `tracks` and `people` are those that are wanted, of every video that has them; None means all rows. Formats with a tier or a
    speaker for everybody have one a person, or one a track, see `people.series_of`.
    """

    recordings: tuple[Recording, ...]
    folder: Location
    tracks: tuple[int, ...] | None = None
    people: tuple[str, ...] | None = None
    by: Series | None = None

    def series(self, recording: Recording) -> Series:
        """What has a tier of its own."""
        return series_of(recording, self.by, self.people, self.tracks)

    def wanted(self, recording: Recording) -> dict[int, str]:
        """The people of a video that are wanted, or its tracks: what each is called, by number."""
        if self.series(recording) == "track":
            return {track: f"track {track}" for track in recording.tracks if self.tracks is None or track in self.tracks}
        names = names_of_people(recording)
        chosen = names if self.people is None else people_among(self.people, recording)
        labels: dict[int, str] = {}
        for person in sorted(chosen):
            label = one_line(names[person] or "") or f"person {person}"
            labels[person] = f"{label} ({person})" if label in labels.values() else label
        return labels

    def rows(self, recording: Recording, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of a video that are wanted, a batch at a time."""
        if self.tracks is None and self.people is None:
            yield from recording.batches(columns)
            return
        column, numbers = "track_id", self.tracks or ()
        if self.people is not None:
            column, numbers = "person_id", people_among(self.people, recording)
        wanted = pa.array(numbers, pa.int64())
        for batch in recording.batches([*columns, column]):
            inside = pc.is_in(batch.column(len(columns)).cast(pa.int64(), safe=False), value_set=wanted)
            yield batch.select(range(len(columns))).filter(inside)


Write = Callable[[Part], Iterator[str]]
"""A format: the text of a file, a piece at a time, so that hours of video never lie in memory as text."""
