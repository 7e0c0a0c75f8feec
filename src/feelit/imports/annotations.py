"""Annotations that people made of a recording: stretches of time with a label, on tiers.

Read are the tables of any program (.csv, .tsv), ELAN (.eaf, Wittenburg et al. 2006) and Praat's TextGrid, long and short.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

from feelit.encodings import text_of
from feelit.errors import UsageError
from feelit.times import parse_time

MOST_BYTES = 1 << 26
"""The annotations of a day are smaller."""

OVERLAP_S = 1e-3
"""Programs round times to a millisecond: stretches that overlap by less follow one another."""

COLUMNS = {
    "start": ("start", "start_s", "begin", "begin_s", "onset", "start time", "begin time"),
    "end": ("end", "end_s", "offset", "stop", "end time"),
    "label": ("label", "code", "emotion", "annotation", "value", "behavior"),
    "tier": ("tier", "coder", "rater", "annotator", "subject"),
}
"""Names that the columns of a table may have, in small letters; a tier is not needed."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One stretch, from `start_s` to before `end_s`."""

    start_s: float
    end_s: float
    label: str


Tiers = dict[str, list[Annotation]]


def read_annotations(path: Path) -> Tiers:
    """The tiers of a file by name, each in order of time. Stretches without a text are left out.

    Raises
    ------
    UsageError
        if it cannot be read, is of no known kind, or a tier has stretches that overlap.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{path} is no file of annotations that feelit reads", f"it reads {', '.join(READERS)}")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB", "is it a file of annotations?")
        tiers = read(text_of(content))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}", "check the path") from error
    except (ValueError, IndexError, KeyError, ET.ParseError, csv.Error) as error:
        raise UsageError(f"{path} is damaged, or no {path.suffix[1:]}: {error}", "export it again") from error
    if not tiers:
        raise UsageError(f"{path} holds no annotations", "a table wants the columns start, end and label")
    return {name: _in_order(path, name, tier) for name, tier in tiers.items()}


def _in_order(path: Path, name: str, tier: list[Annotation]) -> list[Annotation]:
    found = sorted((a for a in tier if a.label.strip() and a.end_s > a.start_s), key=lambda a: (a.start_s, a.end_s))
    for one, two in pairwise(found):
        if two.start_s < one.end_s - OVERLAP_S:
            message = f"{path}: on the tier {name}, {one.label} and {two.label} overlap at {two.start_s:g} s"
            raise UsageError(message, "put what may overlap on tiers of its own")
    return found


def _table(text: str) -> Tiers:
    first = re.split("[\r\n]", text, maxsplit=1)[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max("\t;,", key=first.count))
    heads = [head.strip().lower() for head in next(rows, [])]
    place = {name: next((heads.index(known) for known in names if known in heads), None) for name, names in COLUMNS.items()}
    start, end, label = place["start"], place["end"], place["label"]
    if start is None or end is None or label is None:
        raise ValueError("the columns start, end and label are not all there")
    tiers: Tiers = {}
    for row in rows:
        if any(cell.strip() for cell in row):
            tier = row[place["tier"]].strip() if place["tier"] is not None else ""
            tiers.setdefault(tier, []).append(Annotation(_seconds(row[start]), _seconds(row[end]), row[label].strip()))
    return tiers


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

    def every_tier() -> Iterator[tuple[str, list[Annotation]]]:
        if (string(), string()) != ("ooTextFile", "TextGrid"):
            raise ValueError("it is no TextGrid")
        number(), number()
        for _ in range(int(number())):
            kind, name = string(), string()
            number(), number()
            count = int(number())
            if kind == "IntervalTier":
                yield name, [Annotation(number(), number(), string().strip()) for _ in range(count)]
            else:
                for _ in range(2 * count):  # points have no duration
                    next(tokens)

    tiers: Tiers = {}
    try:
        for name, tier in every_tier():
            tiers.setdefault(name, []).extend(tier)
    except (StopIteration, RuntimeError):
        raise ValueError("it ends too soon") from None
    return tiers


READERS: dict[str, Callable[[str], Tiers]] = {".csv": _table, ".tsv": _table, ".eaf": _eaf, ".textgrid": _textgrid}
"""By the ending of the name."""
