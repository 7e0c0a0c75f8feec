"""Annotations that people or programs made of a recording: stretches of time with a label, on tiers.

Read are the tables of any program (.csv, .tsv), those of BORIS and its projects (.boris), ELAN (.eaf, Wittenburg et al. 2006),
Praat's TextGrid, long and short, WebVTT and SubRip (.vtt, .srt), RTTM (.rttm) and the JSON of whisperX (.json).
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from xml.etree import ElementTree as ET

from feelit.encodings import read_text
from feelit.errors import UsageError
from feelit.imports.boris import boris_events, boris_project, tabular_columns
from feelit.imports.speech import rttm, srt, webvtt, whisperx
from feelit.imports.tiers import Annotation, Tiers, Word
from feelit.options.transcripts import ClockOptions
from feelit.times import parse_time

MOST_BYTES = 1 << 26  # the annotations of a day are smaller
OVERLAP_S = 1e-3  # programs round times to a millisecond: stretches that overlap by less follow one another

COLUMNS = {
    "start": ("start", "start_s", "start (s)", "begin", "begin_s", "onset", "start time", "begin time"),
    "end": ("end", "end_s", "stop (s)", "offset", "stop", "end time"),
    "label": ("label", "code", "emotion", "annotation", "value", "behavior", "text"),
    "tier": ("tier", "coder", "rater", "annotator", "subject", "speaker"),
    "clock": ("time", "time_s", "time (s)", "seconds", "second", "timestamp"),
}
"""Names that the columns of a table may have, in small letters, the usual one first; a tier is not needed, and a clock only in
tables with one row per time."""


def read_tiers(path: Path, clock: ClockOptions | None = None) -> Tiers:
    """The tiers of a file by name, each in order of time, with all that they hold: points and what overlaps too.

    Parameters
    ----------
    clock : turns the times of the file into those of the video; None leaves them as they are

    Raises
    ------
    UsageError
        if it cannot be read, is of no known kind, or holds nothing.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{path} is no file of annotations that feelit reads", f"it reads {', '.join(READERS)}")
    try:
        tiers = read(read_text(path, MOST_BYTES, "is it a file of annotations?"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}", "check the path") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not in UTF-8: byte {error.start} is no part of a letter", "save it as UTF-8") from error
    except (ValueError, LookupError, AttributeError, OverflowError, RecursionError, ET.ParseError, csv.Error) as error:
        raise UsageError(f"{path} is damaged, or no {path.suffix[1:]}: {error}", "export it again") from error
    if not any(tiers.values()):
        raise UsageError(f"{path} holds no annotations", HINTS.get(path.suffix.lower(), "is it the right file?"))
    for wrong in (a for tier in tiers.values() for a in tier if not -math.inf < a.start_s <= a.end_s < math.inf):
        message = f"{path}: {wrong.label[:40]!r} is from {wrong.start_s:g} to {wrong.end_s:g} s, which is no stretch of time"
        raise UsageError(message, "correct its times")
    moved = tiers if clock is None else {name: [_moved(a, clock) for a in tier] for name, tier in tiers.items()}
    return {name: sorted(tier, key=lambda a: (a.start_s, a.end_s)) for name, tier in moved.items()}


def read_annotations(path: Path, clock: ClockOptions | None = None) -> Tiers:
    """The same without points, stretches without a text, and tiers of which nothing is left: one label at a time on each.

    Raises
    ------
    UsageError
        as `read_tiers`, and if a tier has stretches that overlap.
    """
    tiers = {name: tier for name, tier in read_tiers(path, clock).items() if any(a.end_s > a.start_s for a in tier)}
    if not tiers:
        raise UsageError(f"{path} holds points in time only", "agreement is about stretches")
    return {name: apart(path, name, tier) for name, tier in tiers.items()}


def _moved(a: Annotation, clock: ClockOptions) -> Annotation:
    words = tuple(Word(clock.video_s(word.start_s), clock.video_s(word.end_s), word.text) for word in a.words)
    return replace(a, start_s=clock.video_s(a.start_s), end_s=clock.video_s(a.end_s), words=words)


def apart(path: Path, name: str, tier: list[Annotation]) -> list[Annotation]:
    """The stretches of a tier that have a text, none of which may overlap another.

    Raises
    ------
    UsageError
        if two do.
    """
    found = [a for a in tier if a.label.strip() and a.end_s > a.start_s]
    for one, two in pairwise(found):
        if two.start_s < one.end_s - OVERLAP_S:
            message = f"{path}: on the tier {name}, {one.label} and {two.label} overlap at {two.start_s:g} s"
            raise UsageError(message, "put what may overlap on tiers of its own")
    return found


