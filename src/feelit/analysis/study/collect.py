"""Measures every window of every participant, with one recording in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from feelit.analysis.observations import TimelineSamples
from feelit.analysis.study.curves import CurveCollection
from feelit.analysis.study.design import BLINKS, Design, Viewing, Window
from feelit.analysis.study.series import Series, person_of, series_of
from feelit.analysis.study.windows import Reading, levels, measured, reading, usual
from feelit.errors import UsageError
from feelit.storage.location import Location
from feelit.storage.names import one_line
from feelit.timeline.recording import Recording, names_of, open_timelines, with_time
from feelit.types import EMOTIONS, Float64

SLACK_S = 0.25  # windows may reach this far beyond the analysed part: more than the last sample of a recording represents
BEYOND, UNREADABLE, UNSEEN = "beyond the recording", "not readable", "not seen"  # why a window has no values


Unit = tuple[dict[str, Any], Float64, Float64]
"""A window of a participant: its record, (M,) its measures, and (M,) the usual face of the person; NaN if undefined."""


@dataclass(slots=True)
class Collected:
    """The results."""

    curves: CurveCollection  # curves over time
    units: list[Unit] = field(default_factory=list)  # one per window, in the order of the study
    people: dict[int, tuple[Recording, int]] = field(default_factory=dict)  # by viewing: the recording, and the person in it
    signals: set[str] = field(default_factory=set)  # the measures of signals that at least one recording has


def collect(design: Design, progress: Callable[[float], None]) -> Collected:
    """Measure all windows.

    Raises
    ------
    TimelineReadError
        if a timeline is missing or damaged.
    UsageError
        if a person is not in a recording, or a window lies beyond it.
    """
    found = Collected(CurveCollection(design))
    base = design.baseline.window
    order = sorted(range(len(design.viewings)), key=lambda n: all(w.name != base for w in design.viewings[n].windows))
    rows: dict[int, list[Unit]] = {}
    known: dict[tuple[str, str | None], Float64] = {}  # levels of baselines, by participant and session
    for done, (place, recording, samples) in enumerate(_opened(design, order), 1):
        viewing = design.viewings[place]
        if recording is None or samples is None:
            rows[place] = [_left_out(viewing, window, len(design.measures.names)) for window in viewing.windows]
        else:
            rows[place] = list(_viewing(design, found, place, recording, samples, known))
        progress(done / len(order))
    found.units = [unit for place in range(len(design.viewings)) for unit in rows[place]]
    return found


def _opened(design: Design, order: list[int]) -> Iterator[tuple[int, Recording | None, TimelineSamples | None]]:
    """The viewings in that order, each with its recording; excluded ones are not opened."""
    place: Location | None = None
    recordings: list[Recording] = []
    last: tuple[Recording, TimelineSamples] | None = None
    for n in order:
        viewing = design.viewings[n]
        if viewing.exclude:
            yield n, None, None
            continue
        if place != viewing.timeline:
            place, last = viewing.timeline, None
            recordings = with_time(open_timelines([place]), "a study")
        recording = _chosen(recordings, viewing)
        if last is None or last[0] is not recording:
            last = None  # frees the previous recording first
            last = (recording, TimelineSamples(recording, "person"))
        yield n, *last


def _chosen(recordings: list[Recording], viewing: Viewing) -> Recording:
    if not recordings:
        message = f"{viewing.timeline} of {viewing.participant} holds no video"
        raise UsageError(one_line(message), "analyse the recording again, or give another timeline")
    if viewing.video is None:
        if len(recordings) == 1:
            return recordings[0]
        message = f"{viewing.timeline} of {viewing.participant} holds {len(recordings)} videos"
        raise UsageError(one_line(message), f'name one, as in video = "{recordings[0].name}"')
    found = [r for r in recordings if r.name == viewing.video] or [
        r for r in recordings if PurePosixPath(r.name).name == viewing.video
    ]
    if len(found) != 1:
        what = "no video" if not found else f"{len(found)} videos"
        message = f"{viewing.timeline} holds {what} named {viewing.video}, of {viewing.participant}"
        raise UsageError(one_line(message), one_line(f"it holds {names_of(recordings)}"))
    return found[0]


def _viewing(
    design: Design,
    found: Collected,
    place: int,
    recording: Recording,
    samples: TimelineSamples,
    known: dict[tuple[str, str | None], Float64],
) -> Iterator[Unit]:
    viewing = design.viewings[place]
    person = person_of(recording, viewing)
    found.people[place] = (recording, person)
    series = series_of(recording, samples, person, with_signals=bool(design.measures.of_signals))
    found.signals |= set(series.signals) | ({BLINKS} if series.signals else set())
    frames = series.frames
    end_s = recording.duration_s or (float(frames.time_s[-1] + frames.length_s[-1]) if len(frames) else 0.0)
    usually = usual(series, design.measures)
    level = _level(design, viewing, series, known, end_s)
    for window in viewing.windows:
        there = reading(series, window, end_s)
        note = _beyond(design, viewing, window, there, recording)
        missing = _missing(there, design.quality.least_readable)
        values = np.full(len(design.measures.names), np.nan)
        if not missing:
            values = measured(series, there.start_s, there.end_s, design.measures, level)
            note = "; ".join(filter(None, (note, found.curves.add(viewing, window, there, series, level))))
        name = recording.person_name(person) or str(person)
        yield _unit(viewing, window, recording.name, name, there, missing, note), values, usually


def _level(
    design: Design, viewing: Viewing, series: Series, known: dict[tuple[str, str | None], Float64], end_s: float
) -> Float64:
    """(8,) the baseline of areas and curves: the face in the baseline window of this recording, else of this session; NaN if
    there is none. Without a baseline window, the usual face."""
    if design.baseline.window is None:
        return series.usual
    for window in viewing.windows:
        if window.name == design.baseline.window:
            level = levels(series, window.start_s, end_s if window.end_s is None else window.end_s)
            if np.isfinite(level).all():
                known.setdefault((viewing.participant, viewing.session), level)
                return level
    return known.get((viewing.participant, viewing.session), np.full(len(EMOTIONS), np.nan))


def _beyond(design: Design, viewing: Viewing, window: Window, there: Reading, recording: Recording) -> str:
    """The note on a window that reaches beyond the analysed part; empty if it does not.

    Raises
    ------
    UsageError
        if it does, unless the study allows partial windows.
    """
    lacking = there.length_s - there.inside_s
    if lacking <= SLACK_S and there.length_s > 0:
        return ""
    if there.length_s > 0 and design.quality.partial:
        return f"{lacking:.1f} s beyond the recording"
    what = f"{there.start_s:g} to {there.end_s:g} s of {recording.name}"
    length = recording.duration_s
    until = f"which is {length:g} s long" if length is not None and there.end_s > length else "more than was analysed"
    message = f"{design.source}: the window {window.name} of {viewing.participant} is {what}, {until}"
    hint = "correct the window or the offset, or write partial = true under [quality] to keep the part within the recording"
    raise UsageError(one_line(message), hint)


def _missing(there: Reading, least: float) -> str:
    """Why a window is not used; empty if it is."""
    if there.inside_s <= 0:
        return BEYOND
    if there.seen_s <= 0:
        return UNSEEN
    if there.readable_s <= 0:
        return UNREADABLE
    share = there.readable_s / there.length_s
    return f"readable for {share:.0%} of the window, less than {least:.0%}" if share < least else ""


def _unit(
    viewing: Viewing, window: Window, recording: str, person: str, there: Reading, missing: str, note: str
) -> dict[str, Any]:
    return {
        "participant": viewing.participant,
        "group": viewing.group,
        "session": viewing.session,
        "condition": window.condition,
        "window": window.name,
        "occurrence": window.occurrence,
        "recording": recording,
        "person": person,
        "start_s": there.start_s,
        "end_s": there.end_s,
        "window_s": there.length_s,
        "seconds_seen": there.seen_s,
        "seconds_readable": there.readable_s,
        "samples": there.samples,
        "missing": missing,
        "note": note,
    }


def _left_out(viewing: Viewing, window: Window, measures: int) -> Unit:
    """A window of an excluded viewing, without values."""
    nothing = np.full(measures, np.nan)
    end_s = float("nan") if window.end_s is None else window.end_s
    there = Reading(start_s=window.start_s, end_s=end_s, inside_s=0.0, seen_s=0.0, readable_s=0.0, samples=0)
    recording = viewing.video or PurePosixPath(str(viewing.timeline)).name
    unit = _unit(viewing, window, recording, viewing.person or "", there, f"excluded: {viewing.exclude}", "")
    return unit, nothing, nothing
