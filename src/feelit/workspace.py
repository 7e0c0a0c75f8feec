"""Finished segments, kept beside the output until it is complete, so that an interrupted run resumes where it stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from feelit.files import output_errors, whole_file
from feelit.types import FaceTable, FrameTable, Segment, SegmentResult

VERSION = 1


class Workspace:
    """The folder `.NAME.feelit` beside the output NAME: on the same disk, so that finished files move in one step."""

    def __init__(self, out: Path) -> None:
        self.folder = out.parent / f".{out.name}.feelit"

    def open(self, fresh: bool) -> None:
        """Create the folder; a fresh one forgets what earlier runs left.

        Raises
        ------
        OutputError
            if it cannot be written.
        """
        with output_errors(self.folder.parent):
            if fresh:
                shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def shelf(self, key: object) -> Shelf:
        """The place for the segments of one video under one configuration; `key` is any JSON value that tells both."""
        digest = hashlib.sha256(json.dumps([VERSION, key], sort_keys=True).encode()).hexdigest()
        return Shelf(self.folder / digest[:24])


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
            with np.load(self._file(segment), allow_pickle=False) as columns:
                return SegmentResult(
                    FrameTable(*(columns[f"frames_{f.name}"] for f in fields(FrameTable))),
                    FaceTable(*(columns[f"faces_{f.name}"] for f in fields(FaceTable))),
                    *json.loads(str(columns["numbers"])),
                )
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None

    def clear(self) -> None:
        """Forget the video."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, segment: Segment) -> Path:
        return self.folder / f"{segment.start_pts}_{segment.end_pts}.npz"
