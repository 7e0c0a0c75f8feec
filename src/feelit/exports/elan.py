"""ELAN documents, EAF 3.0 (Max Planck Institute for Psycholinguistics). Their content is made by `elan_tiers`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from mimetypes import MimeTypes
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from feelit import __version__
from feelit.exports.elan_tiers import Mark, Tier, tiers
from feelit.exports.part import Part
from feelit.storage.location import Location
from feelit.types import EMOTIONS, Int64

NO_DATE = "1970-01-01T00:00:00Z"
"""The schema demands a date; our files do not say when they were made, so that equal timelines give equal files."""

UNKNOWN_KIND = "unknown"
"""ELAN's word for media of a type that it does not know."""

Numbered = list[tuple[int, Mark]]


def elan_text(part: Part) -> Iterator[str]:
    """A document a video. Mark n is annotation 2n - 1; its confidence, if it has one, is annotation 2n on a tier below."""
    for recording in part.recordings:
        numbers = count(1)
        made = tiers(recording, part.wanted(recording), part.series(recording))
        filled = [(tier, [(next(numbers), mark) for mark in tier.marks]) for tier in made]
        slots = _slots([mark for _, pairs in filled for _, mark in pairs])
        yield '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT'
        yield _attributes(AUTHOR=f"feelit {__version__}", DATE=NO_DATE, FORMAT="3.0", VERSION="3.0")
        yield ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        yield ' xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">\n'
        yield from _header(recording.name, part.folder, annotations=len(slots.time_ms))
        yield "<TIME_ORDER>\n"
        for place, time_ms in enumerate(slots.time_ms.tolist(), 1):
            yield f'<TIME_SLOT TIME_SLOT_ID="ts{place}" TIME_VALUE="{time_ms}"/>\n'
        yield "</TIME_ORDER>\n"
        for tier, pairs in filled:
            yield from _tier(tier, pairs, slots)
        yield from _vocabulary()
        yield "</ANNOTATION_DOCUMENT>\n"


@dataclass(frozen=True, slots=True, eq=False)
class _Slots:
    """Time slots, numbered from 1 on in the order of their times."""

    time_ms: Int64  # (2M,) of every slot
    start: Int64  # (M,) the slot at which each mark begins
    end: Int64  # (M,) and ends


def _slots(marks: list[Mark]) -> _Slots:
    """Two slots for every mark. At one time, ends come before beginnings, and both in the order of the marks."""
    time_ms = np.array([(mark.end_ms, mark.start_ms) for mark in marks], np.int64).reshape(-1)
    order = np.argsort(time_ms, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(1, len(order) + 1)
    return _Slots(time_ms[order], place[1::2], place[::2])


def _header(name: str, folder: Location, annotations: int) -> Iterator[str]:
    """The video is linked twice: where it was when it was analysed, and from the document's folder."""
    video = Path(os.path.abspath(name))  # noqa: PTH100  # resolve() would follow links
    links = {"MEDIA_URL": video.as_uri(), "MIME_TYPE": MimeTypes().guess_type(name)[0] or UNKNOWN_KIND}
    try:
        below = Path(os.path.relpath(video, folder)).as_posix() if isinstance(folder, Path) else ""
    except ValueError:  # another drive of Windows
        below = ""
    if below:
        links["RELATIVE_MEDIA_URL"] = quote(os.fsencode(below if below.startswith("../") else f"./{below}"))
    yield f"<HEADER{_attributes(MEDIA_FILE='', TIME_UNITS='milliseconds')}>\n"
    yield _element("MEDIA_DESCRIPTOR", **links)
    yield _element("PROPERTY", str(annotations), NAME="lastUsedAnnotationId")
    yield "</HEADER>\n"


def _tier(tier: Tier, pairs: Numbered, slots: _Slots) -> Iterator[str]:
    participant = {"PARTICIPANT": tier.participant} if tier.participant else {}
    yield f"<TIER{_attributes(TIER_ID=tier.name, LINGUISTIC_TYPE_REF=tier.kind, **participant)}>\n"
    for number, mark in pairs:
        links = f'TIME_SLOT_REF1="ts{slots.start[number - 1]}" TIME_SLOT_REF2="ts{slots.end[number - 1]}"'
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
    """There may be hundreds of thousands; `links` are ids and words of ours, which need no escapes."""
    return f'<ANNOTATION><{kind} ANNOTATION_ID="a{number}" {links}>{_value(value)}</{kind}></ANNOTATION>\n'


@lru_cache(maxsize=1024)
def _value(value: str) -> str:
    return _element("ANNOTATION_VALUE", value).rstrip()


def _element(kind: str, value: str = "", **attributes: object) -> str:
    begin = f"<{kind}{_attributes(**attributes)}"
    return f"{begin}>{escape(value)}</{kind}>\n" if value else f"{begin}/>\n"


def _attributes(**values: object) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items())
