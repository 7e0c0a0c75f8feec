"""Events from signal columns: blinks, nods, shakes, mutual smiles, facing away."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.analysis.event import Event, Kind, corrected
from feelit.analysis.gestures import Axis, find_away, find_blinks, find_head_bouts, find_mutual_smiles, is_dense
from feelit.analysis.observations import frame_lengths
from feelit.signals.columns import SIGNALS
from feelit.timeline.people import Series
from feelit.timeline.recording import Recording
from feelit.types import Float64, Int64

SIGNAL_KINDS = (Kind.blink, Kind.nod, Kind.shake, Kind.mutual_smile, Kind.facing_away)
COLUMNS = ("blink", "smile", "pitch_deg", "yaw_deg")
SEED = 20_260_102


@dataclass(frozen=True, slots=True, eq=False)
class PersonSignals:
    """The rows of one person or track that have signals."""

    table: pa.Table  # of the whole video
    rows: Int64  # (K,)
    place: Int64  # (K,) indices of the sampled frames
    time_s: Float64  # (K,)
    length_s: Float64  # (K,)

    def values(self, name: str) -> Float64:
        """(K,) the values of a column."""
        result: Float64 = self.table.column(name).to_numpy()[self.rows].astype(np.float64)
        return result


class SignalRows:
    """The signal columns of one video.

    Attributes
    ----------
    time_s, length_s : (N,) float64, times of the sampled frames, and the time that each represents
    people : by id of the person or track
    """

    def __init__(self, recording: Recording, series: Series, columns: Sequence[str] = COLUMNS) -> None:
        who = "track_id" if series == "track" else "person_id"
        table = recording.table(["frame", "time_s", who, *columns])
        _, first, place = np.unique(table.column("frame").to_numpy(), return_index=True, return_inverse=True)
        self.time_s: Float64 = table.column("time_s").to_numpy()[first]
        self.length_s = frame_lengths(self.time_s, recording.duration_s)
        owner = pc.fill_null(table.column(who).cast("int64"), -1).to_numpy()
        there = table.column("blink").is_valid().to_numpy()
        self.people: dict[int, PersonSignals] = {}
        for one in sorted(recording.tracks if series == "track" else recording.people):
            rows = np.flatnonzero(there & (owner == one))
            at = place[rows]
            self.people[one] = PersonSignals(table, rows, at, self.time_s[at], self.length_s[at])

    def smiles(self) -> Float64:
        """(P, N) the smile of each person or track in each sampled frame; NaN where unknown."""
        smile = np.full((len(self.people), len(self.time_s)), np.nan)
        for n, own in enumerate(self.people.values()):
            smile[n, own.place] = own.values("smile")
        return smile


def signal_events(recording: Recording, series: Series, kinds: Collection[Kind]) -> list[Event]:
    """The signal events of one video; none if it has no signals or no rows."""
    if SIGNALS not in recording.groups or set(kinds).isdisjoint(SIGNAL_KINDS) or not recording.row_count:
        return []
    rows = SignalRows(recording, series)
    found = [event for who, own in rows.people.items() for event in _of_one(recording.name, who, own, kinds)]
    if Kind.mutual_smile in kinds:
        rng, ids = np.random.default_rng([SEED, list(Kind).index(Kind.mutual_smile)]), list(rows.people)
        for m in find_mutual_smiles(rows.time_s, rows.length_s, rows.smiles(), rng):
            who, times = tuple(ids[person] for person in m.people), (m.start_s, m.end_s, m.peak_s)
            found.append(Event(recording.name, Kind.mutual_smile, who, None, *times, m.strength, p_value=m.p_value))
    return corrected(found)


def _of_one(video: str, who: int, own: PersonSignals, kinds: Collection[Kind]) -> Iterator[Event]:
    time_s, length_s = own.time_s, own.length_s
    blink, pitch, yaw = own.values("blink"), own.values("pitch_deg"), own.values("yaw_deg")
    dense = is_dense(time_s)
    if Kind.blink in kinds and dense:
        for first, last in np.searchsorted(time_s, find_blinks(time_s, blink)).tolist():
            peak = first + int(blink[first : last + 1].argmax())
            times = float(time_s[first]), float(time_s[last] + length_s[last]), float(time_s[peak])
            yield Event(video, Kind.blink, (who,), None, *times, float(blink[peak]))
    axes: tuple[tuple[Kind, Axis], ...] = ((Kind.nod, "pitch"), (Kind.shake, "yaw"))
    for kind, axis in axes:
        for bout in find_head_bouts(time_s, pitch, yaw, axis) if kind in kinds and dense else ():
            yield Event(video, kind, (who,), None, bout.start_s, bout.end_s, bout.peak_s, bout.amplitude_deg)
    if Kind.facing_away in kinds:
        for start_s, end_s in find_away(time_s, length_s, yaw):
            first, stop = np.searchsorted(time_s, [start_s, end_s]).tolist()
            best = first + int(np.abs(yaw[first:stop]).argmax())
            strength = float(np.abs(yaw[best]))
            yield Event(video, Kind.facing_away, (who,), None, start_s, end_s, float(time_s[best]), strength)
