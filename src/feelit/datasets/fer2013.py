"""FER2013 (Goodfellow et al. 2013) as its CSV file, with the votes of FER+ (Barsoum et al. 2016) where they lie beside it.

    emotion,pixels,Usage
    0,70 80 82 72 58 ... ,Training

`fer2013new.csv` of FER+ has a line an image, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from feelit.datasets.faces import Row
from feelit.datasets.names import FER2013_EMOTION, WHOLE, number_in, split_in
from feelit.datasets.texts import header_of, rows_of
from feelit.datasets.votes import VOTES
from feelit.errors import UsageError
from feelit.types import UInt8

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
