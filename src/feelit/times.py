"""Times as people write them: seconds, clock times, and numbers with units."""

from __future__ import annotations

import re

from feelit.errors import UsageError

MOST_S = 1e9
"""No recording lasts thirty years: a time beyond is damage."""

BEGINNING = "times are counted from the beginning, which is 0"

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d*)?)", re.ASCII)
_UNITS = re.compile(
    r"(?:([\d.]+)\s*h(?:ours?|rs?)?)?\s*(?:([\d.]+)\s*m(?:in(?:utes?|s)?)?)?\s*(?:([\d.]+)\s*s(?:ec(?:onds?|s)?)?)?"
    r"\s*(?:([\d.]+)\s*ms)?",
    re.ASCII | re.IGNORECASE,
)
_SECONDS = re.compile(r"\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_UNIT_S = (3600.0, 60.0, 1.0, 0.001)

FORMS = "90, 90s, 1:30, 00:01:30.5 or 1h2m3s"
"""What can be written, for hints and for help texts."""


def parse_time(text: str, name: str = "a time") -> float:
    """Seconds from a time or a length of time as people write it.

    Accepted are seconds (`90`, `90.5`), clock times (`1:30`, `90:00`, `00:01:30.5`) and numbers with units (`90s`, `1m30s`,
    `1.5 h`, `250ms`).

    Parameters
    ----------
    text : what was written
    name : the option it was written for, for messages: `--start`

    Returns
    -------
    seconds, 0 or more and finite; the float nearest to what was written

    Raises
    ------
    UsageError
        if it is negative, no time, or beyond `MOST_S`.
    """
    given = text.strip()
    if given.startswith(("-", "\N{MINUS SIGN}")) and _seconds(given[1:]) is not None:
        raise UsageError(f"{name} {text} lies before the beginning", BEGINNING)
    seconds = _seconds(given)
    if seconds is None:
        raise UsageError(f"{name} {text} is no time", f"write seconds or a clock time: {FORMS}")
    if seconds > MOST_S:
        raise UsageError(f"{name} {text} is no time of a recording", f"write seconds or a clock time: {FORMS}")
    return seconds


def is_time(text: str) -> bool:
    """Whether a text is written like a time; its minutes and seconds may still be too large. Powers of ten are none here."""
    return bool(
        _CLOCK.fullmatch(text) or (_SECONDS.fullmatch(text) and "e" not in text.lower()) or _with_units(text) is not None
    )


def _seconds(text: str) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        if seconds >= 60 or (clock[1] and minutes >= 60):
            return None
        return 3600 * hours + 60 * minutes + seconds
    return _with_units(text)


def _with_units(text: str) -> float | None:
    found = _UNITS.fullmatch(text)
    if not text or found is None:
        return None
    try:
        return sum(float(part) * unit_s for part, unit_s in zip(found.groups(), _UNIT_S, strict=True) if part)
    except ValueError:  # 1.2.3s
        return None
