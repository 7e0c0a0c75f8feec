"""Which format a data set is in, and its splits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from feelit.datasets.copies import hold_out
from feelit.datasets.faces import LabelledFaces, Row, collect
from feelit.datasets.fer2013 import is_fer2013, is_fer_plus, read_fer2013, read_fer_plus
from feelit.datasets.folders import has_classes, read_folders
from feelit.datasets.lists import is_list, read_list
from feelit.datasets.names import SPLITS, WHOLE, split_named
from feelit.datasets.tables import read_faces
from feelit.datasets.texts import header_of
from feelit.errors import UsageError

FORMATS = "docs/evaluation.md describes the formats"

Reader = Callable[[str | None], Iterator[Row]]
"""Gives all rows of a data set, with pixels at least those of the split that is named."""


def read_split(place: Path, split: str | None = None) -> LabelledFaces:
    """One split of a data set, in any of the formats that docs/evaluation.md describes.

    Parameters
    ----------
    place : a CSV or Parquet file, or a folder
    split : in any of its spellings; None for data with a single one

    Raises
    ------
    UsageError
        if the data are missing, damaged or in no known format, or there is no such split, or several and none was named.
    """
    found = _find(place)
    wanted = None if split is None else split_named(split) or split
    if found.known:
        wanted = _choose(found.known, wanted, place)
    splits = found.splits(wanted)
    wanted = _choose(tuple(splits), wanted, place)
    return collect(splits[wanted], wanted, str(place))


def read_splits(place: Path) -> dict[str, LabelledFaces]:
    """All splits of a data set, in the order of learning; copies of images of later splits are marked as held out.

    Raises
    ------
    UsageError
        if the data are missing, damaged or in no known format, or leave fewer than two classes to learn from.
    """
    found = _find(place).splits(None)
    if not found:
        raise UsageError(f"{place} holds no image", FORMATS)
    splits = hold_out({name: collect(rows, name, str(place)) for name, rows in found.items()})
    if "train" in splits and len(splits["train"].rows(~splits["train"].held_out).classes()) < 2:
        message = f"{place} has fewer than two classes to learn from, without the images that also stand in another split"
        raise UsageError(message, "have other images in the split train than in valid and test")
    return splits


@dataclass(frozen=True, slots=True)
class _Found:
    """A data set whose format is known; `known` are its splits, where the names of its files say so."""

    read: Reader
    known: tuple[str, ...] = ()

    def splits(self, wanted: str | None) -> dict[str, list[Row]]:
        """The rows by split; for those of other splits than `wanted`, if one is, pixels may be missing."""
        rows: dict[str, list[Row]] = {}
        for row in self.read(wanted):
            rows.setdefault(row.split, []).append(row)
        return {name: rows[name] for name in (*SPLITS, WHOLE) if name in rows}


def _choose(splits: tuple[str, ...], wanted: str | None, place: Path) -> str:
    if not splits:
        raise UsageError(f"{place} holds no image", FORMATS)
    if wanted is None and len(splits) > 1:
        raise UsageError(f"{place} has the splits {', '.join(splits)}", "choose one with --split")
    if wanted is not None and wanted not in splits:
        raise UsageError(f"{place} has no split {wanted}", f"it has {', '.join(splits)}")
    return wanted or splits[0]


def _find(place: Path) -> _Found:
    try:
        is_file, is_folder = place.is_file(), place.is_dir()
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror or error}", "fix its permissions") from error
    if is_folder:
        return _in_folder(place)
    if not is_file:
        raise UsageError(f"{place} does not exist", "give labelled images: a CSV or Parquet file, or a folder")
    if place.suffix.lower() == ".parquet":
        return _Found(lambda _: read_faces(place, split_named(place.stem) or WHOLE))
    if place.suffix.lower() == ".csv":
        return _Found((lambda s: read_fer2013(place, s)) if is_fer2013(header_of(place)) else lambda _: read_list(place))
    raise UsageError(f"{place} is neither a .csv nor a .parquet file", FORMATS)


def _in_folder(folder: Path) -> _Found:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror or error}", "fix its permissions") from error
    tables = {path: split_named(path.stem) for path in files if path.suffix.lower() == ".parquet"}
    if named := {path: split for path, split in tables.items() if split}:
        return _Found(lambda wanted: _of_files(named, wanted, read_faces), _splits_of(named))
    if tables:
        raise UsageError(f"{folder} holds Parquet files, but none of a split", "call them train.parquet, valid.parquet, ...")
    headers = {path: header_of(path) for path in files if path.suffix.lower() == ".csv"}
    images = [path for path, header in headers.items() if is_fer2013(header)]
    votes = [path for path, header in headers.items() if is_fer_plus(header)]
    if len(images) > 1 or len(votes) > 1 or (votes and not images):
        hint = "have fer2013.csv there, and fer2013new.csv with the votes of FER+, or give the one file"
        raise UsageError(f"{folder} holds {len(images)} files with FER2013's images and {len(votes)} with votes", hint)
    if images and votes:
        return _Found(lambda s: read_fer_plus(images[0], votes[0], s))
    if images:
        return _Found(lambda s: read_fer2013(images[0], s))
    lists = {path: split for path, header in headers.items() if (split := split_named(path.stem)) and is_list(header)}
    if lists and not has_classes(folder):
        return _Found(lambda wanted: _of_files(lists, wanted, read_list), _splits_of(lists))
    return _Found(lambda _: read_folders(folder))


def _splits_of(files: dict[Path, str]) -> tuple[str, ...]:
    return tuple(split for split in SPLITS if split in files.values())


def _of_files(files: dict[Path, str], wanted: str | None, read: Callable[[Path, str], Iterator[Row]]) -> Iterator[Row]:
    """The rows of one file a split; files of other splits are not opened."""
    chosen = {path: split for path, split in files.items() if wanted is None or split == wanted}
    return chain.from_iterable(read(path, split) for path, split in chosen.items())
