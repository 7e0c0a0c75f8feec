"""The people of timelines."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from feelit.api.timelines import Paths

if TYPE_CHECKING:
    import pandas as pd


def people(timelines: Paths | pd.DataFrame | PathLike[str]) -> pd.DataFrame:
    """Who is in timelines: one row per person, with time on screen, tracks and confidence.

    Parameters
    ----------
    timelines : a timeline file, a folder of them, a list of either, or a frame of `analyze` or `read_timeline`

    Returns
    -------
    One row per person; docs/people.md describes the columns.

    Raises
    ------
    FeelitError
        of the kinds that this page lists.
    """
    from feelit.analysis.people import people_frame, people_of

    return people_frame(people_of(timelines))
