"""A target that fails in every way; it imports nothing of the program, for a process starts at each of its failures."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np


class Weak:
    """A target that does not stand some numbers."""

    def __init__(self, folder: Path) -> None:
        self._count = 0

    def run(self, rng: np.random.Generator, folder: Path) -> str:
        """See `Target.run`."""
        number = int(folder.name)
        (folder / "input").write_text(str(number), encoding="ascii")
        if number == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 2:
            time.sleep(600)
        if number == 3:
            bytearray(250 << 20)[:: 1 << 12] = bytes([1]) * (250 << 8)
        if number == 4:
            raise ZeroDivisionError("by hand")
        if number == 5:
            os.write(2, b"a library's own words")
        return "good"
