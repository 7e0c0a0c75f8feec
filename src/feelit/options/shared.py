"""Options of several commands, declared once: fields of their records of options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from feelit.errors import UsageError
from feelit.labels import EMOTIONS
from feelit.options.declare import Bounds, option
from feelit.options.kinds import PEOPLE, SECONDS, TRACKS, Kind, choice, words
from feelit.times import parse_time

BASELINE_NAMES = ("none", "auto")
BASELINE_HINT = "give auto, none, or a stretch of time such as 0:10-0:40"
_STRETCH = re.compile(r"([^-]+)-([^-]+)")


def stretch_of(baseline: str) -> tuple[float, float]:
    """Begin and end in s of a value of the option; the whole recording for "auto". Raises UsageError if it is no stretch of
    time.
    """
    if baseline == "auto":
        return 0.0, float("inf")
    found = _STRETCH.fullmatch(baseline.strip())
    if found is None:
        raise UsageError(f"--baseline {baseline} is no stretch of time", BASELINE_HINT)
    begin_s, end_s = (parse_time(text, "--baseline") for text in found.groups())
    if not begin_s < end_s:
        raise UsageError(f"--baseline {baseline} ends before it begins", BASELINE_HINT)
    return begin_s, end_s


def refuse_none(baseline: str) -> None:
    """Raise UsageError where a usual face is needed and none is named."""
    if baseline == "none":
        raise UsageError("events are rises above the usual face", BASELINE_HINT.replace("auto, none,", "auto"))


def _baseline(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    if value not in BASELINE_NAMES:
        stretch_of(value)  # refused now, not after all has been read
    return value


BASELINE = Kind(name="a baseline", metavar="BASELINE", convert=_baseline, toml=(str,), hint=BASELINE_HINT, python="str")


PROBABILITY = Bounds(low=0, high=1, complaint="is no probability", hint="give a number from 0 to 1, such as 0.05")
WITHOUT_PEOPLE = " and where people were not grouped"
TIME_FORMS = "seconds, 1:30 or 00:01:30.5."


def by_option(what: str, also: str = WITHOUT_PEOPLE) -> Any:
    """Whether persons or tracks are meant.

    Parameters
    ----------
    what : the first sentence of the help
    also : when tracks are meant besides where `--tracks` is given
    """
    default = f"person, or track with `--tracks`{also}"
    return option(None, what, default_text=default, kind=choice(("person", "track")))


def people_option(what: str, details: str = "") -> Any:
    """Some of the people. `what` is what they limit, as in "Only of"."""
    text = f"{what} these people, by number or name, as in 1,P02."
    return option(None, text, details=details, default_text="all", kind=PEOPLE)


def tracks_option(what: str, details: str = "") -> Any:
    """Some of the tracks. `what` is what they limit, as in "Only of"."""
    return option(None, f"{what} these tracks, as in 1,3.", details=details, default_text="all", kind=TRACKS)


def baseline_option(default: str, what: str, details: str) -> Any:
    """The baseline, a person's usual face. `what` begins the help; `details` begin with the meaning of `auto`."""
    return option(default, what, details=details, kind=BASELINE)


def refuse_mixture(by: str | None, people: Sequence[str] | None, tracks: Sequence[int] | None) -> None:
    """Raise UsageError where people are selected by tracks, or tracks by people."""
    if tracks is not None and (people is not None or by == "person"):
        raise UsageError("--tracks are no people", "give --people, or --tracks with --by track")
    if people is not None and by == "track":
        raise UsageError("--people are no tracks", "give --tracks, or --people with --by person")


def emotions_option(default: Sequence[str] = EMOTIONS, default_text: str = "all", details: str = "") -> Any:
    """Some of the emotions."""
    text = "Only of these emotions, as in happiness,surprise."
    return option(tuple(default), text, details=details, flag="--emotion", default_text=default_text, kind=words(EMOTIONS))


def start_option(default: float | None = 0.0, what: str = "Start here", default_text: str = "", details: str = "") -> Any:
    """Where a stretch of a video begins."""
    text = f"{what}: {TIME_FORMS}"
    return option(default, text, details=details, flag="--start", default_text=default_text, kind=SECONDS)


def end_option(default: float | None = float("inf"), what: str = "End before this time", default_text: str = "its end") -> Any:
    """Where a stretch of a video ends."""
    return option(default, f"{what}: {TIME_FORMS}", flag="--end", default_text=default_text, kind=SECONDS)


def refuse_order(start_s: float | None, end_s: float | None) -> None:
    """Raise UsageError where a stretch does not begin before its end; None stands for a time that is not given."""
    if start_s is not None and end_s is not None and not start_s < end_s:
        raise UsageError(f"--start {start_s:g} is not before --end {end_s:g}", "both are seconds of the video")
