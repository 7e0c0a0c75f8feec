"""Time from presentation timestamps, never from frame ÷ fps."""

from __future__ import annotations

from fractions import Fraction


class Clock:
    """Turns the PTS of consecutive frames into seconds on the player's clock.

    Time never runs backwards: where a damaged or joined recording lets PTS jump back, or omits it, the clock carries on
    from the last frame by one frame's duration and keeps that offset, as players do.
    """

    def __init__(self, time_base: Fraction, origin_pts: int, average_rate: Fraction) -> None:
        self._time_base = time_base
        self._offset = -origin_pts
        self._step = max(1, round(1 / (average_rate * time_base))) if average_rate > 0 else 1
        self._last: int | None = None

    def units(self, pts: int | None) -> int:
        """Time of the next frame in units of the time base, from the player's zero."""
        if self._last is None:
            now = (pts or 0) + self._offset
        elif pts is None:
            now = self._last + self._step
        else:
            if pts + self._offset <= self._last:
                self._offset = self._last + self._step - pts
            now = pts + self._offset
        self._last = now
        return now

    def seconds(self, units: int) -> float:
        """The same in seconds."""
        return float(units * self._time_base)
