"""A CSV file that names an image and its label on every line, as AffectNet's do (Mollahosseini et al. 2019).

    subDirectory_filePath,expression
    689/737db2483489.jpg,1

Labels are AffectNet's numbers, or class names in any of their spellings. Paths begin at the folder of the file. A folder may
hold one list a split, named after it, as AffectNet has training.csv and validation.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from feelit.datasets.faces import Row
from feelit.datasets.names import AFFECTNET_EMOTION, AFFECTNET_OTHER, WHOLE, emotion_named, known_names, number_in, split_in
from feelit.datasets.texts import column, header_of, rows_of
from feelit.errors import UsageError

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
