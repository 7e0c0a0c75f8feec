"""Finished segments, kept beside the output until it is complete, so that an interrupted run resumes where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np

from feelit.errors import OutputError
from feelit.files import output_errors, whole_file
from feelit.types import FaceTable, FrameTable, Segment, SegmentResult

VERSION = 1
LOCK = "lock"
KEPT = "[!.]*.npz"  # without what was not finished


class Workspace:
    """The folder `.NAME.feelit` beside the output NAME: on the same disk, so that finished files move in one step.

    Where NAME is a folder on a disk of its own, or in a folder that may not be written, it lies within. One run at a time
    uses it.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self.folder = (out if _stands_alone(out) else out.parent) / f".{out.name}.feelit"
        self._lock: int | None = None

    def open(self, fresh: bool) -> None:
        """Create the folder; a fresh one forgets what earlier runs left.

        Raises
        ------
        OutputError
            if it cannot be written, or another run is using it.
        """
        with output_errors(self.folder.parent):
            self.folder.mkdir(parents=True, exist_ok=True)
            if self._lock is None:
                self._lock = _locked(self.folder / LOCK, self._out)
            if fresh:
                self._forget(lambda shelf: True)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._release()

    def leave(self) -> None:
        """Keep what a later run can use; remove the folder if that is nothing."""
        if self.folder.is_dir():
            self._forget(lambda shelf: not any(shelf.glob(KEPT)))
            if {p.name for p in self.folder.iterdir()} <= {LOCK}:
                shutil.rmtree(self.folder, ignore_errors=True)
        self._release()

    def _forget(self, unwanted: Callable[[Path], bool]) -> None:
        for shelf in self.folder.iterdir():
            if shelf.is_dir() and unwanted(shelf):
                shutil.rmtree(shelf, ignore_errors=True)
            elif shelf.suffix == ".parquet":  # what a killed run had begun to put together
                shelf.unlink(missing_ok=True)

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def shelf(self, key: object) -> Shelf:
        """The place for the segments of one video under one configuration; `key` is any JSON value that tells both."""
        digest = hashlib.sha256(json.dumps([VERSION, key], sort_keys=True).encode()).hexdigest()
        return Shelf(self.folder / digest[:24])


def _stands_alone(out: Path) -> bool:
    """Whether a folder cannot be reached by a rename from its parent."""
    if not out.is_dir():
        return False
    return out.stat().st_dev != out.parent.stat().st_dev or not os.access(out.parent, os.W_OK)


def _locked(path: Path, out: Path) -> int:
    """A descriptor of a file that no other process can lock until this one closes it or ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        import fcntl
    except ImportError:  # Windows
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OutputError(f"another run is writing {out}", "wait for its end, or give another --out") from None
    except OSError:  # some network file systems know no locks
        pass
    return descriptor


class Shelf:
    """The finished segments of one video."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def spool(self) -> Path:
        """Where the rows are collected while they arrive."""
        return self.folder / "rows.parquet"

    def save(self, segment: Segment, result: SegmentResult) -> None:
        """Keep a result.

        Raises
        ------
        OutputError
            if the disk is full or the folder cannot be written.
        """
        columns = {f"frames_{f.name}": getattr(result.frames, f.name) for f in fields(FrameTable)}
        columns |= {f"faces_{f.name}": getattr(result.faces, f.name) for f in fields(FaceTable)}
        numbers = json.dumps([result.decoded, result.errors, result.threshold, result.provider])
        with whole_file(self._file(segment)) as temporary, temporary.open("wb") as file:
            np.savez(file, numbers=np.array(numbers), **columns)

    def load(self, segment: Segment) -> SegmentResult | None:
        """A result that was kept, or None; a damaged one counts as none."""
        try:
            with self._file(segment).open("rb") as file, np.load(file, allow_pickle=False) as columns:
                return SegmentResult(
                    FrameTable(*(columns[f"frames_{f.name}"] for f in fields(FrameTable))),
                    FaceTable(*(columns[f"faces_{f.name}"] for f in fields(FaceTable))),
                    *json.loads(str(columns["numbers"])),
                )
        except (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
            return None

    def clear(self) -> None:
        """Forget the video."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, segment: Segment) -> Path:
        return self.folder / f"{segment.start_pts}_{segment.end_pts}.npz"
