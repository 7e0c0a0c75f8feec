"""SubRip captions: plain lines, for any player."""

from __future__ import annotations

from collections.abc import Iterator

from feelit.exports.captions import clock, cues
from feelit.exports.label_intervals import label_intervals
from feelit.exports.part import Part


def srt_text(part: Part) -> Iterator[str]:
    """A numbered cue a change, with a line a person."""
    for recording in part.recordings:
        # An arrow would be taken for the times of a cue.
        labels = {number: label.replace("-->", "-- >") for number, label in part.wanted(recording).items()}
        for number, cue in enumerate(cues(label_intervals(recording, labels, part.series(recording)).tracks.values()), 1):
            lines = [f"{labels[s.track]}: {s.emotion} {s.confidence:.2f}" for s in cue.intervals]
            yield "\n".join([str(number), f"{clock(cue.start_ms, ',')} --> {clock(cue.end_ms, ',')}", *lines]) + "\n\n"
