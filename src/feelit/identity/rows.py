"""Writes people into the rows of a timeline after its video was grouped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from feelit.identity.group import Parts
from feelit.timeline.schema import FULL_SCHEMA
from feelit.types import Bool, Float64, Int64


class PersonRows:
    """Adds people to the rows of one video, and renumbers tracks if one was split.

    Parameters
    ----------
    parts : see `group.group_tracks`
    names : by `person_id`
    number : (P,) int64, the new track number of every part. None: by first appearance if a track was split, else unchanged
    origin : for tracks in the rows that were split off by hand, the number of the original track
    """

    def __init__(
        self,
        parts: Parts,
        names: Mapping[int, str] | None = None,
        number: Int64 | None = None,
        origin: Mapping[int, int] | None = None,
    ) -> None:
        self._parts, self._names, self._origin = parts, dict(names or {}), dict(origin or {})
        split = bool((np.diff(parts.track) == 0).any())
        self._split = split or bool(self._origin)
        if number is None and split:
            number = np.empty(len(parts), np.int64)
            number[np.lexsort((parts.track, np.maximum(parts.start_s, parts.first_s)))] = np.arange(1, len(parts) + 1)
        self._number = (parts.track if number is None else number).astype(np.int32)
        self.tracks = len(parts)  # number of tracks afterwards
        self.highest_track = int(self._number.max(initial=0))
        self.people = len(np.unique(parts.person_id[parts.person_id > 0]))  # number of people

    def describe(self) -> list[dict[str, Any]]:
        """One object per person, for the metadata of a file."""
        found = []
        for person in np.unique(self._parts.person_id[self._parts.person_id > 0]).tolist():
            mine = self._parts.person_id == person
            tracks = sorted(self._number[mine].tolist())
            found.append({"person_id": person, "name": self._names.get(person), "tracks": tracks})
        return found

    def change(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The rows with people, in order; `tables` are consecutive rows of one video."""
        held: pa.Table | None = None
        for table in tables:
            table = self._with_people(table)
            if not self._split:
                yield table
                continue
            # Rows of one frame are ordered by track, and a frame may lie in two row groups.
            table = table if held is None else pa.concat_tables([held, table])
            frame = table.column("frame").to_numpy()
            whole = int(np.searchsorted(frame, frame[-1])) if len(frame) else 0
            held = table.slice(whole)
            yield _sorted(table.slice(0, whole))
        if held is not None:
            yield _sorted(held)

    def _with_people(self, table: pa.Table) -> pa.Table:
        track = table.column("track_id").fill_null(-1).to_numpy().astype(np.int64)
        for new, old in self._origin.items():
            track[track == new] = old
        place = self._places(track, table.column("time_s").to_numpy())
        here: Bool = place >= 0
        at = np.where(here, place, 0)
        parts = self._parts
        if len(parts):
            number, person, sure = self._number[at], parts.person_id[at], parts.confidence[at]
        else:
            number = person = np.full(len(at), -1, np.int32)
            sure = np.full(len(at), np.nan, np.float32)
        known = here & (person > 0)
        names = sorted(set(self._names.values()))
        code = np.array([names.index(self._names[p]) if p in self._names else -1 for p in person.tolist()], np.int32)
        columns = {name: table.column(name) for name in table.column_names}
        columns["track_id"] = pa.array(number, pa.int32(), mask=~here)
        columns["person_id"] = pa.array(person, pa.int32(), mask=~known)
        indices = pa.array(code, pa.int32(), mask=~known | (code < 0))
        columns["person"] = pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string()))
        columns["person_confidence"] = pa.array(sure, pa.float32(), mask=~known | np.isnan(sure))
        wanted = [name for name in FULL_SCHEMA.names if name in columns]
        return pa.table([columns[name] for name in wanted], schema=pa.schema([FULL_SCHEMA.field(name) for name in wanted]))

    def _places(self, track: Int64, time_s: Float64) -> Int64:
        """(R,) index of the part of every row; -1 for rows without a track."""
        first: Int64 = np.searchsorted(self._parts.track, track).astype(np.int64)
        place = np.where(track >= 0, first, -1).astype(np.int64)
        later = np.flatnonzero(np.diff(self._parts.track, prepend=-1) == 0)
        for part in later.tolist():
            place[(track == self._parts.track[part]) & (time_s >= self._parts.start_s[part])] = part
        return place


def _sorted(table: pa.Table) -> pa.Table:
    track = table.column("track_id").fill_null(-1).to_numpy()
    return table.take(pa.array(np.lexsort((track, table.column("frame").to_numpy()))))
