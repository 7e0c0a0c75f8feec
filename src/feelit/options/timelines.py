"""The options of commands that read timelines: summaries, events, exports, figures, reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from feelit.errors import UsageError
from feelit.labels import EventKind
from feelit.options.declare import Bounds, Options, option
from feelit.options.kinds import COLUMNS_MM, FILES, LOCATION, PATHS, WIDTH, choice, words
from feelit.options.shared import (
    PROBABILITY,
    baseline_option,
    by_option,
    emotions_option,
    end_option,
    people_option,
    refuse_mixture,
    refuse_none,
    start_option,
    tracks_option,
)
from feelit.options.transcripts import UtterancesOptions
from feelit.storage.location import Location

SURE = 0.05  # events whose corrected p-value is no larger are listed by default, and counted in summaries
USUAL = (
    "`auto` takes each person's medians over all readable time, and `0:10-0:40` the means between two"
    " times, for example an interval at rest. Those without a readable face in it have no peaks."
)

EXPORT_FORMATS = ("csv", "jsonl", "elan", "webvtt", "srt", "openface", "pyfeat", "boris", "textgrid", "rttm")
FIGURES = (".pdf", ".png", ".svg")


@dataclass(frozen=True, kw_only=True, slots=True)
class SummarizeOptions(Options):
    """What one row sums up."""

    by: Literal["person", "track", "video"] | None = option(
        None,
        "One row per person, per track or per video.",
        default_text="person, or track where people were not grouped",
        kind=choice(("person", "track", "video")),
    )
    baseline: str = baseline_option(
        "none",
        "Also show how far probabilities are above each person's baseline.",
        "`auto` takes the median over all readable time, and `0:10-0:40` the mean between two times, for example"
        " an interval at rest. By person or track. See [schema.md](schema.md#summaries).",
    )
    signals: bool = option(
        False,
        "Summarize signals instead: blinks, nods, looking at the camera, smiles; by person.",
        details="Not of timelines made with `--signals none`. See [signals.md](signals.md).",
    )

    def check(self) -> None:
        if self.baseline != "none" and (self.signals or self.by == "video"):
            raise UsageError("--baseline is for people and tracks", "leave --signals or --by video out")
        if self.signals and self.by not in (None, "person"):
            raise UsageError(f"--signals with --by {self.by}", "signals are summed up by person")


@dataclass(frozen=True, kw_only=True, slots=True)
class EventsOptions(Options):
    """The selection of events."""

    kinds: tuple[str, ...] = option(
        ("peak", "shared", "absence"),
        "Which ones, with commas between: bout, peak, shared, absence, blink, nod, shake, mutual_smile, facing_away, or all.",
        details="Those from blink on need a timeline with signals. See [events.md](events.md).",
        flag="--kind",
        kind=words([kind.value for kind in EventKind], everything="all"),
    )
    emotions: tuple[str, ...] = emotions_option(details="Absences have none and stay.")
    by: Literal["person", "track"] | None = by_option("Whose events.")
    people: tuple[str, ...] | None = people_option("Only of", "A shared event needs only one of them.")
    tracks: tuple[int, ...] | None = tracks_option("Only of", "A shared event needs only one of them.")
    max_p: float = option(
        SURE,
        "Only where the corrected p-value is no larger; 1 lists all that was found.",
        details="Corrected for the number of events of its kind in the video. Bouts have none and stay.",
        bounds=PROBABILITY,
    )
    baseline: str = baseline_option("auto", "The baseline above which peaks rise.", USUAL)

    def check(self) -> None:
        refuse_mixture(self.by, self.people, self.tracks)
        refuse_none(self.baseline)


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeOptions(Options):
    """Where the table of several timelines goes."""

    out: Location = option("merged.parquet", "The .parquet file to write.", kind=LOCATION)
    force: bool = option(False, "Replace a file that exists.")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportOptions(Options):
    """Options of an export; `out` None is standard output."""

    format: str | None = option(None, "What to write.", default_text="by the ending of --out", kind=choice(EXPORT_FORMATS))
    out: Location | None = option(
        None,
        "A file, or a folder with one file per video; - is standard output.",
        default_text="standard output",
        kind=LOCATION,
    )
    by: Literal["person", "track"] | None = by_option("What gets its own tier, speaker or subject.")
    people: tuple[str, ...] | None = people_option("Only", "Of every video that has them.")
    tracks: tuple[int, ...] | None = tracks_option("Only", "Of every video that has them.")
    force: bool = option(False, "Replace files that exist.")

    def check(self) -> None:
        refuse_mixture(self.by, self.people, self.tracks)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportOptions(UtterancesOptions):
    """Where a report goes, the files and folders in which the videos are looked for, and what was said in them."""

    out: Location = option("report.html", "The page; ends in .html or .htm.", kind=LOCATION)
    video: tuple[Location, ...] = option(
        (),
        "Where the videos are, files or folders, for pictures and a player; may be repeated.",
        details="A folder is searched through all its subfolders.",
        kind=PATHS,
    )
    transcripts: tuple[Path, ...] = option(
        (),
        "Transcript to show and search below the timeline: `.vtt`, `.srt`, `.json` of whisperX; may be repeated.",
        details="Of several videos each is called like its video: `call.vtt` belongs to `call.mp4`.",
        flag="--transcript",
        kind=FILES,
    )
    baseline: str = baseline_option("auto", "The baseline above which peaks rise.", USUAL)
    force: bool = option(False, "Replace an output that exists.")

    def check(self) -> None:
        UtterancesOptions.check(self)  # super() does not work in a dataclass with slots
        refuse_none(self.baseline)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlotOptions(Options):
    """What is asked of a figure.

    `video` is the name in a timeline, or the last part of it; None takes all. `people` and `tracks` None mean all, or those
    that are on screen longest, as many as fit on a page.
    """

    out: Location = option("timeline.pdf", "The figure; ends in .pdf, .svg or .png.", kind=LOCATION)
    video: str | None = option(
        None, "Which video, if there are several: its name, or the last part of it.", default_text="all, one below the other"
    )
    by: Literal["person", "track"] | None = by_option("Whose panels.", also="")
    people: tuple[str, ...] | None = people_option("Only", "Of more than 25 the others are counted and left out.")
    tracks: tuple[int, ...] | None = tracks_option("Only")
    emotions: tuple[str, ...] = emotions_option()
    start_s: float = start_option()
    end_s: float = end_option()
    baseline: str = baseline_option(
        "none",
        "Draw how far probabilities are above each person's baseline, instead of the probabilities.",
        "`auto` takes each person's medians over all readable time, and `0:10-0:40` the means between"
        " two times, for example an interval at rest. Strips do not change. Not of studies.",
    )
    title: str = option("", "A line above the figure.", default_text="none")
    width_mm: float = option(
        COLUMNS_MM["double"],
        "Width of the figure: single (88 mm, a column of a journal), double (180 mm, a page), or millimetres.",
        details="Text is set in 8 pt at any width. The height follows from the number of panels.",
        flag="--width",
        default_text="double",
        bounds=Bounds(low=60, high=1000, hint="give single (88), double (180), or millimetres"),
        kind=WIDTH,
    )
    dpi: int = option(300, "Resolution of a .png file.", bounds=Bounds(low=36, high=2400, hint="journals ask for 300 to 600"))
    force: bool = option(False, "Replace a file that exists.")

    def check(self) -> None:
        if self.out.suffix.lower() not in FIGURES:
            raise UsageError(f"--out {self.out} is not a name for a figure", f"it has to end in {', '.join(FIGURES)}")
        if not 0 <= self.start_s < self.end_s:
            raise UsageError(f"no time lies between --start {self.start_s:g} and --end {self.end_s:g}", "begin before the end")
        refuse_mixture(self.by, self.people, self.tracks)


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyOptions(Options):
    """What a study writes. What it measures stands in its file."""

    out: Location = option("study", "The folder to write.", kind=LOCATION)
    wide: bool = option(
        False,
        "Also write wide.csv and wide.parquet: one row per participant and window, a column per measure.",
        details="JASP and SPSS need it for repeated measures.",
    )
    seed: int = option(0, "Seed of random draws.", bounds=Bounds(low=0, complaint="is negative", hint="give 0 or more"))
    force: bool = option(False, "Replace files of an earlier study in the folder.")
