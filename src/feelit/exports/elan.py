"""ELAN documents, EAF 3.0 (Max Planck Institute for Psycholinguistics): tiers of labels and of events, one set per person."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from mimetypes import MimeTypes
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from feelit import __version__
from feelit.analysis.event import Event, Kind, p_text
from feelit.analysis.events import bouts_of, events_of
from feelit.analysis.observations import TimelineSamples
from feelit.exports.label_intervals import LabelIntervals, in_milliseconds, intervals_of
from feelit.exports.selection import Selection
from feelit.options.timelines import SURE
from feelit.storage.location import Location
from feelit.timeline.people import Series
from feelit.timeline.recording import Recording
from feelit.types import EMOTIONS, Int64

NO_DATE = "1970-01-01T00:00:00Z"
"""The schema demands a date. It is constant, so that equal timelines give equal files."""

UNKNOWN_KIND = "unknown"  # ELAN's MIME type of media that it does not know


def elan_text(selection: Selection) -> Iterator[str]:
    """One document per video. Mark n is annotation 2n - 1; its confidence, if any, is annotation 2n of a dependent tier."""
    for recording in selection.recordings:
        numbers = count(1)
        made = tiers(recording, selection.labels(recording), selection.series(recording))
        filled = [(tier, [(next(numbers), mark) for mark in tier.marks]) for tier in made]
        times_ms, slots = _slots([mark for _, pairs in filled for _, mark in pairs])
        yield '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT'
        yield _attributes(AUTHOR=f"feelit {__version__}", DATE=NO_DATE, FORMAT="3.0", VERSION="3.0")
        yield ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        yield ' xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">\n'
        yield from _header(recording.name, selection.folder, annotations=len(times_ms))
        yield "<TIME_ORDER>\n"
        for place, time_ms in enumerate(times_ms.tolist(), 1):
            yield f'<TIME_SLOT TIME_SLOT_ID="ts{place}" TIME_VALUE="{time_ms}"/>\n'
        yield "</TIME_ORDER>\n"
        for tier, pairs in filled:
            yield from _tier(tier, pairs, slots)
        yield from _vocabulary()
        yield "</ANNOTATION_DOCUMENT>\n"


def _slots(marks: list[Mark]) -> tuple[Int64, Int64]:
    """The (2M,) times of slots, in order; and the slots, counted from 1, at which each mark ends and begins, (M, 2).

    At equal times ends come before starts, both in the order of the marks.
    """
    time_ms = np.array([(mark.end_ms, mark.start_ms) for mark in marks], np.int64).reshape(-1)
    order = np.argsort(time_ms, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(1, len(order) + 1)
    return time_ms[order], place.reshape(-1, 2)


def _header(name: str, folder: Location, annotations: int) -> Iterator[str]:
    """The header, with two links to the video: its place when it was analysed, and its path from the document's folder."""
    video = Path(os.path.abspath(name))  # noqa: PTH100  # resolve() would follow links
    links = {"MEDIA_URL": video.as_uri(), "MIME_TYPE": MimeTypes().guess_type(name)[0] or UNKNOWN_KIND}
    if isinstance(folder, Path):
        with suppress(ValueError):  # another drive of Windows
            below = Path(os.path.relpath(video, folder)).as_posix()
            links["RELATIVE_MEDIA_URL"] = quote(os.fsencode(below if below.startswith("../") else f"./{below}"))
    yield f"<HEADER{_attributes(MEDIA_FILE='', TIME_UNITS='milliseconds')}>\n"
    yield _element("MEDIA_DESCRIPTOR", **links)
    yield _element("PROPERTY", str(annotations), NAME="lastUsedAnnotationId")
    yield "</HEADER>\n"


def _tier(tier: Tier, pairs: list[tuple[int, Mark]], slots: Int64) -> Iterator[str]:
    participant = {"PARTICIPANT": tier.participant} if tier.participant else {}
    yield f"<TIER{_attributes(TIER_ID=tier.name, LINGUISTIC_TYPE_REF=tier.kind, **participant)}>\n"
    for number, mark in pairs:
        end, start = slots[number - 1].tolist()
        links = f'TIME_SLOT_REF1="ts{start}" TIME_SLOT_REF2="ts{end}"'
        entry = f' CVE_REF="{mark.value}"' if tier.kind == "emotion" else ""
        yield _annotation("ALIGNABLE_ANNOTATION", 2 * number - 1, links + entry, mark.value)
    yield "</TIER>\n"
    if tier.kind == "emotion":
        below = {"TIER_ID": f"{tier.name} confidence", "LINGUISTIC_TYPE_REF": "confidence", "PARENT_REF": tier.name}
        yield f"<TIER{_attributes(**below, **participant)}>\n"
        for number, mark in pairs:
            yield _annotation("REF_ANNOTATION", 2 * number, f'ANNOTATION_REF="a{2 * number - 1}"', mark.confidence or "")
        yield "</TIER>\n"


