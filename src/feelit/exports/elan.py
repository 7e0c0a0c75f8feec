"""ELAN documents, EAF 3.0 (Max Planck Institute for Psycholinguistics). Their content is made by `elan_tiers`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from mimetypes import MimeTypes
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from feelit import __version__
from feelit.exports.elan_tiers import Mark, Tier, tiers
from feelit.exports.part import Part
from feelit.types import EMOTIONS

NO_DATE = "1970-01-01T00:00:00Z"
"""The schema demands a date; our files do not tell when they were made, so that equal timelines give equal files."""

UNKNOWN_KIND = "unknown"
"""ELAN's word for media of a type that it does not know."""

Numbered = list[tuple[int, Mark]]
Slots = dict[tuple[int, str], tuple[str, int]]


def elan_text(part: Part) -> Iterator[str]:
    """A document a video. Mark n is annotation 2n - 1; its confidence, if it has one, is annotation 2n on a tier below."""
    for recording in part.recordings:
        numbers = count(1)
        filled = [
            (tier, [(next(numbers), mark) for mark in tier.marks]) for tier in tiers(recording, part.tracks_of(recording))
        ]
        slots = _slots([pair for _, pairs in filled for pair in pairs])
        yield '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT'
        yield _attributes(AUTHOR=f"feelit {__version__}", DATE=NO_DATE, FORMAT="3.0", VERSION="3.0")
        yield ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        yield ' xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">\n'
        yield from _header(recording.name, part.folder, annotations=len(slots))
        yield "<TIME_ORDER>\n"
        yield from (_element("TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=time_ms) for slot, time_ms in slots.values())
        yield "</TIME_ORDER>\n"
        for tier, pairs in filled:
            yield from _tier(tier, pairs, slots)
        yield from _vocabulary()
        yield "</ANNOTATION_DOCUMENT>\n"


def _slots(pairs: Numbered) -> Slots:
    """Time slots in the order of their times: (number of a mark, "start" or "end") -> (id, ms)."""
    times = [(mark.start_ms, (n, "start")) for n, mark in pairs] + [(mark.end_ms, (n, "end")) for n, mark in pairs]
    return {key: (f"ts{place}", time_ms) for place, (time_ms, key) in enumerate(sorted(times), 1)}


def _header(name: str, folder: Path, annotations: int) -> Iterator[str]:
    """The video is linked twice: where it was when it was analysed, and from the document's folder."""
    video = Path(os.path.abspath(name))  # noqa: PTH100  # resolve() would follow links
    links = {"MEDIA_URL": video.as_uri(), "MIME_TYPE": MimeTypes().guess_type(name)[0] or UNKNOWN_KIND}
    try:
        below = Path(os.path.relpath(video, folder)).as_posix()
    except ValueError:  # another drive of Windows
        below = ""
    if below:
        links["RELATIVE_MEDIA_URL"] = quote(os.fsencode(below if below.startswith("../") else f"./{below}"))
    yield f"<HEADER{_attributes(MEDIA_FILE='', TIME_UNITS='milliseconds')}>\n"
    yield _element("MEDIA_DESCRIPTOR", **links)
    yield _element("PROPERTY", str(annotations), NAME="lastUsedAnnotationId")
    yield "</HEADER>\n"


def _tier(tier: Tier, pairs: Numbered, slots: Slots) -> Iterator[str]:
    participant = {"PARTICIPANT": tier.participant} if tier.participant else {}
    yield f"<TIER{_attributes(TIER_ID=tier.name, LINGUISTIC_TYPE_REF=tier.kind, **participant)}>\n"
    for number, mark in pairs:
        links = {"TIME_SLOT_REF1": slots[number, "start"][0], "TIME_SLOT_REF2": slots[number, "end"][0]}
        entry = {"CVE_REF": mark.value} if tier.kind == "emotion" else {}
        yield _annotation("ALIGNABLE_ANNOTATION", 2 * number - 1, mark.value, **links, **entry)
    yield "</TIER>\n"
    if tier.kind == "emotion":
        below = {"TIER_ID": f"{tier.name} confidence", "LINGUISTIC_TYPE_REF": "confidence", "PARENT_REF": tier.name}
        yield f"<TIER{_attributes(**below, **participant)}>\n"
        for number, mark in pairs:
            yield _annotation("REF_ANNOTATION", 2 * number, mark.confidence or "", ANNOTATION_REF=f"a{2 * number - 1}")
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


def _annotation(kind: str, number: int, value: str, **links: str) -> str:
    attributes = _attributes(ANNOTATION_ID=f"a{number}", **links)
    return f"<ANNOTATION><{kind}{attributes}>{_element('ANNOTATION_VALUE', value).rstrip()}</{kind}></ANNOTATION>\n"


def _element(kind: str, value: str = "", **attributes: object) -> str:
    begin = f"<{kind}{_attributes(**attributes)}"
    return f"{begin}>{escape(value)}</{kind}>\n" if value else f"{begin}/>\n"


def _attributes(**values: object) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items())
