"""Where finished timelines go: one table for all videos, or a folder with one file a video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from feelit.config import RunConfig
from feelit.errors import TimelineReadError, UsageError
from feelit.files import output_errors, refuse_to_overwrite, whole_file
from feelit.job import Job, VideoReport
from feelit.names import as_text
from feelit.plan import Source
from feelit.timeline.store import TimelineWriter, open_timeline
from feelit.video.probe import fingerprint

Record = dict[str, Any]


class Output(Protocol):
    """What the pipeline knows of its output."""

    def unchanged(self, source: Source) -> VideoReport | None:
        """The report of a video that needs no work, or None.

        Raises
        ------
        OutputError
            if another timeline is in the way.
        """
        ...

    def commit(self, job: Job) -> VideoReport:
        """Take the rows of a complete job.

        Raises
        ------
        OutputError
            if they cannot be written.
        """
        ...

    def close(self, order: Sequence[Source]) -> None:
        """All videos are done or have failed."""
        ...


def open_output(run: RunConfig, record: Record, scratch: Path) -> Output:
    """The output that `--out` asks for: a table where it ends in .parquet, else a folder.

    Raises
    ------
    OutputError
        if a table exists already and is not to be replaced.
    UsageError
        if `--out` looks like a file of another kind, or its name is no text.
    """
    if as_text(run.out) != run.out.as_posix():
        raise UsageError(f"--out {run.out} is not UTF-8", "Parquet files need a name that is text")
    if _is_table(run.out):
        refuse_to_overwrite(run.out, run.force)
        return TableOutput(run.out, record, scratch)
    if run.out.suffix or run.out.is_file():
        raise UsageError(f"--out {run.out} is neither a .parquet file nor a folder", "end its name in .parquet, or in nothing")
    return FolderOutput(run.out, record, scratch, run.force)


def target_of(out: Path, source: Source) -> Path:
    """The file that a video's rows go to. Its name is text, whatever the video's is, so that any program can open it."""
    return out if _is_table(out) else out / f"{as_text(source.place)}.parquet"


def _is_table(out: Path) -> bool:
    return out.suffix == ".parquet" and not out.is_dir()


class TableOutput:
    """One Parquet file. It appears when the last video is done."""

    def __init__(self, target: Path, record: Record, scratch: Path) -> None:
        self._target, self._record, self._scratch = target, record, scratch
        self._videos: dict[str, tuple[Path, Record]] = {}

    def unchanged(self, source: Source) -> VideoReport | None:
        """See `Output.unchanged`."""
        return None

    def commit(self, job: Job) -> VideoReport:
        """See `Output.commit`."""
        self._videos[job.source.name] = (job.shelf.spool, job.metadata())
        return job.report(self._target)

    def close(self, order: Sequence[Source]) -> None:
        """See `Output.close`."""
        names = sorted(source.name for source in order if source.name in self._videos)
        if not names:
            return
        record = self._record | {"videos": {name: self._videos[name][1] for name in names}}
        with whole_file(self._target, self._scratch) as temporary, TimelineWriter(temporary, record) as writer:
            for name in names:
                writer.copy(self._videos[name][0])


class FolderOutput:
    """One Parquet file a video, the input tree mirrored. Each appears when its video is done."""

    def __init__(self, folder: Path, record: Record, scratch: Path, force: bool) -> None:
        self._folder, self._record, self._scratch, self._force = folder, record, scratch, force
        with output_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def unchanged(self, source: Source) -> VideoReport | None:
        """See `Output.unchanged`."""
        target = self._target(source)
        with output_errors(target):
            there = target.exists()
        if self._force or not there or not source.path.is_file():  # a video that is gone is told as such, by who opens it
            return None
        try:
            file, record = open_timeline(target)
        except TimelineReadError:
            record = {}
        else:
            file.close()
        video = record.get("videos", {}).get(source.name, {})
        same = {k: record.get(k) for k in self._record} == self._record
        if not same or video.get("fingerprint") != fingerprint(source.path):
            refuse_to_overwrite(target, force=False)
        return _report_of(source, target, video)

    def commit(self, job: Job) -> VideoReport:
        """See `Output.commit`."""
        target = self._target(job.source)
        record = self._record | {"videos": {job.source.name: job.metadata()}}
        with whole_file(target, self._scratch) as temporary, TimelineWriter(temporary, record) as writer:
            writer.copy(job.shelf.spool)
        job.shelf.clear()
        return job.report(target)

    def close(self, order: Sequence[Source]) -> None:
        """See `Output.close`."""

    def _target(self, source: Source) -> Path:
        return target_of(self._folder, source)


def _report_of(source: Source, target: Path, video: Record) -> VideoReport:
    decoded, sampled = video["frames_decoded"], video["frames_sampled"]
    return VideoReport(
        video=source.name,
        status="unchanged",
        out=as_text(target),
        duration_s=video["duration_s"],
        decoded=decoded,
        sampled=sampled,
        skipped=decoded - sampled,
        decode_errors=video["decode_errors"],
        tracks=video["tracks"],
        cuts=video["cuts"],
    )
