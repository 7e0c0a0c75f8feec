"""Options that choose people or tracks: said once, for every command that has them."""

from __future__ import annotations

from typing import Any

from feelit.options.declare import option
from feelit.options.kinds import PEOPLE, TRACKS, choice

WITHOUT_PEOPLE = " and where people were not grouped"


def by_option(what: str, also: str = WITHOUT_PEOPLE) -> Any:
    """Whether persons or tracks are meant: a field of a record of options.

    Parameters
    ----------
    what : the first sentence of the help
    also : when tracks are meant besides where `--tracks` is given
    """
    default = f"person, or track with `--tracks`{also}"
    return option(None, what, default_text=default, kind=choice(("person", "track")))


def people_option(what: str, details: str = "") -> Any:
    """Some of the people: a field of a record of options. `what` is what they limit, as in "Only of"."""
    text = f"{what} these people, by number or name, as in 1,P02."
    return option(None, text, details=details, default_text="all", kind=PEOPLE)


def tracks_option(what: str, details: str = "") -> Any:
    """Some of the tracks: a field of a record of options. `what` is what they limit, as in "Only of"."""
    return option(None, f"{what} these tracks, as in 1,3.", details=details, default_text="all", kind=TRACKS)