def _vocabulary() -> Iterator[str]:
    """The kinds of tiers, and the emotions as a controlled vocabulary."""
    common = {"GRAPHIC_REFERENCES": "false"}
    emotion = common | {"TIME_ALIGNABLE": "true", "CONTROLLED_VOCABULARY_REF": "emotions"}
    confidence = common | {"TIME_ALIGNABLE": "false", "CONSTRAINTS": "Symbolic_Association"}
    yield _element("LINGUISTIC_TYPE", LINGUISTIC_TYPE_ID="emotion", **emotion)
    yield _element("LINGUISTIC_TYPE", LINGUISTIC_TYPE_ID="confidence", **confidence)
    yield _element("LINGUISTIC_TYPE", LINGUISTIC_TYPE_ID="event", TIME_ALIGNABLE="true", **common)
    yield _element("LANGUAGE", LANG_ID="eng", LANG_LABEL="English (eng)")
    yield _element("CONSTRAINT", STEREOTYPE="Symbolic_Association", DESCRIPTION="1-1 association with a parent annotation")
    yield f"<CONTROLLED_VOCABULARY{_attributes(CV_ID='emotions')}>\n"
    yield _element("DESCRIPTION", "how a face looks, not what a person feels", LANG_REF="eng")
    for word in EMOTIONS:
        yield f"<CV_ENTRY_ML{_attributes(CVE_ID=word)}>{_element('CVE_VALUE', word, LANG_REF='eng').rstrip()}</CV_ENTRY_ML>\n"
    yield "</CONTROLLED_VOCABULARY>\n"


def _annotation(kind: str, number: int, links: str, value: str) -> str:
    """An annotation, built fast as there may be hundreds of thousands; `links` are our own ids, which need no escapes."""
    return f'<ANNOTATION><{kind} ANNOTATION_ID="a{number}" {links}>{_value(value)}</{kind}></ANNOTATION>\n'


@lru_cache(maxsize=1024)
def _value(value: str) -> str:
    return _element("ANNOTATION_VALUE", value).rstrip()


def _element(kind: str, value: str = "", **attributes: object) -> str:
    begin = f"<{kind}{_attributes(**attributes)}"
    return f"{begin}>{escape(value)}</{kind}>\n" if value else f"{begin}/>\n"


def _attributes(**values: object) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items())


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation from `start_ms` to before `end_ms`. Emotions have a confidence, events have it in their value."""

    start_ms: int
    end_ms: int
    value: str
    confidence: str | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """Marks in order of time, without overlap; `kind` is "emotion" or "event", `participant` a label, or empty for several."""

    name: str
    participant: str
    kind: str
    marks: list[Mark]


def tiers(recording: Recording, labels: Mapping[int, str], by: Series) -> list[Tier]:
    """Tiers of emotions, one per person or track, then tiers of peaks, absences and shared shifts that are significant.

    Parameters
    ----------
    labels : the names of the selected persons or tracks, by number
    by : whether these numbers are of persons or of tracks
    """
    rows = TimelineSamples(recording, by)
    bouts = bouts_of(rows)
    shown = intervals_of(rows, bouts, recording.duration_s, labels)
    result = []
    for track, intervals in shown.tracks.items():
        marks = [Mark(s.start_ms, s.end_ms, s.emotion, f"{s.confidence:.2f}") for s in intervals]
        result.append(Tier(labels[track], labels[track], "emotion", marks))
    events = events_of(rows, bouts, _NAMES, max_p=SURE)
    others = {number for event in events for number in event.tracks if number not in labels}
    every = {**labels, **{number: f"{by} {number}" for number in others}}
    return [*result, *_event_tiers(events, shown, every)]


def _event_tiers(found: Iterable[Event], shown: LabelIntervals, labels: Mapping[int, str]) -> Iterator[Tier]:
    grouped: dict[tuple[str, str], list[Event]] = {}
    for event in found:
        if event.is_sure and not shown.tracks.keys().isdisjoint(event.tracks):
            participant = "" if event.kind is Kind.shared else labels[event.tracks[0]]
            grouped.setdefault((participant, _NAMES[event.kind]), []).append(event)
    for (participant, name), events in grouped.items():
        for number, lane in enumerate(_lanes(events), 1):
            times = in_milliseconds((e.start_s for e in lane), (e.end_s for e in lane))
            marks = []
            for event, (start_ms, end_ms) in zip(lane, times, strict=True):
                sure = p_text(event.p_adjusted)
                who = f" of {', '.join(labels[n] for n in event.tracks)}" if event.kind is Kind.shared else ""
                text = f"{event.emotion or 'away'}{who}, p {sure if sure.startswith('<') else '= ' + sure}"
                marks.append(Mark(start_ms, max(start_ms + 1, min(end_ms, shown.end_ms)), text))
            yield Tier(f"{participant} {name} {number if number > 1 else ''}".strip(), participant, "event", marks)


def _lanes(events: Iterable[Event]) -> list[list[Event]]:
    """Events distributed over as few tiers as possible, as annotations of a tier must not overlap."""
    lanes: list[list[Event]] = []
    for event in sorted(events, key=lambda e: e.start_s):
        lane = next((lane for lane in lanes if lane[-1].end_s <= event.start_s), None)
        if lane is None:
            lanes.append(lane := [])
        lane.append(event)
    return lanes


_NAMES = {Kind.peak: "peaks", Kind.absence: "absences", Kind.shared: "shared shifts"}
