"""Data sets in Parquet files: an encoded image per row, with the votes of FER+, FER2013's labels, or both.

`image` holds the bytes; `votes_neutral` ... `votes_NF` the votes, `fer2013` the label 0..6; the optional `copy_held_out` marks
images that also occur in a later split.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from feelit.datasets.faces import VOTES, Row
from feelit.datasets.names import FER2013_EMOTION
from feelit.errors import UsageError
from feelit.types import Int64

IMAGE, LABEL, HELD_OUT = "image", "fer2013", "copy_held_out"
VOTE_COLUMNS = tuple(f"votes_{vote}" for vote in VOTES)
HINT = "docs/evaluation.md describes the columns"


def read_faces(path: Path, split: str) -> Iterator[Row]:
    """The images of a Parquet file, all of which are of one split.

    Raises
    ------
    UsageError
        if it cannot be read, lacks columns, or they hold something else.
    """
    table = _table(path)
    images = table[IMAGE].to_pylist()
    held_out = _numbers(table, HELD_OUT, 1, path) if HELD_OUT in table.column_names else np.zeros(len(table), np.int64)
    votes = None
    if set(VOTE_COLUMNS) <= set(table.column_names):
        votes = np.stack([_numbers(table, name, 255, path) for name in VOTE_COLUMNS], axis=1)
    fer2013 = None if LABEL not in table.column_names else _numbers(table, LABEL, len(FER2013_EMOTION) - 1, path)
    if votes is None and fer2013 is None:
        raise UsageError(f"{path} has neither the columns {VOTE_COLUMNS[0]} ... {VOTE_COLUMNS[-1]} nor {LABEL}", HINT)
    for i, image in enumerate(images):
        origin = f"{path.name}, row {i}"
        if image is None:
            raise UsageError(f"{origin} has no image", HINT)
        own = -1 if fer2013 is None else int(fer2013[i])
        said = None if votes is None else tuple(votes[i].tolist())
        yield Row(split, image, origin, FER2013_EMOTION[own] if own >= 0 else -1, said, own, bool(held_out[i]))


def _table(path: Path) -> pa.Table:
    try:
        with path.open("rb") as file:  # Arrow takes no names but text
            content = parquet.ParquetFile(file)
            wanted = [name for name in (IMAGE, LABEL, HELD_OUT, *VOTE_COLUMNS) if name in content.schema_arrow.names]
            table = content.read(wanted)
    except (OSError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UsageError(f"{path} cannot be read as Parquet: {reason}", HINT) from error
    kind = table.schema.field(IMAGE).type if IMAGE in wanted else pa.null()
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise UsageError(f"{path} has no column {IMAGE} of encoded images", HINT)
    return table


def _numbers(table: pa.Table, name: str, most: int, path: Path) -> Int64:
    column = table[name]
    whole = pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
    if not whole or column.null_count:
        raise UsageError(f"{path}: the column {name} does not hold a whole number a row", HINT)
    numbers = np.asarray(column.cast(pa.int64()), np.int64)
    if wrong := np.flatnonzero((numbers < 0) | (numbers > most)).tolist():
        raise UsageError(f"{path.name}, row {wrong[0]}: {name} cannot be {numbers[wrong[0]]}", f"it is 0 to {most}")
    return numbers
