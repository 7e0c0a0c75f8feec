"""What the clips of a folder are called, and the list of them that lies beside them."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from feelit.clipping.highlights import Highlight

INDEX = "clips.csv"

NAME = re.compile(r"\d{4,}_\d\d+-\d\d-\d\d\.\d{3}(_[a-z0-9-]+)+\.mp4")
"""What clips are called, and no file of anybody else."""

NAMED_TRACKS = 8
"""So many tracks are named in the name of a file; of more, their number is."""

DIGITS = 6
"""Decimals of written numbers: a microsecond is less than any frame or sample is off."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip as it was cut, and what for. Times are seconds on the clock of the whole video."""

    file: str  # name in the folder
    video: str  # as the timeline names it
    kind: str
    tracks: tuple[int, ...]
    emotion: str | None
    start_s: float  # when its first frame begins to be shown
    end_s: float  # when its last frame ends
    event_start_s: float
    event_end_s: float
    peak_s: float
    strength: float
    p_value: float


FIELDS = tuple(f.name for f in fields(Clip))
NUMBERS = tuple(f.name for f in fields(Clip) if f.type == "float")


def name_of(number: int, highlight: Highlight) -> str:
    """Its place in the order of time, when it happens, who, and what: 0001_00-12-03.480_track2_happiness_moment.mp4."""
    seconds, ms = divmod(round(highlight.start_s * 1000), 1000)
    when = f"{seconds // 3600:02}-{seconds // 60 % 60:02}-{seconds % 60:02}.{ms:03}"
    tracks = highlight.tracks
    who = f"{len(tracks)}tracks" if len(tracks) > NAMED_TRACKS else "-".join(map(str, tracks))
    words = (f"track{who}" if len(tracks) <= NAMED_TRACKS else who) if tracks else None
    return "_".join(filter(None, (f"{number:04}", when, words, highlight.emotion, highlight.kind))) + ".mp4"


def flat(clip: Clip) -> dict[str, Any]:
    """A clip as one row of columns; its tracks are a list of numbers, what there is not is None."""
    row = {name: _rounded(getattr(clip, name)) for name in FIELDS}
    return row | {"tracks": list(clip.tracks)}


def csv_text(clips: Iterable[Clip]) -> str:
    """One line a clip under a line of headings; tracks with spaces between, what there is not is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat(clip) | {"tracks": " ".join(map(str, clip.tracks))} for clip in clips)
    return text.getvalue()


def listed(folder: Path) -> Sequence[str]:
    """The clips that the index of a folder lists, none without one. Names that no clip has are passed over, for the index may
    be anything: clips are deleted by it."""
    try:
        text = (folder / INDEX).read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        return []
    rows = csv.DictReader(io.StringIO(text))
    return [name for row in rows if NAME.fullmatch(name := row.get("file") or "")]


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, DIGITS) if math.isfinite(value) else None
