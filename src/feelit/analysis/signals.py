"""What signals come to over a video, one row per person: blinks, looking at the camera, smiles.

Thresholds are stated here and in docs/signals.md; of the counts only blinks were compared with what a person counted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from feelit.analysis.observations import frame_lengths
from feelit.errors import TimelineReadError
from feelit.signals.columns import SIGNALS, UNITS
from feelit.timeline.recording import Recording, TimelineSources, open_timelines
from feelit.types import Bool, Float64, Int64

if TYPE_CHECKING:
    import pandas as pd

BASELINE_S = 3.0
"""Lids are compared with the person's own median over so many seconds to either side: narrow eyes are no blink."""

RISE, FALL = 0.2, 0.1
"""How far above that the lids close for a blink to begin, and below what it ends."""

LONGEST_BLINK_S = 0.6
"""Blinks last 0.1 to 0.4 s (Schiffman 2001); longer ones are closed eyes."""

LEAST_RATE_HZ = 9.0
"""Of fewer samples a second blinks fall between them."""

CAMERA_DEG = 15.0
"""Gaze within so many degrees of the camera counts as at it: half as much again as the error of gaze."""

AWAY_DEG = 45.0
SMILE, NARROWED = 0.4, 0.5
"""A smile, and eyes narrow enough for a Duchenne one (Ekman, Davidson & Friesen 1990), on the scales of `smile` and `AU06`."""


@dataclass(frozen=True, slots=True)
class SignalSummary:
    """One person of one video. NaN stands for what cannot be said: blinks at a low rate, shares of no time."""

    video: str
    person_id: int
    person: str | None
    signals_s: float  # time with signals
    blinks: float
    blinks_per_min: float
    camera_share: float  # of the time with signals, in which the gaze is at the camera
    away_share: float  # in which the head is turned aside by more than AWAY_DEG
    mouth_open: float  # mean
    smile_share: float  # with a smile
    duchenne_share: float  # of the smiling time, with narrowed eyes; NaN without action units


HEADINGS = tuple(f.name for f in fields(SignalSummary))


def summarize_signals(sources: TimelineSources) -> pd.DataFrame:
    """One row per person, in the order of the videos and of `person_id`; columns as of `SignalSummary`.

    Parameters
    ----------
    sources : as of `recording.open_timelines`

    Raises
    ------
    TimelineReadError, UsageError
        as `recording.open_timelines`; TimelineReadError if a timeline has no signals.
    """
    import pandas as pd

    rows = [asdict(row) for row in signal_summaries(sources)]
    return pd.DataFrame(rows, columns=list(HEADINGS))


def signal_summaries(sources: TimelineSources) -> list[SignalSummary]:
    """The same as records.

    Raises
    ------
    TimelineReadError, UsageError
        as `summarize_signals`.
    """
    found = []
    for recording in open_timelines(sources):
        if SIGNALS not in recording.groups:
            hint = "analyse the video again with --signals basic or --signals all"
            raise TimelineReadError(f"{recording.source} has no signals of {recording.name}", hint)
        found += _of(recording)
    return found


def _of(recording: Recording) -> list[SignalSummary]:
    names = ["frame", "time_s", "person_id", "blink", "gaze_yaw_deg", "gaze_pitch_deg", "yaw_deg", "mouth_open", "smile"]
    names += ["AU06"] if UNITS in recording.groups else []
    table = recording.table(names)
    frame, first = np.unique(table.column("frame").to_numpy(), return_index=True)
    lengths = frame_lengths(table.column("time_s").to_numpy()[first], recording.duration_s)
    of_row = lengths[np.searchsorted(frame, table.column("frame").to_numpy())]
    there = table.column("blink").is_valid().to_numpy(zero_copy_only=False) if len(table) else np.zeros(0, bool)
    person = table.column("person_id").fill_null(-1).to_numpy()
    return [_person(recording, table, int(who), there & (person == who), of_row) for who in recording.people]


def _person(recording: Recording, table: pa.Table, who: int, mine: Bool, lengths: Float64) -> SignalSummary:
    rows = np.flatnonzero(mine)

    def values(name: str) -> Float64:
        result: Float64 = table.column(name).to_numpy()[rows].astype(np.float64)
        return result

    length, time_s = lengths[rows], values("time_s")
    total = float(length.sum())

    def share(where: Bool, of: Bool | None = None) -> float:
        whole = total if of is None else float(length[of].sum())
        return float(length[where].sum()) / whole if whole else float("nan")

    blinks = float(len(find_blinks(time_s, values("blink"))))
    dense = len(rows) > 1 and float(np.median(np.diff(time_s))) <= 1 / LEAST_RATE_HZ
    smiles = values("smile") > SMILE
    duchenne = share(smiles & (values("AU06") > NARROWED), smiles) if "AU06" in table.column_names else float("nan")
    return SignalSummary(
        video=recording.name,
        person_id=who,
        person=recording.person_name(who),
        signals_s=total,
        blinks=blinks if dense else float("nan"),
        blinks_per_min=60 * blinks / total if dense and total else float("nan"),
        camera_share=share(camera_angle(values("gaze_yaw_deg"), values("gaze_pitch_deg")) <= CAMERA_DEG),
        away_share=share(np.abs(values("yaw_deg")) > AWAY_DEG),
        mouth_open=float((values("mouth_open") * length).sum() / total) if total else float("nan"),
        smile_share=share(smiles),
        duchenne_share=duchenne,
    )


def camera_angle(yaw_deg: Float64, pitch_deg: Float64) -> Float64:
    """How far gaze is from the camera, degrees."""
    result: Float64 = np.degrees(np.arccos(np.clip(np.cos(np.radians(yaw_deg)) * np.cos(np.radians(pitch_deg)), -1, 1)))
    return result


_AT_A_TIME = 1 << 18
"""Values whose medians are looked for together."""


def _medians(values: Float64, low: Int64, high: Int64) -> Float64:
    """(N,) the median of values[low[i]:high[i]] for each i; stretches of one length are taken together."""
    result, length = np.empty(len(low)), high - low
    for size in np.unique(length).tolist():
        rows = np.flatnonzero(length == size)
        for part in np.array_split(rows, 1 + len(rows) * size // _AT_A_TIME):
            result[part] = np.median(values[low[part][:, None] + np.arange(size)], axis=1)
    return result


def find_blinks(time_s: Float64, blink: Float64) -> Float64:
    """When somebody blinks.

    Parameters
    ----------
    time_s : (N,) float64, rising
    blink : (N,) float64, how far both eyes are closed, 0..1

    Returns
    -------
    (K, 2) float64: the first and the last sample of each blink, s
    """
    low = np.searchsorted(time_s, time_s - BASELINE_S)
    high = np.searchsorted(time_s, time_s + BASELINE_S, side="right")
    above = blink - _medians(blink, low, high)
    found, begun = [], -1
    for i in range(len(time_s)):
        if begun >= 0 and (above[i] < FALL or time_s[i] - time_s[i - 1] > LONGEST_BLINK_S):
            if above[begun:i].max() > RISE and time_s[i - 1] - time_s[begun] <= LONGEST_BLINK_S:
                found.append((time_s[begun], time_s[i - 1]))
            begun = -1
        if begun < 0 and above[i] >= FALL:
            begun = i
    return np.array(found, np.float64).reshape(-1, 2)
