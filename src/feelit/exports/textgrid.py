"""Praat's TextGrid in its long text format (Boersma & Weenink, "Praat: doing phonetics by computer")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feelit.exports.label_intervals import LabelInterval, label_intervals, seconds_text
from feelit.exports.selection import Selection

Interval = tuple[int, int, str]  # start and end in ms, label


def textgrid_text(selection: Selection) -> Iterator[str]:
    """One interval tier per person. The intervals of a tier cover the whole video, as Praat requires; many are empty."""
    for recording in selection.recordings:
        labels = selection.labels(recording)
        shown = label_intervals(recording, labels, selection.series(recording))
        yield 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
        yield f"xmin = 0\nxmax = {seconds_text(shown.end_ms)}\ntiers? <exists>\nsize = {len(shown.tracks)}\nitem []:\n"
        for number, (track, intervals) in enumerate(shown.tracks.items(), 1):
            yield _tier(number, labels[track], covered(intervals, shown.end_ms), shown.end_ms)


def covered(intervals: Sequence[LabelInterval], end_ms: int) -> list[Interval]:
    """Intervals from 0 to `end_ms` without gaps; those between bouts have an empty label."""
    result: list[Interval] = []
    now_ms = 0
    for interval in intervals:
        if interval.start_ms > now_ms:
            result.append((now_ms, interval.start_ms, ""))
        result.append((interval.start_ms, interval.end_ms, interval.emotion))
        now_ms = interval.end_ms
    return result if now_ms == end_ms else [*result, (now_ms, end_ms, "")]


def _tier(number: int, name: str, intervals: Sequence[Interval], end_ms: int) -> str:
    quoted = name.replace('"', '""')
    lines = [
        f"    item [{number}]:",
        '        class = "IntervalTier"',
        f'        name = "{quoted}"',
        "        xmin = 0",
        f"        xmax = {seconds_text(end_ms)}",
        f"        intervals: size = {len(intervals)}",
    ]
    for place, (start_ms, stop_ms, label) in enumerate(intervals, 1):
        lines += [
            f"        intervals [{place}]:",
            f"            xmin = {seconds_text(start_ms)}",
            f"            xmax = {seconds_text(stop_ms)}",
            f'            text = "{label}"',
        ]
    return "\n".join(lines) + "\n"
