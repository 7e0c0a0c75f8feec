"""The tables of a study: one row per participant, window and measure, or one row per participant and window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feelit.analysis.agreement import quotient
from feelit.analysis.study.collect import Collected
from feelit.analysis.study.design import BLINKS, SIGNAL_MEASURES, Design
from feelit.analysis.study.windows import UNIT, comparable
from feelit.types import EMOTIONS, Float64, Int64

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("participant", "group", "session", "condition", "window", "occurrence", "recording", "person")
TIMES = ("start_s", "end_s", "window_s", "seconds_seen", "seconds_readable", "samples")
LONG = (
    *KEYS,
    *("measure", "statistic", "label", "unit", "value", "baseline", "difference", "ratio"),
    *TIMES,
    *("missing", "note"),
)
"""The columns of the long table, in order."""

QUALITY = (
    *("participant", "group", "recordings", "windows", "used", "seconds", "seconds_seen", "seconds_readable"),
    *("readable_share", "status", "reasons"),
)
"""The columns of the table of participants: how much of each is readable, and who is excluded."""

LEAST_BASELINE = 1e-3  # least baseline of a ratio: ratios to smaller values are meaningless
NO_SIGNALS, UNDEFINED = "no signals in the timeline", "not defined"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The measures in compact form: U windows of participants, M measures."""

    units: pd.DataFrame  # U rows, columns `KEYS`, `TIMES`, `missing` and `note`
    measures: tuple[str, ...]  # (M,) their names
    values: Float64  # (U, M), NaN where undefined
    baseline: Float64  # (U, M), likewise

    @property
    def difference(self) -> Float64:
        """(U, M) value minus baseline."""
        return self.values - self.baseline

    @property
    def ratio(self) -> Float64:
        """(U, M) value by baseline; NaN where the baseline is below `LEAST_BASELINE`."""
        result = np.full(self.values.shape, np.nan)
        np.divide(self.values, self.baseline, out=result, where=self.baseline >= LEAST_BASELINE)
        return result

    def long(self) -> pd.DataFrame:
        """One row per participant, window and measure; the columns are `LONG`."""
        import pandas as pd

        count, width = self.values.shape
        place, number = np.repeat(np.arange(count), width), np.tile(np.arange(width), count)
        statistic, label, unit = zip(*map(described, self.measures), strict=True) if self.measures else ((), (), ())
        columns: dict[str, object] = {name: self._repeated(name, place) for name in KEYS}
        columns["occurrence"] = self.units["occurrence"].to_numpy()[place]
        columns["measure"] = _texts(number, self.measures)
        for name, words in (("statistic", statistic), ("label", label), ("unit", unit)):
            known = list(dict.fromkeys(words))
            codes = np.array([known.index(word) for word in words], np.int64)
            columns[name] = _texts(codes[number], known)
        columns |= {"value": self.values.ravel(), "baseline": self.baseline.ravel()}
        columns |= {"difference": self.difference.ravel(), "ratio": self.ratio.ravel()}
        columns |= {name: self.units[name].to_numpy()[place] for name in TIMES}
        columns["missing"] = self._missing(place)
        columns["note"] = self._repeated("note", place)
        return pd.DataFrame(columns)[list(LONG)]

    def wide(self) -> pd.DataFrame:
        """One row per participant and window; one column per measure, and one with `_diff` for its difference to the
        baseline."""
        import pandas as pd

        values = pd.DataFrame(self.values, columns=list(self.measures))
        has = np.isfinite(self.baseline).any(axis=0)
        names = [f"{name}_diff" for name in np.array(self.measures, object)[has]]
        differences = pd.DataFrame(self.difference[:, has], columns=names)
        return pd.concat([self.units[[*KEYS, *TIMES, "missing", "note"]], values, differences], axis=1)

    def _repeated(self, name: str, place: Int64) -> Any:
        import pandas as pd

        column = pd.Categorical(self.units[name], ordered=False)
        return _texts(np.asarray(column.codes, np.int64)[place], column.categories.tolist())

    def _missing(self, place: Int64) -> Any:
        """Why a value is missing: because of the window or of the measure."""
        reasons = self.units["missing"].tolist()
        known = ["", NO_SIGNALS, UNDEFINED, *dict.fromkeys(reason for reason in reasons if reason)]
        code = np.array([known.index(reason) for reason in reasons], np.int64)[place]
        of_signal = np.array([name in SIGNAL_MEASURES for name in self.measures], bool)
        alone = np.where(of_signal, known.index(NO_SIGNALS), known.index(UNDEFINED))
        code = np.where((code == 0) & np.isnan(self.values).ravel(), np.tile(alone, len(self.units)), code)
        return _texts(code, known)


