"""The contact sheet: one HTML page with a few faces of every person, and the most doubtful pairs and persons.

The page contains everything that it shows, runs no script and loads nothing.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from feelit.analysis.people import Person, people_in
from feelit.analysis.table import clock
from feelit.identity.doubts import PairDoubt, SplitDoubt, pair_doubts, seen_together, split_doubts
from feelit.identity.embeddings import ChosenFaces, choose_faces, embed_faces, find_video
from feelit.models.paths import model_path
from feelit.options.people import PeopleOptions
from feelit.reports.page import asset, hash_source
from feelit.reports.pictures import data_url
from feelit.run.cores import usable_cores
from feelit.storage.atomic import refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.storage.stat import InputFiles
from feelit.timeline.recording import Recording, TimelineSources, files_of, listed_sources, open_timelines
from feelit.types import Float32, UInt8
from feelit.vision.identity import IdentityModel

STYLE = "people_sheet.css"
PICTURE_PX = 104
SCALE = 1.6
"""A picture shows so many sides of the face's box."""

JPEG = (cv2.IMWRITE_JPEG_QUALITY, 80)
MOST_DOUBTS = 30
"""Of each kind, the most likely ones."""


@dataclass(slots=True)
class _Faces:
    """Pictures of the people of a video, and the doubtful pairs and persons."""

    faces: ChosenFaces | None = None
    pictures: dict[int, str] = field(default_factory=dict)  # by index of the face
    pairs: list[PairDoubt] = field(default_factory=list)
    splits: list[SplitDoubt] = field(default_factory=list)
    missing: str = ""

    def of(self, person: int, after_s: float = -np.inf, before_s: float = np.inf) -> list[tuple[float, str]]:
        """Times and pictures of a person."""
        if self.faces is None:
            return []
        mine = (self.faces.person == person) & (self.faces.time_s >= after_s) & (self.faces.time_s < before_s)
        return [(float(self.faces.time_s[n]), self.pictures[n]) for n in np.flatnonzero(mine).tolist() if n in self.pictures]


def write_sheet(
    timelines: TimelineSources, options: PeopleOptions, progress: Callable[[float], None] = lambda share: None
) -> list[str]:
    """Write `options.sheet`.

    Returns
    -------
    what is missing from it, a line each

    Raises
    ------
    OutputError
        if it exists and `options.force` is not set, or cannot be written.
    TimelineReadError, VideoReadError
        if a timeline, or a video that is given, cannot be read.
    """
    out = options.sheet
    assert out is not None
    sources = listed_sources(timelines)
    recordings = open_timelines(sources)
    sought = {recording.name: find_video(recording, options.videos) for recording in recordings}
    videos = [video for video, _ in sought.values() if video is not None]
    refuse_to_overwrite(out, options.force, InputFiles([*files_of(sources), *videos]))
    notes, sections = [], []
    for number, recording in enumerate(recordings):
        found = _look(recording, *sought[recording.name])
        if found.missing:
            notes.append(f"{found.missing}, so {out.name} shows no faces of it; --videos says where to look")
        sections.append(_section(recording, people_in(recording), found))
        progress((number + 1) / len(recordings))
    with whole_file(out) as temporary:
        temporary.write_text(_page(sections), encoding="utf-8", newline="\n")
    return notes


def _look(recording: Recording, video: Location | None, missing: str) -> _Faces:
    if video is None:
        return _Faces(missing=missing)
    faces, pictures = choose_faces(recording), {}

    def see(face: int, picture: UInt8) -> None:
        pictures[face] = _picture(picture, faces.box[face])

    vector = embed_faces(video, faces, IdentityModel(model_path("identity"), "cpu"), usable_cores(), see)
    pairs = pair_doubts(faces, vector, seen_together(recording))[:MOST_DOUBTS]
    return _Faces(faces, pictures, pairs, split_doubts(faces, vector)[:MOST_DOUBTS])


def _picture(picture: UInt8, box: Float32) -> str:
    """A square about a face as a data URL; what lies outside the picture is its edge."""
    x0, y0, x1, y1 = (float(v) for v in box)
    side = max(x1 - x0, y1 - y0, 4.0) * SCALE
    left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
    size = max(round(side), 1)
    rows = np.clip(np.arange(top, top + size), 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(left, left + size), 0, picture.shape[1] - 1)
    crop = picture[rows][:, columns]
    small = cv2.resize(crop, (PICTURE_PX, PICTURE_PX), interpolation=cv2.INTER_AREA if size > PICTURE_PX else cv2.INTER_CUBIC)
    return data_url(np.asarray(small, np.uint8), JPEG)


