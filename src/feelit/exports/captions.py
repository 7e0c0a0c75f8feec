"""Captions: SubRip, plain lines for any player, and WebVTT (W3C 2019), with a voice per person and a class per emotion.

A cue lasts until any person or track changes its label. Labels change at sampled frames only, and bouts are rarely shorter than
0.2 s, so cues do not flicker. A time without a label has no cue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from xml.sax.saxutils import escape

from feelit import __version__
from feelit.exports.label_intervals import LabelInterval, label_intervals
from feelit.exports.selection import Selection
from feelit.render.theme import EMOTION_COLOUR
from feelit.storage.names import one_line
from feelit.timeline.recording import Recording


@dataclass(frozen=True, slots=True)
class Cue:
    """The intervals, one or more and ordered by track, that hold from `start_ms` to before `end_ms`."""

    start_ms: int
    end_ms: int
    intervals: tuple[LabelInterval, ...]


def cues(tracks: Iterable[Iterable[LabelInterval]]) -> Iterator[Cue]:
    """The cues of a video in order of time, without overlap."""
    intervals = [interval for track in tracks for interval in track]
    changes = [(s.start_ms, s) for s in intervals] + [(s.end_ms, s) for s in intervals]
    current: dict[int, LabelInterval] = {}
    before_ms = 0
    for now_ms, group in groupby(sorted(changes, key=itemgetter(0)), key=itemgetter(0)):
        if current:
            yield Cue(before_ms, now_ms, tuple(current[track] for track in sorted(current)))
        changed = [interval for _, interval in group]
        for interval in changed:
            if interval.end_ms == now_ms:
                del current[interval.track]
        for interval in changed:
            if interval.start_ms == now_ms:
                current[interval.track] = interval
        before_ms = now_ms


def clock(time_ms: int, mark: str) -> str:
    """hh:mm:ss, `mark` and milliseconds; hours may have more than two digits."""
    seconds, ms = divmod(time_ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{ms:03d}"


def srt_text(selection: Selection) -> Iterator[str]:
    """Numbered cues, with one line per person."""
    for recording in selection.recordings:
        yield from _cue_texts(selection, recording, ",", _without_arrow, "{who}: {emotion} {confidence:.2f}")


def webvtt_text(selection: Selection) -> Iterator[str]:
    """Numbered cues, with one line per person; a note says what the numbers mean."""
    yield "WEBVTT\n\n"
    for recording in selection.recordings:
        name = _without_arrow(one_line(recording.name))  # an empty line would end the note
        yield f"NOTE\n{name}: expressions that faces show, as labelled by feelit {__version__}.\n"
        yield "The number is the mean probability of the label. It says how a face looks, not what a person feels.\n\n"
        yield (
            "STYLE\n" + "".join(f"::cue(.{name}) {{ color: {colour.hex} }}\n" for name, colour in EMOTION_COLOUR.items()) + "\n"
        )
        line = "<v {who}>{who}: <c.{emotion}>{emotion}</c> {confidence:.2f}</v>"
        yield from _cue_texts(selection, recording, ".", escape, line)


def _cue_texts(selection: Selection, recording: Recording, mark: str, safe: Callable[[str], str], line: str) -> Iterator[str]:
    labels = {number: safe(label) for number, label in selection.labels(recording).items()}
    shown = label_intervals(recording, labels, selection.series(recording))
    for number, cue in enumerate(cues(shown.tracks.values()), 1):
        times = f"{clock(cue.start_ms, mark)} --> {clock(cue.end_ms, mark)}"
        lines = [line.format(who=labels[s.track], emotion=s.emotion, confidence=s.confidence) for s in cue.intervals]
        yield "\n".join([str(number), times, *lines]) + "\n\n"


def _without_arrow(text: str) -> str:
    """A text that is not taken for the times of a cue."""
    return text.replace("-->", "-- >")
