"""The design of a study: participants, conditions, windows of time, and contrasts.

These records do not depend on the file format; `read` creates them from a study file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from feelit.labels import EMOTIONS
from feelit.storage.location import Location

Factor = Literal["condition", "group", "session", "window"]
FACTORS: tuple[Factor, ...] = ("condition", "group", "session", "window")

STATISTICS = ("mean", "share", "peak", "latency", "area", "bouts")
"""The measures of each emotion; docs/study.md defines them."""

Value = Literal["value", "difference", "ratio"]
Effect = Literal["hedges", "cliff"]
Correction = Literal["holm", "bh", "none"]
Family = Literal["study", "contrast"]

LONGEST = "longest"
"""Selects the person who is on screen longest in a recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of one recording, on the clock of its video. `occurrence` numbers windows of the same name from 1."""

    name: str
    start_s: float
    end_s: float | None  # None: to the end of the recording
    condition: str | None
    occurrence: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """One participant in one recording.

    Attributes
    ----------
    timeline : a timeline file, or a folder of timelines
    video : a video in it; None if there is only one
    person : name or number in the timeline, `LONGEST`, or None if there is only one
    exclude : reason for exclusion; empty if it is included
    coders : files of human annotations, in the form that `feelit agree` accepts
    """

    timeline: Location
    video: str | None
    person: str | None
    participant: str
    session: str | None
    group: str | None
    condition: str | None
    windows: tuple[Window, ...]
    exclude: str
    coders: tuple[str, ...]

    def level(self, factor: Factor, window: Window) -> str | None:
        """The level of one of its windows; None if it has none."""
        levels = {"condition": window.condition, "window": window.name, "group": self.group, "session": self.session}
        return levels[factor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The baseline: the person's face in the window of that name, or their usual face if None."""

    window: str | None = None
    stated: bool = False  # whether the study file gives one


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The measures. `signals` None means all signals of the recordings."""

    statistics: tuple[str, ...] = STATISTICS
    emotions: tuple[str, ...] = EMOTIONS
    signals: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Requirements for a window.

    Attributes
    ----------
    least_readable : smallest share of the window with a readable face
    partial : whether windows may reach beyond the recording, with a note in the table
    """

    least_readable: float = 0.5
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Curves over time, aligned at the beginning of windows."""

    emotions: tuple[str, ...] = EMOTIONS
    by: Factor | None = None  # None: by condition if there are any, else by window
    step_s: float = 0.2
    before_s: float = 0.0
    after_s: float = 0.0
    difference: bool = False  # whether the baseline is subtracted
    stated: bool = False  # whether the study file has a table of curves


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two levels of a factor to be compared, first minus second."""

    name: str
    factor: Factor
    levels: tuple[str, str]
    paired: bool | None  # None: paired if a participant is in both levels
    measures: tuple[str, ...]
    windows: tuple[str, ...]  # only these; empty: all
    value: Value | None  # None: the difference if a baseline is stated, else the value


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How contrasts are tested."""

    correction: Correction = "holm"
    family: Family = "study"
    effect: Effect = "hedges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How coders are compared with the timelines; see `feelit agree`."""

    step_s: float = 0.1
    tolerance_s: float = 0.0
    gaps: str | None = None
    rename: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A whole study, in the order of its file."""

    title: str
    source: str  # its name in errors
    viewings: tuple[Viewing, ...]
    baseline: Baseline
    measures: Measures
    quality: Quality
    curves: Curves
    contrasts: tuple[Contrast, ...]
    statistics: Statistics
    coding: Coding

    @property
    def participants(self) -> tuple[str, ...]:
        """All participants, in order."""
        return tuple(dict.fromkeys(viewing.participant for viewing in self.viewings))

    def levels(self, factor: Factor) -> tuple[str, ...]:
        """The levels of a factor, in order of first occurrence."""
        found = dict.fromkeys(viewing.level(factor, window) for viewing in self.viewings for window in viewing.windows)
        return tuple(level for level in found if level is not None)
