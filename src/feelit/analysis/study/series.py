"""The series of one person over a recording, from which windows are measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from feelit.analysis.bouts import Bouts, find_bouts
from feelit.analysis.gestures import SMILE, find_blinks, is_dense
from feelit.analysis.observations import Frames, TimelineSamples
from feelit.analysis.signals import CAMERA_DEG, camera_angle
from feelit.analysis.study.design import LONGEST, MEANS, Viewing
from feelit.analysis.track_series import track_series, weighted_median
from feelit.errors import UsageError
from feelit.signals.columns import SIGNALS
from feelit.storage.names import one_line
from feelit.timeline.people import names_of_people, people_meant
from feelit.timeline.recording import Recording
from feelit.types import EMOTIONS, Bool, Float32, Float64, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One person of one recording: F samples with the face, K of them readable."""

    frames: Frames
    seen_s: Float64  # (F,) times of the samples
    seen_length_s: Float64  # (F,) the time that each represents
    time_s: Float64  # (K,) the same for the readable samples
    length_s: Float64  # (K,)
    emotion: Int64  # (K,) the label
    probability: Float32  # (K, 8) as in the timeline
    smoothed: Float32  # (K, 8) as used for labels and events
    usual: Float64  # (8,) medians over time of `smoothed`; NaN if nothing is readable
    bouts: Bouts  # of the whole recording
    signals: dict[str, Float64]  # by measure of `SIGNAL_MEASURES` except blinks, (K,) values; NaN where unknown
    blinks_s: Float64 | None  # (B,) when blinks begin; None without signals, or if the sampling rate is too low to count them


def person_of(recording: Recording, viewing: Viewing) -> int:
    """The id of the person of a viewing.

    Raises
    ------
    UsageError
        if there is no such person, or several and none is named.
    """
    rows = recording.person_rows()
    where = f"{viewing.participant} in {recording.name}"
    if not rows:
        raise UsageError(one_line(f"{where}: no face was found"), 'leave it out with exclude = "no face"')
    if viewing.person == LONGEST:
        return max(rows, key=lambda person: (rows[person], -person))
    names = names_of_people(recording)
    if viewing.person is not None:
        try:
            return people_meant([viewing.person], names)[0]
        except UsageError as error:
            raise UsageError(one_line(f"{where}: {error.message}"), error.hint) from None
    if len(rows) > 1:
        known = ", ".join(names[person] or str(person) for person in list(rows)[:8])
        hint = f'name one, or write person = "{LONGEST}" for the one seen longest; there are {known}'
        raise UsageError(one_line(f"{where}: there are {len(rows)} people"), hint)
    return next(iter(rows))


def series_of(recording: Recording, samples: TimelineSamples, person: int, with_signals: bool) -> Series:
    """The series of one person.

    Parameters
    ----------
    samples : of the recording, by person
    with_signals : whether to read signals, if there are any
    """
    rows = samples.of_track(samples.track_id.tolist().index(person))
    readable, found = rows.readable, track_series(rows)
    signals, blinks_s = _signals(recording, person, rows.time_s, readable) if with_signals else ({}, None)
    return Series(
        frames=samples.frames,
        seen_s=rows.time_s,
        seen_length_s=rows.length_s,
        time_s=rows.time_s[readable],
        length_s=rows.length_s[readable],
        emotion=rows.emotion[readable],
        probability=rows.probability[readable],
        smoothed=np.zeros((0, len(EMOTIONS)), np.float32) if found is None else found.smoothed,
        usual=np.full(len(EMOTIONS), np.nan) if found is None else found.baseline,
        bouts=find_bouts(rows),
        signals=signals,
        blinks_s=blinks_s,
    )


def usual_signal(series: Series, name: str) -> float:
    """The median over time of a signal; for a share, its mean."""
    values = series.signals[name]
    there = np.isfinite(values)
    if not there.any():
        return float("nan")
    if name.startswith("share_"):
        return float((values[there] * series.length_s[there]).sum() / series.length_s[there].sum())
    low, spread = float(values[there].min()), max(float(np.ptp(values[there])), 1e-12)
    scaled = ((values[there] - low) / spread).astype(np.float32)
    return low + spread * weighted_median(scaled, series.length_s[there])


def _signals(recording: Recording, person: int, time_s: Float64, readable: Bool) -> tuple[dict[str, Float64], Float64 | None]:
    if SIGNALS not in recording.groups:
        return {}, None
    names = [name for name in MEANS if name in recording.columns]
    table = recording.table(["person_id", *names])
    mine = table.filter(pc.equal(table.column("person_id"), person))
    values = {name: mine.column(name).to_numpy().astype(np.float64) for name in names}
    blink = values["blink"]
    there = np.isfinite(blink)
    blinks_s = find_blinks(time_s[there], blink[there])[:, 0] if is_dense(time_s[there]) else None
    found = {f"mean_{name}": column[readable] for name, column in values.items()}
    angle = camera_angle(values["gaze_yaw_deg"], values["gaze_pitch_deg"])[readable]
    found["share_smile"] = _state(found["mean_smile"], found["mean_smile"] > SMILE)
    found["share_camera"] = _state(angle, angle <= CAMERA_DEG)
    return found, blinks_s


def _state(values: Float64, holds: Bool) -> Float64:
    result: Float64 = np.where(np.isfinite(values), holds.astype(np.float64), np.nan)
    return result
