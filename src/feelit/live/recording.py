"""A timeline of what is watched: rows are collected as they are settled, and become a file when the watching is over."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from feelit.errors import UsageError
from feelit.identity.rows import PersonRows
from feelit.run.workspace import Workspace
from feelit.storage.atomic import output_errors, refuse_to_overwrite, whole_file
from feelit.storage.names import as_text
from feelit.storage.stat import InputFiles
from feelit.timeline.schema import PEOPLE
from feelit.timeline.write import Spool, TimelineWriter
from feelit.types import Timeline

AT_ONCE = 512
"""Rows that are written at a time: a table of Arrow's for every frame would take more room than what is in it."""


class Recording:
    """One Parquet file. It appears whole, with `commit`, or not at all.

    Until then its rows are in a spool, as those of an analysis are, whose file lies in the hidden folder beside `out`.
    """

    def __init__(self, out: Path, force: bool, inputs: Sequence[Path] = ()) -> None:
        if out.suffix != ".parquet" or as_text(out) != out.as_posix():
            raise UsageError(f"--out {out} is no name for a timeline", "end it in .parquet, and write it in UTF-8")
        refuse_to_overwrite(out, force, InputFiles(inputs))
        self.out = out
        self._workspace = Workspace(out)
        self._spool: Spool | None = None
        self._waiting: list[Timeline] = []

    def __enter__(self) -> Self:
        self._workspace.open(fresh=False)
        self._spool = Spool(self._workspace.shelf("live").spool)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._spool is not None:
            with suppress(OSError, ValueError):  # what is not committed goes, whatever state it is in
                self._spool.close()
        self._workspace.leave()

    def write(self, rows: Timeline, name: str) -> None:
        """Append rows, in order.

        Raises
        ------
        OutputError
            if there is no room for them.
        """
        if len(rows):
            self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= AT_ONCE:
            self._flush(name)

    def commit(self, name: str, record: dict[str, Any], people: PersonRows | None = None) -> None:
        """Write the file; `record` is its metadata, `people` who the tracks are, where they were grouped.

        Raises
        ------
        OutputError
            if there is no room for it.
        """
        self._flush(name)
        assert self._spool is not None
        groups = () if people is None else (PEOPLE,)
        with whole_file(self.out, self._workspace.folder) as temporary, TimelineWriter(temporary, record, groups) as whole:
            whole.copy(self._spool, None if people is None else people.change)

    def _flush(self, name: str) -> None:
        waiting, self._waiting = self._waiting, []
        assert self._spool is not None
        if waiting:
            with output_errors(self.out):
                self._spool.write(Timeline.join(waiting), name)
