"""The manifest of a folder of timelines: one row per video with its state. docs/schema.md documents it.

Changes are appended to a journal in the workspace at once, and written as Parquet every few seconds. So recording the state of
a video takes constant time in any number of videos, and readers always find a complete Parquet file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from feelit.errors import OutputError, TimelineReadError
from feelit.options import Shard
from feelit.run.job import VideoResult
from feelit.run.workspace import Workspace
from feelit.storage.atomic import whole_file
from feelit.storage.blocks import ObjectFile
from feelit.storage.location import Location, Url
from feelit.storage.stat import exists, named, readable, remove

MANIFEST = "_manifest.parquet"
PARTS = "_manifest-*.parquet"
ENDING = ".parquet"
METADATA = {b"feelit_manifest": b"1"}

INTERVAL_S = 2.0
SHARE = 0.05
"""The Parquet file is written at most once per interval, and takes at most this share of the time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry(VideoResult):
    """One row of a manifest, a video and its state; docs/schema.md describes the fields.

    `output`, the path of its timeline in the folder, identifies it.
    """

    video: str
    output: str
    status: str = "pending"  # pending, done or failed
    missing: bool = False
    size_bytes: int | None = None
    mtime_ns: int | None = None
    fingerprint: str | None = None
    settings: str | None = None
    output_bytes: int | None = None
    updated: int = 0  # microseconds since 1970, UTC
    provenance: str | None = None

    def record(self) -> dict[str, Any]:
        """A row of the manifest, in the order of its columns."""
        first = {name: getattr(self, name) for name in ("video", "output", "status", "missing")}
        rest = {f.name: getattr(self, f.name) for f in fields(self)}
        return first | self.shown() | rest


ADDED = ("discarded", "letterboxed", "people", "provenance")
"""Columns that manifests of earlier releases lack."""

DERIVED = "skipped"
"""A column computed from others."""

_TYPES = {"str": pa.string(), "bool": pa.bool_(), "float": pa.float64(), "int": pa.int64()}
_HINTS = {f.name: str(f.type) for f in fields(Entry)} | {DERIVED: "int"}
SCHEMA = pa.schema(
    [
        pa.field(
            name,
            pa.timestamp("us", "UTC") if name == "updated" else _TYPES[_HINTS[name].split(" ")[0]],
            nullable=_HINTS[name].endswith("None"),
        )
        for name in Entry(video="", output="").record()
    ],
    METADATA,
)

_PLAIN = pa.schema([f.with_type(pa.int64()) if f.name == "updated" else f for f in SCHEMA], METADATA)

Entries = dict[str, Entry]


def read_manifest(folder: Location) -> Entries:
    """The entries of a folder by `Entry.output`: from the manifest, the parts of shards, and later journals. Raises
    TimelineReadError if a manifest is damaged, or the file is not a manifest.
    """
    notes = [entry for path in Workspace(folder).journals() for entry in _read_journal(path)]
    found: Entries = {}
    for entry in [*_read_files(folder), *notes]:
        known = found.get(entry.output)
        if known is None or known.updated <= entry.updated:
            found[entry.output] = entry
    return found


def has_manifest(folder: Location) -> bool:
    """Whether a run has ever written to a folder."""
    return exists(folder / MANIFEST) or bool(named(folder, PARTS)) or bool(Workspace(folder).journals())


def require_manifest(folder: Location) -> None:
    """Refuse folders that no run has written to. Raises TimelineReadError if there is no manifest."""
    if not has_manifest(folder):
        raise TimelineReadError(f"{folder} has no manifest", "give the folder that was --out of `feelit analyze`")


def manifest_table(folder: Location) -> pa.Table:
    """The manifest as a table of `SCHEMA`, ordered by video. Raises TimelineReadError if there is no manifest, or it is
    damaged.
    """
    require_manifest(folder)
    return _table(read_manifest(folder))


