"""A study from its file to its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feelit.analysis.study.agree import agreement_frame
from feelit.analysis.study.collect import collect
from feelit.analysis.study.contrasts import ContrastRow, contrasts_of, resolved
from feelit.analysis.study.curves import CurveCollection
from feelit.analysis.study.design import Design
from feelit.analysis.study.read import read_study
from feelit.analysis.study.table import Table, quality_of, table_of
from feelit.analysis.study.windows import MeasureList, signals_asked

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTables:
    """Everything that a study gives.

    Attributes
    ----------
    table : what was measured
    curves : one row per level, emotion and time
    collection : the curves of participants, which `curves` averages
    quality : one row per participant
    contrasts : one record per contrast and measure
    agreement : one row per participant and pair of coders
    seed : of random draws
    """

    design: Design
    table: Table
    curves: pd.DataFrame
    collection: CurveCollection
    quality: pd.DataFrame
    contrasts: list[ContrastRow]
    agreement: pd.DataFrame
    seed: int


def open_study(source: str | Path | Mapping[str, Any]) -> Design:
    """Read a study; its timelines are not opened yet.

    Parameters
    ----------
    source : as of `read_study`

    Raises
    ------
    UsageError
        as `read_study`, and if a contrast asks for measures that there are not.
    """
    design = read_study(source)
    measures = MeasureList(design.measures, signals_asked(design.measures.signals, there=True))
    return resolved(design, measures.names)


def run_study(design: Design, seed: int, progress: Callable[[float], None]) -> StudyTables:
    """Measure the timelines of a study.

    Parameters
    ----------
    design : as of `open_study`
    seed : of random draws
    progress : called with the share that is done, 0..1

    Raises
    ------
    UsageError, TimelineReadError
        as `collect`, `contrasts_of` and `agreement_frame`.
    """
    found = collect(design, progress)
    table = table_of(design, found)
    contrasts = contrasts_of(design, table, seed)
    return StudyTables(
        design=design,
        table=table,
        curves=found.curves.frame(seed),
        collection=found.curves,
        quality=quality_of(table),
        contrasts=contrasts,
        agreement=agreement_frame(design, found, seed),
        seed=seed,
    )
