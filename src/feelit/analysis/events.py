"""The events of a timeline: bouts, peaks, shared shifts and long absences, each with an interval or a p-value."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

from feelit.analysis.absences import find_absences
from feelit.analysis.bouts import Bouts, find_bouts
from feelit.analysis.event import Event, Kind
from feelit.analysis.observations import TimelineSamples
from feelit.analysis.peaks import find_peaks
from feelit.analysis.resampling import mean_interval
from feelit.analysis.synchrony import WITHIN_S, SynchronousShift, find_shared
from feelit.analysis.track_series import TrackSeries, track_series
from feelit.types import EMOTIONS, Float64

SEED = 20_260_101

SURE = 0.05
"""An event whose p-value is no larger is counted in summaries."""

_NAN = float("nan")


def find_events(table: pa.Table) -> list[Event]:
    """Everything that happens in a timeline, ordered by video, time, kind and track.

    Parameters
    ----------
    table : a timeline of one or more videos, with at least the columns of `samples.COLUMNS`

    Raises
    ------
    TimelineReadError
        if the table lacks columns or holds a video twice.
    """
    rows = TimelineSamples(table)
    return events_of(rows, find_bouts(rows.samples))


def events_of(rows: TimelineSamples, bouts: Bouts) -> list[Event]:
    """The same of a timeline that was taken apart already."""
    every = {trace.track: trace for trace in track_series(rows.samples)}
    events = [
        *_bouts(rows, bouts, every),
        *_peaks(rows, every),
        *_shared(rows, bouts, every),
        *_absences(rows),
    ]
    place = {name: i for i, name in enumerate(rows.names)}
    return sorted(events, key=lambda e: (place[e.video], e.start_s, list(Kind).index(e.kind), e.tracks, e.emotion or ""))


def _random(rows: TimelineSamples, track: int, kind: Kind) -> np.random.Generator:
    """Random numbers that depend on the track's own name alone, and on no other video."""
    return np.random.default_rng([SEED, list(Kind).index(kind), int(rows.track_id[track])])


def _bouts(rows: TimelineSamples, bouts: Bouts, every: dict[int, TrackSeries]) -> Iterator[Event]:
    edges = np.flatnonzero(np.diff(bouts.track, prepend=-1, append=-1))
    for first, end in pairwise(edges.tolist()):
        trace = every[int(bouts.track[first])]
        rng = _random(rows, trace.track, Kind.bout)
        start = np.searchsorted(trace.samples.time_s, bouts.start_s[first:end])
        stop = np.append(start[1:], len(trace.samples))
        for k in range(end - first):
            yield _bout(rows, trace, slice(int(start[k]), int(stop[k])), int(bouts.emotion[first + k]), rng)


def _bout(rows: TimelineSamples, trace: TrackSeries, part: slice, emotion: int, rng: np.random.Generator) -> Event:
    samples, shown = trace.samples.rows(part), trace.smoothed[part, emotion]
    low, high = mean_interval(samples.probability[:, emotion].astype(np.float64), samples.length_s, rng)
    best = int(shown.argmax())
    return Event(
        video=rows.names[int(rows.track_video[trace.track])],
        kind=Kind.bout,
        tracks=(int(rows.track_id[trace.track]),),
        emotion=EMOTIONS[emotion],
        start_s=float(samples.time_s[0]),
        end_s=float(samples.time_s[-1] + samples.length_s[-1]),
        peak_s=float(samples.time_s[best]),
        strength=float(shown[best]),
        baseline=float(trace.baseline[emotion]),
        low=low,
        high=high,
        p_value=_NAN,
    )


def _peaks(rows: TimelineSamples, every: dict[int, TrackSeries]) -> Iterator[Event]:
    for trace in every.values():
        for peak in find_peaks(trace, _random(rows, trace.track, Kind.peak)):
            yield Event(
                video=rows.names[int(rows.track_video[trace.track])],
                kind=Kind.peak,
                tracks=(int(rows.track_id[trace.track]),),
                emotion=EMOTIONS[peak.emotion],
                start_s=peak.start_s,
                end_s=peak.end_s,
                peak_s=peak.peak_s,
                strength=peak.strength,
                baseline=float(trace.baseline[peak.emotion]),
                low=_NAN,
                high=_NAN,
                p_value=peak.p_value,
            )


def _shared(rows: TimelineSamples, bouts: Bouts, every: dict[int, TrackSeries]) -> Iterator[Event]:
    for video, name in enumerate(rows.names):
        mine = bouts.rows(bouts.video == video)
        presence_s = {t: _presence_s(every[t]) for t in np.unique(mine.track).tolist()}
        for shift in find_shared(mine, presence_s, np.random.default_rng([SEED, list(Kind).index(Kind.shared)])):
            peak_s, strength = _together(shift, every)
            yield Event(
                video=name,
                kind=Kind.shared,
                tracks=tuple(sorted(int(rows.track_id[t]) for t in shift.tracks)),
                emotion=EMOTIONS[shift.emotion],
                start_s=shift.start_s,
                end_s=shift.end_s,
                peak_s=peak_s,
                strength=strength,
                baseline=float(np.mean([every[t].baseline[shift.emotion] for t in shift.tracks])),
                low=_NAN,
                high=_NAN,
                p_value=shift.p_value,
            )


def _presence_s(trace: TrackSeries) -> tuple[float, float]:
    return float(trace.samples.time_s[0]), float(trace.samples.time_s[-1] + trace.samples.length_s[-1])


def _together(shift: SynchronousShift, every: dict[int, TrackSeries]) -> tuple[float, float]:
    """When the tracks together show the emotion most, from the first shift on, and how much they do: the mean over them."""
    moments = np.unique(np.concatenate([_between(every[t], shift.start_s, shift.end_s + WITHIN_S) for t in shift.tracks]))
    mean = np.mean([every[t].shown_at(moments, shift.emotion) for t in shift.tracks], axis=0)
    return float(moments[mean.argmax()]), float(mean.max())


def _between(trace: TrackSeries, start_s: float, end_s: float) -> Float64:
    time_s = trace.samples.time_s
    return time_s[np.searchsorted(time_s, start_s) : np.searchsorted(time_s, end_s, side="right")]


def _absences(rows: TimelineSamples) -> Iterator[Event]:
    samples = rows.samples
    edges = np.searchsorted(samples.track, np.arange(len(rows.track_id) + 1))
    for track in range(len(rows.track_id)):
        mine = samples.rows(slice(int(edges[track]), int(edges[track + 1])))
        for absence in find_absences(mine, rows.frames, _random(rows, track, Kind.absence)):
            yield Event(
                video=rows.names[int(rows.track_video[track])],
                kind=Kind.absence,
                tracks=(int(rows.track_id[track]),),
                emotion=None,
                start_s=absence.start_s,
                end_s=absence.end_s,
                peak_s=(absence.start_s + absence.end_s) / 2,
                strength=_NAN,
                baseline=_NAN,
                low=_NAN,
                high=_NAN,
                p_value=absence.p_value,
            )