class Manifest:
    """The manifest of a run, or of one shard of it: each shard has its own file until the last one ends.

    `entries` are those of its videos, and of the videos of earlier runs, by `Entry.output`.
    """

    def __init__(self, folder: Location, workspace: Workspace, shard: Shard | None) -> None:
        self._folder, self._workspace, self._shard = folder, workspace, shard
        self._target = folder / (PARTS.replace("*", str(shard)) if shard else MANIFEST)
        self.entries: Entries = {}
        self._changed = self._closed = False
        self._next_s = 0.0

    def open(self, planned: Iterable[Entry]) -> None:
        """Read the entries of earlier runs, and add new videos. Raises OutputError if it cannot be written; TimelineReadError
        if the existing file is not a manifest.
        """
        known = read_manifest(self._folder)
        new = {entry.output: _dated(entry) for entry in planned if entry.output not in known}
        everything = known | new
        if self._shard is None:
            if new or self._leftovers():
                self._fold(everything)
        elif new:  # with all videos, as other shards may begin later; shards that begin now write the same
            _write(self._folder / MANIFEST, everything, self._workspace.folder)
        self.entries = {output: e for output, e in everything.items() if self._is_mine(output)}

    def note(self, entry: Entry) -> None:
        """Record the state of a video."""
        self.entries[entry.output] = entry = _dated(entry, self.entries.get(entry.output))
        self._changed = True
        line = json.dumps({f.name: getattr(entry, f.name) for f in fields(entry)})
        # A full disk is reported when the file is written.
        with suppress(OSError), self._workspace.journal.open("a", encoding="utf-8") as journal:
            journal.write(f"\n{line}")  # line break first, so that half a line left by a crash does not damage the next

    def refresh(self) -> None:
        """Write the Parquet file if that is due. Errors are ignored here; `write` and `close` report them."""
        if self._changed and time.monotonic() >= self._next_s:
            with suppress(OutputError):
                self.write()

    def write(self) -> None:
        """Write the Parquet file if there is something new. Raises OutputError if it cannot be written."""
        if not self._changed:
            return
        start_s = time.monotonic()
        _write(self._target, self.entries, self._workspace.folder)
        self._workspace.journal.unlink(missing_ok=True)
        self._changed = False
        now_s = time.monotonic()
        self._next_s = now_s + max(INTERVAL_S, (now_s - start_s) / SHARE)

    def close(self) -> None:
        """Write changes; the last of several shards merges their parts into one file. Raises OutputError if the file cannot be
        written.
        """
        if not self._closed:
            self.write()
            # In a bucket it is unknown whether other machines are writing: the parts stay until a run without shards.
            if self._shard is not None and isinstance(self._folder, Path) and self._workspace.alone():
                self._fold(read_manifest(self._folder))
            self._closed = True

    def _fold(self, entries: Entries) -> None:
        """Merge all parts into one file. No other run may be writing."""
        folded = self._leftovers()
        _write(self._folder / MANIFEST, entries, self._workspace.folder)
        for place in folded:
            remove(place)

    def _leftovers(self) -> list[Location]:
        """Parts and journals of other runs that are not in the manifest itself."""
        return [*named(self._folder, PARTS), *self._workspace.journals()]

    def _is_mine(self, output: str) -> bool:
        return self._shard is None or self._shard.takes(output.removesuffix(ENDING))


def _dated(entry: Entry, known: Entry | None = None) -> Entry:
    """An entry with the current time, but later than the known one even if clocks of machines differ."""
    return replace(entry, updated=max(time.time_ns() // 1000, known.updated + 1 if known else 0))


def _table(entries: Entries) -> pa.Table:
    rows = sorted(entries.values(), key=lambda entry: entry.video)
    return pa.table([pa.array([getattr(row, f.name) for row in rows], f.type) for f in SCHEMA], schema=SCHEMA)


def _write(place: Location, entries: Entries, scratch: Path) -> None:
    with whole_file(place, scratch) as temporary, temporary.open("wb") as file:
        pq.write_table(_table(entries), file, compression="zstd")


def _read_files(folder: Location) -> list[Entry]:
    """The parts, then the manifest: parts are removed only after they are merged into it."""
    while True:
        try:
            parts = [entry for path in named(folder, PARTS) for entry in _read(path)]
        except FileNotFoundError:
            continue
        break
    try:
        return [*parts, *_read(folder / MANIFEST)]
    except FileNotFoundError:
        return parts


def _read(path: Location) -> list[Entry]:
    try:
        with pq.ParquetFile(_opened(path)) as file:
            if (file.schema_arrow.metadata or {}).get(b"feelit_manifest") != METADATA[b"feelit_manifest"]:
                raise TimelineReadError(
                    f"{path} is not a manifest of this feelit", "move it away; it is recreated from the timelines"
                )
            stored = set(file.schema_arrow.names)
            names = [name for name in SCHEMA.names if name != DERIVED and (name not in ADDED or name in stored)]
            table = file.read(columns=names).cast(pa.schema([_PLAIN.field(name) for name in names]))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, pa.ArrowException) as error:
        hint = "delete it; it is recreated from the timelines"
        raise TimelineReadError.damaged(path, f": {error}", hint) from error
    columns = (column.to_pylist() for column in table.columns)
    return [Entry(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]


def _opened(path: Location) -> Path | ObjectFile:
    """A source for Arrow; for an object, too, FileNotFoundError if it does not exist."""
    if isinstance(path, Url) and not exists(path):
        raise FileNotFoundError(str(path))
    return readable(path)


def _read_journal(path: Path) -> list[Entry]:
    """The complete lines of a journal; none if it was removed after writing the manifest."""
    found = []
    with suppress(FileNotFoundError):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, TypeError):
                found.append(Entry(**json.loads(line)))
    return found
