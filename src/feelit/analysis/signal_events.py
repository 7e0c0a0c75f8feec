"""Events from signal columns: blinks, nods, shakes, mutual smiles, facing away."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pyarrow.compute as pc

from feelit.analysis.event import Event, Kind, corrected
from feelit.analysis.gestures import find_away, find_blinks, find_head_bouts, find_mutual_smiles, is_dense
from feelit.analysis.observations import frame_lengths
from feelit.signals.columns import SIGNALS
from feelit.timeline.people import Series
from feelit.timeline.recording import Recording
from feelit.types import Float64, Int64

SIGNAL_KINDS = (Kind.blink, Kind.nod, Kind.shake, Kind.mutual_smile, Kind.facing_away)
COLUMNS = ("blink", "smile", "pitch_deg", "yaw_deg")
SEED = 20_260_102

_NAN = float("nan")


class SignalRows:
    """The signal columns of one video.

    Attributes
    ----------
    ids : (P,) int64, the tracks or persons
    time_s, length_s : (N,) float64, times of the sampled frames, and the time that each represents
    """

    def __init__(self, recording: Recording, series: Series) -> None:
        self.name = recording.name
        who = "track_id" if series == "track" else "person_id"
        self.ids: Int64 = np.array(sorted(recording.tracks if series == "track" else recording.people), np.int64)
        parts = [
            (
                batch.column("frame").to_numpy(),
                batch.column("time_s").to_numpy(),
                pc.fill_null(batch.column(who).cast("int64"), -1).to_numpy(),
                batch.column("blink").is_valid().to_numpy(zero_copy_only=False),
                np.stack([batch.column(name).to_numpy(zero_copy_only=False) for name in COLUMNS], axis=1),
            )
            for batch in recording.batches(["frame", "time_s", who, *COLUMNS])
        ]
        frame, time_s, owner, there, values = (np.concatenate(column) for column in zip(*parts, strict=True))
        _, first, place = np.unique(frame, return_index=True, return_inverse=True)
        self.time_s: Float64 = time_s[first]
        self.length_s = frame_lengths(self.time_s, recording.duration_s)
        self._owner, self._there, self._place, self._values = owner, there, place, values

    def of(self, who: int) -> tuple[Int64, Float64]:
        """(K,) indices of the frames in which a track or person has signals, and (K, 4) values of COLUMNS."""
        rows = np.flatnonzero((self._owner == who) & self._there)
        return self._place[rows], self._values[rows].astype(np.float64)


def signal_events(recording: Recording, series: Series, kinds: Collection[Kind]) -> list[Event]:
    """The signal events of one video; none if it has no signals or no rows."""
    if SIGNALS not in recording.groups or set(kinds).isdisjoint(SIGNAL_KINDS) or not recording.row_count:
        return []
    rows = SignalRows(recording, series)
    found = [event for who in rows.ids.tolist() for event in _of_one(rows, who, kinds)]
    return corrected(found + (list(_together(rows)) if Kind.mutual_smile in kinds else []))


def _of_one(rows: SignalRows, who: int, kinds: Collection[Kind]) -> Iterator[Event]:
    place, values = rows.of(who)
    time_s, length_s = rows.time_s[place], rows.length_s[place]
    blink, _, pitch, yaw = values.T
    dense = is_dense(time_s)
    if Kind.blink in kinds and dense:
        for first, last in np.searchsorted(time_s, find_blinks(time_s, blink)).tolist():
            peak = first + int(blink[first : last + 1].argmax())
            end_s = float(time_s[last] + length_s[last])
            yield _event(rows, Kind.blink, (who,), float(time_s[first]), end_s, float(time_s[peak]), float(blink[peak]))
    if dense:
        for kind, axis in ((Kind.nod, "pitch"), (Kind.shake, "yaw")):
            for bout in find_head_bouts(time_s, pitch, yaw, "pitch" if axis == "pitch" else "yaw") if kind in kinds else ():
                yield _event(rows, kind, (who,), bout.start_s, bout.end_s, bout.peak_s, bout.amplitude_deg)
    if Kind.facing_away in kinds:
        for start_s, end_s in find_away(time_s, length_s, yaw):
            inside = slice(*np.searchsorted(time_s, [start_s, end_s]).tolist())
            best = int(np.abs(yaw[inside]).argmax())
            yield _event(
                rows, Kind.facing_away, (who,), start_s, end_s, float(time_s[inside][best]), float(np.abs(yaw[inside][best]))
            )


def _together(rows: SignalRows) -> Iterator[Event]:
    smile = np.full((len(rows.ids), len(rows.time_s)), np.nan)
    for n, who in enumerate(rows.ids.tolist()):
        place, values = rows.of(who)
        smile[n, place] = values[:, COLUMNS.index("smile")]
    rng = np.random.default_rng([SEED, list(Kind).index(Kind.mutual_smile)])
    for m in find_mutual_smiles(rows.time_s, rows.length_s, smile, rng):
        who = tuple(int(rows.ids[person]) for person in m.people)
        yield _event(rows, Kind.mutual_smile, who, m.start_s, m.end_s, m.peak_s, m.strength, m.p_value)


def _event(
    rows: SignalRows,
    kind: Kind,
    who: tuple[int, ...],
    start_s: float,
    end_s: float,
    peak_s: float,
    strength: float,
    p_value: float = _NAN,
) -> Event:
    return Event(
        video=rows.name,
        kind=kind,
        tracks=who,
        emotion=None,
        start_s=start_s,
        end_s=end_s,
        peak_s=peak_s,
        strength=strength,
        baseline=_NAN,
        low=_NAN,
        high=_NAN,
        p_value=p_value,
        p_adjusted=_NAN,
    )
