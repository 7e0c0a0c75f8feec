"""The options of commands that show videos: annotated videos, clips, live."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from feelit.errors import UsageError
from feelit.labels import EMOTIONS, EventKind
from feelit.options.analyze import RATE, AnalyzeOptions, FaceOptions
from feelit.options.declare import Bounds, Options, option
from feelit.options.kinds import LOCATION, SECONDS, TIMES, words
from feelit.options.shared import PROBABILITY, by_option, emotions_option, people_option, refuse_mixture, tracks_option
from feelit.storage.location import Location

Blur = Literal["none", "others", "all"]

MOMENT = "moment"  # a sample of high confidence, as in summaries
CLIP_KINDS = (MOMENT, *(kind.value for kind in EventKind))
MOVED = tuple(name for name in EMOTIONS if name != "neutral")  # the emotions of moments, unless neutral is named
LENGTH = Bounds(low=0, hint="give a length of time, 0 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawingOptions(Options):
    """How annotated pictures are drawn and encoded."""

    blur: Blur = option("none", "Make faces unrecognisable: all, or all others than --people and --tracks.")
    signals: bool = option(
        False,
        "Draw signals as well: axes of the head, gaze, lids and lips.",
        details="Red points to the right of the head, green up, blue out of the face, yellow where each eye looks. Faces below"
        " 28 px have no such marks.",
    )
    codec: str = option("libx264", "Video encoder, by FFmpeg's name: `libx264`, `libx265` or `libvpx-vp9`.")
    crf: int | None = option(
        None, "Constant rate factor, 0 (best) to 51, or to 63 for `libvpx-vp9`.", default_text="the encoder's usual"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class AnnotateOptions(DrawingOptions):
    """Options of an annotated video."""

    out: Location = option("annotated.mp4", "The annotated video; ends in `.mp4`, `.m4v`, `.mov` or `.mkv`.", kind=LOCATION)
    people: tuple[str, ...] | None = people_option("Draw only")
    tracks: tuple[int, ...] | None = tracks_option("Draw only", "Beside those of `--people`, if both are given.")
    force: bool = option(False, "Replace an output that exists.")


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipsOptions(DrawingOptions):
    """What is asked of clips.

    Every clip begins `before_s` before its event and ends `after_s` after it, as far as the video goes. Without `kinds` moments
    are meant, or nothing but the times of `at_s`, if there are any.
    """

    out: Location = option("clips", "The folder for the clips.", kind=LOCATION)
    kinds: tuple[str, ...] | None = option(
        None,
        "What to cut, separated by commas: moment, or kinds of events such as peak, nod or mutual_smile; or all.",
        flag="--kind",
        default_text="moment",
        kind=words(CLIP_KINDS, everything="all"),
    )
    emotions: tuple[str, ...] = emotions_option(MOVED, "all but neutral", "Absences have none and stay.")
    by: Literal["person", "track"] | None = by_option("Whose moments and events.")
    people: tuple[str, ...] | None = people_option("Only of", "A shared event needs only one of them.")
    tracks: tuple[int, ...] | None = tracks_option("Only of", "A shared event needs only one of them.")
    max_p: float = option(
        1.0,
        "Only where the corrected p-value is no larger.",
        details="Moments and bouts have none and stay.",
        default_text="all",
        bounds=PROBABILITY,
    )
    most: int = option(
        10,
        "The most clips to cut; the strongest are chosen.",
        bounds=Bounds(low=1, complaint="leaves no clip", hint="give 1 or more"),
    )
    at_s: tuple[float, ...] = option(
        (),
        "Cut about these times too, as in 12.5,1:30.",
        details="Without `--kind`, about nothing else.",
        flag="--at",
        kind=TIMES,
        bounds=Bounds(low=0, complaint="is no time of a video"),
    )
    before_s: float = option(1.0, "Start this long before the event.", flag="--before", kind=SECONDS, bounds=LENGTH)
    after_s: float = option(1.0, "End this long after it.", flag="--after", kind=SECONDS, bounds=LENGTH)
    annotated: bool = option(
        False, "Draw the timeline on the clips.", details="As `feelit annotate` does; the strip shows the whole video."
    )
    force: bool = option(False, "Replace the clips that the folder holds.")

    def check(self) -> None:
        if self.before_s == float("inf") or self.after_s == float("inf"):
            raise UsageError("--before and --after are lengths of time", "give seconds, 0 or more")
        refuse_mixture(self.by, self.people, self.tracks)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The kinds of events that are asked for, where none were named as well."""
        if self.kinds is not None:
            return self.kinds
        return () if self.at_s else (MOMENT,)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions(Options):
    """Where the live page is, and what opens it. Port 0 stands for any that is free, `token` None for a random one."""

    port: int = option(
        0,
        "Port of the page; 0 takes a free one.",
        bounds=Bounds(low=0, high=65535, complaint="is no port", hint="give 1 to 65535, or 0 for any that is free"),
    )
    host: str = option("127.0.0.1", "Address to listen at; any other than this computer's own lets other computers in.")
    token: str | None = option(
        None, "What opens the page: 8 or more of A-Z, a-z, 0-9, `_` and `-`.", default_text="a random one"
    )

    def check(self) -> None:
        if self.token is not None and not re.fullmatch(r"[A-Za-z0-9_-]{8,}", self.token):
            raise UsageError("--token is too easy, or cannot stand in an address", "give 8 or more of A-Z a-z 0-9 _ -")

    @property
    def is_local(self) -> bool:
        """Whether only this computer can reach it."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveOptions(FaceOptions):
    """Options of watching. Times are seconds since the first frame."""

    out: Path | None = option(None, "Record a timeline, a .parquet file.")
    force: bool = option(False, "Replace a recording that exists.")
    duration_s: float = option(
        float("inf"),
        "End after this time.",
        flag="--duration",
        default_text="its end",
        kind=SECONDS,
        bounds=Bounds(low=0, above=True, complaint="is no time", hint="give seconds, or leave it out"),
    )
    people: bool = option(
        True,
        "Show a person who comes back under the old number, and group the tracks of the recording at the end.",
        details="`--no-people` computes nothing about identity: numbers are those of tracks.",
    )
    signals: bool = option(
        True,
        "Show where heads are turned and eyes look, lids, lips and brows.",
        details="On the page only: the recording has no columns of signals. `--no-signals` computes none.",
    )
    loop: bool = option(False, "Play a file over and over.")
    rate: str = option("native", "Analyse no more frames per second than this; `native` for as many as can be.", kind=RATE)
    max_width_px: int = option(
        1280,
        "Width of the picture on the page, at most, in px.",
        flag="--max-width",
        bounds=Bounds(low=16, complaint="is too small to see anything", hint="give the width in px"),
    )

    @property
    def analyze(self) -> AnalyzeOptions:
        """The same as options of an analysis."""
        same = {f.name: getattr(self, f.name) for f in fields(FaceOptions)}
        return AnalyzeOptions(**same, rate=self.rate, end_s=self.duration_s, people=self.people, signals="none")
