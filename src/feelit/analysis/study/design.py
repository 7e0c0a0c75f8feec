"""The design of a study: who was recorded under which condition, which windows of time count, and what is compared.

These records say nothing of files; `read` makes them of a study file.
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
"""Stands for the person of a recording who is on screen for the longest time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of one recording, on the clock of its video. `occurrence` counts windows of one name from 1."""

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
    timeline : where the rows are: a file, or a folder of timelines
    video : which video of it; None where there is only one
    person : name or number in the timeline, `LONGEST`, or None where there is only one
    exclude : why nothing is measured; empty if it is
    coders : files of annotations by people, as `feelit agree` takes them
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What is compared with: the person's face in a window of that name, or None for their usual face."""

    window: str | None = None
    stated: bool = False  # whether the study file says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The measures. `signals` None stands for all that recordings have."""

    statistics: tuple[str, ...] = STATISTICS
    emotions: tuple[str, ...] = EMOTIONS
    signals: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What a window needs, to count.

    Attributes
    ----------
    least_readable : share of it in which the face has to be readable
    partial : whether windows may reach beyond the recording; they are marked
    """

    least_readable: float = 0.5
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Courses over time, locked to the beginning of windows."""

    emotions: tuple[str, ...] = EMOTIONS
    by: Factor | None = None  # None: by condition, where there are any, else by window
    step_s: float = 0.2
    before_s: float = 0.0
    after_s: float = 0.0
    difference: bool = False  # whether the baseline is taken off
    stated: bool = False  # whether the study file says anything of curves


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two levels of a factor to be compared, first minus second."""

    name: str
    factor: Factor
    levels: tuple[str, str]
    paired: bool | None  # None: as the participants are
    measures: tuple[str, ...]
    windows: tuple[str, ...]  # only these; empty: all
    value: Value | None  # None: the difference, where a baseline is stated


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
    source: str  # how errors call it
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
        """Each once, in order."""
        return tuple(dict.fromkeys(viewing.participant for viewing in self.viewings))

    def levels(self, factor: Factor) -> tuple[str, ...]:
        """The values of a factor that occur, each once, in order."""
        found: dict[str | None, None] = {}
        for viewing in self.viewings:
            if factor in ("group", "session"):
                found[getattr(viewing, factor)] = None
            for window in viewing.windows:
                if factor in ("condition", "window"):
                    found[window.condition if factor == "condition" else window.name] = None
        return tuple(level for level in found if level is not None)
