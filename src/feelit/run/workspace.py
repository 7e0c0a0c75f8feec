"""Stores finished segments beside the output until it is complete, so that an interrupted run can resume."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from feelit.errors import OutputError
from feelit.logs import facts
from feelit.options import Shard
from feelit.storage.atomic import cache_folder, output_errors, whole_file
from feelit.storage.location import Location, Url
from feelit.storage.locks import is_at, locked, taken
from feelit.types import Columns, EmbeddingTable, FaceTable, FrameTable, Segment, SegmentResult

log = logging.getLogger(__name__)

VERSION = 2
LOCK = "lock"
JOURNAL = "manifest.jsonl"
PATIENCE_S = 2.0
"""How long to wait for a lock: other processes hold it briefly to check for a running run or to merge the parts of shards."""

TABLES: tuple[tuple[str, type[Columns]], ...] = (("frames", FrameTable), ("faces", FaceTable), ("embeddings", EmbeddingTable))
KEPT = "[!.]*.npz"  # without unfinished files


class Workspace:
    """The folder `.NAME.feelit` beside the output NAME: on the same disk, so that finished files can be moved in one step.

    If NAME is a mount point, or its parent is not writable, the folder is inside NAME. For an output in a bucket it is in the
    user's cache; `parent` gives another place for any output. In both cases its name contains a hash of the whole output name.
    Only one run at a time uses it; the shards of a run share it, each with its own subfolder.
    """

    def __init__(self, out: Location, shard: Shard | None = None, parent: Path | None = None) -> None:
        self._out, self._shard = out, shard
        place = Path(os.path.abspath(out)) if isinstance(out, Path) else out  # noqa: PTH100  # "." has a name, too; resolve() would follow links
        if isinstance(place, Url) or parent is not None:
            self.root = (parent or cache_folder()) / _hashed_name(place)
        else:
            self.root = (place if _needs_inside(place) else place.parent) / f".{place.name}.feelit"
        self.folder = self.root / str(shard) if shard else self.root
        self._locks: list[int] = []

    @property
    def journal(self) -> Path:
        """The journal of the states of videos, until they are in the manifest."""
        return self.folder / JOURNAL

    def journals(self) -> list[Path]:
        """The journals of all runs on this output, running or killed."""
        return sorted([*self.root.glob(JOURNAL), *self.root.glob(f"*/{JOURNAL}")])

    def open(self, fresh: bool) -> None:
        """Create and lock the folder; with `fresh`, delete what earlier runs left. Raises OutputError if it cannot be written,
        or another run is using it.
        """
        with output_errors(self.root.parent):
            if not self._locks:
                self._lock(self.root, alone=self._shard is None)
                if self._shard:
                    self._lock(self.folder, alone=True)
            if fresh:
                self._forget(lambda shelf: not (shelf / LOCK).exists())

    def alone(self) -> bool:
        """Whether no other run uses the root; if so, none can begin before this one ends. False if unknown."""
        if not self._locks or locked(self._locks[0], alone=True) is not True:
            return False
        return is_at(self._locks[0], self.root / LOCK)

    def in_use(self) -> bool:
        """Whether a run is using the folder; False if unknown."""
        try:
            descriptor = os.open(self.root / LOCK, os.O_RDONLY)
        except OSError:  # missing, or not readable for us
            return False
        try:
            return locked(descriptor, alone=True) is False
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Remove the folder with its content, and release the locks."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._release()

    def leave(self) -> None:
        """Keep what a later run can use; remove the folder if there is nothing. Folders in use by other runs stay."""
        if not self._locks and self._shard is None and self.root.is_dir():  # interrupted while it was opened
            lock = taken(self.root / LOCK, alone=True)
            self._locks += [lock] if lock is not None else []
        if len(self._locks) == (1 if self._shard is None else 2) and self.folder.is_dir():
            self._forget(lambda shelf: not any(shelf.rglob(KEPT)) and not (shelf / JOURNAL).exists())
            if _is_empty(self.folder):
                shutil.rmtree(self.folder, ignore_errors=True)
        self._release()

    def _lock(self, folder: Path, alone: bool) -> None:
        """Create a folder and take its lock."""
        deadline_s, waits = time.monotonic() + PATIENCE_S, False
        while (lock := taken(folder / LOCK, alone)) is None:
            if time.monotonic() > deadline_s:
                whole = folder == self.root
                what = self._out if whole or self._shard is None else f"shard {self._shard} of {self._out}"
                self._release()
                raise OutputError(f"another run is writing {what}", "wait for its end, or give another --out")
            if not waits:
                log.info("waiting for another run to release the folder", extra=facts(folder=str(folder)))
                waits = True
            time.sleep(0.05)
        self._locks.append(lock)

    def _forget(self, unwanted: Callable[[Path], bool]) -> None:
        for shelf in self.folder.iterdir():
            if shelf.is_dir() and unwanted(shelf):
                shutil.rmtree(shelf, ignore_errors=True)
            elif shelf.suffix == ".parquet":  # an unfinished output of a killed run
                shelf.unlink(missing_ok=True)

    def _release(self) -> None:
        if self._shard and self.alone() and _is_empty(self.root):
            shutil.rmtree(self.root, ignore_errors=True)
        while self._locks:
            os.close(self._locks.pop())

    def shelf(self, key: object) -> Shelf:
        """The folder for the segments of one video with one configuration; `key` is any JSON value that identifies both."""
        digest = hashlib.sha256(json.dumps([VERSION, key], sort_keys=True).encode()).hexdigest()
        return Shelf(self.folder / digest[:24])


def _hashed_name(out: Location) -> str:
    digest = hashlib.sha256(os.fsencode(str(out).rstrip("/"))).hexdigest()
    return f"{out.name[:60]}-{digest[:16]}.feelit"


def _needs_inside(out: Path) -> bool:
    """Whether files cannot be moved into a folder from its parent: it is a mount point, or the parent is not writable."""
    if not out.is_dir():
        return False
    return out.stat().st_dev != out.parent.stat().st_dev or not os.access(out.parent, os.W_OK)


def _is_empty(folder: Path) -> bool:
    return {p.name for p in folder.iterdir()} <= {LOCK}


class Shelf:
    """The finished segments of one video."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def spool(self) -> Path:
        """The file that collects rows as they arrive."""
        return self.folder / "rows.spool"  # not .parquet: a workspace inside the output would be read with it

    def save(self, segment: Segment, result: SegmentResult) -> None:
        """Save a result.

        Raises
        ------
        OutputError
            if the disk is full or the folder cannot be written.
        """
        columns = {f"{name}_{f.name}": getattr(getattr(result, name), f.name) for name, kind in TABLES for f in fields(kind)}
        counts = (result.decoded, result.discarded, result.errors, result.letterboxed)
        numbers = json.dumps([*counts, result.threshold, result.provider])
        with whole_file(self._file(segment)) as temporary, temporary.open("wb") as file:
            np.savez(file, numbers=np.array(numbers), **columns)

    def load(self, segment: Segment) -> SegmentResult | None:
        """A saved result; None if it is missing or damaged."""
        try:
            with self._file(segment).open("rb") as file, np.load(file, allow_pickle=False) as columns:
                tables: list[Any] = [kind(*(columns[f"{name}_{f.name}"] for f in fields(kind))) for name, kind in TABLES]
                return SegmentResult(*tables, *json.loads(str(columns["numbers"])))
        except (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
            return None

    def clear(self) -> None:
        """Delete the segments of the video."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, segment: Segment) -> Path:
        return self.folder / f"{segment.start_pts}_{segment.end_pts}.npz"
