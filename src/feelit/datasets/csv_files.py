"""Data sets in CSV files: lists of images with labels, and FER2013.

A list names an image and its label on every line, as AffectNet's do (Mollahosseini et al. 2019):

    subDirectory_filePath,expression
    689/737db2483489.jpg,1

Labels are AffectNet's numbers, or class names in any of their spellings. Paths are relative to the folder of the file. A folder
may hold one list per split, named after it, as AffectNet has training.csv and validation.csv.

FER2013 (Goodfellow et al. 2013) holds the pixels; the votes of FER+ (Barsoum et al. 2016) are in `fer2013new.csv`, one line per
image in the same order:

    emotion,pixels,Usage
    0,70 80 82 72 58 ... ,Training
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from feelit.datasets.faces import VOTES, Row
from feelit.datasets.names import (
    AFFECTNET_EMOTION,
    AFFECTNET_OTHER,
    FER2013_EMOTION,
    WHOLE,
    emotion_named,
    known_names,
    number_in,
    split_in,
)
from feelit.encodings import marked_encoding
from feelit.errors import UsageError
from feelit.types import UInt8

PATHS = ("path", "subdirectory_filepath", "filepath", "file_path", "image_path", "img_path", "pth", "filename", "file", "image")
LABELS = ("label", "expression", "emotion", "class")
SPLIT = ("split", "usage", "subset")


def is_list(header: tuple[str, ...]) -> bool:
    """Whether a CSV file names images and labels."""
    return column(header, PATHS) is not None and column(header, LABELS) is not None


def read_list(path: Path, whole: str = WHOLE) -> Iterator[Row]:
    """The images that a list names. They are not opened yet.

    Parameters
    ----------
    whole : the split of all of them, where no column says it

    Raises
    ------
    UsageError
        if a column is missing, or a line names no known label or split.
    """
    header = header_of(path)
    place, label, split = (column(header, names) for names in (PATHS, LABELS, SPLIT))
    if place is None or label is None:
        lacking = "paths" if place is None else "labels"
        hint = f"call it {', '.join((PATHS if place is None else LABELS)[:3])}; or give FER2013's own file, with pixels"
        raise UsageError(f"{path} has no column of {lacking} among {', '.join(header)[:80]}", hint)
    for origin, cells in rows_of(path):
        own = split_in(cells[split], origin) if split else whole
        yield Row(own, path.parent / cells[place].strip(), origin, label=_label(cells[label], origin))


def _label(text: str, origin: str) -> int:
    word = text.strip().lower()
    if word in AFFECTNET_OTHER:
        return -1
    found = emotion_named(word)
    if found is not None:
        return found
    hint = f"AffectNet's numbers are 0 to 7; {known_names()}"
    return AFFECTNET_EMOTION[number_in(word, len(AFFECTNET_EMOTION) - 1, f"{origin}: a label", hint)]


def header_of(path: Path) -> tuple[str, ...]:
    """The names of the columns, in lower case and without spaces about them.

    Raises
    ------
    UsageError
        if the file cannot be read as a CSV file with a header.
    """
    return next(_lines(path))[1]


def rows_of(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Every row of a CSV file: where it stands, as "NAME, line 7", and its cells by the names of their columns.

    Raises
    ------
    UsageError
        if the file cannot be read as a CSV file with a header, or a row is shorter than the header.
    """
    lines = _lines(path)
    _, header = next(lines)
    for number, cells in lines:
        if not cells:
            continue
        origin = f"{path.name}, line {number}"
        if len(cells) < len(header):
            raise UsageError(f"{origin}: {len(cells)} cells, but {len(header)} columns", "fix the line, or copy the file again")
        yield origin, dict(zip(header, cells, strict=False))


def column(header: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    """The first of several names that a header has."""
    return next((name for name in names if name in header), None)


def _lines(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The header in lower case, then the lines, each with its number from 1."""
    try:
        with path.open("rb") as file:
            encoding = marked_encoding(file.read(4)) or "utf-8"
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.reader(file)
            header = tuple(cell.strip().lower() for cell in next(reader, ()))
            if not header:
                raise UsageError(f"{path} is empty", "a CSV file with a header is expected")
            yield reader.line_num, header
            for cells in reader:
                yield reader.line_num, tuple(cells)
    except (OSError, UnicodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "a CSV file in UTF-8, or UTF-16 with a mark, is expected"
        raise UsageError(f"{path} cannot be read: {reason}", hint) from error


SIDE_PX = 48
COLUMNS = ("emotion", "pixels")
LEVEL = {str(value): value for value in range(256)}
"""Looking a number up takes half as long as reading it, and there are 80 million of them."""

VOTE_COLUMNS = tuple(vote.lower() for vote in VOTES)


def is_fer2013(header: tuple[str, ...]) -> bool:
    """Whether a CSV file holds images as FER2013 does."""
    return "pixels" in header


def is_fer_plus(header: tuple[str, ...]) -> bool:
    """Whether a CSV file holds the votes of FER+."""
    return set(VOTE_COLUMNS) <= set(header)


def read_fer2013(path: Path, split: str | None = None) -> Iterator[Row]:
    """The images of FER2013's CSV file; those of other splits than `split` come without their pixels, which take long to read.

    Raises
    ------
    UsageError
        if a column is missing, or a line holds no label 0..6, no known split, or not 48 x 48 pixels 0..255.
    """
    header = header_of(path)
    if missing := [name for name in COLUMNS if name not in header]:
        message = f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        raise UsageError(message, "FER2013 has emotion, pixels and, mostly, Usage")
    nothing = np.zeros((0, 0), np.uint8)
    for origin, cells in rows_of(path):
        own = split_in(cells["usage"], origin) if "usage" in cells else WHOLE
        fer2013 = number_in(cells["emotion"], len(FER2013_EMOTION) - 1, f"{origin}: emotion", "FER2013's labels are 0 to 6")
        image = _pixels(cells["pixels"], origin) if split in (None, own) else nothing
        yield Row(own, image, origin, FER2013_EMOTION[fer2013], fer2013=fer2013)


def read_fer_plus(images: Path, votes: Path, split: str | None = None) -> Iterator[Row]:
    """The same with the votes of FER+.

    Raises
    ------
    UsageError
        also if the two files are not of the same images.
    """
    hint = "take fer2013.csv and fer2013new.csv as they were published, each with its 35,887 images"
    for row, voted in zip_longest(read_fer2013(images, split), rows_of(votes)):
        if row is None or voted is None:
            raise UsageError(f"{images.name} and {votes.name} differ in their number of images", hint)
        origin, cells = voted
        if "usage" in cells and split_in(cells["usage"], origin) != row.split:
            raise UsageError(f"{origin} is of another split than {row.origin}", hint)
        counts = (number_in(cells[name], 255, f"{origin}: {name}", "a count of votes is expected") for name in VOTE_COLUMNS)
        yield replace(row, votes=tuple(counts))


def _pixels(text: str, origin: str) -> UInt8:
    hint = "the images of FER2013 are expected, 48 x 48 whole numbers from 0 to 255; copy the file again"
    words = text.split()
    if len(words) != SIDE_PX**2:
        raise UsageError(f"{origin}: {len(words)} pixels, not {SIDE_PX**2}", hint)
    try:
        return np.frombuffer(bytes(map(LEVEL.__getitem__, words)), np.uint8).reshape(SIDE_PX, SIDE_PX)
    except KeyError:
        raise UsageError(f"{origin}: a pixel is no whole number from 0 to 255", hint) from None
