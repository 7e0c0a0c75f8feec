"""How much of each participant could be read, and who does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from feelit.analysis.study.table import Table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("participant", "group", "recordings", "windows", "used", "seconds", "seconds_seen", "seconds_readable"),
    *("readable_share", "status", "reasons"),
)


def quality_of(table: Table) -> pd.DataFrame:
    """One row per participant, in the order of the study.

    `used` counts the windows that have values; `status` is "used", "partly" or "excluded"; `reasons` are those of the windows
    that have none, each with how many windows it is of.
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
    return pd.DataFrame(rows, columns=list(COLUMNS))
