"""How far coders of a study agree with its timelines, and with one another: pair by pair, recording by recording."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from feelit.analysis.coders import compare
from feelit.analysis.study.collect import Collected
from feelit.analysis.study.design import Design
from feelit.errors import UsageError
from feelit.options.agree import AgreeOptions
from feelit.storage.names import one_line
from feelit.timeline.recording import Recording

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("participant", "recording", "coder_a", "coder_b", "units", "percent", "percent_low", "percent_high"),
    *("kappa", "kappa_low", "kappa_high", "alpha", "alpha_low", "alpha_high"),
)


def agreement_frame(design: Design, found: Collected, seed: int) -> pd.DataFrame:
    """One row per participant and pair of coders, the timeline being one of them.

    Raises
    ------
    UsageError
        as `coders.compare`, if a file of codes cannot be read, or has labels that timelines do not have.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    asked = design.coding
    options = AgreeOptions(step_s=asked.step_s, tolerance_s=asked.tolerance_s, gaps=asked.gaps, rename=asked.rename, seed=seed)
    for place, viewing in enumerate(design.viewings):
        if not viewing.coders or place not in found.people:
            continue
        recording, person = found.people[place]
        coders: list[str | tuple[Recording, int]] = [(recording, person), *viewing.coders]
        for pair in combinations(coders, 2):
            try:
                result = compare(pair, options)
            except UsageError as error:
                message = f"{design.source}: {viewing.participant}: {error.message}"
                hint = error.hint.replace("--map", "map, under [agreement],").replace("--gaps", "gaps, under [agreement],")
                raise UsageError(one_line(message), one_line(hint)) from None
            figures = result.agreement
            row: dict[str, Any] = {"participant": viewing.participant, "recording": recording.name}
            row |= {"coder_a": result.coders[0], "coder_b": result.coders[1], "units": figures.units}
            for name, estimate in (("percent", figures.percent), ("kappa", figures.cohen[0, 1]), ("alpha", figures.alpha)):
                row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
            rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))
