"""The videos and rows that go into one exported file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from feelit.storage.location import Location
from feelit.storage.names import one_line
from feelit.timeline.people import Series, names_of_people, people_among, series_of
from feelit.timeline.recording import Recording


@dataclass(frozen=True, slots=True)
class Selection:
    """The videos and rows of one exported file."""

    recordings: tuple[Recording, ...]
    folder: Location  # where the file will be; formats that link their video need it
    tracks: tuple[int, ...] | None = None  # the selected ones, of every video that has them; None means all rows
    people: tuple[str, ...] | None = None  # likewise
    by: Series | None = None  # whether each person or each track gets a tier or a speaker of its own, see `people.series_of`

    def series(self, recording: Recording) -> Series:
        """Whether persons or tracks have tiers of their own."""
        return series_of(recording, self.by, self.people, self.tracks)

    def labels(self, recording: Recording) -> dict[int, str]:
        """The names of the selected persons, or tracks, of a video, by number."""
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
        """The selected rows of a video, a batch at a time."""
        if self.tracks is None and self.people is None:
            yield from recording.batches(columns)
            return
        column, numbers = "track_id", self.tracks or ()
        if self.people is not None:
            column, numbers = "person_id", people_among(self.people, recording)
        selected = pa.array(numbers, pa.int64())
        for batch in recording.batches([*columns, column]):
            inside = pc.is_in(batch.column(len(columns)).cast(pa.int64(), safe=False), value_set=selected)
            yield batch.select(range(len(columns))).filter(inside)
