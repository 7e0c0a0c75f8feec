"""Praat's TextGrid in its long text format (Boersma & Weenink, "Praat: doing phonetics by computer")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feelit.exports.label_intervals import Showing, shown_by
from feelit.exports.part import Part

Interval = tuple[int, int, str]  # start and end in ms, label


def textgrid_text(part: Part) -> Iterator[str]:
    """An interval tier a track. The intervals of a tier cover the whole time, as Praat wants it; most are empty."""
    for recording in part.recordings:
        shown = shown_by(recording)
        yield 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
        yield f"xmin = 0\nxmax = {_seconds(shown.end_ms)}\ntiers? <exists>\nsize = {len(shown.tracks)}\nitem []:\n"
        for number, (track, showings) in enumerate(shown.tracks.items(), 1):
            yield _tier(number, f"track {track}", covered(showings, shown.end_ms), shown.end_ms)


def covered(showings: Sequence[Showing], end_ms: int) -> list[Interval]:
    """Intervals from 0 to `end_ms` without gaps; those in which nothing is shown have an empty label."""
    result: list[Interval] = []
    now_ms = 0
    for showing in showings:
        if showing.start_ms > now_ms:
            result.append((now_ms, showing.start_ms, ""))
        result.append((showing.start_ms, showing.end_ms, showing.emotion))
        now_ms = showing.end_ms
    return result if now_ms == end_ms else [*result, (now_ms, end_ms, "")]


def _tier(number: int, name: str, intervals: Sequence[Interval], end_ms: int) -> str:
    lines = [
        f"    item [{number}]:",
        '        class = "IntervalTier"',
        f'        name = "{name}"',
        "        xmin = 0",
        f"        xmax = {_seconds(end_ms)}",
        f"        intervals: size = {len(intervals)}",
    ]
    for place, (start_ms, stop_ms, label) in enumerate(intervals, 1):
        lines += [
            f"        intervals [{place}]:",
            f"            xmin = {_seconds(start_ms)}",
            f"            xmax = {_seconds(stop_ms)}",
            f'            text = "{label}"',
        ]
    return "\n".join(lines) + "\n"


def _seconds(time_ms: int) -> str:
    return f"{time_ms / 1000:.3f}"
