"""The outputs of a run: one table for all videos, or a folder with one file per video."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from feelit.errors import UsageError
from feelit.options import RunOptions
from feelit.run.job import Job, VideoReport, groups_in
from feelit.run.manifest import read_manifest, require_manifest
from feelit.run.output_folder import DatasetOutput, file_of
from feelit.run.plan import Source
from feelit.run.workspace import Workspace
from feelit.storage.atomic import refuse_to_overwrite, whole_file
from feelit.storage.location import Location, Url
from feelit.storage.names import as_text
from feelit.storage.stat import InputFiles
from feelit.timeline.write import TimelineWriter

Record = dict[str, Any]


class Output(Protocol):
    """The interface of an output to the pipeline.

    `lasting` says that a committed video is safe: its last segment, which is followed by the commit, need not be kept before.
    """

    lasting: bool

    def open(self, planned: Sequence[Source]) -> None:
        """Begin a run. Its videos are among `planned`: all of them, unless it is a shard or retries failed videos. Raises
        OutputError if the output cannot be written.
        """
        return

    def unchanged(self, source: Source) -> VideoReport | None:
        """The report of a video that needs no work, or None. Raises OutputError if another timeline is in the way."""
        return None

    def commit(self, job: Job) -> VideoReport:
        """Take the rows of a complete job. Raises OutputError if they cannot be written."""
        ...

    def fail(self, source: Source, report: VideoReport) -> None:
        """Note a video that failed."""
        return

    def refresh(self) -> None:
        """Show readers the progress of the run, if it is time for that."""
        return

    def close(self, order: Sequence[Source]) -> None:
        """End, after all videos are done or have failed."""
        ...

    def leave(self) -> None:
        """End the run, whatever the reason."""
        return


def open_output(run: RunOptions, record: Record, workspace: Workspace, sources: Sequence[Source]) -> Output:
    """The output that `--out` asks for: a table where it ends in .parquet, else a folder. `sources` are what is analysed.

    Raises
    ------
    OutputError
        if a table exists already and is not to be replaced.
    UsageError
        if `--out` looks like a file of another kind, or its name is no text, or it is one of the videos, or it is a table and
        `--stale` is given.
    """
    inputs = InputFiles(source.path for source in sources)
    if isinstance(run.out, Path) and as_text(run.out) != run.out.as_posix():
        hint = "Parquet files need a name that is text"
        if sys.getfilesystemencoding() != "utf-8":  # as in the C locale, without Python's UTF-8 mode
            hint += "; this locale has letters of ASCII only: set PYTHONUTF8=1"
        raise UsageError(f"--out {as_text(run.out)} is not a name in {sys.getfilesystemencoding()}", hint)
    if is_table(run.out):
        if run.stale:
            raise UsageError(f"--stale needs a folder, and --out {run.out} is a table", "--force makes a table again")
        refuse_to_overwrite(run.out, run.force, inputs)
        return TableOutput(run.out, record, workspace.folder, run.force)
    if run.out.suffix or (isinstance(run.out, Path) and run.out.is_file()):
        raise UsageError(f"--out {run.out} is neither a .parquet file nor a folder", "end its name in .parquet, or in nothing")
    return DatasetOutput(run, record, workspace, inputs)


def target_of(out: Location, source: Source) -> Location:
    """The file that a video's rows go to."""
    return out if is_table(out) else out / file_of(source)


def chosen(sources: Sequence[Source], run: RunOptions) -> list[Source]:
    """The videos of a run: those of its shard, and with `retry_failed` only those that failed before.

    Raises
    ------
    TimelineReadError
        if there is no manifest that says what failed before.
    """
    mine = [source for source in sources if run.shard is None or run.shard.takes(source.place)]
    if not run.retry_failed:
        return mine
    require_manifest(run.out)
    failed = {name for name, entry in read_manifest(run.out).items() if entry.status == "failed"}
    return [source for source in mine if file_of(source) in failed]


def is_table(out: Location) -> bool:
    """Whether an output is one table for all videos."""
    return out.suffix == ".parquet" and (isinstance(out, Url) or not out.is_dir())


class TableOutput(Output):
    """One Parquet file. It appears when the last video is done."""

    lasting = False

    def __init__(self, target: Location, record: Record, scratch: Path, force: bool) -> None:
        self._target, self._record, self._scratch, self._force = target, record, scratch, force
        self._videos: dict[str, tuple[Job, Record]] = {}

    def commit(self, job: Job) -> VideoReport:
        job.release_memory()
        self._videos[job.source.name] = (job, job.metadata())
        return job.report(self._target)

    def close(self, order: Sequence[Source]) -> None:
        names = sorted(source.name for source in order if source.name in self._videos)
        if not names:
            return
        record = self._record | {"videos": {name: self._videos[name][1] for name in names}}
        with (
            whole_file(self._target, self._scratch, self._force) as temporary,
            TimelineWriter(temporary, record, groups_in(record)) as writer,
        ):
            for name in names:
                self._videos[name][0].copy_to(writer)
