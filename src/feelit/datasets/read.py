"""Reading of data sets: detection of the format, splits, and folders of images.

A folder holds one folder of images per class; where there are splits, it holds one folder per split with those of the classes:

    faces/happiness/anna.jpg            faces/train/happy/0001.png
    faces/anger/bob.png                 faces/test/angry/0002.png
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from feelit.datasets.csv_files import header_of, is_fer2013, is_fer_plus, is_list, read_fer2013, read_fer_plus, read_list
from feelit.datasets.faces import LabelledFaces, Row, collect
from feelit.datasets.images import SUFFIXES, Images
from feelit.datasets.names import SPLITS, WHOLE, emotion_named, known_names, split_named
from feelit.datasets.tables import read_faces
from feelit.errors import UsageError

FORMATS = "docs/evaluation.md describes the formats"

Reader = Callable[[str | None], Iterator[Row]]
"""Gives all rows of a data set; rows of other splits than the given one may lack pixels."""


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
    """A data set whose format is known; `known` are its splits, if the names of its files name them."""

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
        return _of_files(named, read_faces)
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
        return _of_files(lists, read_list)
    return _Found(lambda _: read_folders(folder))


def _of_files(files: dict[Path, str], read: Callable[[Path, str], Iterator[Row]]) -> _Found:
    """A data set with one file a split; files of other splits than the wanted one are not opened."""

    def rows(wanted: str | None) -> Iterator[Row]:
        return chain.from_iterable(read(path, split) for path, split in files.items() if wanted in (None, split))

    return _Found(rows, tuple(split for split in SPLITS if split in files.values()))


def pixel_hashes(images: Images) -> list[bytes]:
    """A hash of the size and the pixels of every image, equal for copies in different formats."""
    sized = ((image, b"".join(side.to_bytes(8, "little") for side in image.shape)) for image in images)
    return [hashlib.blake2b(image.tobytes(), digest_size=16, salt=size).digest() for image, size in sized]


def hold_out(splits: Mapping[str, LabelledFaces]) -> dict[str, LabelledFaces]:
    """Mark images as held out whose pixels also occur in a later split, in the order train, valid, test.

    FER2013 holds hundreds of copies, also across its splits, and a network would be scored on images that it was trained on.
    Decodes every image once.
    """
    hashes = {name: pixel_hashes(faces.images) for name, faces in splits.items()}
    order = [name for name in SPLITS if name in splits]
    marked = dict(splits)
    for place, name in enumerate(order):
        later = {h for other in order[place + 1 :] for h in hashes[other]}
        copied = np.array([h in later for h in hashes[name]], bool)
        marked[name] = replace(splits[name], held_out=splits[name].held_out | copied)
    return marked


IGNORED = ("desktop.ini", "thumbs.db")
"""What Windows leaves in folders of pictures; other systems begin such names with a dot."""


def read_folders(root: Path) -> Iterator[Row]:
    """The images of a folder, in the order of their names.

    Raises
    ------
    UsageError
        if a folder is not named like a class, or holds what is no image, or there are fewer than two classes.
    """
    splits = {folder: split_named(folder.name) for folder in _folders(root)}
    if any(splits.values()):
        if others := [folder.name for folder, split in splits.items() if split is None]:
            hint = "put each class below a split, or have no splits"
            raise UsageError(f"{root} has splits, and {others[0]!r} beside them", hint)
        if len(set(splits.values())) < len(splits):
            raise UsageError(f"{root} has one split twice", f"there are {', '.join(folder.name for folder in splits)}")
        for folder, split in splits.items():
            yield from _classes(folder, split or WHOLE)
    else:
        yield from _classes(root, WHOLE)


def has_classes(root: Path) -> bool:
    """Whether a folder in it is named like a split or an expression."""
    return any(split_named(folder.name) or emotion_named(folder.name) is not None for folder in _folders(root))


def _classes(root: Path, split: str) -> Iterator[Row]:
    classes = {folder: emotion_named(folder.name) for folder in _folders(root)}
    if unknown := [folder.name for folder, label in classes.items() if label is None]:
        raise UsageError(f"{root / unknown[0]} is not named like an expression", known_names())
    if len(classes) < 2:
        raise UsageError(f"{root} has fewer than two folders of classes", "have a folder a class, named like its expression")
    for folder, label in classes.items():
        for path in _entries(folder):
            if path.suffix.lower() not in SUFFIXES or not path.is_file():
                raise UsageError(f"{path} is no image", f"a class holds nothing but {', '.join(SUFFIXES)} files; move it away")
            yield Row(split, path, str(path), label=-1 if label is None else label)


def _folders(root: Path) -> list[Path]:
    return [path for path in _entries(root) if path.is_dir()]


def _entries(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror or error}", "fix its permissions") from error
    return [path for path in entries if not path.name.startswith(".") and path.name.lower() not in IGNORED]
