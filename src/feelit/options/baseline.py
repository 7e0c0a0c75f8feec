"""The option that names what a person's usual face is."""

from __future__ import annotations

import re

from feelit.errors import UsageError
from feelit.options.kinds import Kind
from feelit.times import parse_time

NAMES = ("none", "auto")
HINT = "give auto, none, or a stretch of time such as 0:10-0:40"
_STRETCH = re.compile(r"([^-]+)-([^-]+)")


def stretch_of(baseline: str) -> tuple[float, float]:
    """Begin and end in s of a value of the option; the whole recording for "auto".

    Raises
    ------
    UsageError
        if it is no stretch of time.
    """
    if baseline == "auto":
        return 0.0, float("inf")
    found = _STRETCH.fullmatch(baseline.strip())
    if found is None:
        raise UsageError(f"--baseline {baseline} is no stretch of time", HINT)
    begin_s, end_s = (parse_time(text, "--baseline") for text in found.groups())
    if not begin_s < end_s:
        raise UsageError(f"--baseline {baseline} ends before it begins", HINT)
    return begin_s, end_s


def refuse_none(baseline: str) -> None:
    """Raise UsageError where a usual face is needed and none is named."""
    if baseline == "none":
        raise UsageError("events are rises above the usual face", HINT.replace("auto, none,", "auto"))


def _baseline(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    if value not in NAMES:
        stretch_of(value)  # refused now, not after all has been read
    return value


BASELINE = Kind(name="a baseline", metavar="BASELINE", convert=_baseline, toml=(str,), hint=HINT, python="str")
