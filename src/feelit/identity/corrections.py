"""Applies corrections by hand, from options and files of edits, to timelines.

The file of edits is authoritative: a timeline is always the automatic result with the edits of the file applied. Both are
checked before either is written, the file of edits first; if writing the timeline then fails, the next run completes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from feelit.errors import FeelitError, TimelineReadError, UsageError
from feelit.identity.correct import Grouping
from feelit.identity.edits import FILE_NAME, Edit, EditsFile, edits_in, read_edits, write_edits
from feelit.identity.rows import PersonRows
from feelit.identity.seen import SeenFaces
from feelit.options.people import PeopleOptions
from feelit.storage.atomic import whole_file
from feelit.storage.location import Location
from feelit.timeline.file import find_timelines
from feelit.timeline.recording import Recording, names_of, open_timelines
from feelit.timeline.schema import schema_of, unpack_metadata
from feelit.timeline.write import TimelineWriter

Asked = tuple[PeopleOptions, Mapping[int, str]]
"""Corrections of one video, and the sources of names not given by a human, by number."""

Corrected = tuple[Grouping, Sequence[Edit]]
"""The corrected people of a video, and the edits applied."""

Given = Mapping[str, Mapping[int, tuple[str, float]]]
"""Names from photographs, with their probability, by video and number."""


def correct(timelines: Sequence[Location], options: PeopleOptions, given: Given | None = None) -> list[str]:
    """Apply the corrections of options and of files of edits to timelines.

    Parameters
    ----------
    given : additional names, from photographs

    Returns
    -------
    What was done, one line each.

    Raises
    ------
    UsageError
        if the people of a correction do not exist, or it is contradictory.
    TimelineReadError
        if a timeline cannot be read.
    OutputError
        if a timeline, or a file of edits, cannot be written.
    """
    by_file: dict[Path, list[Path]] = {}
    for path in find_timelines(timelines):
        if isinstance(path, Path):
            by_file.setdefault(options.edits or path.parent / FILE_NAME, []).append(path)
    files = {path: read_edits(path) for path in by_file}
    given = {name: people for name, people in (given or {}).items() if people}
    asks = options.corrects or bool(given)
    if not asks and options.edits is not None and not all(file.there for file in files.values()):
        raise UsageError(f"--edits {options.edits} does not exist", "give a file that `feelit people` wrote, or a correction")
    plans = [
        _Plan(files[edits], {path: open_timelines(path) for path in mine})
        for edits, mine in by_file.items()
        if asks or files[edits].there
    ]
    everybody = [recording for plan in plans for found in plan.recordings.values() for recording in found]
    target = _chosen(everybody, options.video) if options.corrects else None
    for plan in plans:
        plan.make(target, options, given)
    return [note for plan in plans for note in plan.carry_out()]


def reapply(timelines: Iterable[Path]) -> list[str]:
    """Apply the files of corrections beside timelines that were just analysed.

    Returns
    -------
    What was done, one line each.

    Raises
    ------
    UsageError
        if they do not fit; the timelines then stay uncorrected.
    """
    notes: list[str] = []
    for path in timelines:
        if (path.parent / FILE_NAME).is_file():
            try:
                notes += correct([path], PeopleOptions())
            except FeelitError as error:
                raise UsageError(f"{path} is analysed, but not corrected: {error.message}", error.hint) from error
    return notes


def _chosen(recordings: Sequence[Recording], video: str | None) -> Recording:
    """The video that a correction is about."""
    if video is None:
        if len(recordings) != 1:
            hint = f"choose one with --video; they hold {names_of(recordings)}"
            raise UsageError(f"the timelines hold {len(recordings)} videos, but a correction is of one", hint)
        return recordings[0]
    found = [r for r in recordings if video in (r.name, PurePosixPath(r.name).name)]
    if len(found) != 1:
        message = f"--video {video} is {'none' if not found else 'more than one'} of the videos"
        raise UsageError(message, f"they are {names_of(recordings)}")
    return found[0]


@dataclass(slots=True)
class _Plan:
    """The changes of one file of edits to its timelines."""

    file: EditsFile
    recordings: dict[Path, list[Recording]]
    edits: list[Edit] = field(default_factory=list)
    corrected: dict[Path, dict[str, Corrected]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def make(self, target: Recording | None, options: PeopleOptions, given: Given) -> None:
        """Work out the new content of files."""
        everybody = [recording for found in self.recordings.values() for recording in found]
        if not self.file.there and not any(recording is target or recording.name in given for recording in everybody):
            return
        self.edits = list(self.file.edits if self.file.there else _applied_beside(self.recordings))
        short = self.file.short
        short_target = _chosen(everybody, short.video) if short.corrects else None
        for path, recordings in self.recordings.items():
            for recording in recordings:
                asked: list[Asked] = [(o, {}) for o, r in ((short, short_target), (options, target)) if r is recording]
                if names := given.get(recording.name):
                    by = {number: f"photographs, probability {sure:g}" for number, (_, sure) in names.items()}
                    asked.append((PeopleOptions(name=tuple((number, name) for number, (name, _) in names.items())), by))
                self._correct(path, recording, asked, alone=len(everybody) == 1)

    def carry_out(self) -> list[str]:
        """Write the file of edits if it changed, then the changed timelines."""
        if self.edits != list(self.file.edits) or self.file.short.corrects:
            write_edits(self.file.path, self.edits)
        for path, corrected in self.corrected.items():
            rewrite(path, corrected)
            count = sum(len(edits) for _, edits in corrected.values())
            self.notes.append(f"{path} has {count or 'no'} correction{'' if count == 1 else 's'} of {self.file.path} now")
        return self.notes

    def _correct(self, path: Path, recording: Recording, asked: Sequence[Asked], *, alone: bool) -> None:
        mine = [n for n, edit in enumerate(self.edits) if _is_of(edit, recording, alone)]
        other = [e for e in self.edits if e.video == recording.name and e.fingerprint not in (None, fingerprint_of(recording))]
        if other:
            count = f"{len(other)} correction{'' if len(other) == 1 else 's'}"
            self.notes.append(f"{self.file.path} has {count} of another version of {recording.name}, left out")
        if not asked and tuple(self.edits[n] for n in mine) == edits_in(recording.facts):
            return
        seen = SeenFaces(recording)
        grouping = self._grouping(seen, recording, mine)
        for options, by in asked:
            named = {grouping.names.get(grouping.own(number) or 0) for number, _ in options.name} - {None}
            if named:  # a new name replaces the old one
                self.edits = [e for n, e in enumerate(self.edits) if not (n in mine and e.kind == "name" and e.name in named)]
                mine = [n for n, edit in enumerate(self.edits) if _is_of(edit, recording, alone)]
                grouping = self._grouping(seen, recording, mine)
            new = [_bound(edit, recording) for edit in grouping.edits_of(options, by)]
            mine += range(len(self.edits), len(self.edits) + len(new))
            self.edits += new
        self.corrected.setdefault(path, {})[recording.name] = (grouping, [self.edits[n] for n in mine])

    def _grouping(self, seen: SeenFaces, recording: Recording, mine: Sequence[int]) -> Grouping:
        """The automatic result with the edits of the given indices applied; faces are added to edits without."""
        grouping = Grouping(seen)
        for n in mine:
            try:
                self.edits[n] = _bound(grouping.with_faces(self.edits[n]), recording)
                grouping.apply(self.edits[n])
            except UsageError as error:
                raise UsageError(f"{self.file.path}, edit {n + 1} ({self.edits[n]}): {error.message}", error.hint) from None
        return grouping


def _is_of(edit: Edit, recording: Recording, alone: bool) -> bool:
    """Whether an edit is about a video, identified by its content, else by its name, else by being the only one."""
    if edit.fingerprint is not None:
        return edit.fingerprint == fingerprint_of(recording)
    if edit.video is not None:
        return edit.video in (recording.name, PurePosixPath(recording.name).name)
    if not alone:
        raise UsageError(f"a correction ({edit}) does not say of which video", "add video = NAME to it")
    return True


def _bound(edit: Edit, recording: Recording) -> Edit:
    return replace(edit, video=recording.name, fingerprint=fingerprint_of(recording))


def fingerprint_of(recording: Recording) -> str | None:
    """The fingerprint of the video; None if it was analysed live."""
    found = recording.facts.get("fingerprint")
    return found if isinstance(found, str) else None


def _applied_beside(recordings: dict[Path, list[Recording]]) -> list[Edit]:
    """The edits applied to timelines whose file of edits is missing: of whole folders, as a new file is for all of them."""
    found: list[Edit] = []
    for path in sorted({path for one in recordings for path in (one, *one.parent.glob("[!_.]*.parquet"))}):
        try:
            videos = unpack_metadata(pq.read_schema(path), str(path)).get("videos", {})
        except (TimelineReadError, OSError, ValueError, pa.ArrowException):
            continue  # not one of the given timelines, or reported when it is read
        found += [edit for facts in videos.values() for edit in edits_in(facts) if edit not in found]
    return found


def rewrite(path: Path, corrected: Mapping[str, Corrected]) -> None:
    """Replace a timeline file.

    Parameters
    ----------
    path : the file
    corrected : by the names of its videos; the others stay unchanged

    Raises
    ------
    TimelineReadError
        if it can no longer be read.
    OutputError
        if it cannot be written.
    """
    recordings = open_timelines(path)
    videos = {recording.name: dict(recording.facts) for recording in recordings}
    rows_of = {}
    for name, (grouping, edits) in corrected.items():
        parts, number = grouping.parts()
        rows_of[name] = PersonRows(parts, grouping.shown_names, number, grouping.seen.automatic.splits)
        videos[name] = _facts(videos[name], rows_of[name], grouping, edits)
    rest = {key: value for key, value in recordings[0].metadata.items() if key != "schema_version"}
    groups = recordings[0].groups
    schema = schema_of(groups)
    with whole_file(path.resolve()) as temporary, TimelineWriter(temporary, rest | {"videos": videos}, groups) as writer:
        for recording in recordings:
            tables = (pa.Table.from_batches([batch]).cast(schema) for batch in recording.batches(schema.names))
            for table in rows_of[recording.name].change(tables) if recording.name in rows_of else tables:
                writer.append(table.select(schema.names).cast(schema))
            recording.close()


def _facts(facts: dict[str, Any], rows: PersonRows, grouping: Grouping, edits: Sequence[Edit]) -> dict[str, Any]:
    """The metadata of a corrected video; those of the analysis if there are no corrections."""
    automatic = grouping.seen.automatic
    kept = {key: value for key, value in facts.items() if key not in ("edits", "automatic")}
    kept |= {"tracks": max(rows.highest_track, automatic.tracks), "people": rows.describe()}
    if edits:
        kept["edits"] = [edit.as_dict() for edit in edits]
    if edits or grouping.across:
        kept["automatic"] = automatic.as_dict(grouping.splits(), grouping.across)
    return kept
