"""What goes into one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from feelit.exports.recordings import Recording


@dataclass(frozen=True, slots=True)
class Part:
    """The videos of one file, and the folder that the file will be in: formats that link a video need it."""

    recordings: tuple[Recording, ...]
    folder: Path


Write = Callable[[Part], Iterator[str]]
"""A format: the text of a file, a piece at a time, so that hours of video never lie in memory as text."""
