"""Which faces are drawn, and which are made unrecognisable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feelit.errors import UsageError
from feelit.options.videos import Blur
from feelit.render.rows import TimelineRows, TimelineView
from feelit.timeline.people import people_meant, refuse_unknown
from feelit.types import Bool

CERTAIN = 0.95
"""From this `person_confidence` on a face counts as that of a person who is to stay recognisable."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Choice:
    """The rows of a timeline, sorted out. All are (R,) bool.

    Attributes
    ----------
    drawn : gets a box and a card
    hidden : is made unrecognisable
    plain : was asked for by name while the others are hidden, and is surely the one who is meant
    doubtful : was asked for as well, but is hidden since it may be somebody else
    """

    drawn: Bool
    hidden: Bool
    plain: Bool
    doubtful: Bool


def choose(view: TimelineView, blur: Blur, people: Sequence[str] | None, tracks: Sequence[int] | None) -> Choice:
    """Sort the rows of a timeline out.

    Parameters
    ----------
    blur : whose faces are hidden
    people, tracks : who is asked for; both None stand for everybody. A track is meant as it is. Of a person only those rows
        count that surely are that person, where the others are hidden

    Raises
    ------
    UsageError
        if somebody is asked for who is not there, or if the others of nobody are to be hidden.
    """
    rows = view.rows
    if blur == "others" and not (people or tracks):
        raise UsageError("blurring the others needs to know whom not to blur", "name them: --people 1,P02")
    refuse_unknown(tracks or (), np.unique(rows.track_id[rows.track_id >= 0]).tolist())
    person: Bool = np.isin(rows.who, people_meant(people or (), view.names))
    track: Bool = np.isin(rows.track_id, tracks or ())
    everybody = people is None and tracks is None
    plain = track | (person & (rows.certainty >= CERTAIN))
    hidden = {"none": np.zeros(len(rows), bool), "all": np.ones(len(rows), bool), "others": ~plain}[blur]
    others = blur == "others"
    return Choice(
        drawn=(rows.track_id >= 0) & (plain if others else person | track | everybody),
        hidden=hidden,
        plain=plain & others,
        doubtful=person & ~plain & others,
    )


def in_doubt(view: TimelineView, choice: Choice) -> tuple[str, ...]:
    """A line about every person who was asked for and is hidden at times, since it may be somebody else there."""
    rows = view.rows.rows(choice.doubtful)
    return tuple(_doubt(view, rows.rows(rows.who == who), int(who)) for who in np.unique(rows.who))


def _doubt(view: TimelineView, rows: TimelineRows, who: int) -> str:
    tracks = ",".join(map(str, np.unique(rows.track_id).tolist()))
    samples = len(np.unique(rows.time_s))
    share = f"{samples} of {len(np.unique(view.rows.time_s[view.rows.who == who]))} sampled frames"
    return f"{view.label(who)} is hidden in {share}, where it may be somebody else; --tracks {tracks} shows what was hidden"
