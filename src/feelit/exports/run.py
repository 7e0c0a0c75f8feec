"""Exporting timelines: the formats, which file holds which videos, and writing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from feelit.errors import TimelineReadError, UsageError
from feelit.exports.boris import boris_text
from feelit.exports.captions import srt_text, webvtt_text
from feelit.exports.csv_format import csv_text, jsonl_text
from feelit.exports.elan import elan_text
from feelit.exports.openface import openface_text
from feelit.exports.pyfeat import pyfeat_text
from feelit.exports.rttm import rttm_text
from feelit.exports.selection import Selection
from feelit.exports.textgrid import textgrid_text
from feelit.options.timelines import ExportOptions
from feelit.storage.atomic import no_empty_folders, refuse_to_overwrite, whole_file
from feelit.storage.location import Location, object_called
from feelit.storage.names import as_text, mirrored
from feelit.storage.stat import InputFiles, is_folder
from feelit.timeline.people import refuse_strangers, refuse_unknown
from feelit.timeline.recording import Recording, TimelineSources, files_of, open_timelines, with_time


@dataclass(frozen=True, slots=True)
class Format:
    """A format of export."""

    write: Callable[[Selection], Iterator[str]]  # makes the text of a file, a piece at a time: hours of video are long
    suffix: str  # of its files, with a dot
    one_video: bool  # whether a file holds exactly one video, or any number of them
    needs_time: bool = True  # whether it needs the times of rows, which pictures without a clock do not have


FORMATS = {
    "csv": Format(csv_text, ".csv", one_video=False, needs_time=False),
    "jsonl": Format(jsonl_text, ".jsonl", one_video=False, needs_time=False),
    "elan": Format(elan_text, ".eaf", one_video=True),
    "webvtt": Format(webvtt_text, ".vtt", one_video=True),
    "srt": Format(srt_text, ".srt", one_video=True),
    "openface": Format(openface_text, ".csv", one_video=True, needs_time=False),
    "pyfeat": Format(pyfeat_text, ".csv", one_video=False, needs_time=False),
    "boris": Format(boris_text, ".tsv", one_video=False),
    "textgrid": Format(textgrid_text, ".TextGrid", one_video=True),
    "rttm": Format(rttm_text, ".rttm", one_video=False),
}


def format_named(name: str | None, out: Location | None) -> Format:
    """The format with that name; without a name, the first one with the suffix of `out`.

    Raises
    ------
    UsageError
        if there is no such format, or if it follows from neither.
    """
    if name is None and out is not None:
        name = next((n for n, f in FORMATS.items() if f.suffix.lower() == out.suffix.lower()), None)
    if name is None:
        place = "standard output" if out is None else f"--out {out}"
        endings = ", ".join(dict.fromkeys(f.suffix for f in FORMATS.values()))
        hint = f"choose --format {', '.join(FORMATS)}, or a file that ends in {endings}"
        raise UsageError(f"{place} does not say what to write", hint)
    if name not in FORMATS:
        raise UsageError(f"there is no format {name}", f"choose {', '.join(FORMATS)}")
    return FORMATS[name]


def export_timelines(timelines: TimelineSources, options: ExportOptions) -> list[Location]:
    """Write timelines to `options.out`, each file whole or not at all.

    Parameters
    ----------
    timelines : see `recording.open_timelines`
    options : see `ExportOptions`; `out` is not None

    Returns
    -------
    The files that were written. If one of them exists already and `options.force` is not set, none is written.

    Raises
    ------
    TimelineReadError
        if a timeline is missing or damaged.
    UsageError
        if the options do not fit these timelines.
    OutputError
        if an output exists already, or cannot be written.
    """
    assert options.out is not None
    kind = format_named(options.format, options.out)
    recordings = _recordings(timelines, kind, options)
    targets, inputs = _targets(recordings, kind, options.out), InputFiles(files_of(recordings))
    for target in targets:
        refuse_to_overwrite(target, options.force, inputs)
    for target, mine in targets.items():
        with (
            no_empty_folders(target.parent),
            whole_file(target) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            file.writelines(kind.write(_selection(mine, target.parent, options)))
    return list(targets)


def exported_text(timelines: TimelineSources, options: ExportOptions) -> Iterator[str]:
    """The text of an export, a piece at a time.

    Raises
    ------
    TimelineReadError, UsageError
        see `export_timelines`; also if the format holds one video per file and there are several.
    """
    kind = format_named(options.format, None)
    recordings = _recordings(timelines, kind, options)
    if kind.one_video and len(recordings) > 1:
        raise UsageError(_several(recordings), "name a folder with --out, or give one timeline")
    yield from kind.write(_selection(recordings, Path(), options))


def _recordings(timelines: TimelineSources, kind: Format, options: ExportOptions) -> list[Recording]:
    recordings = open_timelines(timelines)
    if kind.needs_time:
        recordings = with_time(recordings, "this format")
    refuse_unknown(options.tracks or (), {track for recording in recordings for track in recording.tracks})
    refuse_strangers(options.people or (), recordings)
    if kind.one_video and not recordings:
        raise TimelineReadError("these timelines hold no video", "run `feelit analyze` first")
    return recordings


def _selection(recordings: Sequence[Recording], folder: Location, options: ExportOptions) -> Selection:
    return Selection(tuple(recordings), folder, options.tracks, options.people, options.by)


def _targets(recordings: Sequence[Recording], kind: Format, out: Location) -> dict[Location, tuple[Recording, ...]]:
    """The files, and the videos of each. For a single video `out` may be a file or a folder."""
    if is_folder(out) and not kind.one_video:
        raise UsageError(f"--out {out} is a folder", f"name a file in it, as in {out / f'timeline{kind.suffix}'}")
    if not kind.one_video or (len(recordings) == 1 and out.suffix and not is_folder(out)):
        return {out: tuple(recordings)}
    if out.suffix.lower() == kind.suffix.lower() and not is_folder(out):
        raise UsageError(_several(recordings), f"name a folder: --out {str(out)[: -len(out.suffix)]}")
    targets: dict[Location, tuple[Recording, ...]] = {}
    for recording in recordings:
        url = object_called(recording.name)
        place = as_text(mirrored(Path(recording.name))) if url is None else url.place()  # as `feelit analyze` mirrors it
        target = out / f"{place}{kind.suffix}"
        if target in targets:
            message = f"{targets[target][0].name} and {recording.name} would share the output {target}"
            raise UsageError(message, "export them one by one")
        targets[target] = (recording,)
    return targets


def _several(recordings: Sequence[Recording]) -> str:
    return f"a file of this format holds one video, and there are {len(recordings)}"
