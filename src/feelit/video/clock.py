"""Time from presentation timestamps, never from frame ÷ fps."""

from __future__ import annotations

from fractions import Fraction

from feelit.types import MOST_S

REORDER = 16
"""H.264 and HEVC let a picture wait for at most so many others (ITU-T H.264, max_dec_frame_buffering). A timestamp that lies
no farther back is one picture out of its place; one that lies farther back means that another recording begins."""


class Clock:
    """Turns the PTS of consecutive frames into seconds on the player's clock.

    Time never runs backwards: where a joined recording lets PTS jump back, or a damaged one omits it, the clock carries on
    from the last frame by one frame's duration and keeps that offset, as players do. A single frame that a damaged stream
    gives too late is shown at once, one unit after the frame before it, and moves nothing that follows. A timestamp beyond
    `MOST_S` counts as omitted.

    Attributes
    ----------
    step : one frame's duration, in units
    """

    def __init__(self, time_base: Fraction, origin_pts: int, average_rate: Fraction) -> None:
        self._time_base = time_base
        self._offset = -origin_pts
        self.step = max(1, round(1 / (average_rate * time_base))) if average_rate > 0 else 1
        self._most = int(MOST_S / time_base)
        self._last: int | None = None
        self._late = 0  # frames in a row

    def units(self, pts: int | None) -> int:
        """Time of the next frame in units of the time base, from the player's zero."""
        if pts is not None and abs(pts + self._offset) > self._most:
            pts = None
        if self._last is None:
            self._last = 0 if pts is None else pts + self._offset
        else:
            self._last = self._last + self.step if pts is None else self._after(self._last, pts)
        return self._last

    def _after(self, last: int, pts: int) -> int:
        now = pts + self._offset
        if now > last:
            self._late = 0
            return now
        if (now < last or self._late) and last - now <= REORDER * self.step and self._late < REORDER:
            self._late += 1
            return last + 1
        self._late = 0
        self._offset = last + self.step - pts
        return last + self.step

    def seconds(self, units: int) -> float:
        """The same in seconds."""
        return units * self._time_base.numerator / self._time_base.denominator  # rounded once, as float(Fraction) is


def tick_of(units: int, time_base: Fraction, rate_hz: Fraction | None) -> int:
    """Which sampling interval a time falls into, in exact arithmetic: 0.3 s x 10 Hz is 3, never 2.9999. The time is in units of
    `time_base` since the player's zero; `rate_hz` None gives every frame an interval of its own."""
    if rate_hz is None:
        return units
    # Whole numbers: this runs for every packet, and fractions take twenty times as long.
    return units * time_base.numerator * rate_hz.numerator // (time_base.denominator * rate_hz.denominator)


def begins_tick(units: int, time_base: Fraction, rate_hz: Fraction | None) -> bool:
    """Whether a sampling interval begins at this very time, so that no earlier frame lies in it; see `tick_of`."""
    return rate_hz is None or (units * time_base * rate_hz).denominator == 1
