"""What is attacked, by name: each target makes one hostile input out of random numbers and gives it to the program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from tests.fuzz.models import ModelTarget
from tests.fuzz.options import OptionsTarget
from tests.fuzz.timelines import ExportTarget, TimelineTarget
from tests.fuzz.videos import VideoTarget


class Target(Protocol):
    """A way into the program."""

    def run(self, rng: np.random.Generator, folder: Path) -> str:
        """One case in an empty folder: what became of it, in a word.

        Raises
        ------
        Exception
            if the program misbehaves.
        """
        ...


Make = Callable[[Path], Target]

TARGETS: dict[str, Make] = {
    "video": VideoTarget,
    "timeline": TimelineTarget,
    "model": ModelTarget,
    "options": OptionsTarget,
    "export": ExportTarget,
}
"""Made with a folder of its own, in which it may keep its seeds."""
