"""The design of a study: participants, conditions, windows of time, and contrasts.

These records do not depend on the file format; `read` creates them from a study file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from feelit.labels import EMOTIONS
from feelit.options.agree import AgreeOptions
from feelit.signals.columns import COLUMNS as SIGNAL_GROUPS
from feelit.signals.columns import SIGNALS, SPEECH, UNITS
from feelit.storage.location import Location

Factor = Literal["condition", "group", "session", "window"]
FACTORS: tuple[Factor, ...] = ("condition", "group", "session", "window")

STATISTICS = ("mean", "share", "peak", "latency", "area", "bouts")  # the measures of each emotion; docs/study.md defines them
MEANS = (*SIGNAL_GROUPS[SIGNALS], *SIGNAL_GROUPS[UNITS], *SIGNAL_GROUPS[SPEECH])  # signals whose mean is a measure
BLINKS = "blinks_per_min"

SIGNAL_MEASURES = (*(f"mean_{name}" for name in MEANS), "share_smile", "share_camera", BLINKS)
"""Measures of timelines with signals, in their order. Shares are of the time with a smile, and with the gaze at the camera."""

Value = Literal["value", "difference", "ratio"]
Effect = Literal["hedges", "cliff"]
Correction = Literal["holm", "bh", "none"]
Family = Literal["study", "contrast"]

LONGEST = "longest"  # selects the person who is on screen longest in a recording


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
    """One participant in one recording."""

    timeline: Location  # a timeline file, or a folder of timelines
    video: str | None  # a video in it; None if there is only one
    person: str | None  # name or number in the timeline, `LONGEST`, or None if there is only one
    participant: str
    session: str | None
    group: str | None
    condition: str | None
    windows: tuple[Window, ...]
    exclude: str  # reason for exclusion; empty if it is included
    coders: tuple[str, ...]  # files of human annotations, in the form that `feelit agree` accepts

    def level(self, factor: Factor, window: Window) -> str | None:
        """The level of one of its windows; None if it has none."""
        levels = {"condition": window.condition, "window": window.name, "group": self.group, "session": self.session}
        return levels[factor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The baseline: the person's face in the window of that name, or their usual face if None."""

    window: str | None
    stated: bool  # whether the study file gives one


@dataclass(frozen=True, kw_only=True)
class Measures:
    """The measures. `signals` None means all signals of the recordings."""

    statistics: tuple[str, ...]
    emotions: tuple[str, ...]
    signals: tuple[str, ...] | None

    @property
    def of_signals(self) -> tuple[str, ...]:
        """The measures of signals that are computed."""
        return SIGNAL_MEASURES if self.signals is None else self.signals

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all measures in the order of the tables, as in the column `measure`: mean_happiness, share_smile."""
        return (*(f"{statistic}_{emotion}" for statistic in self.statistics for emotion in self.emotions), *self.of_signals)

    @cached_property
    def places(self) -> list[int]:
        """The indices of the emotions in EMOTIONS."""
        return [EMOTIONS.index(emotion) for emotion in self.emotions]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Requirements for a window."""

    least_readable: float  # smallest share of the window with a readable face
    partial: bool  # whether windows may reach beyond the recording, with a note in the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Curves over time, aligned at the beginning of windows."""

    emotions: tuple[str, ...]
    by: Factor | None  # None: by condition if there are any, else by window
    step_s: float
    before_s: float
    after_s: float
    difference: bool  # whether the baseline is subtracted
    stated: bool  # whether the study file has a table of curves


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

    correction: Correction
    family: Family
    effect: Effect


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
    coding: AgreeOptions  # how coders are compared with the timelines

    @property
    def participants(self) -> tuple[str, ...]:
        """All participants, in order."""
        return tuple(dict.fromkeys(viewing.participant for viewing in self.viewings))

    def levels(self, factor: Factor) -> tuple[str, ...]:
        """The levels of a factor, in order of first occurrence."""
        found = dict.fromkeys(viewing.level(factor, window) for viewing in self.viewings for window in viewing.windows)
        return tuple(level for level in found if level is not None)
