"""Aggregated events as BORIS writes them (Friard & Gamba 2016): tab-separated, one row per bout, the person as subject."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from feelit import __version__
from feelit.exports.csv_format import csv_lines, quoted
from feelit.exports.label_intervals import label_intervals, seconds_text
from feelit.exports.selection import Selection
from feelit.timeline.recording import Recording

HEADINGS = (
    *("Observation id", "Observation date", "Description", "Observation type", "Source", "Time offset (s)"),
    *("Coding duration", "Media duration (s)", "FPS (frame/s)"),
    *("Subject", "Observation duration by subject by observation", "Behavior", "Behavioral category", "Behavior type"),
    *("Start (s)", "Stop (s)", "Duration (s)", "Media file name"),
    *("Image index start", "Image index stop", "Image file path start", "Image file path stop"),
    *("Comment start", "Comment stop"),
)

MISSING = "NA"  # BORIS's mark for a missing value


def boris_text(selection: Selection) -> Iterator[str]:
    """A line of headings, then one line per bout, ordered by video and start."""
    yield csv_lines([HEADINGS], "\t")
    for recording in selection.recordings:
        labels = selection.labels(recording)
        shown = label_intervals(recording, labels, selection.series(recording))
        length, name, source = seconds_text(shown.end_ms), quoted(recording.name), quoted(f"player #1:{recording.name}")
        description = f"facial expressions as labelled by feelit {__version__}"
        about = [name, "", description, "Media file", source, "0", length, length, _rate(recording)]
        total_ms = {track: sum(s.end_ms - s.start_ms for s in mine) for track, mine in shown.tracks.items()}
        bouts = sorted((s for mine in shown.tracks.values() for s in mine), key=lambda s: (s.start_ms, s.track))
        for bout in bouts:
            what = (quoted(labels[bout.track]), seconds_text(total_ms[bout.track]), bout.emotion, "facial expression", "STATE")
            times = map(seconds_text, (bout.start_ms, bout.end_ms, bout.end_ms - bout.start_ms))
            rest = (name, MISSING, MISSING, MISSING, MISSING, f"confidence {bout.confidence:.2f}", "")
            yield csv_lines([[*about, *what, *times, *rest]], "\t")


def _rate(recording: Recording) -> str:
    try:
        return f"{float(Fraction(str(recording.facts.get('average_rate')))):.3f}"
    except (ValueError, ZeroDivisionError):
        return MISSING