def _table(text: str) -> Tiers:
    first = re.split("[\r\n]", text, maxsplit=1)[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max("\t;,", key=first.count))
    head = next(rows, [])
    if tabular := tabular_columns(head):
        return boris_events(rows, tabular)
    if head and head[0].strip().lower() == "observation id" and len(head) <= 2:  # of older versions, facts come first
        for row in rows:
            if tabular := tabular_columns(row):
                return boris_events(rows, tabular)
    heads = [cell.strip().lower() for cell in head]
    place = {name: heads.index(known) for name, names in COLUMNS.items() for known in reversed(names) if known in heads}
    if "clock" in place and not {"start", "end"} <= place.keys():
        return _sampled(heads, rows, place["clock"])
    if not {"start", "end", "label"} <= place.keys():
        raise ValueError("the columns start, end and label are not all there")
    tiers: Tiers = {}
    for row in rows:
        if any(cell.strip() for cell in row):
            tier = row[place["tier"]].strip() if "tier" in place else ""
            start_s, end_s, label = _seconds(row[place["start"]]), _seconds(row[place["end"]]), row[place["label"]].strip()
            tiers.setdefault(tier, []).append(Annotation(start_s, end_s, label))
    return tiers


def _sampled(heads: list[str], rows: Iterator[list[str]], clock: int) -> Tiers:
    """A table with one row per time: each column of numbers is a tier, on which a number holds until the next row, or for one
    and a half of the usual time between rows."""
    every = [row for row in rows if any(cell.strip() for cell in row)]
    times = [_seconds(row[clock]) for row in every]
    if any(later <= sooner for sooner, later in pairwise(times)):
        raise ValueError("its times do not rise from row to row")
    usual_s = median([later - sooner for sooner, later in pairwise(times)] or [1.0])
    ends = [min(end, start + 1.5 * usual_s) for start, end in zip(times, [*times[1:], math.inf], strict=True)]
    tiers: Tiers = {}
    for k, name in enumerate(heads):
        cells = [row[k].strip() for row in every] if k != clock else []
        if any(cells) and all(map(_is_number, filter(None, cells))):
            tiers[name] = [Annotation(a, b, cell) for a, b, cell in zip(times, ends, cells, strict=True) if cell]
    if not tiers:
        raise ValueError("no column beside that of the time holds numbers")
    return tiers if len(tiers) > 1 else {"": next(iter(tiers.values()))}


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _seconds(text: str) -> float:
    try:
        return parse_time(text.strip(), "")
    except UsageError as error:
        raise ValueError(error.message.strip()) from error


def _eaf(text: str) -> Tiers:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it declares entities")
    root = ET.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text))  # noqa: S314  # without entities nothing can grow
    slots = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    times: dict[str | None, tuple[float, float]] = {}
    for found in root.iter("ALIGNABLE_ANNOTATION"):
        ends = slots.get(found.get("TIME_SLOT_REF1")), slots.get(found.get("TIME_SLOT_REF2"))
        if ends[0] is not None and ends[1] is not None:
            times[found.get("ANNOTATION_ID")] = int(ends[0]) / 1000, int(ends[1]) / 1000
    parent = {found.get("ANNOTATION_ID"): found.get("ANNOTATION_REF") for found in root.iter("REF_ANNOTATION")}
    tiers: Tiers = {}
    for tier in root.iter("TIER"):
        for found in (*tier.iter("ALIGNABLE_ANNOTATION"), *tier.iter("REF_ANNOTATION")):
            owner, steps = found.get("ANNOTATION_ID"), 0
            while owner not in times and owner in parent and steps < len(parent):
                owner, steps = parent[owner], steps + 1
            if owner in times:
                label = (found.findtext("ANNOTATION_VALUE") or "").strip()
                tiers.setdefault(tier.get("TIER_ID") or "", []).append(Annotation(*times[owner], label))
    return tiers


def _textgrid(text: str) -> Tiers:
    """Both formats hold the same numbers and quoted texts in the same order; the long one names them."""
    tokens: Iterator[str] = iter(re.findall(r'"(?:[^"]|"")*"|(?<![\w\[.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w\].])', text))

    def string() -> str:
        return next(tokens)[1:-1].replace('""', '"')

    def number() -> float:
        return float(next(tokens))

    tiers: Tiers = {}
    try:
        if (string(), string()) != ("ooTextFile", "TextGrid"):
            raise ValueError("it is no TextGrid")
        number(), number()
        for _ in range(int(number())):
            kind, name = string(), string()
            number(), number()
            count = int(number())
            if kind == "IntervalTier":
                tier = [Annotation(number(), number(), string().strip()) for _ in range(count)]
            else:
                tier = [Annotation(at_s := number(), at_s, string().strip()) for _ in range(count)]
            tiers.setdefault(name, []).extend(tier)
    except StopIteration:
        raise ValueError("it ends too soon") from None
    return tiers


READERS: dict[str, Callable[[str], Tiers]] = {
    ".csv": _table,
    ".tsv": _table,
    ".eaf": _eaf,
    ".textgrid": _textgrid,
    ".boris": boris_project,
    ".vtt": webvtt,
    ".srt": srt,
    ".rttm": rttm,
    ".json": whisperx,
}
"""By the ending of the name."""

HINTS = {".csv": "a table wants the columns start, end and label", ".tsv": "a table wants the columns start, end and label"}
"""What to do about an empty file."""
