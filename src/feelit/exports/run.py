"""From timeline files to files of another format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from feelit.errors import TimelineReadError, UsageError
from feelit.exports.formats import Format, format_named
from feelit.exports.part import Part
from feelit.options.timelines import ExportOptions
from feelit.storage.atomic import no_empty_folders, refuse_to_overwrite, whole_file
from feelit.storage.location import Location, object_called
from feelit.storage.names import as_text, mirrored
from feelit.storage.stat import InputFiles, is_folder
from feelit.timeline.people import refuse_strangers
from feelit.timeline.recording import Recording, TimelineSources, files_of, open_timelines, with_time
from feelit.timeline.tracks import refuse_unknown


def export_timelines(timelines: TimelineSources, options: ExportOptions) -> list[Location]:
    """Write timelines to `options.out`, each file whole or not at all.

    Parameters
    ----------
    timelines : as of `recording.open_timelines`
    options : see `ExportOptions`; `out` is not None

    Returns
    -------
    The files that were written. Nothing is if one of them exists already and `options.force` is not set.

    Raises
    ------
    TimelineReadError
        if a timeline is missing, damaged, or not one.
    UsageError
        if the options make no sense for these timelines.
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
            for text in kind.write(_part(mine, target.parent, options)):
                file.write(text)
    return list(targets)


def exported_text(timelines: TimelineSources, options: ExportOptions) -> Iterator[str]:
    """The same as text, a piece at a time.

    Raises
    ------
    TimelineReadError, UsageError
        as `export_timelines`; several videos are refused where a file holds one.
    """
    kind = format_named(options.format, None)
    recordings = _recordings(timelines, kind, options)
    if kind.one_video and len(recordings) > 1:
        raise UsageError(_several(recordings), "name a folder with --out, or give one timeline")
    yield from kind.write(_part(recordings, Path(), options))


def _recordings(timelines: TimelineSources, kind: Format, options: ExportOptions) -> list[Recording]:
    recordings = open_timelines(timelines)
    if kind.needs_time:
        recordings = with_time(recordings, "this format")
    refuse_unknown(options.tracks or (), {track for recording in recordings for track in recording.tracks})
    refuse_strangers(options.people or (), recordings)
    if kind.one_video and not recordings:
        raise TimelineReadError("these timelines hold no video", "run `feelit analyze` first")
    return recordings


def _part(recordings: Sequence[Recording], folder: Location, options: ExportOptions) -> Part:
    return Part(tuple(recordings), folder, options.tracks, options.people, options.by)


def _targets(recordings: Sequence[Recording], kind: Format, out: Location) -> dict[Location, tuple[Recording, ...]]:
    """Which videos go into which file. For one video, `out` may be the file or the folder that it goes to."""
    if not kind.one_video:
        if is_folder(out):
            raise UsageError(f"--out {out} is a folder", f"name a file in it, as in {out / f'timeline{kind.suffix}'}")
        return {out: tuple(recordings)}
    if len(recordings) == 1 and out.suffix and not is_folder(out):
        return {out: tuple(recordings)}
    if out.suffix.lower() == kind.suffix.lower() and not is_folder(out):
        raise UsageError(_several(recordings), f"name a folder: --out {str(out)[: -len(out.suffix)]}")
    targets: dict[Location, tuple[Recording, ...]] = {}
    for recording in recordings:
        target = out / f"{_place(recording.name)}{kind.suffix}"
        if target in targets:
            message = f"{targets[target][0].name} and {recording.name} would share the output {target}"
            raise UsageError(message, "export them one by one")
        targets[target] = (recording,)
    return targets


def _several(recordings: Sequence[Recording]) -> str:
    return f"a file of this format holds one video, and there are {len(recordings)}"


def _place(name: str) -> str:
    """Where the files of a video lie in a folder: as `feelit analyze` would mirror it."""
    url = object_called(name)
    return as_text(mirrored(Path(name))) if url is None else url.place()
