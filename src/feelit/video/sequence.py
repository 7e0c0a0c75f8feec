"""Numbered pictures that make a video: `frames/%05d.png@25` is a pattern of names and a rate, and is named like a file."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer

from feelit.errors import VideoReadError

ADDRESS = re.compile(r"(?P<before>[^%]*)%(?P<width>0[1-9]\d?)?d(?P<after>[^%]*)@(?P<rate>\d{1,7}(?:\.\d{1,6}|:[1-9]\d{0,6})?)")
EDGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class PictureSequence:
    """The pictures of a folder whose names differ in a number, one after the other at a steady rate."""

    folder: Path
    before: str  # the number
    after: str
    width: int | None  # digits of a number, at least; None where it has no leading zeros
    rate: Fraction  # pictures a second

    @property
    def pattern(self) -> Path:
        """As FFmpeg wants it."""
        number = "%d" if self.width is None else f"%0{self.width}d"
        names = [text.replace("%", "%%") for text in (self.before, self.after)]
        return Path(str(self.folder).replace("%", "%%"), names[0] + number + names[1])

    def numbers(self) -> list[int]:
        """The numbers that there are, without a gap. Raises VideoReadError if there is none, or one is missing in between."""
        name = re.compile(f"{re.escape(self.before)}(\\d+){re.escape(self.after)}")
        try:
            names = [path.name for path in self.folder.iterdir()]
        except OSError as error:
            message = f"{self.folder} cannot be searched: {error.strerror or error}"
            raise VideoReadError(message, "check the spelling") from error
        found = sorted(int(m[1]) for m in map(name.fullmatch, names) if m and m[1] == self._digits(int(m[1])))
        if not found:
            raise VideoReadError(f"no file is called as {self.pattern} says", "a pattern is such as frames/%05d.png")
        if found[-1] - found[0] != len(found) - 1:
            lacking = next(a + 1 for a, b in pairwise(found) if b != a + 1)
            message = f"{self._file(lacking)} is missing between the pictures {found[0]} and {found[-1]}"
            raise VideoReadError(message, "number the pictures without a gap")
        return found

    def open(self, options: dict[str, str]) -> InputContainer:
        """All pictures as one container; `options` are those of every container. Raises what `numbers` does."""
        asked = {"framerate": str(self.rate), "start_number": str(self.numbers()[0]), "pattern_type": "sequence"}
        return av.open(f"file:{self.pattern}", format="image2", options=asked, container_options=options)

    def fingerprint(self) -> tuple[int, str]:
        """The size of all files, and a checksum of sizes, beginnings and ends. Raises what `numbers` does; VideoReadError if a
        file cannot be read."""
        digest, total = hashlib.sha256(str(self.rate).encode()), 0
        for number in self.numbers():
            try:
                with self._file(number).open("rb") as file:
                    size = file.seek(0, os.SEEK_END)
                    digest.update(str(size).encode())
                    for place in (0, max(0, size - EDGE_BYTES)):
                        file.seek(place)
                        digest.update(file.read(EDGE_BYTES))
            except OSError as error:
                message = f"{self._file(number)} cannot be read: {error.strerror or error}"
                raise VideoReadError(message, "check that it is still there") from error
            total += size
        return total, digest.hexdigest()

    def _digits(self, number: int) -> str:
        return str(number) if self.width is None else f"{number:0{self.width}d}"

    def _file(self, number: int) -> Path:
        return self.folder / f"{self.before}{self._digits(number)}{self.after}"


def sequence_of(path: object) -> PictureSequence | None:
    """The pictures that a path such as `frames/%05d.png@25` means; None for what is a file, or no such pattern."""
    if not isinstance(path, Path) or (match := ADDRESS.fullmatch(path.name)) is None:
        return None
    try:
        rate = Fraction(match["rate"].replace(":", "/"))
        if rate <= 0 or path.exists():
            return None
    except OSError:
        return None
    width = int(match["width"]) if match["width"] else None
    return PictureSequence(path.parent, match["before"], match["after"], width, rate)
