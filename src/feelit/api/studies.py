"""Studies: participants, conditions and windows of time, measured into one tidy table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from feelit.options.expand import keywords
from feelit.options.kinds import expanded, located
from feelit.options.timelines import PlotOptions, StudyOptions
from feelit.storage.location import Location, location

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from feelit.analysis.study.run import StudyTables


REPORT = "report.html"


class Study:
    """The results of a study: tables as data frames. `feelit.study` returns it.

    Attributes
    ----------
    title : of the study
    participants : their names, in the order of the study file
    curves : stimulus-locked curves: one row per level, emotion and time, with a band over participants
    quality : one row per participant: how much could be read, and why windows do not count
    agreement : one row per participant and pair of coders, where recordings name coders
    files : what was written
    """

    def __init__(self, tables: StudyTables, files: list[Location]) -> None:
        self._tables, self.files = tables, files
        self.title, self.participants = tables.design.title, tables.design.participants
        self.curves, self.quality, self.agreement = tables.curves, tables.quality, tables.agreement

    @property
    def contrasts(self) -> pd.DataFrame:
        """One row per contrast and measure: estimate, interval, effect size, p-values; docs/study.md describes the columns."""
        from feelit.analysis.study.contrasts import contrast_frame

        return contrast_frame(self._tables.contrasts)

    @property
    def table(self) -> pd.DataFrame:
        """One row per participant, window and measure; docs/study.md describes the columns."""
        return self._tables.table.long()

    @property
    def wide(self) -> pd.DataFrame:
        """One row per participant and window, with a column per measure; `_diff` columns are differences to the baseline."""
        return self._tables.table.wide()

    def report(self, out: str | PathLike[str]) -> Location:
        """Write the report of the study: one HTML page that works without a network.

        Parameters
        ----------
        out : the .html file; one that is there is replaced
        """
        from feelit.reports.study_page import write_study_report

        place = located(out)
        write_study_report(self._tables, place)
        return place

    @keywords()
    def plot(self, out: str | PathLike[str] | None = None, *, options: PlotOptions) -> Figure:
        """Draw the curves and contrasts of the study as a figure for a paper.

        Parameters
        ----------
        out : also write it to this .pdf, .svg or .png file
        """
        import pyarrow as pa

        from feelit.plots.plot import write_study_figure
        from feelit.plots.study import StudyFigure

        place = None if out is None else located(out)
        options = options if place is None else replace(options, out=place)
        contrasts = pa.Table.from_pandas(self.contrasts, preserve_index=False) if self._tables.contrasts else None
        content = StudyFigure.of(pa.Table.from_pandas(self.curves, preserve_index=False), contrasts)
        return write_study_figure(content, options, place)

    def __repr__(self) -> str:
        windows = len(self._tables.table.units)
        return f"<{type(self).__name__} {self.title!r}: {len(self.participants)} participants, {windows} windows>"


@keywords()
def study(
    study: str | PathLike[str] | Mapping[str, Any],
    out: str | PathLike[str] | None = None,
    *,
    options: StudyOptions,
    progress: Callable[[float], None] | None = None,
) -> Study:
    """Measure what participants show in windows of time; docs/study.md describes the study file and the tables.

    Parameters
    ----------
    study : a study file (.toml, .csv or .tsv), or a mapping with the same keys
    out : the folder to write the tables and the report into; None writes nothing

    Returns
    -------
    The tables as data frames.
    """
    from feelit.analysis.study.contrasts import contrast_frame, resolved
    from feelit.analysis.study.read import read_study
    from feelit.analysis.study.run import run_study, write_tables
    from feelit.reports.study_page import write_study_report
    from feelit.storage.atomic import refuse_to_overwrite
    from feelit.storage.stat import InputFiles

    source = study if isinstance(study, Mapping) else expanded(fspath(study))
    folder = None if out is None else located(out)
    design = resolved(read_study(source))
    names = ["table", "curves", "contrasts", "quality", "agreement", *(["wide"] if options.wide else [])]
    if folder is not None:
        own = [] if isinstance(source, Mapping) else [location(source)]
        inputs = InputFiles([*(viewing.timeline for viewing in design.viewings), *own])
        for name in [*(f"{name}.{ending}" for name in names for ending in ("csv", "parquet")), REPORT]:
            refuse_to_overwrite(folder / name, options.force, inputs)
    found = run_study(design, options.seed, progress or (lambda share: None))
    files = []
    if folder is not None:
        tables = {"table": found.table.long(), "curves": found.curves, "contrasts": contrast_frame(found.contrasts)}
        tables |= {"quality": found.quality, "agreement": found.agreement}
        tables |= {"wide": found.table.wide()} if options.wide else {}
        files = write_tables({name: frame for name, frame in tables.items() if len(frame)}, folder)
        write_study_report(found, folder / REPORT)
        files.append(folder / REPORT)
    return Study(found, files)
