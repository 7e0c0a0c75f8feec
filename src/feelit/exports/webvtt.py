"""WebVTT captions (W3C 2019): each person is a voice, each emotion a class with its colour."""

from __future__ import annotations

from collections.abc import Iterator

from feelit import __version__
from feelit.exports.captions import clock, cues
from feelit.exports.label_intervals import LabelInterval, label_intervals
from feelit.exports.part import Part
from feelit.render.theme import EMOTION_COLOUR
from feelit.storage.names import one_line


def webvtt_text(part: Part) -> Iterator[str]:
    """A numbered cue a change, with a line a person; a note says what the numbers mean."""
    yield "WEBVTT\n\n"
    for recording in part.recordings:
        yield f"NOTE\n{_note(recording.name)}\n\n"
        yield _STYLE
        labels = {number: _escaped(label) for number, label in part.wanted(recording).items()}
        for number, cue in enumerate(cues(label_intervals(recording, labels, part.series(recording)).tracks.values()), 1):
            times = f"{clock(cue.start_ms, '.')} --> {clock(cue.end_ms, '.')}"
            yield "\n".join([str(number), times, *(_line(s, labels[s.track]) for s in cue.intervals)]) + "\n\n"


def _note(name: str) -> str:
    """A comment ends at an empty line, and must not look like the times of a cue."""
    safe = one_line(name).replace("-->", "-- >")
    return (
        f"{safe}: expressions that faces show, as labelled by feelit {__version__}.\n"
        "The number is the mean probability of the label. It says how a face looks, not what a person feels."
    )


def _line(interval: LabelInterval, who: str) -> str:
    return f"<v {who}>{who}: <c.{interval.emotion}>{interval.emotion}</c> {interval.confidence:.2f}</v>"


def _escaped(text: str) -> str:
    """A name in a cue; what would end its line or its tag is written as an entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_STYLE = "STYLE\n" + "".join(f"::cue(.{name}) {{ color: {colour.hex} }}\n" for name, colour in EMOTION_COLOUR.items()) + "\n"
