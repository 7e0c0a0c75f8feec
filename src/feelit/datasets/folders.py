"""A folder a class, each full of images; where there are splits, a folder a split that holds those of the classes.

faces/happiness/anna.jpg            faces/train/happy/0001.png
faces/anger/bob.png                 faces/test/angry/0002.png
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from feelit.datasets.faces import Row
from feelit.datasets.images import SUFFIXES
from feelit.datasets.names import WHOLE, emotion_named, known_names, split_named
from feelit.errors import UsageError

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
            raise UsageError(
                f"{root} has splits, and {others[0]!r} beside them", "put each class below a split, or have no splits"
            )
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
