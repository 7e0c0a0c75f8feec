"""The record of an event: something that a timeline shows between two times, with a figure that says how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What happened."""

    bout = "bout"  # a track shows one emotion for a while
    peak = "peak"  # a track shows an emotion more than it usually does
    shared = "shared"  # several tracks begin to show the same emotion within two seconds
    absence = "absence"  # a track is away for long, and comes back


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in one video.

    NaN and None stand for what a kind of event does not have: an absence shows no emotion, and only bouts have an interval in
    place of a p-value.
    """

    video: str
    kind: Kind
    tracks: tuple[int, ...]  # track ids; one, but for shared events
    emotion: str | None
    start_s: float
    end_s: float
    peak_s: float  # when it is shown most; of an absence, its middle
    strength: float  # smoothed probability of the emotion at that time, 0..1
    baseline: float  # what the smoothed probability of that emotion usually is for this track: its median
    low: float  # 95 % interval of the mean probability over the bout
    high: float
    p_value: float  # of finding such an event somewhere in the track, or in the video, by chance

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s
