"""The options of `feelit study`."""

from __future__ import annotations

from dataclasses import dataclass

from feelit.options.declare import Bounds, Options, option
from feelit.options.kinds import LOCATION
from feelit.storage.location import Location


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyOptions(Options):
    """What a study writes. What it measures stands in its file."""

    out: Location = option("study", "The folder to write.", kind=LOCATION)
    wide: bool = option(
        False,
        "Also write wide.csv and wide.parquet: one row per participant and window, a column per measure.",
        details="JASP and SPSS want it for repeated measures.",
    )
    seed: int = option(0, "Seed of random draws.", bounds=Bounds(low=0, complaint="is negative", hint="give 0 or more"))
    force: bool = option(False, "Replace files of an earlier study in the folder.")
