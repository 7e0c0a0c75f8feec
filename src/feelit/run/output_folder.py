"""A folder of timelines: one file per video, the input tree mirrored, and a manifest with the state of each video."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from feelit.errors import FeelitError, OutputError, VideoReadError
from feelit.options import RunOptions
from feelit.run.job import Job, VideoReport, groups_in
from feelit.run.manifest import ENDING, Entry, Manifest
from feelit.run.plan import Source
from feelit.run.provenance import Age, Provenance, settings_of
from feelit.run.workspace import Workspace
from feelit.storage.atomic import output_errors, refuse_to_overwrite, whole_file
from feelit.storage.location import Location, object_called, refuse_url
from feelit.storage.names import as_text
from feelit.storage.objects import find
from feelit.storage.stat import InputFiles, Stamp, stamp
from feelit.timeline.counts import Counts
from feelit.timeline.recording import open_timelines
from feelit.timeline.write import TimelineWriter
from feelit.video.probe import fingerprint

Record = dict[str, Any]


def file_of(source: Source) -> str:
    """Where the timeline of a video lies in a folder of timelines, with forward slashes."""
    return source.place + ENDING


class DatasetOutput:
    """See `outputs.Output`. Each timeline appears when its video is done."""

    lasting = True

    def __init__(self, run: RunOptions, record: Record, workspace: Workspace, inputs: InputFiles) -> None:
        self._folder, self._record, self._run, self._inputs = run.out, record, run, inputs
        self._settings, self._provenance = settings_of(record), Provenance.of(record)
        self._scratch = workspace.folder
        self._manifest = Manifest(run.out, workspace, run.shard)
        self._seen: dict[str, Stamp | None] = {}  # of videos that are being worked on, as they were before
        self._outdated: set[str] = set()  # timelines that may be replaced
        self._reported = False
        if isinstance(run.out, Path):
            refuse_url(run.out)
            with output_errors(run.out):
                run.out.mkdir(parents=True, exist_ok=True)
        else:
            find(run.out, OutputError)  # what is there need not be asked for one by one

    def open(self, planned: Sequence[Source]) -> None:
        outputs, names = {file_of(source) for source in planned}, {source.name for source in planned}
        self._manifest.open(Entry(video=source.name, output=file_of(source)) for source in planned)
        for entry in list(self._manifest.entries.values()):
            missing = entry.output not in outputs and entry.video not in names and _is_gone(entry.video)
            if missing != entry.missing:
                self._manifest.note(replace(entry, missing=missing))
            elif self._run.force and not self._run.retry_failed and entry.output in outputs:
                self._expect(entry)

    def unchanged(self, source: Source) -> VideoReport | None:
        name = file_of(source)
        entry = self._manifest.entries.get(name) or Entry(video=source.name, output=name)
        self._seen[name] = now = _stamp(source.path)
        if now is None:  # reported by whoever opens it
            return None
        with output_errors(self._folder / name):
            there = stamp(self._folder / name)
        output_bytes = None if there is None else there.size_bytes
        if output_bytes is not None and self._run.force:
            refuse_to_overwrite(self._folder / name, True, self._inputs)
        if self._run.force or output_bytes is None:
            self._expect(entry)
            return None
        known = (entry.status, entry.video, entry.settings, entry.output_bytes)
        age = self._age(entry.provenance)
        same = known == ("done", source.name, self._settings, output_bytes) and age in ("same", "older")
        if not same or (entry.size_bytes, entry.mtime_ns) != now:
            made = replace(entry, missing=False) if same else self._made(source, name)
            if fingerprint(source.path) != made.fingerprint:
                self._outdated.add(name)
                self._expect(entry)
                return None
            entry = replace(made, **now._asdict(), output_bytes=output_bytes)
            self._manifest.note(entry)
            age = self._age(entry.provenance)
        if age == "older" and self._run.stale:
            self._outdated.add(name)
            self._expect(entry)
            return None
        del self._seen[name]
        result = entry.result() | {"wall_s": 0.0}
        return VideoReport(
            video=source.name, status="unchanged", out=as_text(self._folder / name), stale=age == "older", **result
        )

    def commit(self, job: Job) -> VideoReport:
        name = file_of(job.source)
        target = self._folder / name
        record = self._record | {"videos": {job.source.name: job.metadata()}}
        replaces = self._run.force or name in self._outdated
        with (
            whole_file(target, self._scratch, replaces) as temporary,
            TimelineWriter(temporary, record, groups_in(record)) as writer,
        ):
            job.copy_to(writer)
        job.shelf.clear()
        report = job.report(target)
        entry = replace(
            self._entry(job.source, report),
            fingerprint=job.info.fingerprint,
            settings=self._settings,
            provenance=str(self._provenance),
        )
        there = stamp(target)
        self._manifest.note(replace(entry, output_bytes=None if there is None else there.size_bytes))
        self._manifest.refresh()
        return report

    def fail(self, source: Source, report: VideoReport) -> None:
        name = file_of(source)
        known, gone = self._manifest.entries.get(name), self._seen.get(name) is None
        refused = report.error_kind == OutputError.__name__
        self._reported |= refused
        if known is None or known.status != "done" or not (refused or gone):
            self._manifest.note(self._entry(source, report))
        elif gone:  # its timeline stays, as that of a video which nobody has changed since
            self._manifest.note(replace(known, missing=True))
        self._manifest.refresh()

    def refresh(self) -> None:
        self._manifest.refresh()

    def close(self, order: Sequence[Source]) -> None:
        try:
            self._manifest.close()
        except OutputError:
            if not self._reported:  # that the disk is full need not be said twice
                raise

    def leave(self) -> None:
        with suppress(OutputError):  # something else has ended the run, and is reported
            self._manifest.close()

    def _expect(self, entry: Entry) -> None:
        """A video is to be analysed again: what was known of it holds no longer."""
        if entry.status == "done":
            self._manifest.note(Entry(video=entry.video, output=entry.output))

    def _age(self, provenance: str | None) -> Age:
        """How what the manifest says of a timeline relates to this run; "other" where it says nothing."""
        try:
            return Provenance.parse(provenance or "").age(self._provenance)
        except ValueError:
            return "other"

    def _entry(self, source: Source, report: VideoReport) -> Entry:
        seen = self._seen.pop(file_of(source), None)
        entry = Entry(video=source.name, output=file_of(source), status=report.status, **report.result())
        return replace(entry, **seen._asdict()) if seen else entry

    def _made(self, source: Source, name: str) -> Entry:
        """The facts about its video in a timeline. Raises OutputError if it is none of this video, or was made with other
        settings.
        """
        target = self._folder / name
        try:
            recordings = {recording.name: recording for recording in open_timelines(target)}
        except FeelitError as error:
            raise _in_the_way(target, "is no timeline") from error
        if source.name not in recordings:
            raise _in_the_way(target, f"has no rows for {source.name}")
        recording = recordings[source.name]
        record = recording.metadata
        try:
            made_with = Provenance.of(record)
            age = made_with.age(self._provenance) if settings_of(record) == self._settings else "other"
        except (KeyError, TypeError, ValueError, AttributeError, FeelitError) as error:
            raise _in_the_way(target, "does not say how it was made") from error
        if age == "other":
            raise _in_the_way(target, "was made with other settings or models")
        if age == "newer":
            raise _in_the_way(target, "was made by a newer feelit, whose rows are others")
        try:
            video = record["videos"][source.name]
            counts = Counts.of_metadata(video, faces=sum(recording.track_rows.values()))
            return Entry(
                video=source.name,
                output=name,
                status="done",
                **asdict(counts),
                fingerprint=video["fingerprint"],
                settings=self._settings,
                provenance=str(made_with),
            )
        except (KeyError, TypeError) as error:
            raise _in_the_way(target, f"has no rows for {source.name}") from error


def _in_the_way(target: Location, why: str) -> OutputError:
    return OutputError(f"{target} exists already, and {why}", "give another --out, or --force to replace it")


def _is_gone(video: str) -> bool:
    """Whether a video that nobody has asked for lies no longer where it was; one in a bucket is not asked after."""
    return object_called(video) is None and not os.path.lexists(video)


def _stamp(place: Location) -> Stamp | None:
    """None for what is no file, or cannot be looked at: whoever opens it reports why."""
    try:
        return stamp(place, VideoReadError)
    except (OSError, ValueError, FeelitError):
        return None
