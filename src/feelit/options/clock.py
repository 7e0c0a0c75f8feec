"""The clock of annotations and transcripts, which need not be that of the video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsFloat

from feelit.errors import UsageError
from feelit.options.declare import Bounds, Options, option
from feelit.options.kinds import Kind
from feelit.times import MOST_S, parse_time


def _signed(value: SupportsFloat | str) -> float:
    if isinstance(value, bool | bytes):
        raise TypeError
    if not isinstance(value, str):
        return float(value)
    text = value.strip()
    negative = text.startswith(("-", "\N{MINUS SIGN}"))
    seconds = parse_time(text[1:] if negative else text, "")
    return -seconds if negative else seconds


SIGNED_SECONDS = Kind(
    name="a time",
    metavar="TIME",
    convert=_signed,
    hint="give seconds, as in -2.5 or 1:30",
    python="float | str",
)
"""A shift in time: seconds or a clock time, with a minus where it goes back."""

MOST_DRIFT = 360.0
"""Seconds an hour. No clock is off by a tenth."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockOptions(Options):
    """What turns a time of a file of annotations into one of the video: `offset_s + time_s * (1 + drift / 3600)`."""

    offset_s: float = option(
        0.0,
        "Seconds to add to the times of annotations and transcripts, as in -2.5.",
        flag="--offset",
        kind=SIGNED_SECONDS,
        bounds=Bounds(low=-MOST_S, high=MOST_S, complaint="is no time of a recording", hint="give seconds, as in -2.5"),
    )
    drift: float = option(
        0.0,
        "Seconds to add for each hour of their clock, as in 0.8 where it is slow.",
        bounds=Bounds(low=-MOST_DRIFT, high=MOST_DRIFT, complaint="is no drift of a clock", hint="give seconds an hour"),
    )

    def video_s(self, time_s: float) -> float:
        """The time of the video that a time of the file stands for, both seconds."""
        return self.offset_s + time_s * (1 + self.drift / 3600)


def clock_between(first: tuple[float, float], second: tuple[float, float]) -> ClockOptions:
    """The clock that two events give whose times are known on both sides, as those of two claps.

    Parameters
    ----------
    first, second : seconds of the file and of the video

    Raises
    ------
    UsageError
        if both are one moment, or the drift is none of a clock.
    """
    if first[0] == second[0]:
        raise UsageError("one moment gives no drift", "give two, far from one another")
    rate = (second[1] - first[1]) / (second[0] - first[0])
    return ClockOptions(offset_s=first[1] - rate * first[0], drift=3600 * (rate - 1))