def _texts(code: Int64, words: Sequence[str]) -> Any:
    """A categorical column from indices into `words`; -1 for a missing value."""
    import pandas as pd

    return pd.Categorical.from_codes(code, pd.Index(list(words), dtype=object))


def described(measure: str) -> tuple[str, str, str]:
    """The statistic, the label and the unit of a measure: mean_happiness is the mean of happiness, a probability."""
    statistic, _, label = measure.partition("_")
    if label in EMOTIONS:
        return statistic, label, UNIT[statistic]
    if measure == BLINKS:
        return "rate", "blinks", "1/min"
    if label == "speaking":
        return statistic, label, "probability"
    unit = "deg" if label.endswith("_deg") else "share" if statistic == "share" else "intensity"
    return statistic, label, unit


def table_of(design: Design, found: Collected) -> Table:
    """The table of measures. Measures of signals that no recording has are left out, unless the study names them."""
    import pandas as pd

    names = design.measures.names
    values, usual = (np.array([unit[part] for unit in found.units]).reshape(-1, len(names)) for part in (1, 2))
    units = pd.DataFrame([record for record, _, _ in found.units])
    compared = np.array(comparable(design.measures), bool)
    baseline = usual if design.baseline.window is None else _of_window(units, values, design.baseline.window)
    baseline = np.where(compared[None, :] & np.isfinite(values), baseline, np.nan)
    if design.measures.signals is None:
        kept = [n for n, name in enumerate(names) if name not in SIGNAL_MEASURES or name in found.signals]
        names, values, baseline = tuple(names[n] for n in kept), values[:, kept], baseline[:, kept]
    return Table(units=units, measures=names, values=values, baseline=baseline)


def _of_window(units: pd.DataFrame, values: Float64, window: str) -> Float64:
    """(U, M) means over the baseline windows of the same recording, else of the same session, else NaN."""
    result = np.full(values.shape, np.nan)
    is_base = (units["window"] == window).to_numpy()
    session = units["session"].fillna("").to_numpy()
    for keys in (("participant", "session"), ("participant", "session", "recording")):
        columns = [session if key == "session" else units[key].to_numpy() for key in keys]
        number: dict[tuple[str, ...], list[int]] = {}
        for place, key in enumerate(zip(*columns, strict=True)):
            number.setdefault(key, []).append(place)
        for places in number.values():
            rows = np.array(places)
            there = values[rows[is_base[rows]]]
            known = np.isfinite(there).sum(axis=0)
            mean = quotient(np.nansum(there, axis=0), known.astype(np.float64))
            result[rows] = np.where(known > 0, mean[None, :], result[rows])
    return result


def quality_of(table: Table) -> pd.DataFrame:
    """One row per participant, in the order of the study.

    `used` is the number of windows with values; `status` is "used", "partly" or "excluded"; `reasons` lists why windows have
    no values, and notes, each with its number of windows.
    """
    import pandas as pd

    rows = []
    for who, units in table.units.groupby("participant", sort=False):
        missing = units["missing"].tolist()
        used = missing.count("")
        seconds, readable = float(np.nansum(units["window_s"])), float(units["seconds_readable"].sum())
        notes = [*(reason for reason in missing if reason), *(note for note in units["note"].tolist() if note)]
        rows.append(
            {
                "participant": who,
                "group": units["group"].iloc[0],
                "recordings": units["recording"].nunique(),
                "windows": len(units),
                "used": used,
                "seconds": seconds,
                "seconds_seen": float(units["seconds_seen"].sum()),
                "seconds_readable": readable,
                "readable_share": readable / seconds if seconds else float("nan"),
                "status": "used" if used == len(units) else "partly" if used else "excluded",
                "reasons": "; ".join(f"{reason} ({notes.count(reason)})" for reason in dict.fromkeys(notes)),
            }
        )
    return pd.DataFrame(rows, columns=list(QUALITY))
