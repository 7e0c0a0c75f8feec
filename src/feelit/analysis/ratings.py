"""Agreement on numbers between coders of one recording: annotations and columns of timelines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from feelit.analysis.agreement import Estimate, Intraclass, intraclass, written
from feelit.analysis.coders import Coder, annotated, named, of_pair, parted, person_at, rows_of, unit_times, valid_until
from feelit.analysis.table import TextTable
from feelit.errors import UsageError
from feelit.imports.annotations import READERS
from feelit.options.agree import AgreeOptions
from feelit.timeline.recording import Recording
from feelit.types import Float64

FORMS = ("icc_2_1", "icc_3_1", "icc_2_k", "icc_3_k")  # Shrout & Fleiss' names of the coefficients of `Intraclass`, in its order
TITLES = ("ICC(2,1) absolute", "ICC(3,1) consistent", "ICC(2,k) absolute, mean", "ICC(3,k) consistent, mean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """Coders who give numbers, and their agreement."""

    coders: tuple[str, ...]  # their names, in the order of `intraclass`
    start_s: float  # beginning and end of the time that was compared
    end_s: float
    step_s: float  # length of its units
    means: Float64  # (R,) of each coder's numbers
    spreads: Float64  # (R,) standard deviations
    intraclass: Intraclass

    def figures(self) -> list[tuple[str, Estimate, tuple[float, float]]]:
        """Name, estimate with bootstrap interval, and interval assuming independent units, of every form."""
        found = self.intraclass
        estimates = found.absolute, found.consistent, found.absolute_mean, found.consistent_mean
        return list(zip(FORMS, estimates, found.independent, strict=True))

    def record(self) -> dict[str, Any]:
        """All results, as a JSON object."""
        return {
            "coders": list(self.coders),
            "start_s": self.start_s,
            "end_s": self.end_s,
            "step_s": self.step_s,
            "units": self.intraclass.units,
            "means": dict(zip(self.coders, map(written, self.means.tolist()), strict=True)),
            "standard_deviations": dict(zip(self.coders, map(written, self.spreads.tolist()), strict=True)),
            **{
                name: estimate.record() | {"independent_low": written(low), "independent_high": written(high)}
                for name, estimate, (low, high) in self.figures()
            },
            "pearson": [
                {"coders": [self.coders[one], self.coders[two]]} | r.record()
                for (one, two), r in self.intraclass.pearson.items()
            ],
        }

    def tables(self) -> list[TextTable]:
        """The tables that the terminal shows, in order."""
        found = self.intraclass
        span = f"{self.start_s:g} to {self.end_s:g} s, {found.units} units of {self.step_s:g} s"
        rows = [
            (name, str(estimate), "not defined" if math.isnan(low) else f"[{low:.3f}, {high:.3f}]")
            for name, (_, estimate, (low, high)) in zip(TITLES, self.figures(), strict=True)
        ]
        rows += [(f"Pearson's r{of_pair(self.coders, pair)}", str(r), "") for pair, r in found.pearson.items()]
        each = zip(self.coders, self.means.tolist(), self.spreads.tolist(), strict=True)
        lines = [(coder, f"{mean:.4g}", f"{spread:.4g}") for coder, mean, spread in each]
        return [
            TextTable(span, ["figure", "value [95 %]", "were units independent"], rows, 2),
            TextTable("by coder", ["coder", "mean", "standard deviation"], lines),
        ]


def compare_values(sources: Sequence[str], options: AgreeOptions) -> Ratings:
    """Compare two or more coders of one recording who give numbers.

    Parameters
    ----------
    sources : timelines and annotation files; `FILE@NAME` names a person of a timeline or a tier of a file, needed if there are
        several

    Raises
    ------
    UsageError
        if there are fewer than two, a name is missing or unknown, a label is not a number, or their times do not overlap.
    TimelineReadError
        if a timeline cannot be read.
    """
    if len(sources) < 2:
        raise UsageError("agreement needs at least two coders", "give two or more, as in results.parquet ratings.csv")
    gap = _number(options.gaps, "--gaps") if options.gaps is not None else math.nan
    raters = [_rater(source, options) for source in sources]
    start_s, at_s = unit_times([(rater.name, rater.first_s, rater.last_s) for rater in raters], options)
    values = np.stack([np.array([*one.values, math.nan if one.machine else gap])[one.place(at_s)] for one in raters])
    known = np.isfinite(values).all(axis=0)
    if known.sum() < 2:
        raise UsageError("fewer than two units have a number from all coders", "--gaps 0 rates the time between annotations 0")
    found = intraclass(values, round(options.block_s / options.step_s), options.seed)
    return Ratings(
        coders=tuple(rater.name for rater in raters),
        start_s=start_s,
        end_s=start_s + len(at_s) * options.step_s,
        step_s=options.step_s,
        means=values[:, known].mean(axis=1),
        spreads=values[:, known].std(axis=1, ddof=1),
        intraclass=found,
    )


def _rater(source: str, options: AgreeOptions) -> Coder[float]:
    path, name = parted(source)
    if Path(path).suffix.lower() not in READERS:
        return _measured(*person_at(path, name), named(path, name), options.column)
    what = f"{named(path, name)} has the label"
    return annotated(Path(path), name, options, lambda label: _number(label, what))


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{what} {text}, which is not a number", "--icc compares numbers; without it labels are compared")
    return value


def _is_measure(recording: Recording, column: str) -> bool:
    """Whether a recording has the column and it is of a floating-point type."""
    if column not in recording.columns:
        return False
    return bool(pa.types.is_floating(recording.table([column], end_s=-math.inf).schema.field(column).type))


def _measured(recording: Recording, person: int, who: str, column: str | None) -> Coder[float]:
    """The values of a column for one person, where the face is readable."""
    if column is None or not _is_measure(recording, column):
        numbers = [name for name in recording.columns if name.startswith("p_") or name in ("confidence", "smile", "mouth_open")]
        what = "--icc needs a column of the timeline" if column is None else f"--column {column} is not a measure of {who}"
        raise UsageError(what, f"give --column, as in {', '.join(numbers)}")
    rows, step_s, first_s, last_s = rows_of(recording, person, ["readable", column])
    value: Float64 = rows[column].cast(pa.float64()).to_numpy()
    known = np.isfinite(value) & rows["readable"].to_numpy()
    begin_s = rows["time_s"].to_numpy()[known]
    return Coder(who, begin_s, valid_until(begin_s, step_s), value[known].tolist(), first_s, last_s, True)
