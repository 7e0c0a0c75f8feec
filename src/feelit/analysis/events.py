"""The events of a timeline: bouts, peaks, shared shifts and long absences, each with an interval or a p-value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from feelit.analysis.bouts import Bouts, find_bouts
from feelit.analysis.event import Event, Kind, corrected, in_order, is_wanted
from feelit.analysis.observations import Samples, TimelineSamples
from feelit.analysis.peaks import Peak, find_absences, find_peaks
from feelit.analysis.resampling import adjusted, mean_interval
from feelit.analysis.signal_events import signal_events
from feelit.analysis.synchrony import WITHIN_S, SynchronousShift, find_shared
from feelit.analysis.track_series import TrackSeries, each_track
from feelit.options.timelines import EventsOptions
from feelit.timeline.people import Series, people_among, refuse_strangers, refuse_unknown, series_of
from feelit.timeline.recording import Recording, TimelineSources, open_timelines, with_time
from feelit.types import EMOTIONS, Float64

SEED = 20_260_101


def wanted_events(sources: TimelineSources, options: EventsOptions) -> list[Event]:
    """The events that the options select; see `find_events`."""
    kinds = [Kind(kind) for kind in options.kinds]
    asked: dict[str, Any] = {name: getattr(options, name) for name in ("by", "people", "tracks", "baseline", "max_p")}
    return [event for event in find_events(sources, kinds, **asked) if is_wanted(event, options)]


def find_events(
    sources: TimelineSources,
    kinds: Collection[Kind] = tuple(Kind),
    *,
    by: Series | None = None,
    people: Sequence[str] | None = None,
    tracks: Sequence[int] | None = None,
    baseline: str = "auto",
    max_p: float = 1.0,
) -> list[Event]:
    """The events of timelines, by video in the order of the sources, then by time, kind and person.

    Parameters
    ----------
    sources : see `recording.open_timelines`; with at least the columns of `observations.COLUMNS`
    kinds : kinds to look for; the events of one kind do not depend on the others
    by : persons or tracks, see `people.series_of`
    people, tracks : only events of these, in every video that has them; a shared event needs one of them
    baseline : see `track_series`
    max_p : events with a corrected p-value above this are left out; those without one are kept

    Raises
    ------
    TimelineReadError, UsageError
        as `recording.open_timelines`; TimelineReadError if a column is missing, UsageError if a person or track is in no video.
    """
    found = []
    recordings = with_time(open_timelines(sources), "a list of events")
    refuse_strangers(people or (), recordings)
    refuse_unknown(tracks or (), {track for recording in recordings for track in recording.tracks})
    for recording in recordings:
        series = series_of(recording, by, people, tracks)
        rows = TimelineSamples(recording, series)
        asked = tracks if people is None else people_among(people, recording)
        shown = events_of(rows, bouts_of(rows), kinds, baseline=baseline, max_p=max_p)
        every = in_order([*shown, *signal_events(recording, series, kinds)])
        events = [e for e in every if asked is None or not set(asked).isdisjoint(e.tracks)]
        found += events if series == "track" else [_of_people(event, recording) for event in events]
    return found


def _of_people(event: Event, recording: Recording) -> Event:
    """An event found by person, with its ids moved from `tracks` to `people`."""
    names = tuple(name for name in map(recording.person_name, event.tracks) if name)
    return replace(event, people=event.tracks, names=names, tracks=())


def bouts_of(rows: TimelineSamples) -> list[Bouts]:
    """The bouts of every track."""
    return [find_bouts(rows.of_track(track)) for track in range(len(rows.track_id))]


def events_of(
    rows: TimelineSamples,
    bouts: Sequence[Bouts],
    kinds: Collection[Kind] = tuple(Kind),
    *,
    baseline: str = "auto",
    max_p: float = 1.0,
) -> list[Event]:
    """The events of one video, given the bouts of every track."""
    finder = EventFinder(rows, bouts, kinds, max_p)
    if finder.needs_series:
        each_track(rows, finder.add, baseline)
    return finder.finish()


class EventFinder:
    """Finds the events of one video from the series of its tracks, added one at a time: all at once would need much memory.

    Attributes
    ----------
    needs_series : whether the tracks have to be added
    """

    def __init__(
        self, rows: TimelineSamples, bouts: Sequence[Bouts], kinds: Collection[Kind] = tuple(Kind), max_p: float = 1.0
    ) -> None:
        self._rows, self._bouts, self._kinds, self._max_p = rows, bouts, kinds, max_p
        self._ids = rows.track_id.tolist()
        self._found: dict[int, list[Event]] = {}  # bouts, by number of the track
        self._peaks: dict[int, list[tuple[Peak, float]]] = {}  # with the baseline of their emotion, by number of the track
        self._shared = [_SharedShift(*found, rows) for found in self._shifts()] if Kind.shared in kinds else []
        self.needs_series = bool(self._shared) or not {Kind.bout, Kind.peak}.isdisjoint(kinds)

    def add(self, series: TrackSeries) -> None:
        """Add a track with readable samples. Tracks may be added in any order, and by several threads."""
        if Kind.bout in self._kinds:
            self._found[series.track] = list(self._bouts_of(series))
        if Kind.peak in self._kinds:
            peaks = find_peaks(series, self._random(series.track, Kind.peak))
            self._peaks[series.track] = [(peak, float(series.baseline[peak.emotion])) for peak in peaks]
        for shift in self._shared:
            shift.add(series)

    def finish(self) -> list[Event]:
        """All events, by time, kind and track. Call it after adding every track."""
        events = [event for track in sorted(self._found) for event in self._found[track]]
        events += self._events_of_peaks()
        events += [shift.event(self._rows) for shift in self._shared]
        if Kind.absence in self._kinds:
            absences = [event for track in range(len(self._ids)) for event in self._absences_of(track)]
            events += [event for event in corrected(absences) if not event.p_adjusted > self._max_p]
        return in_order(events)

    def _shifts(self) -> Iterator[tuple[SynchronousShift, float]]:
        """The selected shared shifts, with corrected p-values."""
        tracks = [track for track, bouts in enumerate(self._bouts) if len(bouts)]
        if tracks:
            rng = np.random.default_rng([SEED, list(Kind).index(Kind.shared)])
            presence_s = {track: _presence_s(self._rows.of_track(track)) for track in tracks}
            shifts = list(find_shared(Bouts.join([self._bouts[track] for track in tracks]), presence_s, rng))
            p_adjusted = adjusted(np.array([shift.p_value for shift in shifts])).tolist()
            yield from (found for found in zip(shifts, p_adjusted, strict=True) if not found[1] > self._max_p)

    def _random(self, track: int, kind: Kind) -> np.random.Generator:
        """A generator that depends only on the track's id and the kind, not on other tracks or videos."""
        return np.random.default_rng([SEED, list(Kind).index(kind), self._ids[track]])

    def _bouts_of(self, series: TrackSeries) -> Iterator[Event]:
        bouts, rng = self._bouts[series.track], self._random(series.track, Kind.bout)
        start = np.searchsorted(series.samples.time_s, bouts.start_s)
        stop = np.append(start[1:], len(series.samples))
        for first, end, emotion in zip(start.tolist(), stop.tolist(), bouts.emotion.tolist(), strict=True):
            samples, shown = series.samples.rows(slice(first, end)), series.smoothed[first:end, emotion]
            low, high = mean_interval(samples.probability[:, emotion].astype(np.float64), samples.length_s, rng)
            best = int(shown.argmax())
            times = float(samples.time_s[0]), float(samples.time_s[-1] + samples.length_s[-1]), float(samples.time_s[best])
            event = self._event(Kind.bout, series.track, EMOTIONS[emotion])
            yield event(*times, float(shown[best]), float(series.baseline[emotion]), low=low, high=high)

    def _events_of_peaks(self) -> Iterator[Event]:
        """The selected peaks: in a long video most are due to chance and need no records."""
        found = [(track, *entry) for track in sorted(self._peaks) for entry in self._peaks[track]]
        p_adjusted = adjusted(np.array([peak.p_value for _, peak, _ in found])).tolist()
        for (track, peak, baseline), p in zip(found, p_adjusted, strict=True):
            if not p > self._max_p:
                event = self._event(Kind.peak, track, EMOTIONS[peak.emotion], p_value=peak.p_value, p_adjusted=p)
                yield event(peak.start_s, peak.end_s, peak.peak_s, peak.strength, baseline)

    def _absences_of(self, track: int) -> Iterator[Event]:
        samples, rng = self._rows.of_track(track), self._random(track, Kind.absence)
        for start_s, end_s, p_value in find_absences(samples, self._rows.frames, rng):
            yield self._event(Kind.absence, track, None, p_value=p_value)(start_s, end_s, (start_s + end_s) / 2)

    def _event(self, kind: Kind, track: int, emotion: str | None, **chance: Any) -> Callable[..., Event]:
        """An event that still needs its times: start, end and peak."""
        return partial(Event, self._rows.name, kind, (self._ids[track],), emotion, **chance)


