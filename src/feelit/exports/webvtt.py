"""WebVTT captions (W3C 2019): each track is a voice, each emotion a class with its colour."""

from __future__ import annotations

from collections.abc import Iterator

from feelit import __version__
from feelit.exports.captions import clock, cues
from feelit.exports.label_intervals import LabelInterval, label_intervals
from feelit.exports.part import Part
from feelit.render.theme import EMOTION_COLOUR
from feelit.storage.names import one_line


def webvtt_text(part: Part) -> Iterator[str]:
    """A numbered cue a change, with a line a track; a note tells what the numbers mean."""
    yield "WEBVTT\n\n"
    for recording in part.recordings:
        yield f"NOTE\n{_note(recording.name)}\n\n"
        yield _STYLE
        for number, cue in enumerate(cues(label_intervals(recording, part.tracks_of(recording)).tracks.values()), 1):
            times = f"{clock(cue.start_ms, '.')} --> {clock(cue.end_ms, '.')}"
            yield "\n".join([str(number), times, *map(_line, cue.intervals)]) + "\n\n"


def _note(name: str) -> str:
    """A comment ends at an empty line, and must not look like the times of a cue."""
    safe = one_line(name).replace("-->", "-- >")
    return (
        f"{safe}: expressions that faces show, as labelled by feelit {__version__}.\n"
        "The number is the mean probability of the label. It says how a face looks, not what a person feels."
    )


def _line(interval: LabelInterval) -> str:
    return f"<v #{interval.track}>#{interval.track} <c.{interval.emotion}>{interval.emotion}</c> {interval.confidence:.2f}</v>"


_STYLE = "STYLE\n" + "".join(f"::cue(.{name}) {{ color: {colour.hex} }}\n" for name, colour in EMOTION_COLOUR.items()) + "\n"
