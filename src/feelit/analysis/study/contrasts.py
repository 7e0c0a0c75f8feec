"""Contrasts: two conditions, groups, sessions or windows compared over participants, corrected for multiple testing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from feelit.analysis.resampling import adjusted, holm
from feelit.analysis.study.design import STATISTICS, Contrast, Design, Value
from feelit.analysis.study.statistics import cliff, cliff_paired, hedges, hedges_paired, paired_test, unpaired_test
from feelit.analysis.study.table import Table, described
from feelit.errors import UsageError
from feelit.storage.names import one_line
from feelit.types import Float64

if TYPE_CHECKING:
    import pandas as pd

CORRECTIONS = {"holm": "Holm (1979)", "bh": "Benjamini & Hochberg (1995)", "none": "none"}
METHODS: dict[str, Callable[[Float64], Float64]] = {"holm": holm, "bh": adjusted, "none": np.copy}

FEW = "fewer than two participants"

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastRow:
    """One contrast of one measure: the first level minus the second."""

    contrast: str
    factor: str
    level_a: str
    level_b: str
    measure: str
    statistic: str
    label: str
    unit: str
    compared: str  # value, difference (to the baseline) or ratio
    design: str
    n_a: int  # participants of the first level
    n_b: int  # of the second; equal for pairs
    mean_a: float
    mean_b: float
    estimate: float = NAN
    low: float = NAN  # 95 % interval of the estimate; NaN if there are too few participants
    high: float = NAN
    effect: str = ""
    effect_size: float = NAN
    effect_low: float = NAN
    effect_high: float = NAN
    p_value: float = NAN
    p_adjusted: float = NAN
    test: str = ""  # type and number of permutations
    correction: str = ""  # method and family of `p_adjusted`
    left_out: str = ""  # participants without a value, with the levels that they lack
    note: str = ""
    values_a: tuple[float, ...] = field(default=(), repr=False)  # one per participant, in the order of the study
    values_b: tuple[float, ...] = field(default=(), repr=False)


COLUMNS = tuple(name for name in ContrastRow.__dataclass_fields__ if not name.startswith("values_"))
"""Columns of the table of contrasts."""


def resolved(design: Design) -> Design:
    """The study with the measures of its contrasts written out: `mean` means the mean of every emotion. A contrast without
    measures gets the first statistic of the study.

    Raises
    ------
    UsageError
        if a contrast names an unknown measure, or compares groups in pairs.
    """
    found, names = [], design.measures.names
    for contrast in design.contrasts:
        if contrast.factor == "group" and contrast.paired:
            raise UsageError(f"{design.source}: {contrast.name} compares groups in pairs", "a participant has one group")
        asked = contrast.measures or design.measures.statistics[:1]
        if not asked:
            raise UsageError(f"{design.source}: {contrast.name} names no measures", 'as in measures = ["mean_smile"]')
        measures: dict[str, None] = {}
        for word in asked:
            known = [name for name in names if name == word or (word in STATISTICS and name.startswith(f"{word}_"))]
            if not known:
                near = get_close_matches(word, names, 3, 0.5)
                hint = f"is one of these meant: {', '.join(near)}?" if near else f"there are {', '.join(names)}"
                raise UsageError(one_line(f"{design.source}: {contrast.name} compares {word}, which is not measured"), hint)
            measures |= dict.fromkeys(known)
        found.append(replace(contrast, measures=tuple(measures)))
    return replace(design, contrasts=tuple(found))


def contrasts_of(design: Design, table: Table, seed: int) -> list[ContrastRow]:
    """All contrasts of a study, in order, one row per measure.

    Parameters
    ----------
    design : with its measures written out, see `resolved`
    seed : of random permutations

    Raises
    ------
    UsageError
        if a contrast has paired = false although a participant is in both levels.
    """
    rows = [row for contrast in design.contrasts for row in _contrast(design, contrast, table, seed)]
    return _corrected(design, rows)


def contrast_frame(rows: Sequence[ContrastRow]) -> pd.DataFrame:
    """Contrasts as a data frame with `COLUMNS`."""
    import pandas as pd

    records = [{name: value for name, value in asdict(row).items() if name in COLUMNS} for row in rows]
    return pd.DataFrame(records, columns=list(COLUMNS))


_Cells = dict[str, list[int]]  # the windows of one level, by participant


def _means(cells: _Cells, values: Float64) -> dict[str, float]:
    """The mean of each participant over the windows that have a value."""
    known = {who: values[rows][np.isfinite(values[rows])] for who, rows in cells.items()}
    return {who: float(there.mean()) for who, there in known.items() if len(there)}


def _contrast(design: Design, contrast: Contrast, table: Table, seed: int) -> list[ContrastRow]:
    units = table.units
    count = np.ones(len(units), bool)
    if contrast.windows:
        count = units["window"].isin(contrast.windows).to_numpy()
    elif design.baseline.window is not None and contrast.factor != "window":
        count = (units["window"] != design.baseline.window).to_numpy()
    level, who = units[contrast.factor].to_numpy(), units["participant"].to_numpy()
    cells: list[_Cells] = [{}, {}]
    for windows, name in zip(cells, contrast.levels, strict=True):
        for row in np.flatnonzero(count & (level == name)):
            windows.setdefault(str(who[row]), []).append(int(row))
    both = [name for name in cells[0] if name in cells[1]]
    paired = bool(both) if contrast.paired is None else contrast.paired
    if both and not paired:
        message = f"{design.source}: {contrast.name} is not paired, and {both[0]} is in both levels"
        raise UsageError(message, "leave paired out, or compare groups")
    compared: Value = contrast.value or ("difference" if design.baseline.stated else "value")
    numbers = {"value": table.values, "difference": table.difference, "ratio": table.ratio}[compared]
    everybody = [name for name in design.participants if any(name in cell for cell in cells)]
    rows = []
    for measure in contrast.measures:
        place = table.measures.index(measure) if measure in table.measures else -1
        column = numbers[:, place] if place >= 0 else np.full(len(units), np.nan)
        rows.append(_row(design, contrast, measure, compared, paired, column, everybody, cells, seed))
    return rows


def _row(
    design: Design,
    contrast: Contrast,
    measure: str,
    compared: Value,
    paired: bool,
    values: Float64,
    everybody: list[str],
    cells: list[_Cells],
    seed: int,
) -> ContrastRow:
    a, b = (_means(cell, values) for cell in cells)
    who_a = [name for name in everybody if name in a and (name in b or not paired)]
    who_b = [name for name in everybody if name in b and (name in a or not paired)]
    left_out = []
    for name in everybody:
        lacking = [
            level
            for level, cell, means in zip(contrast.levels, cells, (a, b), strict=True)
            if name not in means and (paired or name in cell)
        ]
        if lacking:
            left_out.append(f"{name} ({', '.join(lacking)})")
    values_a, values_b = np.array([a[name] for name in who_a]), np.array([b[name] for name in who_b])
    statistic, label, unit = described(measure)
    row = ContrastRow(
        contrast=contrast.name,
        factor=contrast.factor,
        level_a=contrast.levels[0],
        level_b=contrast.levels[1],
        measure=measure,
        statistic=statistic,
        label=label,
        unit=unit if compared != "ratio" else "ratio",
        compared=compared,
        design="paired" if paired else "unpaired",
        n_a=len(who_a),
        n_b=len(who_b),
        mean_a=float(values_a.mean()) if len(who_a) else NAN,
        mean_b=float(values_b.mean()) if len(who_b) else NAN,
        left_out="; ".join(left_out),
        values_a=tuple(values_a.tolist()),
        values_b=tuple(values_b.tolist()),
    )
    if min(len(who_a), len(who_b)) < 2:
        return replace(row, note=FEW)
    rng = np.random.default_rng(seed)
    is_cliff = design.statistics.effect == "cliff"
    if paired:
        tested = paired_test(values_a - values_b, rng)
        size = (cliff_paired if is_cliff else hedges_paired)(values_a - values_b)
    else:
        tested = unpaired_test(values_a, values_b, rng)
        size = (cliff if is_cliff else hedges)(values_a, values_b)
    how = f"all {tested.orders:,}" if tested.exact else f"{tested.orders:,} random"
    return replace(
        row,
        estimate=tested.estimate,
        low=tested.low,
        high=tested.high,
        p_value=tested.p_value,
        test=f"{how} {'flips of signs' if paired else 'exchanges of groups, Welch t'}",
        effect=size.name,
        effect_size=size.value,
        effect_low=size.low,
        effect_high=size.high,
        note="too few participants for an interval" if np.isnan(tested.low) else "",
    )


def _corrected(design: Design, rows: list[ContrastRow]) -> list[ContrastRow]:
    asked = design.statistics
    result = list(rows)
    families = {row.contrast for row in rows} if asked.family == "contrast" else {""}
    for family in families:
        places = [n for n, row in enumerate(rows) if family in ("", row.contrast)]
        p_value = np.array([rows[n].p_value for n in places])
        corrected = METHODS[asked.correction](p_value)
        tests = int(np.isfinite(p_value).sum())
        words = f"{CORRECTIONS[asked.correction]} over the {tests} test{'' if tests == 1 else 's'} of the {asked.family}"
        words = "none" if asked.correction == "none" else words
        for n, value in zip(places, corrected.tolist(), strict=True):
            result[n] = replace(rows[n], p_adjusted=value, correction=words)
    return result