class _SharedShift:
    """The smoothed probabilities of tracks during a shared shift, collected track by track."""

    def __init__(self, shift: SynchronousShift, p_adjusted: float, rows: TimelineSamples) -> None:
        self._shift, self._p_adjusted = shift, p_adjusted
        times = [rows.readable_times(track, shift.start_s, shift.end_s + WITHIN_S) for track in shift.tracks]
        self._time_s = np.unique(np.concatenate(times))
        self._shown: dict[int, Float64] = {}
        self._baseline: dict[int, float] = {}

    def add(self, series: TrackSeries) -> None:
        """Add a track; others than those of the shift are ignored."""
        if series.track in self._shift.tracks:
            self._shown[series.track] = series.shown_at(self._time_s, self._shift.emotion)
            self._baseline[series.track] = float(series.baseline[self._shift.emotion])

    def event(self, rows: TimelineSamples) -> Event:
        """The event; its peak is where the mean over the tracks is highest."""
        tracks = self._shift.tracks
        mean = np.mean([self._shown[track] for track in tracks], axis=0)
        return Event(
            video=rows.name,
            kind=Kind.shared,
            tracks=tuple(sorted(int(rows.track_id[track]) for track in tracks)),
            emotion=EMOTIONS[self._shift.emotion],
            start_s=self._shift.start_s,
            end_s=self._shift.end_s,
            peak_s=float(self._time_s[mean.argmax()]),
            strength=float(mean.max()),
            baseline=float(np.mean([self._baseline[track] for track in tracks])),
            p_value=self._shift.p_value,
            p_adjusted=self._p_adjusted,
        )


def _presence_s(samples: Samples) -> tuple[float, float]:
    """When a track is first and last readable."""
    first, last = np.flatnonzero(samples.readable)[[0, -1]]
    return float(samples.time_s[first]), float(samples.time_s[last] + samples.length_s[last])
