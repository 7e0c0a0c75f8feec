"""The names of clips, and the index of a folder of clips."""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from feelit.clipping.highlights import Highlight
from feelit.errors import OutputError
from feelit.storage.location import Location, Url
from feelit.storage.names import for_spreadsheet
from feelit.storage.objects import open_object
from feelit.storage.stat import exists

INDEX = "clips.csv"

NAME = re.compile(r"\d{4,}_\d\d+-\d\d-\d\d\.\d{3}(_[a-z0-9-]+)+\.mp4")  # the names of clips; no other file is ever deleted
MOST_NAMED = 8  # so many persons or tracks are named in the name of a file; of more, their number is
LONGEST_NAME = 24  # letters of a person's name in the name of a file
DIGITS = 6  # decimals of written numbers: a microsecond is less than any frame or sample is off


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip as it was cut, and what for. Times are seconds on the clock of the whole video."""

    file: str  # name in the folder
    video: str  # as the timeline names it
    kind: str
    people: tuple[int, ...]  # empty if highlights are by track
    names: tuple[str, ...]  # theirs, as far as they have one
    tracks: tuple[int, ...]  # empty if highlights are by person
    emotion: str | None
    start_s: float  # when its first frame begins to be shown
    end_s: float  # when its last frame ends
    event_start_s: float
    event_end_s: float
    peak_s: float
    strength: float
    baseline: float
    p_value: float
    text: str | None  # what is said, of utterances

    def record(self) -> dict[str, Any]:
        """The clip as one row of columns; missing values are None, missing people an empty list."""
        return {name: _rounded(getattr(self, name)) for name in FIELDS} | {name: list(getattr(self, name)) for name in LISTS}


FIELDS = tuple(f.name for f in fields(Clip))
LISTS = ("people", "names", "tracks")
NUMBERS = tuple(f.name for f in fields(Clip) if f.type == "float")


def name_of(number: int, highlight: Highlight, series: str, names: Sequence[str] = ()) -> str:
    """Its place in the order of time, when it happens, who, and what: 0001_00-12-03.480_person2-ann_happiness_moment.mp4.

    Parameters
    ----------
    series : "person" or "track", what `highlight.who` counts
    names : of the persons, as far as they have one
    """
    seconds, ms = divmod(round(highlight.start_s * 1000), 1000)
    when = f"{seconds // 3600:02}-{seconds // 60 % 60:02}-{seconds % 60:02}.{ms:03}"
    who = f"{series}{'-'.join(map(str, highlight.who))}" if highlight.who else ""
    if len(highlight.who) > MOST_NAMED:
        who = f"{len(highlight.who)}{ {'person': 'people'}.get(series, 'tracks') }"
    elif len(highlight.who) == 1 and (name := _plain("".join(names))):
        who += f"-{name}"
    return "_".join(filter(None, (f"{number:04}", when, who, highlight.emotion, highlight.kind))) + ".mp4"


def _plain(name: str) -> str:
    """A name in the few letters that every file system and every shell takes."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters)[:LONGEST_NAME].strip("-")


def csv_text(clips: Iterable[Clip]) -> str:
    """A line of headings, then one line per clip: spaces between numbers, semicolons between names, nothing for missing
    values."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    for clip in clips:
        row = clip.record() | {name: " ".join(map(str, getattr(clip, name))) for name in ("people", "tracks")}
        row["names"] = "; ".join(clip.names)
        writer.writerow({name: for_spreadsheet(cell) if isinstance(cell, str) else cell for name, cell in row.items()})
    return text.getvalue()


def listed(folder: Location) -> Sequence[str]:
    """The clips that the index of a folder lists, none without one. Names that no clip has are passed over, for the index may
    be anything: clips are deleted by it."""
    index = folder / INDEX
    if isinstance(index, Url) and not exists(index):
        return []
    try:
        content = index.read_bytes() if isinstance(index, Path) else open_object(index, OutputError).read()
    except FileNotFoundError:
        return []
    text = content.decode("utf-8-sig", errors="replace")
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except csv.Error:
        return []
    return [name for row in rows if NAME.fullmatch(name := row.get("file") or "")]


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, DIGITS) if math.isfinite(value) else None
