"""Summaries as JSON, CSV and Markdown, and the short form for terminals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from feelit.analysis.moments import Moment
from feelit.analysis.summary import (
    COUNTED,
    By,
    PersonSummary,
    ShownEmotions,
    TrackSummary,
    VideoSummary,
    above_usual,
    flat,
    headings,
)
from feelit.analysis.table import clock, csv_of, escaped, json_of, markdown_of, number, rounded, rounded_row
from feelit.labels import LEAST_REPORTED_S, starred
from feelit.storage.names import one_line
from feelit.types import EMOTIONS

NAMED = 3  # how many emotions the short form names at most
LEAST_NAMED = 0.05  # the smallest share of an emotion that it names
MOMENT_S = 1e-6

Summary = PersonSummary | TrackSummary | VideoSummary

MOMENT_FIELDS = ("time_s", "track_id", "emotion", "confidence", "baseline")  # the fields of a moment in JSON


def json_text(records: Sequence[Summary]) -> str:
    """A list of objects. Names are those of the CSV columns, except that moments are a list."""
    objects = []
    for record in records:
        row = {name: value for name, value in flat(record).items() if not name.startswith("moment_")}
        renamed = {"track_id": "person_id"} if isinstance(record, PersonSummary) else {}
        moments = [{renamed.get(k, k): rounded(getattr(moment, k)) for k in MOMENT_FIELDS} for moment in record.shown.moments]
        objects.append(rounded_row(row) | {"moments": moments})
    return json_of(objects)


def csv_text(records: Sequence[Summary], by: By) -> str:
    """A header line, then one line per record; undefined values are empty."""
    names = headings(by, relative=any(record.shown.usual is not None for record in records))
    return csv_of(names, (rounded_row(flat(record)) for record in records))


def markdown_text(records: Sequence[Summary], by: By) -> str:
    """The short form as a table of GitHub Flavored Markdown."""
    names, words = short_headings(by)
    rules = ["---"] * words + ["---:"] * (len(names) - words)
    cells = ([escaped(cell) for cell in short(record)] for record in records)
    return markdown_of([names, rules, *cells])


def short_headings(by: By) -> tuple[list[str], int]:
    """The headings of `short`, and how many of them are over text."""
    names = ["readable", "bouts", "changes/min"]
    if by != "video":
        return ["video", by, "seen", "shows", "strongest", "events", "on screen", *names], 6
    return ["video", "shows", "strongest", "events", "duration", "faces", "tracks", *names], 4


def short(record: Summary) -> list[str]:
    """A summary as a row of cells, some of several lines; undefined values are a dash."""
    shown = record.shown
    bouts = f"{shown.bouts} of {number(shown.mean_bout_s, '.1f')} s" if shown.bouts else "-"
    numbers = [number(shown.readable_share, ".0%"), bouts, number(shown.transitions_per_min, ".1f")]
    if not isinstance(record, VideoSummary):
        seen = f"{clock(shown.first_seen_s)}–{clock(shown.last_seen_s)}"
        who = str(record.track_id) if isinstance(record, TrackSummary) else one_line(record.person or str(record.person_id))
        texts = [one_line(record.video), who, seen, _emotions(shown), _moments(shown.moments, several=False)]
        return [*texts, _events(shown), clock(shown.on_screen_s), *numbers]
    facts = [clock(record.duration_s), number(record.face_share, ".0%"), str(record.tracks)]
    return [one_line(record.video), _emotions(shown), _moments(shown.moments, several=True), _events(shown), *facts, *numbers]


def _emotions(shown: ShownEmotions) -> str:
    """Labels with their shares and seconds; a star marks those of `labels.DOUBTFUL`."""
    timed = shown.on_screen_s > MOMENT_S  # a photograph has no time
    if timed and 0 < shown.readable_s < LEAST_REPORTED_S:
        return f"too little to tell ({number(shown.readable_s, '.1f')} s)"
    order = sorted(range(len(EMOTIONS)), key=lambda k: (EMOTIONS[k] != shown.dominant, -shown.share[k]))
    named = [k for k in order[:NAMED] if shown.share[k] >= LEAST_NAMED]
    lines = [f"{starred(EMOTIONS[k])} {_timed(shown.share[k], shown.readable_s, timed)}" for k in named]
    if shown.unsure_share >= LEAST_NAMED:
        lines.append(f"unsure {_timed(shown.unsure_share, shown.readable_s, timed)}")
    if shown.usual is not None:
        above = above_usual(shown)
        most = max(range(len(EMOTIONS)), key=lambda k: -2 if math.isnan(above[k]) else above[k])
        known = not math.isnan(above[most])
        lines.append(f"{starred(EMOTIONS[most])} {above[most]:+.2f} above usual" if known else "usual face unknown")
    return "\n".join(lines) or "-"


def _timed(share: float, of_s: float, timed: bool) -> str:
    """A share, followed by its seconds."""
    return number(share, ".0%") + (f" ({number(share * of_s, '.1f')} s)" if timed else "")


def _moments(moments: Sequence[Moment], several: bool) -> str:
    texts = (f"{clock(m.time_s)} {m.emotion} {m.confidence:.2f}{f' #{m.track_id}' if several else ''}" for m in moments)
    return "\n".join(texts) or "-"


def _events(shown: ShownEmotions) -> str:
    counts = [(getattr(shown, name), name) for name in COUNTED.values()]
    return "\n".join(f"{count} {name if count > 1 else name.removesuffix('s')}" for count, name in counts if count) or "-"