def _page(sections: Iterable[str]) -> str:
    style = "\n" + asset(STYLE)
    policy = f"default-src 'none'; style-src {hash_source(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>People</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{style}</style>\n</head>\n<body>\n'
        "<h1>People</h1>\n"
        '<p class="dim">The people of each video, the least certain decisions first. Corrections are made by <code>feelit '
        "people</code> with the options shown here. This page holds faces: it is as sensitive as the recording.</p>\n"
        + "".join(sections)
        + "</body>\n</html>\n"
    )


def _section(recording: Recording, people: Sequence[Person], found: _Faces) -> str:
    by_number = {person.person_id: person for person in people}
    count = f"{len(people)} {'person' if len(people) == 1 else 'people'}"
    parts = [f"<section>\n<h2>{html.escape(recording.name)}</h2>\n<p>{count}</p>\n"]
    if found.missing:
        parts.append(
            f'<p class="notice">{html.escape(found.missing)}: there are no pictures, and no doubtful pairs or persons are '
            "listed. Give the video with <code>--videos PATH</code>.</p>\n"
        )
    else:
        parts.append("<h3>May be one person</h3>\n")
        parts += [_pair(doubt, by_number, found) for doubt in found.pairs] or ['<p class="dim">No two people look alike.</p>\n']
        parts.append("<h3>May be two people</h3>\n")
        parts += [_split(d, by_number, found) for d in found.splits] or ['<p class="dim">Nobody looks like two people.</p>\n']
    parts.append("<h3>Everybody</h3>\n")
    parts += [_person(person, found) for person in people]
    return "".join([*parts, "</section>\n"])


def _card(head: str, content: str) -> str:
    return f'<div class="card"><div class="who">{head}</div>{content}</div>\n'


def _doubt(head: str, option: str, sides: Sequence[tuple[str, Sequence[tuple[float, str]]]]) -> str:
    """A card with two sides, a paragraph and pictures each, and the option that would correct the grouping."""
    both = "".join(f'<div class="side">{words}{_pictures(faces)}</div>' for words, faces in sides)
    return _card(f"{head}<code>{option}</code>", f'<div class="sides">{both}</div>')


def _pair(doubt: PairDoubt, people: dict[int, Person], found: _Faces) -> str:
    sides = [(f"<p><b>{_who(people[number])}</b></p>", found.of(number)[:4]) for number in (doubt.one, doubt.other)]
    head = f'<span class="likely">{_percent(doubt.probability)} one person</span>'
    return _doubt(head, f"--merge {doubt.one},{doubt.other}", sides)


def _split(doubt: SplitDoubt, people: dict[int, Person], found: _Faces) -> str:
    before, after = found.of(doubt.person, before_s=doubt.at_s)[-4:], found.of(doubt.person, after_s=doubt.at_s)[:4]
    at = clock(doubt.at_s)
    head = f'<b>{_who(people[doubt.person])}</b><span class="likely">{_percent(doubt.probability)} two people</span>'
    sides = [(f'<p class="dim">before {at}</p>', before), (f'<p class="dim">from {at}</p>', after)]
    return _doubt(head, f"--split {doubt.person}@{doubt.at_s:.3f}", sides)


def _person(person: Person, found: _Faces) -> str:
    tracks = f"{len(person.tracks)} track{'' if len(person.tracks) == 1 else 's'}"
    sure = "" if np.isnan(person.confidence) else f"<span>confidence {person.confidence:.2f}</span>"
    span = f"{clock(person.first_s)} to {clock(person.last_s)}"
    facts = f'<span class="dim">{clock(person.seen_s)} seen, {span}, {tracks}</span>{sure}'
    return _card(f"<b>{_who(person)}</b>{facts}", _pictures(found.of(person.person_id)))


def _pictures(faces: Sequence[tuple[float, str]]) -> str:
    figures = "".join(
        f'<figure><img src="{url}" alt="face at {clock(time_s)}"><figcaption>{clock(time_s)}</figcaption></figure>'
        for time_s, url in faces
    )
    return f'<div class="faces">{figures}</div>'


def _who(person: Person) -> str:
    return f"{person.person_id} {html.escape(person.person or '')}".rstrip()


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %" if share < 0.995 else "over 99 %"
